"""Wall time and monotonic time, passed in wherever time matters so that tests can move it."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Any thread may call any method."""

    def now(self) -> datetime:
        """Wall time of the host, aware, UTC. May step when the host's clock is set."""
        ...

    def monotonic_s(self) -> float:
        """Seconds from an arbitrary origin; never steps."""
        ...

    def wait(self, stop: threading.Event, timeout_s: float) -> bool:
        """Wait until ``stop`` is set or ``timeout_s`` has passed; whether ``stop`` is set."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        return time.monotonic()

    def wait(self, stop: threading.Event, timeout_s: float) -> bool:
        return stop.wait(timeout_s)


class SimulatedClock:
    """Moves only when told: ``advance`` moves both times, ``step_wall`` the wall alone (somebody set the clock)."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._now = require_utc(start)
        self._monotonic_s = 1000.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def monotonic_s(self) -> float:
        with self._lock:
            return self._monotonic_s

    def wait(self, stop: threading.Event, timeout_s: float) -> bool:
        """Does not sleep: the wait passes at once in simulated time."""
        if not stop.is_set():
            self.advance(timeout_s)
        return stop.is_set()

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._now += timedelta(seconds=seconds)
            self._monotonic_s += seconds

    def step_wall(self, seconds: float) -> None:
        with self._lock:
            self._now += timedelta(seconds=seconds)


def require_utc(moment: datetime) -> datetime:
    """``moment`` in UTC. Raises ValueError for a naive one: a time without a zone is not a time."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; add one, for example {moment.isoformat()}Z")
    return moment.astimezone(UTC)
