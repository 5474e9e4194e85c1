"""A subscription to a film, as if a camera sent it: for what is behind the hub."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence

from camsvc.clock import SystemClock
from camsvc.domain.camera import StreamRole
from camsvc.errors import SourceError
from camsvc.live.access_unit import AccessUnit, Item, Started, rtp_time
from camsvc.live.subscription import Subscription
from camsvc.media.packets import Packet, VideoParameters


def units_of(packets: Sequence[Packet]) -> list[AccessUnit]:
    return [AccessUnit(packet.data, packet.is_key, packet.at, rtp_time(packet.at)) for packet in packets]


def started(video: VideoParameters, *, session: str = "s1", rendition: str | None = None) -> Started:
    return Started(session, video, StreamRole.MAIN, rendition)


class FilmSubscription(Subscription):
    """Gives ``items`` in order: pictures not before their wall time when ``live``. Then it waits, or ends."""

    def __init__(self, items: Sequence[Item], *, live: bool = False, ends: bool = True) -> None:
        self.camera, self.stream, self.dropped = "cam", StreamRole.MAIN, 0
        self.started = next((item for item in items if isinstance(item, Started)), None)
        self.closed = asyncio.Event()
        self._items = iter(items) if ends else itertools.chain(items)
        self._live, self._ends = live, ends

    async def next(self) -> Item:
        item = next(self._items, None)
        if self.closed.is_set() or (item is None and self._ends):
            raise SourceError("the film is over")
        if item is None:
            await self.closed.wait()
            raise SourceError("closed")
        if self._live and isinstance(item, AccessUnit):
            await asyncio.sleep(max(0.0, (item.at - SystemClock().now()).total_seconds()))
        return item

    def restart(self) -> None: ...

    def close(self) -> None:
        self.closed.set()
