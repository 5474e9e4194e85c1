"""What a camera's ring still has, from a moment on: for a look back. It has a tap of its own."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import datetime

from camsvc.clock import Clock
from camsvc.errors import SourceError
from camsvc.live.access_unit import AccessUnit, Item, Paused, Started
from camsvc.live.showing import Showing, Transcodes
from camsvc.live.tap import Tap
from camsvc.media.packets import Packet
from camsvc.worker.tap_wire import PacketsLost, SessionBegan, SessionEnded

MAX_SPEED = 4.0
"""Times real time: a player fills its buffer, and the way from the worker is not flooded by 30 s at once."""
HEAD_START_S = 2.0
"""Sent at once, so that the player can begin."""
MAX_TRANSCODING = 32
"""Packets that may wait for a transcoder before the tap is read on."""
TRANSCODER_POLL_S = 0.02
"""How soon it is noticed that the transcoder has worked them off: half a picture."""
LAST_PICTURES_S = 5.0
"""For a transcoder to finish a session: MAX_TRANSCODING pictures of 4K on a slow core."""


class Replay:
    """Reads from its tap only as far as it is asked, at most 4 times as fast as it was filmed. Used by one task.

    Over sessions and gaps it goes on, as the ring does; in the end it is live. Close it.
    """

    def __init__(
        self, camera: str, tap: Tap, transcodes: Transcodes, clock: Clock, closed: Callable[[Replay], None]
    ) -> None:
        """``closed`` is told once, when it is."""
        self.camera = camera
        self.stream = tap.stream
        """As it is sent: main where there is no sub stream."""
        self.started: Started | None = None
        self.lost_packets = 0
        """Left the ring before they were asked for."""
        self._tap = tap
        self._transcodes = transcodes
        self._clock = clock
        self._queue: deque[Item] = deque()
        self._showing: Showing | None = None
        self._began: tuple[datetime, float] | None = None
        """Wall time of the first picture, and our own (monotonic) when it was given."""
        self._tell_closed = closed
        self._closed = False

    async def next(self) -> Item:
        """The next thing in order. Raises SourceError when the tap ended or this was closed."""
        while not self._queue:
            if self._closed:
                raise SourceError("the replay was closed")
            await self._read_on()
        item = self._queue.popleft()
        if isinstance(item, AccessUnit):
            await self._pace(item)
        else:
            self.started = item if isinstance(item, Started) else None
            self._began = None  # What lies between two sessions is not waited for.
        return item

    def close(self) -> None:
        """May be called twice."""
        if self._closed:
            return
        self._closed = True
        self._end_session()
        self._tap.abort()
        self._tell_closed(self)

    async def _read_on(self) -> None:
        if self._showing is not None and self._showing.waiting > MAX_TRANSCODING:
            await asyncio.sleep(TRANSCODER_POLL_S)
            return
        item = await anext(self._tap)
        if isinstance(item, Packet):
            if self._showing is not None:
                self._showing.take(item)
        elif isinstance(item, SessionBegan):
            self._end_session()
            name = f"{self.camera}/{self.stream}"
            self._showing = Showing(name, item, self._transcodes, self._queue.append, keep_all=True)
        elif isinstance(item, SessionEnded):
            await self._transcoded()
            self._end_session()
            self._queue.append(Paused("gap", f"the recording pauses here: {item.reason}"))
        elif isinstance(item, PacketsLost):
            self.lost_packets += item.packets
            if self._showing is not None:
                self._showing.lost()

    async def _transcoded(self) -> None:
        """Once the session's last packets are."""
        deadline_s = self._clock.monotonic_s() + LAST_PICTURES_S
        while self._showing is not None and self._showing.waiting and self._clock.monotonic_s() < deadline_s:  # noqa: ASYNC110  counted in another thread
            await asyncio.sleep(TRANSCODER_POLL_S)

    def _end_session(self) -> None:
        showing, self._showing = self._showing, None
        if showing is not None:
            showing.close()

    async def _pace(self, unit: AccessUnit) -> None:
        now_s = self._clock.monotonic_s()
        if self._began is None:
            self._began = (unit.at, now_s)
        first_at, began_s = self._began
        due_s = began_s + ((unit.at - first_at).total_seconds() - HEAD_START_S) / MAX_SPEED
        if due_s > now_s:
            await asyncio.sleep(due_s - now_s)
