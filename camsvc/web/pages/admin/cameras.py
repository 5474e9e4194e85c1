"""``/admin/cameras``: every camera that may be configured, with its health, the sick ones first."""

from __future__ import annotations

import asyncio
import json

from nicegui import ui
from starlette.requests import Request

from camsvc.domain.account import Action
from camsvc.web.components.camera_table import CameraTable, row
from camsvc.web.health import HealthBook
from camsvc.web.lookout import Snapshot
from camsvc.web.markup import icon, label, tag
from camsvc.web.narrowing import Narrowing, Wanted
from camsvc.web.pages.admin.desk import desk
from camsvc.web.site import Site, SitePage, for_page
from camsvc.web.visitor import VISITOR, Visitor

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
            self._narrowing = Narrowing(say, self._wanted, self._narrow)
            self._narrowing.build_place(snapshot)
            self._narrowing.build_states()
            tag("span", "cam-header__space")
            self._said = label("span", "cam-soft cam-num", "", aria_live="polite")
        self._table = CameraTable(self._words)

    # What the user does --------------------------------------------------------------------------------------

    def _narrow(self, wanted: Wanted) -> None:
        self._wanted = wanted
        path = wanted.path("/admin/cameras")
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
        self._narrowing.show(self._wanted, [snapshot.statuses[each].state for each in mine])


def _link(icon_name: str, text: str, href: str, classes: str, **attributes: str) -> None:
    with tag("a", classes, href=href, **attributes):
        icon(icon_name)
        tag("span", "", text)
