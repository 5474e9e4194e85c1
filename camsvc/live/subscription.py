"""One viewer's place in a channel."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from camsvc import log
from camsvc.domain.camera import StreamRole
from camsvc.errors import SourceError
from camsvc.live.access_unit import RTP_PERIOD, AccessUnit, Item, Paused, Started
from camsvc.media.packets import CLOCK_HZ

_log = log.get(__name__)

MAX_WAITING_UNITS = 150
"""Live pictures that a viewer may be behind: 6 s at 25 a second. Overflow: all that waits is dropped and counted, and
the viewer goes on with the next key frame; so does it beyond MAX_WAITING_BYTES."""
MAX_WAITING_BYTES = 6 * 1024 * 1024
"""6 s of 8 Mb/s. The bytes are shared by all viewers of the channel: a slow one keeps them alive, and copies none."""
MAX_WORDS = 16
"""Started and Paused that wait for a viewer who takes nothing. Overflow: all but the last go, and all pictures."""
CATCH_UP_STEP_90K = CLOCK_HZ // 1000
"""Pictures that are caught up are laid 1 ms apart."""
STEP_BACK_90K = 2 * CLOCK_HZ
"""A time stamp that lies back by up to this is moved up behind the last one; by more, our clock was set, and the viewer
gets the true time."""


class Viewing(Protocol):
    """What a viewer reads from: a ``Subscription`` or a ``Replay``."""

    @property
    def camera(self) -> str: ...

    @property
    def started(self) -> Started | None: ...

    async def next(self) -> Item: ...

    def close(self) -> None: ...


class Source(Protocol):
    """The channel, as its subscriptions see it."""

    def gop(self) -> Sequence[AccessUnit]:
        """All pictures since the last key frame; none when they are too many to be kept."""
        ...

    def leave(self, subscription: Subscription) -> None: ...


class Direct(Protocol):
    """Who takes a picture within the call: it spares a task's waking for each picture of each viewer."""

    @property
    def is_behind(self) -> bool:
        """Then it is given nothing: pictures wait in the subscription, where there is a bound."""
        ...

    def send(self, unit: AccessUnit) -> None: ...


