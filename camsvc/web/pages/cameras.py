"""``/`` and ``/cameras/{id}``: every camera with its state, on a map and in a list; one camera in detail."""

from __future__ import annotations

import asyncio
import json
import unicodedata
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from nicegui import ui
from nicegui.events import GenericEventArguments
from starlette.requests import Request

from camsvc.domain.account import Action
from camsvc.domain.camera import CameraState
from camsvc.web.components import cameras as listing
from camsvc.web.components.cameras import WORST_FIRST, Cameras
from camsvc.web.components.field import Field
from camsvc.web.components.map import Map
from camsvc.web.frame import frame
from camsvc.web.health import Health, HealthBook, Trouble, trouble_rank, troubles
from camsvc.web.lookout import Snapshot
from camsvc.web.markup import icon, label, tag
from camsvc.web.pages.camera import CameraDetail
from camsvc.web.pages.overview import Overview
from camsvc.web.site import Site, SitePage, for_page
from camsvc.web.visitor import VISITOR, Visitor
from camsvc.web.words import CAMERA_ICONS

TYPING_PAUSE_S = 0.2


def add(site: Site, book: HealthBook) -> None:
    @SitePage("/")
    async def all_cameras(request: Request) -> None:
        await CamerasPage(site, book, VISITOR.get(), request).open(None)

    @SitePage("/cameras/{camera}")
    async def one(request: Request, camera: str) -> None:
        await CamerasPage(site, book, VISITOR.get(), request).open(camera)


@dataclass(frozen=True)
class Wanted:
    """Which cameras are listed, as the link says it."""

    text: str = ""
    area: str = ""
    states: tuple[CameraState, ...] = ()
    trouble: Trouble | None = None

    def path(self, camera: str | None) -> str:
        pairs = [("q", self.text)] if self.text else []
        pairs += [("area", self.area)] if self.area else []
        pairs += [("state", state.value) for state in self.states]
        pairs += [("trouble", self.trouble.value)] if self.trouble else []
        base = f"/cameras/{quote(camera, safe='')}" if camera else "/"
        return f"{base}?{urlencode(pairs, safe='/')}" if pairs else base

    @classmethod
    def of(cls, query: str) -> Wanted:
        """What a link does not say rightly is no condition: the list shows in its fields what it is narrowed to."""
        pairs = parse_qsl(query)
        last = dict(pairs)
        states = dict.fromkeys(value for name, value in pairs if name == "state" and value in set(CameraState))
        trouble = next((each for each in Trouble if each.value == last.get("trouble")), None)
        chosen = tuple(CameraState(each) for each in states)
        return cls(last.get("q", "")[:100], last.get("area", "")[:500], chosen, trouble)

    def fits(self, camera: str, snapshot: Snapshot) -> bool:
        entry, status = snapshot.directory.cameras[camera], snapshot.statuses[camera]
        if self.states and status.state not in self.states:
            return False
        if self.area and not f"{entry.area}/".startswith(f"{self.area}/"):
            return False
        searched = plain(f"{entry.name} {entry.id} {snapshot.directory.area_trail(entry.area)}")
        return all(word in searched for word in plain(self.text).split())


def plain(text: str) -> str:
    """Without case and diacritics: ``bac ninh`` finds ``Bắc Ninh``."""
    decomposed = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(each for each in decomposed if not unicodedata.combining(each))


