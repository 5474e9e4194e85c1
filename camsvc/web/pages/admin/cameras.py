"""``/admin/cameras``: every camera that may be configured, with its health, the sick ones first."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from urllib.parse import urlencode

from nicegui import ui
from nicegui.events import GenericEventArguments
from starlette.requests import Request

from camsvc.domain.account import Action
from camsvc.web.components.camera_table import CameraTable, row
from camsvc.web.components.cameras import WORST_FIRST
from camsvc.web.components.field import Field
from camsvc.web.health import HealthBook
from camsvc.web.lookout import Snapshot
from camsvc.web.markup import icon, label, tag
from camsvc.web.pages.admin.desk import desk
from camsvc.web.pages.cameras import TYPING_PAUSE_S, Wanted
from camsvc.web.site import Site, SitePage, for_page
from camsvc.web.visitor import VISITOR, Visitor
from camsvc.web.words import CAMERA_ICONS

SHOWN_EVERY = 3
"""Of the lookout's snapshots: figures that flicker every three seconds cannot be read."""


def add(site: Site, book: HealthBook) -> None:
    @SitePage("/admin/cameras")
    async def cameras(request: Request) -> None:
        await CameraList(site, book, VISITOR.get(), request).open()


class CameraList:
    """One open page."""

    def __init__(self, site: Site, book: HealthBook, visitor: Visitor, request: Request) -> None:
        self._site = site = site.seen_by(visitor)
        self._book = book
        self._visitor = visitor
        self._words = site.words(visitor)
        self._client = ui.context.client
        self._wanted = Wanted.of(request.url.query)
        self._count = 0

    async def open(self) -> None:
        snapshot = await self._site.lookout.now()
        await asyncio.to_thread(self._book.now)
        say = self._words.language
        title = say("camlist.title")
        with desk(self._site, self._visitor, self._words, "cameras", title, styles=("camera-admin.css",)) as middle:
            if middle is None:
                return
            self._build(snapshot)
        self._show(snapshot)
        watcher = for_page(self._client, self._on_snapshot)
        self._site.lookout.watch(watcher)
        self._client.on_delete(lambda: self._site.lookout.unwatch(watcher))

    def _build(self, snapshot: Snapshot) -> None:
        say = self._words.language
        with tag("div", "camtools"):
            tag("h1", "", say("camlist.title"))
            _link("add", say("camlist.add"), "/admin/new-camera", "cam-btn cam-btn--main")
            _link("upload_file", say("camlist.import"), "/admin/import", "cam-btn")
            _link("download", say("camlist.export"), "/api/v1/cameras/export.csv", "cam-btn", download="")
        with tag("div", "camtools"):
            search = Field(self._wanted.text, name="search", hint=say("camlist.search"), pause_s=TYPING_PAUSE_S)
            search.classes("cam-input").props["aria-label"] = say("camlist.search")
            search.on("entered", self._on_text)
            with tag("select", "cam-input", aria_label=say("camlist.area")) as areas:
                tag("option", "", say("camlist.all_areas"), value="")
                for area in snapshot.directory.areas.values():
                    indent = "\u2003" * area.path.count("/")
                    tag("option", "", f"{indent}{area.name}", value=area.path, selected=area.path == self._wanted.area)
            areas.on("change", self._on_area, js_handler="(e) => emit(e.target.value)")
            with tag("div", "cam-chips", role="group", aria_label=say("camlist.states")):
                self._chips = {}
                for state in WORST_FIRST:
                    chip = tag("button", "cam-chip", type="button", data_state=state.value)
                    with chip:
                        icon(CAMERA_ICONS[state])
                        count = label("span", "", "")
                    chip.on("click", lambda chosen=state: self._on_state(chosen))
                    self._chips[state] = (chip, count)
            tag("span", "cam-header__space")
            self._said = label("span", "cam-soft cam-num", "", aria_live="polite")
        self._table = CameraTable(self._words)

    # What the user does --------------------------------------------------------------------------------------

    def _on_text(self, event: GenericEventArguments) -> None:
        self._narrow(replace(self._wanted, text=str(event.args)[:100]))

    def _on_area(self, event: GenericEventArguments) -> None:
        self._narrow(replace(self._wanted, area=str(event.args)[:500]))

    def _on_state(self, state: object) -> None:
        states = self._wanted.states
        chosen = tuple(each for each in WORST_FIRST if (each in states) != (each is state))
        self._narrow(replace(self._wanted, states=chosen))

    def _narrow(self, wanted: Wanted) -> None:
        self._wanted = wanted
        pairs = [("q", wanted.text)] if wanted.text else []
        pairs += [("area", wanted.area)] if wanted.area else []
        pairs += [("state", state.value) for state in wanted.states]
        path = f"/admin/cameras?{urlencode(pairs, safe='/')}" if pairs else "/admin/cameras"
        self._client.run_javascript(f"camAddress({json.dumps(path)}, true)")
        self._show(self._site.lookout.last)

    # Showing -------------------------------------------------------------------------------------------------

    def _on_snapshot(self, snapshot: Snapshot) -> None:
        self._count += 1
        if self._count % SHOWN_EVERY == 0:
            self._book.renew()
            self._show(snapshot)

    def _show(self, snapshot: Snapshot) -> None:
        say, user = self._words.language, self._visitor.user
        reach, health = user.reach(Action.CONFIGURE), self._book.last.within(user.reach(Action.SEARCH))
        cameras = snapshot.directory.cameras
        mine = [each for each in snapshot.statuses if each in cameras and reach.covers(cameras[each].area)]
        listed = [each for each in mine if self._wanted.fits(each, snapshot)]
        self._table.show([row(each, snapshot, health, self._words) for each in listed], snapshot.at)
        self._said.text = say.count("camlist.count", len(listed))
        for state, (chip, count) in self._chips.items():
            number = sum(snapshot.statuses[each].state is state for each in mine)
            count.text = f"{say(f'camera_state.{state.value}')} {number}"
            chip.props["aria-pressed"] = str(state in self._wanted.states).lower()
            chip.set_visibility(number > 0 or state in self._wanted.states)


def _link(icon_name: str, text: str, href: str, classes: str, **attributes: str) -> None:
    with tag("a", classes, href=href, **attributes):
        icon(icon_name)
        tag("span", "", text)
