"""What was recorded a moment ago and still goes on: a player asks for one clip in hundreds of pieces."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from camsvc.clock import Clock

STILL_S = 600.0
"""One viewing: whoever asks again within it is still at it. Who comes back later views anew."""
REMEMBERED = 20_000
"""Viewings; the oldest is forgotten first, and recorded once more."""


class Recent:
    """Any thread. Each server process remembers its own: a viewing through two of them is recorded twice."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seen_s: OrderedDict[Hashable, float] = OrderedDict()

    @contextmanager
    def once(self, key: Hashable) -> Iterator[bool]:
        """Whether ``key`` is to be recorded now; remembered when the block ends well."""
        now_s = self._clock.monotonic_s()
        with self._lock:
            seen_s = self._seen_s.get(key)
        is_new = seen_s is None or now_s - seen_s >= STILL_S
        yield is_new
        if is_new:
            with self._lock:
                self._seen_s[key] = now_s
                self._seen_s.move_to_end(key)
                while len(self._seen_s) > REMEMBERED:
                    self._seen_s.popitem(last=False)
