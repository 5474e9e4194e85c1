"""``/admin/new-camera`` and ``/admin/cameras/{id}``: everything that can be set of one camera, tried before it is
stored, and stored only once it is seen what changes."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from nicegui import ui
from nicegui.events import GenericEventArguments
from starlette.requests import Request

from camsvc.api.asking import asker_of
from camsvc.api.errors import ForbiddenError, PreconditionError
from camsvc.api.services import cameras as service
from camsvc.api.services import live, probes, rights
from camsvc.api.services.probes import Tried
from camsvc.config import CameraConfig
from camsvc.db.queries import cameras as rows
from camsvc.db.queries import health
from camsvc.domain.account import Action
from camsvc.domain.camera import CameraState, StreamRole
from camsvc.domain.geo import Location
from camsvc.errors import CamsvcError, DatabaseUnavailableError, InputError, NotFoundError
from camsvc.web import places
from camsvc.web.components.camera_form import CameraForm
from camsvc.web.components.camera_map import CameraMap, location_json, placed
from camsvc.web.components.zone_editor import ZoneEditor, drawn
from camsvc.web.confirm import asking
from camsvc.web.markup import button, icon, label, tag
from camsvc.web.pages.admin import camera_words
from camsvc.web.pages.admin.desk import desk
from camsvc.web.pages.admin.draft import Draft
from camsvc.web.pages.admin.rule_trial import RuleTrial
from camsvc.web.site import Site, SitePage
from camsvc.web.visitor import VISITOR, Visitor

LIST = "/admin/cameras"


def add(site: Site) -> None:
    @SitePage("/admin/new-camera")
    async def new(request: Request) -> None:
        await CameraEdit(site, VISITOR.get(), request).open(None)

    @SitePage("/admin/cameras/{camera}")
    async def one(request: Request, camera: str) -> None:
        await CameraEdit(site, VISITOR.get(), request).open(camera)


class CameraEdit:
    """One open page."""

    def __init__(self, site: Site, visitor: Visitor, request: Request) -> None:
        self._site = site = site.seen_by(visitor)
        self._visitor = visitor
        self._words = site.words(visitor)
        self._asker = asker_of(request, visitor.user)
        self._client = ui.context.client
        self._draft = Draft(None)
        self._bad_drawing = False

    async def open(self, camera: str | None) -> None:
        await self._site.lookout.now()
        say = self._words.language
        stored, trouble = None, ""
        if camera is not None:
            stored, trouble = await self._load(camera)
        title = stored.name if stored else say("camedit.new" if camera is None else "camera.unknown")
        with desk(self._site, self._visitor, self._words, "cameras", title, styles=("camera-admin.css",)) as middle:
            if middle is None:
                return
            if trouble:
                with tag("div", "cam-empty"):
                    tag("p", "", trouble)
                    tag("a", "cam-btn", say("camedit.back"), href=LIST)
                return
            self._draft = Draft(stored)
            self._build(title)
        self._show()
        await self._show_picture()

    async def _load(self, camera: str) -> tuple[CameraConfig | None, str]:
        """Or what to say instead."""
        try:
            return await asyncio.to_thread(self._read, camera), ""
        except (NotFoundError, ForbiddenError):
            return None, self._words.language("camera.unknown")
        except CamsvcError:
            return None, self._words.language("results.away")

    def _read(self, camera: str) -> CameraConfig:
        server, visitor = self._site.server, self._visitor
        rights.require(server, visitor.user, Action.CONFIGURE, camera, source=visitor.source)
        with server.database.session() as session:
            return rows.get(session, camera, server.cipher)

    # Making the page -----------------------------------------------------------------------------------------

    def _build(self, title: str) -> None:
        say, draft = self._words.language, self._draft
        directory = self._site.lookout.last.directory
        with tag("div", "camedit__head"):
            tag("a", "cam-btn cam-btn--icon", "←", href=LIST, title=say("camedit.back"), aria_label=say("camedit.back"))
            tag("h1", "", title)
            if draft.stored:
                tag(
                    "a",
                    "cam-btn cam-btn--quiet",
                    say("camedit.look"),
                    href=f"/cameras/{quote(draft.stored.id, safe='')}",
                )
                button(say("camedit.remove"), "cam-btn cam-btn--danger", "delete_outline", data_test="remove").on(
                    "click", self._ask_remove
                )
        with tag("div", "camedit"):
            self._form = CameraForm(
                say,
                draft.form,
                is_new=draft.stored is None,
                stored=draft.has_credentials,
                directory=directory,
                reach=self._visitor.user.reach(Action.CONFIGURE),
            )
            self._form.on("change", self._on_form)
            self._form.on("probe", self._on_probe)
            with tag("div", "camedit__sight"):
                self._probe = tag("div", "camedit__probe", aria_live="polite")
                with tag("section", "camform__part"):
                    tag("h2", "", say("zone.title"))
                    self._editor = ZoneEditor(say, draft.document["zones"], draft.document["lines"])
                    self._editor.on("change", self._on_drawn)
                    self._editor.on("picture", self._show_picture)
                if draft.stored:
                    self._trial = RuleTrial(
                        self._site, self._visitor, self._words, draft.stored.id, self._candidate, self._editor
                    )
                with tag("section", "camform__part"):
                    tag("h2", "", say("camedit.place"))
                    self._map = CameraMap(
                        say, self._site.server.settings.map, self._location(), others=places.cameras(directory)
                    )
                    self._map.on("change", self._on_placed)
        with tag("div", "camedit__bar", role="status"):
            self._said = label("span", "camedit__said", "")
            tag("span", "cam-header__space")
            self._discard = button(say("camedit.discard"), "cam-btn", data_test="discard").on("click", self._on_discard)
            self._save = button(say("camedit.review"), "cam-btn cam-btn--main", "checklist", data_test="review").on(
                "click", self._ask_save
            )

    # What the user does --------------------------------------------------------------------------------------

    def _on_form(self, event: GenericEventArguments) -> None:
        if isinstance(event.args, Mapping):
            self._draft.take({name: value for name, value in event.args.items() if name not in {"zones", "lines"}})
            self._map.fill(self._location())
            self._show()

    def _on_drawn(self, event: GenericEventArguments) -> None:
        shapes = drawn(event.args)
        self._bad_drawing = shapes is None or sum(map(len, shapes)) < len(event.args)
        if shapes is not None and self._draft.redraw(*shapes):
            self._form.fill(self._draft.form)
        self._show()

    def _on_placed(self, event: GenericEventArguments) -> None:
        location = placed(event.args)
        self._draft.take({"location": location_json(location)})
        self._form.fill(self._draft.form)
        self._show()

    async def _on_discard(self) -> None:
        ui.navigate.reload()

    async def _on_probe(self) -> None:
        self._form.show(probing=True)
        try:
            body = self._draft.body["streams"]
            asked: dict[str, Any] = {"url": body["main"] or None, "transport": body["transport"]}
            if self._draft.stored:
                asked["camera"] = self._draft.stored.id
            tried = await asyncio.to_thread(
                probes.try_out, self._site.server, self._visitor.user, asked, source=self._visitor.source
            )
        except CamsvcError as error:
            self._say_probe(None, error)
        else:
            self._say_probe(tried, None)
            if tried.picture:
                self._editor.show(src=_data_url(tried.picture))
        finally:
            self._form.show(probing=False)

    # Saving --------------------------------------------------------------------------------------------------

    def _ask_save(self) -> None:
        say, draft = self._words.language, self._draft
        if self._has_faults() or not draft.changes:
            return
        with asking(say, say("camedit.save_title"), say("camedit.save"), self._on_save):
            self._say_changes()
            if draft.stored and draft.stored.enabled and draft.config and not draft.config.enabled:
                _note(say("camedit.stops"))
            if draft.stored and draft.config and draft.stored.area != draft.config.area:
                _note(say("camedit.moves"))

    def _say_changes(self) -> None:
        say = self._words.language
        with tag("table", "camdiff"):
            with tag("thead"), tag("tr"):
                for key in ("camdiff.member", "camdiff.before", "camdiff.after"):
                    tag("th", "", say(key), scope="col")
            with tag("tbody"):
                for name, before, after in camera_words.rows(say, self._draft.changes):
                    with tag("tr"):
                        tag("th", "", name, scope="row")
                        tag("td", "camdiff__before", before)
                        tag("td", "camdiff__after", after)

    async def _on_save(self) -> str | None:
        """What hindered it; None: it is stored."""
        server, visitor, draft = self._site.server, self._visitor, self._draft
        body = draft.body
        try:
            if draft.stored is None:
                view = await asyncio.to_thread(service.create, server, visitor.user, body, source=visitor.source)
            else:
                view, _ = await asyncio.to_thread(
                    service.replace,
                    server,
                    visitor.user,
                    draft.stored.id,
                    body,
                    if_match=draft.version,
                    source=visitor.source,
                )
        except PreconditionError:
            await self._meet_other()
            return None
        except CamsvcError as error:
            return self._reason(error)
        self._leave(f"{LIST}/{quote(view.config.id, safe='')}?stored=1")
        return None

    async def _meet_other(self) -> None:
        """Somebody else stored the camera since this page was opened: what is here goes upon what is there now."""
        assert self._draft.stored is not None  # noqa: S101  a new camera has no version to differ
        say = self._words.language
        current, trouble = await self._load(self._draft.stored.id)
        if current is None:
            ui.notify(trouble, type="negative")
            return
        both = self._draft.rebase(current)
        self._form.fill(self._draft.form)
        self._editor.fill(self._draft.document["zones"], self._draft.document["lines"])
        self._map.fill(self._location())
        self._show()
        with asking(say, say("camedit.other_title"), say("camedit.save"), self._on_save):
            tag("p", "", say("camedit.other"))
            if both:
                named = ", ".join(sorted(camera_words.member(say, each) for each in both))
                _note(say("camedit.other_both", members=named))
            self._say_changes()

    def _ask_remove(self) -> None:
        say, stored = self._words.language, self._draft.stored
        assert stored is not None  # noqa: S101  a new camera has no such button
        title = say("camedit.remove_title", name=stored.name)
        with asking(say, title, say("camedit.remove"), self._on_remove, grave=True, must_type=stored.id):
            tag("p", "", say("camedit.remove_means"))

    async def _on_remove(self) -> str | None:
        server, visitor, draft = self._site.server, self._visitor, self._draft
        assert draft.stored is not None  # noqa: S101  as above
        try:
            await asyncio.to_thread(
                service.remove, server, visitor.user, draft.stored.id, if_match=draft.version, source=visitor.source
            )
        except PreconditionError:
            return self._words.language("camedit.changed_meanwhile")
        except CamsvcError as error:
            return self._reason(error)
        self._leave(LIST)
        return None

    def _reason(self, error: CamsvcError) -> str:
        say = self._words.language
        if isinstance(error, ForbiddenError):
            return say("camedit.forbidden")
        if isinstance(error, DatabaseUnavailableError):
            return say("results.away")
        if isinstance(error, InputError) and error.parameter == "id":
            return say("must.id_taken")
        return str(error)

    def _leave(self, path: str) -> None:
        self._client.run_javascript(f"window.onbeforeunload = null; window.location.assign({json.dumps(path)})")

    # Showing -------------------------------------------------------------------------------------------------

    def _has_faults(self) -> bool:
        return bool(self._draft.faults) or self._bad_drawing

    def _show(self) -> None:
        say, draft = self._words.language, self._draft
        faults = {field: camera_words.fault(say, field, detail) for field, detail in draft.faults.items()}
        shown = faults if draft.is_touched or draft.stored else {}
        self._form.show(faults=shown, zones=draft.document["zones"])
        self._editor.show(used=[rule["zone"] for rule in draft.document["rules"] if rule.get("zone")])
        count = len(draft.changes)
        if self._has_faults():
            wrong = len(faults) + self._bad_drawing
            self._said.text = say.count("camedit.faults", wrong) if draft.is_touched else ""
        else:
            self._said.text = say.count("camedit.changes", count) if count else say("camedit.same")
        may_save = bool(count) and not self._has_faults()
        for each, is_on in ((self._save, may_save), (self._discard, draft.is_touched)):
            each.props(remove="disabled") if is_on else each.props("disabled")
        self._client.run_javascript(f"window.onbeforeunload = {'() => true' if draft.is_touched else 'null'}")

    def _location(self) -> Location | None:
        if self._draft.config is not None:
            place = self._draft.config.location
            return Location(**place.model_dump()) if place else None
        return placed(self._draft.document["location"])

    def _candidate(self) -> dict[str, Any] | None:
        """What is tried on the last hour; None while something is wrong."""
        if self._draft.config is None or self._bad_drawing:
            return None
        document = self._draft.config.model_dump(mode="json")
        return {name: document[name] for name in ("zones", "lines", "rules", "detect")}

    async def _show_picture(self) -> None:
        """The newest there is: of now where the camera sends and a live process runs, else of its last incident."""
        stored = self._draft.stored
        if stored is None:
            return
        status = self._site.lookout.last.statuses.get(stored.id)
        if status is not None and status.state is CameraState.LIVE and self._visitor.user.may(Action.LIVE, stored.area):
            try:
                jpeg, _ = await live.snapshot(self._site.server, self._asker, stored.id, StreamRole.MAIN)
            except CamsvcError:
                pass  # no live process, or it lost the camera: there may still be an older picture
            else:
                self._editor.show(src=_data_url(jpeg))
                return
        try:
            found = await asyncio.to_thread(self._newest, stored.id)
        except CamsvcError:
            return
        if found:
            self._editor.show(src=f"/api/v1/incidents/{found}/thumbnail")

    def _newest(self, camera: str) -> str | None:
        reach = self._visitor.user.reach(Action.SEARCH)
        with self._site.server.database.session() as session:
            return health.newest_picture(session, camera, reach)

    def _say_probe(self, tried: Tried | None, error: CamsvcError | None) -> None:
        say, words = self._words.language, self._words
        self._probe.clear()
        with self._probe, tag("section", "camform__part", data_test="probed"):
            tag("h2", "", say("camedit.probed"))
            if tried is None:
                _note(str(error), "bad")
                return
            found = tried.probe
            codec = {"h264": "H.264", "hevc": "H.265"}.get(found.codec, found.codec)
            rate = f"{say('unit.fps', n=say.number(found.fps, 1))}, {say.number(found.bitrate_bps / 1e6, 1)} Mb/s"
            facts = {
                "camera.stream": f"{codec} {found.width} × {found.height}, {rate}",
                "camedit.gop": say("unit.second", n=say.number(found.gop_s, 1)) if found.gop_s else "–",
                "camedit.audio": found.audio_codec or "–",
                "camedit.opened": say("unit.second", n=say.number(found.opened_in_s, 1)),
            }
            if found.clock_offset_ms is not None:
                facts["about.camera_clock"] = words.milliseconds(found.clock_offset_ms)
            with tag("dl", "cam-facts"):
                for key, value in facts.items():
                    tag("dt", "", say(key))
                    tag("dd", "", value)
            for sentence in found.advice:
                _note(sentence)
            if not found.advice:
                _note(say("camedit.probe_fine"), "live")


def _note(text: str, kind: str = "warn") -> None:
    with tag("p", f"cam-note cam-note--{kind}"):
        icon({"warn": "warning", "bad": "error_outline"}.get(kind, "check_circle"))
        tag("span", "", text)


def _data_url(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode('ascii')}"