class CamerasPage:
    def __init__(self, site: Site, book: HealthBook, visitor: Visitor, request: Request) -> None:
        self._site = site = site.seen_by(visitor)
        self._book = book
        self._visitor = visitor
        self._words = site.words(visitor)
        self._client = ui.context.client
        self._wanted = Wanted.of(request.url.query)
        self._selected: str | None = None

    async def open(self, camera: str | None) -> None:
        snapshot = await self._site.lookout.now()
        await asyncio.to_thread(self._book.now)
        say = self._words.language
        styles = ("camera-health.css",)
        with frame(self._site, self._visitor, self._words, "cameras", say("nav.cameras"), styles=styles):
            with tag("section", "cam-side", aria_label=say("nav.cameras")):
                self._tools = tag("div", "cam-side__tools")
                with self._tools:
                    self._build_tools(snapshot)
                self._list = Cameras(self._words)
                self._detail = CameraDetail(self._site, self._visitor, self._words, leave=self._on_leave)
            self._map = Map(say, self._site.server.settings.map, self._places(snapshot), selected=camera)
            self._map.classes("cam-found")
        self._list.on("pick", self._on_pick)
        self._map.on("pick", self._on_pick)
        self._show(snapshot)
        watcher = for_page(self._client, self._on_snapshot)
        self._site.lookout.watch(watcher)
        self._client.on_delete(lambda: self._site.lookout.unwatch(watcher))
        ui.on("cam-address", self._on_address)
        if camera:
            await self._select(camera)

    def _build_tools(self, snapshot: Snapshot) -> None:
        say = self._words.language
        self._overview = Overview(say, self._on_trouble)
        with tag("div", "", style="display:flex;gap:8px"):
            search = Field(self._wanted.text, name="search", hint=say("cameras.search"), pause_s=TYPING_PAUSE_S)
            search.classes("cam-input").props["aria-label"] = say("cameras.search")
            search.on("entered", self._on_text)
            self._search = search
            areas = tag("select", "cam-input", aria_label=say("cameras.area"), style="width:190px;flex:none")
            with areas:
                tag("option", "", say("cameras.all_areas"), value="")
                for area in snapshot.directory.areas.values():
                    indent = "\u2003" * area.path.count("/")
                    tag("option", "", f"{indent}{area.name}", value=area.path, selected=area.path == self._wanted.area)
            areas.on("change", self._on_area, js_handler="(e) => emit(e.target.value)")
        with tag("div", "cam-chips", role="group", aria_label=say("cameras.states")):
            self._chips = {}
            for state in WORST_FIRST:
                chip = tag("button", "cam-chip", type="button", data_state=state.value)
                with chip:
                    icon(CAMERA_ICONS[state])
                    count = label("span", "", "")
                chip.on("click", lambda chosen=state: self._on_state(chosen))
                self._chips[state] = (chip, count)

    # What the user does --------------------------------------------------------------------------------------

    def _on_text(self, event: GenericEventArguments) -> None:
        self._narrow(replace(self._wanted, text=str(event.args)[:100]))

    def _on_area(self, event: GenericEventArguments) -> None:
        self._narrow(replace(self._wanted, area=str(event.args)[:500]))

    def _on_state(self, state: CameraState) -> None:
        states = self._wanted.states
        chosen = tuple(each for each in states if each is not state) if state in states else (*states, state)
        self._narrow(replace(self._wanted, states=chosen))

    def _on_trouble(self, trouble: Trouble | None) -> None:
        self._narrow(replace(self._wanted, trouble=None if trouble is self._wanted.trouble else trouble))

    def _narrow(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._address(replace=True)
        self._show(self._site.lookout.last)

    async def _on_pick(self, event: GenericEventArguments) -> None:
        await self._select(str(event.args))
        self._address()

    def _on_leave(self) -> None:
        before, self._selected = self._selected, None
        self._address()
        self._show(self._site.lookout.last)
        self._list.focus_on(before)

    async def _on_address(self, event: GenericEventArguments) -> None:
        parts = urlsplit(str(event.args))
        self._wanted = Wanted.of(parts.query)
        self._search.fill(self._wanted.text)
        camera = unquote(parts.path.removeprefix("/cameras/")) if parts.path.startswith("/cameras/") else None
        if camera:
            await self._select(camera)
        else:
            self._selected = None
            self._detail.hide()
            self._show(self._site.lookout.last)

    async def _select(self, camera: str) -> None:
        self._selected = camera
        await self._detail.show(camera)
        self._show(self._site.lookout.last)

    # Showing -------------------------------------------------------------------------------------------------

    def _on_snapshot(self, snapshot: Snapshot) -> None:
        self._book.renew()
        self._show(snapshot)

    def _show(self, snapshot: Snapshot) -> None:
        say = self._words.language
        health = self._book.last.within(self._visitor.user.reach(Action.SEARCH))
        known = [camera for camera in snapshot.statuses if camera in snapshot.directory.cameras]
        found = {camera: troubles(snapshot.statuses[camera], health, snapshot.at) for camera in known}
        wanted = self._wanted.trouble
        listed = [each for each in known if self._wanted.fits(each, snapshot) and (not wanted or wanted in found[each])]
        listed.sort(key=lambda camera: _rank(camera, snapshot, health))
        rows = [listing.row(camera, snapshot, self._words, self._wanted.path(camera), health) for camera in listed]
        self._overview.show([snapshot.statuses[camera] for camera in known], found.values(), wanted)
        self._list.show([row for row in rows if row], len(known), snapshot.at, self._selected)
        self._list.set_visibility(self._selected is None)
        self._tools.set_visibility(self._selected is None)
        self._map.show(places=self._places(snapshot), selected=self._selected)
        for state, (chip, count) in self._chips.items():
            number = sum(snapshot.statuses[camera].state is state for camera in known)
            count.text = f"{say(f'camera_state.{state.value}')} {number}"
            chip.props["aria-pressed"] = str(state in self._wanted.states).lower()
            chip.set_visibility(number > 0 or state in self._wanted.states)
        self._detail.renew(snapshot)

    def _places(self, snapshot: Snapshot) -> list[dict[str, object]]:
        listed = [each for each in snapshot.statuses if each in snapshot.directory.cameras]
        shown = [each for each in listed if self._wanted.fits(each, snapshot) or each == self._selected]
        return [place for each in shown if (place := listing.place(each, snapshot, self._words))]

    def _address(self, *, replace: bool = False) -> None:
        path = self._wanted.path(self._selected)
        self._client.run_javascript(f"camAddress({json.dumps(path)}, {json.dumps(replace)})")


def _rank(camera: str, snapshot: Snapshot, health: Health) -> tuple[float, str]:
    rank = trouble_rank(snapshot.statuses[camera], health, snapshot.at)
    return -round(rank, 2), snapshot.directory.cameras[camera].name.casefold()
