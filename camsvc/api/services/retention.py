"""The duty of retention: each hour, and at once when the disk fills; and what is told of the storage."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from camsvc import log
from camsvc.api.context import Server
from camsvc.clock import Clock
from camsvc.config import Settings
from camsvc.db.database import Database
from camsvc.db.locks import PURGE
from camsvc.db.queries import hold_locks, storage_tallies
from camsvc.db.queries import retention as rows
from camsvc.db.queries.storage_tallies import Tally
from camsvc.domain.retention import Disk, Run
from camsvc.embedded.s3 import compact
from camsvc.errors import CamsvcError, ConflictError
from camsvc.storage.disk import disk_below
from camsvc.storage.objects import ObjectStore
from camsvc.storage.retention import Retention

INTERVAL_S = 3600.0
"""Between two runs: footage is kept by days, so an hour is soon enough."""
LOOK_S = 60.0
"""Between two looks at the disk. A gigabyte a minute is what thirty busy cameras of 4 Mb/s bring in."""
PRESSURE_S = 600.0
"""Between two runs for room: the store has compacted its files by then, and the disk has the space back."""
RETRY_S = 300.0
"""After a run that failed."""
RUNS_SHOWN = 20
COUNT_AGAIN = timedelta(hours=1)
"""The present month and the one before it are counted this often; older ones after retention was at them."""

_log = log.get(__name__)


def retention_of(settings: Settings, database: Database, store: ObjectStore, clock: Clock) -> Retention:
    policy, least = settings.retention.to_domain(), settings.retention.min_free_bytes
    return Retention(database, store, policy, least, clock, lambda: disk_of(settings))


def disk_of(settings: Settings) -> Disk | None:
    """None: the store lies elsewhere."""
    return disk_below(settings.data, settings.s3_endpoint)


class Purger:
    """What the one server of all that has the duty does."""

    def __init__(self, settings: Settings, database: Database, store: ObjectStore, clock: Clock) -> None:
        self._settings = settings
        self._database = database
        self._store = store
        self._clock = clock

    def work(self, stop: threading.Event, check: Callable[[], None]) -> None:
        due_s = self._clock.monotonic_s()
        room_due_s = due_s
        while not stop.is_set():
            now_s = self._clock.monotonic_s()
            if now_s >= due_s or (now_s >= room_due_s and self._is_full()):
                check()
                wait_s = INTERVAL_S if self._run(stop, check) else RETRY_S
                due_s = self._clock.monotonic_s() + wait_s
                room_due_s = self._clock.monotonic_s() + PRESSURE_S
                self._count(stop)
            self._clock.wait(stop, LOOK_S)

    def _is_full(self) -> bool:
        disk = disk_of(self._settings)
        return disk is not None and disk.free_bytes < self._settings.retention.min_free_bytes

    def _run(self, stop: threading.Event, check: Callable[[], None]) -> bool:
        try:
            done = run_alone(self._settings, self._database, self._store, self._clock, stop, check)
            if done.pressure and done.files:
                compact(self._settings.data)
        except ConflictError:
            _log.info("retention runs on the command line already")
        except CamsvcError as error:
            check()  # the database is away: another turn of the duty
            _log.error("retention did not end", reason=str(error), retry_s=RETRY_S)
            return False
        return True

    def _count(self, stop: threading.Event) -> None:
        try:
            count(self._database, self._clock.now(), stop)
        except CamsvcError as error:
            _log.warning("what is stored was not counted", reason=str(error))


def run_alone(
    settings: Settings,
    database: Database,
    store: ObjectStore,
    clock: Clock,
    stop: threading.Event,
    check: Callable[[], None] = lambda: None,
    tell: Callable[[Run], None] = lambda _: None,
) -> Run:
    """One run. Raises ConflictError when one goes on elsewhere, and what ``Retention.run`` raises."""
    with database.holding(PURGE) as is_mine:

        def both() -> None:
            is_mine()
            check()

        return retention_of(settings, database, store, clock).run(stop, both, tell)


def count(database: Database, now: datetime, stop: threading.Event) -> None:
    """What is stored by month and area, as far as it may have changed."""
    with database.session() as session:
        known = storage_tallies.months(session)
        storage_tallies.forget_but(session, known)
        counted = storage_tallies.counted(session)
        touched = _touched_at(rows.runs(session, 1))
    for month in known:
        at = counted.get(month.date())
        is_young = month >= now - timedelta(days=62)
        if at is None or (touched is not None and touched > at) or (is_young and now - at >= COUNT_AGAIN):
            if stop.is_set():
                return
            with database.session() as session:
                storage_tallies.count(session, month, now)


def _touched_at(runs: Sequence[Run]) -> datetime | None:
    return next((run.ended_at or run.started_at for run in runs if run.incidents or run.months), None)


@dataclass(frozen=True, slots=True)
class Storage:
    """As people see it."""

    disk: Disk | None
    min_free_bytes: int
    bytes_per_day: int
    tallies: Sequence[Tally]
    runs: Sequence[Run]
    is_kept: bool | None
    """Whether the store enforces holds."""
    is_endless: bool
    """Nothing goes for its age: the disk fills for certain."""

    @property
    def lasts_days(self) -> float | None:
        """Until the disk is full, deleting nothing. None: nothing comes in, or the store lies elsewhere."""
        if self.disk is None or self.bytes_per_day <= 0:
            return None
        return max(0, self.disk.free_bytes - self.min_free_bytes) / self.bytes_per_day


def storage(server: Server) -> Storage:
    """Blocks for some queries, one of them of seconds where much came in lately."""
    with server.database.session() as session:
        tallies = storage_tallies.tallies(session)
        runs = rows.runs(session, RUNS_SHOWN)
    with server.database.session() as session:
        per_day = storage_tallies.bytes_per_day(session, server.clock.now())
    return Storage(
        disk_of(server.settings),
        server.settings.retention.min_free_bytes,
        per_day,
        tallies,
        runs,
        server.enforcement.is_kept(),
        server.settings.retention.days is None and server.settings.retention.index_days is None,
    )


class StorageGauges(Collector):
    """Alert on ``camsvc_storage_pressure`` (footage goes before its time), on ``…_exhausted`` (recording is about to
    stop), on ``camsvc_holds_unmirrored`` (the store does not do as asked), on the age of the last run."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def describe(self) -> Iterable[Metric]:
        """Nothing: registration must not ask the database."""
        return ()

    def collect(self) -> Iterable[Metric]:
        disk = disk_of(self._server.settings)
        if disk is not None:
            yield GaugeMetricFamily("camsvc_storage_free_bytes", "On the store's disk", value=disk.free_bytes)
            low = disk.free_bytes < self._server.settings.retention.min_free_bytes
            yield GaugeMetricFamily("camsvc_storage_pressure", "Whether less is free than must be", value=low)
        try:
            with self._server.database.session() as session:
                last = rows.runs(session, 1)
                mirror = hold_locks.mirror(session)
                left = rows.left(session)
        except CamsvcError as error:
            _log.warning("metrics of the storage without the database's", reason=str(error))
            return
        yield GaugeMetricFamily("camsvc_holds_locked", "Incidents locked in the object store", value=mirror.locked)
        yield GaugeMetricFamily(
            "camsvc_holds_unmirrored", "Incidents that the store did not lock or unlock as asked", value=mirror.failed
        )
        yield GaugeMetricFamily("camsvc_retention_left", "Incidents whose files are still to be deleted", value=left)
        for run in last:
            age_s = (self._server.clock.now() - run.started_at).total_seconds()
            yield GaugeMetricFamily("camsvc_retention_age_seconds", "Since the last run began", value=max(0.0, age_s))
            yield GaugeMetricFamily(
                "camsvc_storage_exhausted", "Whether nothing was left that may go for room", value=run.exhausted
            )
