"""How fast one viewer's packets may leave: a key frame of 300 kB in one burst would overrun the buffers on its way."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

TICK_S = 0.01
"""Between the bursts of a viewer who is behind. Shorter costs more wake-ups; at 10 Mb/s a burst is then 12 kB."""
BURST_S = 0.02
"""What the pace carries in this time may leave at once: an ordinary picture does, in one system call."""
FACTOR = 4.0
"""Times the stream's own bit rate: what was missed is caught up within a third of the time that it lasted."""
MIN_BYTES_PER_S = 10_000_000 / 8
"""For streams of a few hundred kb/s: their key frame is there within a tenth of a second."""
_RATE_WINDOW_S = 1.0
"""Over which a stream's bit rate is measured; holds a key frame of most cameras, or the greatest part of one."""
_RATE_DECAY = 0.8
"""A quiet second does not slow down the key frame that follows it."""


class Bucket:
    """A token bucket in bytes. It may owe a packet, so that none is too big for it, and a burst of repeated ones."""

    def __init__(self, now_s: float) -> None:
        self.bytes_per_s = MIN_BYTES_PER_S
        self._tokens = MIN_BYTES_PER_S * BURST_S
        self._filled_s = now_s

    def available(self, now_s: float) -> float:
        rate = self.bytes_per_s
        self._tokens = min(self._tokens + (now_s - self._filled_s) * rate, rate * BURST_S)
        self._filled_s = now_s
        return self._tokens

    @property
    def deepest(self) -> float:
        """The debt that repeated packets may make: as much as one burst."""
        return -self.bytes_per_s * BURST_S

    def take(self, size_bytes: int) -> None:
        self._tokens -= size_bytes


class Rate:
    """A stream's bit rate by its own time stamps, so that it is known as soon as a second of it has been seen."""

    def __init__(self) -> None:
        self._begin_s = 0.0
        self._bytes = 0
        self.bytes_per_s = 0.0

    def add(self, size_bytes: int, at_s: float) -> None:
        """A picture of that size, shown at that time."""
        elapsed_s = at_s - self._begin_s
        if not 0 <= elapsed_s < _RATE_WINDOW_S:
            if self._bytes and elapsed_s > 0:
                self.bytes_per_s = max(self._bytes / elapsed_s, self.bytes_per_s * _RATE_DECAY)
            self._begin_s, self._bytes = at_s, 0
        self._bytes += size_bytes


class Behind(Protocol):
    """Who has packets waiting."""

    def flush(self, now_s: float) -> bool:
        """Sends what may be sent; whether all has left."""
        ...


class Pacer:
    """One timer for all viewers of an event loop, running only while one of them is behind."""

    def __init__(self) -> None:
        self._behind: set[Behind] = set()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, who: Behind) -> None:
        self._behind.add(who)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TICK_S, self._tick)

    def remove(self, who: Behind) -> None:
        self._behind.discard(who)

    def _tick(self) -> None:
        now_s = time.monotonic()
        for who in list(self._behind):
            if who.flush(now_s):
                self._behind.discard(who)
        self._timer = asyncio.get_running_loop().call_later(TICK_S, self._tick) if self._behind else None
