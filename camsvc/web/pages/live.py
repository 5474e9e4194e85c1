"""``/live``: the wall of live pictures, with the cameras to fill it and the incidents beside it."""

from __future__ import annotations

import asyncio
from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments
from starlette.requests import Request

from camsvc.api.services import incidents as service
from camsvc.db.queries.incidents import IncidentPage
from camsvc.domain.account import Action
from camsvc.domain.incident import Incident
from camsvc.domain.search import IncidentFilter
from camsvc.errors import CamsvcError
from camsvc.web.cards import card
from camsvc.web.components.wall import Asked, Wall, camera_json, state_json
from camsvc.web.following import Following, News
from camsvc.web.frame import frame
from camsvc.web.lookout import Snapshot
from camsvc.web.pages.cases.collecting import Collector
from camsvc.web.pages.clip import ClipDialog
from camsvc.web.shortcuts import ShortcutHelp
from camsvc.web.site import Site, SitePage, for_page
from camsvc.web.view import SearchView
from camsvc.web.visitor import VISITOR, Visitor

INCIDENTS = 30
"""Beside a wall that opens: more than a screen of them."""
ASKED_MAX = 100
"""Characters of what an address asks for; longer is no name of ours."""
SHORTCUTS = (
    ("live.key.walk", ("←", "→", "↑", "↓")),
    ("live.key.move", ("⇧ ←", "⇧ →", "⇧ ↑", "⇧ ↓")),
    ("live.key.enlarge", ("Enter",)),
    ("live.key.leave", ("Esc",)),
    ("live.key.layout", ("1", "2", "3", "4", "5")),
    ("live.key.pages", ("Page Up", "Page Down")),
    ("live.key.back", ("r",)),
    ("live.key.live", ("l",)),
    ("live.key.pause", ("␣",)),
    ("live.key.snapshot", ("s",)),
    ("live.key.to_case", ("e", "⇧ e")),
    ("live.key.boxes", ("b",)),
    ("live.key.cameras", ("c",)),
    ("live.key.incidents", ("i",)),
    ("live.key.remove", ("Del",)),
    ("keys.fullscreen", ("f",)),
    ("keys.help", ("?",)),
)


def add(site: Site) -> None:
    @SitePage("/live")
    async def live(request: Request) -> None:
        await LivePage(site, VISITOR.get(), request).open()


class LivePage:
    """One open wall. The browser keeps what is in its tiles; here are the names, the states and the incidents."""

    def __init__(self, site: Site, visitor: Visitor, request: Request) -> None:
        self._site = site = site.seen_by(visitor)
        self._visitor = visitor
        self._words = site.words(visitor)
        self._client = ui.context.client
        asked = {name: request.query_params.get(name, "")[:ASKED_MAX] or None for name in ("wall", "camera")}
        self._asked = Asked(asked["wall"], asked["camera"])
        self._wanted = IncidentFilter().under(visitor.user.reach(Action.SEARCH))
        self._following = Following(site.server.feed, self._client, visitor, tell=self._news, renew=self._again)

    async def open(self) -> None:
        snapshot = await self._site.lookout.now()
        self._following.follow(IncidentFilter())
        incidents = await self._ask(begin=True)
        words, server = self._words, self._site.server
        with frame(self._site, self._visitor, words, "live", words.language("nav.live")):
            collector = Collector(self._site, self._visitor, words)
            self._wall = Wall(
                words,
                cameras=self._cameras(snapshot),
                states=self._states(snapshot),
                incidents=incidents,
                asked=self._asked,
                user=self._visitor.user.name,
                ring_s=server.settings.worker.ring_s,
                now=server.clock.now(),
                collects=collector.is_offered,
            )
            help_ = ShortcutHelp(words.language, SHORTCUTS)
            self._clip = ClipDialog(
                self._site,
                self._visitor,
                words,
                below=self._wall,
                left=self._wall.take_focus,
                look_back=self._wall.look_back,
                help_=help_.open,
                collector=collector,
            )
        self._wall.on("open", self._on_open)
        self._wall.on("help", help_.open)
        self._wall.on("snapshot", collector.on_live_picture)
        self._wall.on("span", collector.on_live_span)
        watcher = for_page(self._client, self._show)
        self._site.lookout.watch(watcher)
        self._client.on_delete(lambda: self._site.lookout.unwatch(watcher))

    async def _on_open(self, event: GenericEventArguments) -> None:
        await self._clip.show(str(event.args))

    def _show(self, snapshot: Snapshot) -> None:
        self._wall.show(self._cameras(snapshot), self._states(snapshot))

    def _cameras(self, snapshot: Snapshot) -> list[dict[str, str]]:
        """Those whose live picture this user may see, area by area."""
        directory, reach = snapshot.directory, self._visitor.user.reach(Action.LIVE)
        listed = [camera_json(each, directory) for each in directory.wanted if reach.covers(each.area)]
        return sorted(listed, key=lambda each: (each["area_name"].casefold(), each["name"].casefold()))

    def _states(self, snapshot: Snapshot) -> dict[str, dict[str, str]]:
        return {
            each["id"]: state_json(snapshot.statuses.get(each["id"]), self._words) for each in self._cameras(snapshot)
        }

    # Incidents -----------------------------------------------------------------------------------------------

    async def _ask(self, *, begin: bool = False) -> list[dict[str, Any]]:
        """The newest; none while the database is away, which the line of alarms says, or where none may be seen."""
        if self._visitor.user.reach(Action.SEARCH).is_nowhere:
            return []
        try:
            page = await asyncio.to_thread(self._read, begin)
        except CamsvcError:
            return []
        return [self._card(each) for each in page.items]

    def _read(self, begin: bool) -> IncidentPage:
        """In a thread. That somebody follows the incidents is recorded once for a page."""
        server, user, source = self._site.server, self._visitor.user, self._visitor.source
        if begin:
            service.follow(server, user, IncidentFilter(), source=source)
        return service.look(server, user, IncidentFilter(), cursor=None, limit=INCIDENTS, source=source)

    def _news(self, news: News) -> None:
        if news.matching:
            self._wall.tell([self._card(each) for each in news.matching])

    async def _again(self) -> None:
        self._wall.list_again(await self._ask())

    def _card(self, incident: Incident) -> dict[str, Any]:
        told = card(incident, self._words, self._site.lookout.last.directory, SearchView())
        return {**told, "camera": incident.camera, "clock": self._words.wall.clock(incident.started_at)}
