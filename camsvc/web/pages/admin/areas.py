"""``/admin/areas``: the administrative tree, with what stands in each area; areas are added and named here, and their
cameras moved. A path never changes: incidents and grants name it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode

from nicegui import ui
from nicegui.events import GenericEventArguments
from starlette.requests import Request

from camsvc.api.services import areas as service
from camsvc.config import AREA_PATH
from camsvc.db.queries.areas import Area
from camsvc.domain.account import Action, Reach
from camsvc.domain.camera import CameraState
from camsvc.errors import CamsvcError
from camsvc.web.components import cameras as listing
from camsvc.web.components.field import Field
from camsvc.web.components.map import Map
from camsvc.web.confirm import asking
from camsvc.web.lookout import Snapshot
from camsvc.web.markup import button, icon, tag
from camsvc.web.pages.admin.desk import desk
from camsvc.web.site import Site, SitePage, for_page
from camsvc.web.visitor import VISITOR, Visitor

_WELL = frozenset({CameraState.LIVE, CameraState.DISABLED})


def add(site: Site) -> None:
    @SitePage("/admin/areas")
    async def page(request: Request) -> None:
        await AreasPage(site, VISITOR.get(), request).open()


class AreasPage:
    """One open page."""

    def __init__(self, site: Site, visitor: Visitor, request: Request) -> None:
        self._site = site = site.seen_by(visitor)
        self._visitor = visitor
        self._words = site.words(visitor)
        self._client = ui.context.client
        self._chosen = dict(parse_qsl(request.url.query)).get("area")
        self._shown: object = None

    async def open(self) -> None:
        await self._site.lookout.now()
        self._areas = await asyncio.to_thread(self._read)
        say = self._words.language
        title = say("areaadmin.title")
        with desk(self._site, self._visitor, self._words, "areas", title, styles=("camera-admin.css",)) as middle:
            if middle is None:
                return
            with tag("div", "camtools"):
                tag("h1", "", title)
                if self._reach.is_everywhere:
                    button(say("areaadmin.add_root"), "cam-btn", "add", data_test="add-root").on(
                        "click", lambda: self._ask_add(None)
                    )
            tag("p", "cam-soft", say("areaadmin.how"))
            with tag("div", "areas"):
                self._tree = tag("div", "areas__tree", role="tree", aria_label=title)
                self._detail = tag("section", "areas__detail camform__part")
        self._show_tree()
        self._show_detail()
        watcher = for_page(self._client, self._on_snapshot)
        self._site.lookout.watch(watcher)
        self._client.on_delete(lambda: self._site.lookout.unwatch(watcher))

    @property
    def _reach(self) -> Reach:
        return self._visitor.user.reach(Action.CONFIGURE)

    def _read(self) -> dict[str, Area]:
        try:
            found = service.all_areas(self._site.server, self._visitor.user)
        except CamsvcError:
            return dict(self._site.lookout.last.directory.areas)
        return {each.path: each for each in found}

    # Showing -------------------------------------------------------------------------------------------------

    def _on_snapshot(self, _: Snapshot) -> None:
        self._show_tree()

    def _show_tree(self) -> None:
        say, sick = self._words.language, self._sick()
        areas = [each for each in self._areas.values() if self._reach.touches(each.path)]
        shown = [(each, sick.get(each.path, 0)) for each in areas], self._chosen
        if shown == self._shown:
            return
        self._shown = shown
        self._tree.clear()
        with self._tree:
            if not areas:
                tag("p", "cam-empty cam-soft", say("areaadmin.none"))
            for each in areas:
                self._row(each, sick.get(each.path, 0))

    def _row(self, area: Area, sick: int) -> None:
        say = self._words.language
        is_here = area.path == self._chosen
        indent = f"padding-left: {8 + 18 * area.path.count('/')}px"
        row = tag(
            "button",
            "areas__one",
            type="button",
            role="treeitem",
            style=indent,
            data_area=area.path,
            aria_level=area.path.count("/") + 1,
            aria_selected=str(is_here).lower(),
            aria_current=str(is_here).lower(),
        )
        with row:
            icon("location_city" if "/" not in area.path else "subdirectory_arrow_right")
            tag("span", "", area.name)
            if sick:
                with tag("span", "cam-badge cam-badge--bad"):
                    icon("videocam_off")
                    tag("span", "", say.count("areaadmin.sick", sick))
            tag("span", "cam-soft cam-num", say.count("areaadmin.count", area.cameras))
        row.on("click", lambda path=area.path: self._choose(path))

    def _sick(self) -> dict[str, int]:
        """Cameras that should send pictures and do not, by area, with all below it."""
        snapshot = self._site.lookout.last
        found: dict[str, int] = {}
        for camera, status in snapshot.statuses.items():
            entry = snapshot.directory.cameras.get(camera)
            if entry is None or status.state in _WELL:
                continue
            parts = entry.area.split("/")
            for count in range(1, len(parts) + 1):
                path = "/".join(parts[:count])
                found[path] = found.get(path, 0) + 1
        return found

    def _choose(self, path: str) -> None:
        self._chosen = path
        address = f"/admin/areas?{urlencode({'area': path}, safe='/')}"
        self._client.run_javascript(f"camAddress({json.dumps(address)}, true)")
        self._show_tree()
        self._show_detail()

    def _show_detail(self) -> None:
        say, area = self._words.language, self._areas.get(self._chosen or "")
        self._detail.clear()
        with self._detail:
            if area is None:
                tag("p", "cam-soft", say("areaadmin.choose"))
                return
            with tag("h2"):
                tag("span", "", area.name)
                tag("span", "cam-soft cam-mono", area.path)
            if self._reach.covers(area.path):
                self._tools(area)
            snapshot = self._site.lookout.last
            inside = [
                each.id
                for each in snapshot.directory.cameras.values()
                if not each.removed and f"{each.area}/".startswith(f"{area.path}/")
            ]
            pins = [place for each in inside if (place := listing.place(each, snapshot, self._words))]
            Map(say, self._site.server.settings.map, pins, areas=[area.path])

    def _tools(self, area: Area) -> None:
        say = self._words.language
        with tag("div", "areas__form"):
            with tag("label", "cam-field"):
                tag("span", "cam-field__label", say("areaadmin.name"))
                name = Field(area.name, name="area-name")
            name.on("entered", lambda event: self._rename(area, str(event.args)))
            button(say("areaadmin.add"), "cam-btn", "add", data_test="add-below").on(
                "click", lambda: self._ask_add(area)
            )
            if area.cameras:
                button(say("areaadmin.move"), "cam-btn", "drive_file_move", data_test="move").on(
                    "click", lambda: self._ask_move(area)
                )
                query = urlencode({"area": area.path}, safe="/")
                tag("a", "cam-btn", say("areaadmin.cameras"), href=f"/admin/cameras?{query}")

    # What the user does --------------------------------------------------------------------------------------

    async def _rename(self, area: Area, text: str) -> None:
        name = text.strip()
        if not name or name == area.name:
            return
        if (trouble := await self._do(service.name, area.path, name)) is not None:
            ui.notify(trouble, type="negative")
        await self._again(area.path)

    def _ask_add(self, above: Area | None) -> None:
        say = self._words.language
        typed = {"name": "", "part": ""}

        async def act() -> str | None:
            part, name = typed["part"].strip(), typed["name"].strip()
            path = f"{above.path}/{part}" if above else part
            if not AREA_PATH.fullmatch(part) or "/" in part:
                return say("areaadmin.wrong")
            if path in self._areas:
                return say("areaadmin.exists")
            trouble = await self._do(service.name, path, name or part)
            if trouble is None:
                await self._again(path)
            return trouble

        with asking(say, say("areaadmin.add" if above else "areaadmin.add_root"), say("areaadmin.save"), act):
            if above:
                tag("p", "cam-soft cam-mono", f"{above.path}/…")
            for name, hint in (("name", ""), ("part", say("areaadmin.part_hint"))):
                with tag("label", "cam-field"):
                    tag("span", "cam-field__label", say(f"areaadmin.{name}"))
                    field = Field("", name=f"new-{name}", hint=hint, pause_s=0.1)
                field.on("entered", _into(typed, name))

    def _ask_move(self, area: Area) -> None:
        say = self._words.language
        others = [
            each
            for each in self._areas.values()
            if self._reach.covers(each.path) and not f"{each.path}/".startswith(f"{area.path}/")
        ]
        typed = {"to": others[0].path if others else ""}

        async def act() -> str | None:
            server, visitor = self._site.server, self._visitor
            try:
                moved = await asyncio.to_thread(
                    service.move_cameras, server, visitor.user, area.path, typed["to"], source=visitor.source
                )
            except CamsvcError as error:
                return str(error)
            ui.notify(say.count("areaadmin.moved", moved), type="positive")
            await self._again(area.path)
            return None

        with asking(say, say("areaadmin.move_title", name=area.name), say("areaadmin.save"), act):
            tag("p", "", say("areaadmin.move_means"))
            with tag("label", "cam-field"):
                tag("span", "cam-field__label", say("areaadmin.move_to"))
                with tag("select", "cam-input", name="move-to") as choice:
                    for each in others:
                        indent = "\u2003" * each.path.count("/")
                        tag("option", "", f"{indent}{each.name}", value=each.path)
            choice.on("change", _into(typed, "to"), js_handler="(e) => emit(e.target.value)")

    async def _do(self, act: Callable[..., object], *arguments: str) -> str | None:
        """What hindered it; None: it is done."""
        server, visitor = self._site.server, self._visitor
        try:
            await asyncio.to_thread(act, server, visitor.user, *arguments, source=visitor.source)
        except CamsvcError as error:
            return str(error)
        return None

    async def _again(self, path: str) -> None:
        self._areas = await asyncio.to_thread(self._read)
        self._choose(path)


def _into(typed: dict[str, str], name: str) -> Callable[[GenericEventArguments], None]:
    def take(event: GenericEventArguments) -> None:
        typed[name] = str(event.args)[:200]

    return take
