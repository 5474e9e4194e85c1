"""How cameras did over the last day, read once in a while for all pages: what is missing, what each saw last."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from camsvc.api.context import Server
from camsvc.db.queries import health as rows
from camsvc.db.queries.health import NOTHING, Missing, Newest
from camsvc.domain.account import Reach
from camsvc.domain.camera import CameraState, CameraStatus
from camsvc.domain.coverage import Coverage
from camsvc.errors import CamsvcError

OVER = timedelta(days=1)
SINCE = timedelta(days=31)
"""How far back a camera's last incident is looked for: two months of the index at most."""
KEPT_S = 30.0
"""A page shows what was read no longer ago: some tens of milliseconds of database with a thousand cameras."""
DISABLED = -1
CLOCK_WRONG_MS = 2000.0
"""Less cannot be told from the delay of network and camera."""
HOUR_S, DAY_S = 3600.0, 86_400.0
GAPS_SHARE = 0.01
"""Of the last day: a quarter of an hour."""
_ORDER = {
    CameraState.LIVE: 0,
    CameraState.CONNECTING: 1,
    CameraState.RETRYING: 2,
    CameraState.UNASSIGNED: 3,
    CameraState.REFUSED: 4,
}


@dataclass(frozen=True)
class Health:
    at: datetime
    missing: Mapping[str, Missing] = field(default_factory=lambda: MappingProxyType({}))
    newest: Mapping[str, Newest] = field(default_factory=lambda: MappingProxyType({}))
    """By camera; not only within anybody's reach."""

    @property
    def over_s(self) -> float:
        return OVER.total_seconds()

    def within(self, reach: Reach) -> Health:
        """What may be known by who may search in ``reach``; gaps are of whoever sees the camera."""
        if reach.is_everywhere:
            return self
        newest = {camera: each for camera, each in self.newest.items() if reach.covers(each.area)}
        return Health(self.at, self.missing, newest)

    def dark_s(self, status: CameraStatus, now: datetime) -> float:
        """For how long there has been no picture of a camera that should send one."""
        if status.state in {CameraState.LIVE, CameraState.DISABLED}:
            return 0.0
        since = status.last_packet_at or status.since
        return max(0.0, (now - since).total_seconds())

    def missing_s(self, status: CameraStatus, now: datetime) -> float:
        """Footage missing of the last day, with the outage that still lasts."""
        known = self.missing.get(status.camera, NOTHING)
        lasting_s = self.dark_s(status, now)
        if known.until is not None:
            lasting_s = min(lasting_s, max(0.0, (now - known.until).total_seconds()))
        return min(self.over_s, known.seconds.get(Coverage.FOOTAGE, 0.0) + lasting_s)

    def unseen_s(self, camera: str) -> float:
        """Not analysed, of the last day."""
        return self.missing.get(camera, NOTHING).seconds.get(Coverage.ANALYSIS, 0.0)


class HealthBook:
    """Of one process. Any thread may ask; it blocks for the reading now and then."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._last = Health(server.clock.now())
        self._read_s: float | None = None

    @property
    def last(self) -> Health:
        """As it was read last; empty before the first time."""
        return self._last

    def now(self) -> Health:
        """Not older than KEPT_S; what was known before while the database is away."""
        with self._lock:
            if self._is_stale():
                # Also when it fails: a database that is away is not asked by every page in turn.
                self._read_s = self._server.clock.monotonic_s()
                with suppress(CamsvcError):
                    self._last = self._read()
            return self._last

    def renew(self) -> None:
        """On the event loop: reads in a thread when it is time, for who shows ``last`` later."""
        if self._is_stale() and not self._lock.locked():
            asyncio.get_running_loop().run_in_executor(None, self.now)

    def _is_stale(self) -> bool:
        return self._read_s is None or self._server.clock.monotonic_s() - self._read_s > KEPT_S

    def _read(self) -> Health:
        now = self._server.clock.now()
        with self._server.database.session() as session:
            return Health(now, rows.missing(session, now - OVER, now), rows.newest(session, now - SINCE))


class Trouble(StrEnum):
    """What an overview counts. A camera may have several."""

    HOUR = "hour"
    """Dark for over an hour."""
    DAY = "day"
    """Dark for over a day."""
    GAPS = "gaps"
    """It sends, but much of its last day is missing."""
    CLOCK = "clock"
    """Its clock is wrong, or ours is unsure of its pictures."""


def troubles(status: CameraStatus, health: Health, now: datetime) -> frozenset[Trouble]:
    if status.state is CameraState.DISABLED:
        return frozenset()
    dark_s = health.dark_s(status, now)
    error_ms = clock_error_ms(status)
    is_so = {
        Trouble.HOUR: dark_s >= HOUR_S,
        Trouble.DAY: dark_s >= DAY_S,
        Trouble.GAPS: dark_s == 0 and health.missing_s(status, now) >= GAPS_SHARE * health.over_s,
        Trouble.CLOCK: error_ms is not None and error_ms >= CLOCK_WRONG_MS,
    }
    return frozenset(each for each, so in is_so.items() if so)


def clock_error_ms(status: CameraStatus) -> float | None:
    """How far the camera's own clock is off, or how unsure ours is of its packets, whichever is worse."""
    known = [abs(each) for each in (status.clock_error_ms, status.camera_clock_offset_ms) if each is not None]
    return max(known) if known else None


def trouble_rank(status: CameraStatus, health: Health, now: datetime) -> float:
    """Higher is worse: first how it is, then for how long it has been dark, then what is missing of the last day."""
    if status.state is CameraState.DISABLED:
        return DISABLED
    dark_days = health.dark_s(status, now) / health.over_s
    return _ORDER[status.state] * 1000 + min(998.0, dark_days) + health.missing_s(status, now) / health.over_s