class Subscription:
    """Made by the hub. Used by the event loop's thread alone; ``close`` it."""

    def __init__(self, camera: str, stream: StreamRole, source: Source) -> None:
        self.camera = camera
        self.stream = stream
        """As asked for."""
        self.started: Started | None = None
        """What was last said to begin; None while the camera is away."""
        self.dropped = 0
        """Pictures that were not given because the viewer was slow."""
        self.direct: Direct | None = None
        """Given live pictures at once for as long as nothing waits; None: all come by ``next``."""
        self._source = source
        self._queue: deque[Item] = deque()
        self._live_units = 0
        self._live_bytes = 0
        self._words = 0
        self._needs_key = True
        self._overflowed = False
        """It needs a key frame because it was slow."""
        self._last_90k: int | None = None
        self._closed: SourceError | None = None
        self._wanted: asyncio.Future[None] | None = None

    async def next(self) -> Item:
        """The next thing in order. If the channel runs, ``Started`` and its last GOP come at once. One task calls it.

        Raises SourceError when the subscription was closed.
        """
        while not self._queue:
            if self._closed is not None:
                raise self._closed
            self._wanted = asyncio.get_running_loop().create_future()
            await self._wanted
        item = self._queue.popleft()
        if not isinstance(item, AccessUnit):
            self._words -= 1
            return item
        if not item.caught_up:
            self._live_units -= 1
            self._live_bytes -= len(item.data)
        return self._timed(item)

    def restart(self) -> None:
        """The viewer lost a picture and needs a key frame: what waits is given up, and the last GOP comes once more."""
        words = [item for item in self._queue if not isinstance(item, AccessUnit)]
        self._forget(words)
        self._catch_up()
        self._wake()

    def close(self) -> None:
        """May be called twice."""
        if self._closed is None:
            self._source.leave(self)
            self.end(SourceError("the subscription was closed"))

    def end(self, why: SourceError) -> None:
        """By the channel: nothing more will come."""
        self._closed = why
        self._forget([])
        self._wake()

    def join(self, source: Source, word: Started | Paused | None, *, catch_up: bool = True) -> None:
        """By the channel: belongs to ``source`` from now on, which last said ``word``."""
        self._source = source
        if word is not None:
            self.put(word)
            if isinstance(word, Started) and catch_up:
                self.catch_up()

    def catch_up(self) -> None:
        """By the channel: it has found its first GOP."""
        self._catch_up()
        self._wake()

    def put(self, item: Item) -> None:
        """By the channel. Never waits."""
        if self._closed is not None:
            return
        if isinstance(item, AccessUnit):
            direct = self.direct
            if direct is not None and not (self._queue or self._needs_key or direct.is_behind):
                self._hand_over(item, direct)
                return
            self._put_unit(item)
        else:
            self._put_word(item)
        self._wake()

    def _hand_over(self, unit: AccessUnit, direct: Direct) -> None:
        try:
            direct.send(self._timed(unit))
        except Exception:  # noqa: BLE001  a defect met with one viewer must not end the pictures of all others
            _log.exception("viewer failed", camera=self.camera)
            self.end(SourceError("a defect of this service"))

    def _put_word(self, word: Started | Paused) -> None:
        self.started = word if isinstance(word, Started) else None
        self._needs_key = True
        if self._words >= MAX_WORDS:
            self._count_waiting()
            self._forget([])
        self._queue.append(word)
        self._words += 1

    def _put_unit(self, unit: AccessUnit) -> None:
        if self._needs_key and not unit.is_key:
            self.dropped += self._overflowed
            return
        too_much = self._live_units >= MAX_WAITING_UNITS or self._live_bytes + len(unit.data) > MAX_WAITING_BYTES
        if too_much and self._live_units:
            self._count_waiting()
            self._forget([item for item in self._queue if not isinstance(item, AccessUnit)])
            self._overflowed = True
            if not unit.is_key:
                self.dropped += 1
                return
        self._needs_key = self._overflowed = False
        self._queue.append(unit)
        self._live_units += 1
        self._live_bytes += len(unit.data)

    def _count_waiting(self) -> None:
        self.dropped += sum(isinstance(item, AccessUnit) for item in self._queue)

    def _forget(self, words: Sequence[Item]) -> None:
        """Only ``words`` stay."""
        self._queue = deque(words)
        self._words = len(words)
        self._live_units = self._live_bytes = 0
        self._needs_key = True

    def _catch_up(self) -> None:
        """The last GOP, all but its newest picture marked. Not counted against the bounds: the channel bounds it."""
        gop = self._source.gop()
        if not gop:
            return
        newest = gop[-1]
        count = len(gop)
        for index, unit in enumerate(gop[:-1]):
            at_90k = (newest.at_90k - CATCH_UP_STEP_90K * (count - 1 - index)) % RTP_PERIOD
            self._queue.append(replace(unit, at_90k=at_90k, caught_up=True))
        self._queue.append(newest)
        self._live_units += 1
        self._live_bytes += len(newest.data)
        self._needs_key = False

    def _timed(self, unit: AccessUnit) -> AccessUnit:
        """``unit`` with a time stamp behind the last one's."""
        if self._last_90k is not None:
            gained = (unit.at_90k - self._last_90k + RTP_PERIOD // 2) % RTP_PERIOD - RTP_PERIOD // 2
            if -STEP_BACK_90K < gained <= 0:
                unit = replace(unit, at_90k=(self._last_90k + 1) % RTP_PERIOD)
        self._last_90k = unit.at_90k
        return unit

    def _wake(self) -> None:
        if self._wanted is not None and not self._wanted.done():
            self._wanted.set_result(None)
