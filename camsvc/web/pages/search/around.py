"""What stands around the list and follows after it: how many, how many of each choice, and when."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from nicegui import Client

from camsvc.api.services import overview
from camsvc.api.services.overview import Steps
from camsvc.db.queries.facets import Facets
from camsvc.db.queries.tallies import Histogram
from camsvc.domain.search import IncidentFilter
from camsvc.errors import CamsvcError
from camsvc.web.components.brush import Brush
from camsvc.web.components.filters import Filters
from camsvc.web.extent import Extent, around, bounded, columns
from camsvc.web.latest import Latest
from camsvc.web.site import Site
from camsvc.web.visitor import Visitor

RECOUNT_S = 2.0
"""After a change; a count is a query, and changes come in swarms."""


class Around:
    """Asks one question after another, never two at once for one page; a newer search goes before the rest."""

    def __init__(
        self,
        site: Site,
        visitor: Visitor,
        client: Client,
        *,
        brush: Brush,
        filters: Filters,
        counted: Callable[[Facets], None],
    ) -> None:
        self._site = site
        self._visitor = visitor
        self._client = client
        self._brush = brush
        self._filters = filters
        self._counted = counted
        self._latest = Latest(client, "around")
        self._wanted = IncidentFilter()
        self._extent: Extent | None = None
        self._again: asyncio.TimerHandle | None = None
        client.on_delete(self._forget)

    @property
    def extent(self) -> Extent | None:
        """What the brush shows; None while nothing was counted."""
        return self._extent

    def ask(self, wanted: IncidentFilter) -> None:
        """All of it, for a new search."""
        before, self._wanted = self._wanted, wanted
        if (before.from_, before.to) != (wanted.from_, wanted.to) and not self._holds(wanted):
            self._extent = None
        self._brush.choose(wanted)
        self._forget()
        self._latest.ask(self._read)

    def ask_later(self) -> None:
        """The same again, as something may have changed; one question for a swarm of changes."""
        if self._again is None:
            self._again = asyncio.get_running_loop().call_later(RECOUNT_S, self._now)

    def show(self, start: datetime, end: datetime) -> None:
        """Another stretch of time, for the same search."""
        self._extent = bounded(start, end, self._site.server.clock.now())
        self._latest.ask(self._read if self._latest.is_busy else self._read_bars)

    def _now(self) -> None:
        self._again = None
        if not self._client.is_deleted:
            self._latest.ask(self._read)

    def _forget(self) -> None:
        if self._again:
            self._again.cancel()
            self._again = None

    def _holds(self, wanted: IncidentFilter) -> bool:
        """Whether the time of ``wanted`` can be seen where the brush is: then the picture does not jump."""
        if self._extent is None or wanted.from_ is None or wanted.to is None:
            return False
        inside = self._extent.start <= wanted.from_ and wanted.to <= self._extent.end
        return inside and (wanted.to - wanted.from_) * 40 > self._extent.length

    async def _read(self) -> None:
        wanted = self._wanted
        server, user, source = self._site.server, self._visitor.user, self._visitor.source
        try:
            found = await asyncio.to_thread(overview.facets, server, user, wanted, source=source)
        except CamsvcError:
            return  # the line of alarms says it; what stood here was true a moment ago
        if self._latest.is_overtaken or self._client.is_deleted:
            return
        self._counted(found)
        self._filters.count(found)
        await self._read_bars()

    async def _read_bars(self) -> None:
        server, user, source = self._site.server, self._visitor.user, self._visitor.source
        now, zone = server.clock.now(), self._site.zone
        wanted, extent = self._wanted, self._extent

        async def bars(of: Extent) -> Histogram:
            shown = replace(wanted, from_=of.start, to=of.end)
            steps = Steps(*of.step(), of.origin(zone), zone)
            return await asyncio.to_thread(overview.bars, server, user, shown, steps, source=source)

        try:
            if extent is not None or wanted.from_ is not None:
                extent = extent or around(wanted, None, now)
                found = await bars(extent)
            else:
                # Since when is known to the month: what is empty before the first bar is cut off.
                first = await asyncio.to_thread(overview.beginning, server, user, wanted, source=source)
                extent = around(wanted, first, now)
                found = await bars(extent)
                if found.bars and found.bars[0].start - extent.start > extent.length / 4:
                    extent = around(wanted, found.bars[0].start, now)
                    found = await bars(extent)
        except CamsvcError:
            return
        if self._latest.is_overtaken or self._client.is_deleted:
            return
        self._extent = extent
        self._brush.fill(extent, columns(found.bars, extent, zone), exact=found.exact)
