"""``/`` and ``/cameras/{id}``: every camera with its state, on a map and in a list; one camera in detail."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from urllib.parse import quote, unquote, urlsplit

from nicegui import ui
from nicegui.events import GenericEventArguments
from starlette.requests import Request

from camsvc.domain.account import Action
from camsvc.web.components import cameras as listing
from camsvc.web.components.cameras import Cameras
from camsvc.web.components.map import Map
from camsvc.web.frame import frame
from camsvc.web.health import Health, HealthBook, Trouble, trouble_rank, troubles
from camsvc.web.lookout import Snapshot
from camsvc.web.markup import tag
from camsvc.web.narrowing import Narrowing, Wanted
from camsvc.web.pages.camera import CameraDetail
from camsvc.web.pages.overview import Overview
from camsvc.web.site import Site, SitePage, for_page
from camsvc.web.visitor import VISITOR, Visitor


def add(site: Site, book: HealthBook) -> None:
    @SitePage("/")
    async def all_cameras(request: Request) -> None:
        await CamerasPage(site, book, VISITOR.get(), request).open(None)

    @SitePage("/cameras/{camera}")
    async def one(request: Request, camera: str) -> None:
        await CamerasPage(site, book, VISITOR.get(), request).open(camera)


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
        self._narrowing = Narrowing(say, self._wanted, self._narrow)
        with tag("div", "", style="display:flex;gap:8px"):
            self._narrowing.build_place(snapshot)
        self._narrowing.build_states()

    # What the user does --------------------------------------------------------------------------------------

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
        health = self._book.last.within(self._visitor.user.reach(Action.SEARCH))
        known = [camera for camera in snapshot.statuses if camera in snapshot.directory.cameras]
        found = {camera: troubles(snapshot.statuses[camera], health, snapshot.at) for camera in known}
        wanted = self._wanted.trouble
        listed = [each for each in known if self._wanted.fits(each, snapshot) and (not wanted or wanted in found[each])]
        listed.sort(key=lambda camera: _rank(camera, snapshot, health))
        rows = [
            listing.row(camera, snapshot, self._words, self._wanted.path(_page(camera)), health) for camera in listed
        ]
        self._overview.show([snapshot.statuses[camera] for camera in known], found.values(), wanted)
        self._list.show([row for row in rows if row], len(known), snapshot.at, self._selected)
        self._list.set_visibility(self._selected is None)
        self._tools.set_visibility(self._selected is None)
        self._map.show(places=self._places(snapshot), selected=self._selected)
        self._narrowing.show(self._wanted, [snapshot.statuses[camera].state for camera in known])
        self._detail.renew(snapshot)

    def _places(self, snapshot: Snapshot) -> list[dict[str, object]]:
        listed = [each for each in snapshot.statuses if each in snapshot.directory.cameras]
        shown = [each for each in listed if self._wanted.fits(each, snapshot) or each == self._selected]
        return [place for each in shown if (place := listing.place(each, snapshot, self._words))]

    def _address(self, *, replace: bool = False) -> None:
        path = self._wanted.path(_page(self._selected))
        self._client.run_javascript(f"camAddress({json.dumps(path)}, {json.dumps(replace)})")


def _page(camera: str | None) -> str:
    return f"/cameras/{quote(camera, safe='')}" if camera else "/"


def _rank(camera: str, snapshot: Snapshot, health: Health) -> tuple[float, str]:
    rank = trouble_rank(snapshot.statuses[camera], health, snapshot.at)
    return -round(rank, 2), snapshot.directory.cameras[camera].name.casefold()
