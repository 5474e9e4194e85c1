"""The timeline of cameras: reads what it shows, bars where they can be told apart, else how many."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from nicegui import Client
from nicegui.events import GenericEventArguments

from camsvc.api.services import incidents, overview
from camsvc.errors import CamsvcError
from camsvc.web.components import timeline
from camsvc.web.components.brush import moment
from camsvc.web.components.timeline import LANES_MAX, Timeline
from camsvc.web.extent import Extent, bounded
from camsvc.web.latest import Latest
from camsvc.web.site import Site
from camsvc.web.view import SearchView
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words

BARS_MAX = 600
"""Incidents with a bar of their own; of more, nobody tells one from another."""
LATEST = timedelta(days=7)
"""Shown of a search without a beginning, at first."""


class Lanes:
    """Within the element where it is made. Reads only while it is shown."""

    def __init__(self, site: Site, visitor: Visitor, words: Words, client: Client) -> None:
        self._site = site
        self._visitor = visitor
        self._words = words
        self._client = client
        self._latest = Latest(client, "lanes")
        self._view = SearchView()
        self._extent: Extent | None = None
        self.element = Timeline(words.language)
        self.element.on("extent", self._on_extent)

    def show(self, view: SearchView, brushed: Extent | None) -> None:
        """What ``view`` searches. ``brushed``: what the histogram shows, for a search of any time."""
        if view.filter != self._view.filter or self._extent is None:
            self._extent = self._of(view, brushed)
            self.element.wait()
        self._view = view
        self._latest.ask(self._read)

    def _of(self, view: SearchView, brushed: Extent | None) -> Extent:
        now = self._site.server.clock.now()
        to = view.filter.to or (brushed.end if brushed else now)
        from_ = view.filter.from_ or max(to - LATEST, brushed.start if brushed else to - LATEST)
        return bounded(from_, to, now)

    def _on_extent(self, event: GenericEventArguments) -> None:
        edges = [moment(each) for each in event.args] if isinstance(event.args, list) else []
        if len(edges) == 2 and edges[0] and edges[1] and edges[0] < edges[1]:
            self._extent = self._within(edges[0], edges[1])
            self._latest.ask(self._read)

    def _within(self, start: datetime, end: datetime) -> Extent:
        """Not beyond what is searched: there it would show nothing, as if nothing had been."""
        wanted = self._view.filter
        length = end - start
        if wanted.from_ and start < wanted.from_:
            start, end = wanted.from_, wanted.from_ + length
        if wanted.to and end > wanted.to:
            start, end = max(wanted.to - length, wanted.from_ or wanted.to - length), wanted.to
        return bounded(start, end, self._site.server.clock.now())

    async def _read(self) -> None:
        extent, view = self._extent, self._view
        if extent is None:
            return
        try:
            lanes, note = await asyncio.to_thread(self._look, extent, view)
        except CamsvcError:
            return  # the list beside it, and the line of alarms, say it
        if not self._latest.is_overtaken and not self._client.is_deleted:
            self.element.fill(extent, lanes, self._words, note)

    def _look(self, extent: Extent, view: SearchView) -> tuple[list[dict[str, Any]], str]:
        """In a thread."""
        server, user, source = self._site.server, self._visitor.user, self._visitor.source
        words, directory, now = self._words, self._site.lookout.last.directory, server.clock.now()
        say = words.language
        shown = replace(view.filter, from_=extent.start, to=extent.end)
        page = incidents.look(server, user, shown, cursor=None, limit=BARS_MAX, source=source)
        span = words.span(extent.start, extent.end)
        if page.next_cursor is None:
            lanes = timeline.bars(page.items, words, directory, view, now)
            return lanes, f"{span} · {say.count('results.count', len(page.items))}"
        _, width = extent.step()
        found = overview.lanes(server, user, shown, width, extent.origin(self._site.zone), source=source)
        lanes = timeline.cells(found.cameras, width // timedelta(milliseconds=1), words, directory, exact=found.exact)
        note = f"{span} · {say('lanes.many')}"
        if len(found.cameras) > LANES_MAX:
            note += f" · {say('lanes.most', n=LANES_MAX, of=len(found.cameras))}"
        return lanes, note
