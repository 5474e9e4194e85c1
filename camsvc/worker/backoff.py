"""How long to wait before a camera is tried again, and how many may be tried at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

FIRST_RETRY_S = 1.0
"""A camera that dropped one connection takes the next: footage is missing for as short as can be."""
RETRY_CAP_S = 30.0
"""A camera that came back is seen within half a minute, and a dead one costs two connections a minute."""
REFUSED_FIRST_S = 30.0
REFUSED_CAP_S = 300.0
"""Credentials do not mend themselves, and many cameras lock the account after a handful of wrong tries."""
STABLE_S = 30.0
"""A session that lived so long was a good one: the next failure begins with a short wait again."""
JITTER = (0.5, 1.5)
"""Each wait is multiplied by a random factor from this range: cameras of one site that vanish together (switch, power)
do not come back together."""
CONCURRENT_OPENS = 32
"""Connections being opened at once in one worker. 200 dead cameras at 10 s a time-out then take a minute a round,
and the site's uplink sees 32 handshakes, not 200."""


class BackOff:
    """Waits of one stream: doubling, capped, jittered. Used by one thread."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._failures = 0
        self._refused = False

    def failed(self, *, refused: bool, lived_s: float) -> float:
        """Seconds to wait after a session that ended having received packets for ``lived_s``."""
        if lived_s >= STABLE_S or refused is not self._refused:
            self._failures = 0
        self._refused = refused
        first_s, cap_s = (REFUSED_FIRST_S, REFUSED_CAP_S) if refused else (FIRST_RETRY_S, RETRY_CAP_S)
        wait_s = min(cap_s, first_s * 2.0 ** min(self._failures, 16))
        self._failures += 1
        return wait_s * self._random.uniform(*JITTER)


class Doorway:
    """Lets a bounded number of connections be opened at once. Shared by all streams of a worker."""

    def __init__(self, width: int = CONCURRENT_OPENS) -> None:
        self._slots = threading.BoundedSemaphore(width)

    @contextmanager
    def entered(self, stop: threading.Event) -> Iterator[bool]:
        """Waits for a place; yields False, without one, when ``stop`` was set meanwhile."""
        while not stop.is_set():
            if self._slots.acquire(timeout=POLL_S):
                break
        else:
            yield False
            return
        try:
            yield True
        finally:
            self._slots.release()


POLL_S = 0.5
"""How soon a waiting stream notices that it shall stop."""
