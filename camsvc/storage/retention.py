"""Retention: footage goes after its days or for room on the disk, months of the index after theirs; held ones never.

The order of each step is what makes a crash harmless. Within one transaction, with no hold slipping in between
(``queries.holds.exclude_retention``), rows are marked, or taken out of the index, and written down as to be deleted;
then the files are deleted; then what was written down is struck out. Whoever dies in between leaves a list that the
next run works off first. A file is never deleted before the index says that it is gone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from camsvc import log
from camsvc.clock import Clock
from camsvc.db import partitions
from camsvc.db.database import Database
from camsvc.db.queries import audit
from camsvc.db.queries import retention as rows
from camsvc.db.queries.retention import Candidate
from camsvc.domain.audit import Deed, Kind, Outcome
from camsvc.domain.retention import Disk, Policy, Run, terms
from camsvc.errors import CamsvcError, ConflictError, DatabaseUnavailableError, StoreError, StoreUnavailableError
from camsvc.storage import keys
from camsvc.storage.objects import ObjectStore

BATCH = 200
"""Incidents marked in one transaction, which holds up whoever places a hold; their files then go before the next."""
INCIDENTS_PER_S = 100
"""Whose files are deleted at most: the store has uploads to take meanwhile. A day of ten million a year is 27,000:
five minutes."""
WINDOW = timedelta(days=1)
"""Of the index, read at once."""
YOUNGEST = timedelta(hours=1)
"""For room on the disk goes nothing that ended later: its files are still on the way, and people are looking at it."""
WRITE_S = 5.0
"""How often the table of runs hears how far it is."""
PRESSURE = "pressure"
"""Term of the mark how far the walk for room has come."""

_log = log.get(__name__)


@dataclass(slots=True)
class _Tally:
    """What a run has done so far."""

    incidents: int = 0
    files: int = 0
    bytes: int = 0
    months: int = 0
    pressure: bool = False
    exhausted: bool = False


class Stopped(Exception):  # noqa: N818  no error: who runs it asked for its end
    pass


class Retention:
    """One thread; one at a time in the installation (lock PURGE, see ``run``)."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        policy: Policy,
        min_free_bytes: int,
        clock: Clock,
        disk: Callable[[], Disk | None],
    ) -> None:
        self._database = database
        self._store = store
        self._policy = policy
        self._min_free_bytes = min_free_bytes
        self._clock = clock
        self._disk = disk
        self._stop = threading.Event()
        self._check: Callable[[], None] = lambda: None
        self._tell: Callable[[Run], None] = lambda _: None
        self._done = _Tally()
        self._began = clock.now()
        self._run_id = 0
        self._written_s = clock.monotonic_s()

    def run(
        self,
        stop: threading.Event,
        check: Callable[[], None],
        tell: Callable[[Run], None] = lambda _: None,
    ) -> Run:
        """All that is due now. Ends early, in good order, when ``stop`` is set. ``tell`` hears of progress.

        ``check`` raises DatabaseUnavailableError once the lock that makes it the only one is lost. Raises
        DatabaseUnavailableError, StoreUnavailableError: what was done is recorded all the same, where it can be.
        """
        self._stop, self._check, self._tell = stop, check, tell
        self._done = _Tally()
        self._began = self._clock.now()
        with self._database.session() as session:
            rows.forget_runs(session, self._began)
            self._run_id = rows.begin_run(session, self._began)
        failure: CamsvcError | None = None
        try:
            self._work()
        except Stopped:
            pass
        except CamsvcError as error:
            failure = error
        done = self._record(failure)
        if failure is not None:
            raise failure
        return done

    def _work(self) -> None:
        self._clear()
        late = self._retire()
        self._expire()
        self._make_room()
        if late is not None:
            raise late

    # Months of the index ---------------------------------------------------------------------------------------

    def _retire(self) -> DatabaseUnavailableError | None:
        """What prevented it, if anything did: the rest is done all the same."""
        if self._policy.index_days is None:
            return None
        before = self._began - timedelta(days=self._policy.index_days)
        try:
            self._go_on()
            with self._database.session() as session:
                gone = rows.retire(session, before)
        except DatabaseUnavailableError as error:  # somebody reads for long: the table is not to be had
            return error
        for month in gone:
            _log.info("month taken out of the index", month=month.table, incidents=month.incidents, kept=month.kept)
        self._done.months += len(gone)
        self._clear()
        while True:
            self._go_on()
            with self._database.session() as session:
                went = rows.retire_stragglers(session, before, BATCH)
            self._clear()
            if went < BATCH:
                return None

    # Footage by its age ----------------------------------------------------------------------------------------

    def _expire(self) -> None:
        with self._database.session() as session:
            rows.forget_marks(session, self._policy.mark)
            found = terms(self._policy, rows.spots(session))
        for term in found:
            name = f"{self._policy.mark}:{term.days}"
            end = self._began - timedelta(days=term.days)
            for window in self._windows(name, end):
                for batch in self._candidates(window, term.plain, term.alarm):
                    self._give_up(batch)
                self._reached(name, window[1])

    def _windows(self, name: str, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        with self._database.session() as session:
            start = rows.done_before(session, name) or rows.oldest(session)
        while start is not None and start < end:
            yield start, min(start + WINDOW, end)
            start += WINDOW

    def _candidates(
        self, window: tuple[datetime, datetime], plain: Collection[int], alarm: Collection[int]
    ) -> Iterator[list[Candidate]]:
        after: tuple[datetime, UUID] | None = None
        while True:
            self._go_on()
            with self._database.session() as session:
                batch = rows.candidates(session, *window, plain, alarm, after=after, limit=BATCH)
            if batch:
                yield batch
            if len(batch) < BATCH:
                return
            after = batch[-1].started_at, batch[-1].id

    def _give_up(self, batch: Sequence[Candidate]) -> list[Candidate]:
        with self._database.session() as session:
            gone = rows.give_up(session, batch)
        self._done.incidents += len(gone)
        if gone:
            self._clear()
        return gone

    def _reached(self, name: str, moment: datetime) -> None:
        """What is not over yet is looked at again."""
        with self._database.session() as session:
            going_on = rows.oldest_open(session, moment)
            rows.set_done_before(session, name, min(moment, going_on) if going_on else moment)

    # Room on the disk ------------------------------------------------------------------------------------------

    def _make_room(self) -> None:
        """As many bytes of footage go as the disk lacks, whatever the store has given back of them by then: it compacts
        its files in its own time, and what it has not yet given back must not cost more footage."""
        disk = self._disk()
        if disk is None or disk.free_bytes >= self._min_free_bytes:
            return
        self._done.pressure = True
        lacking = self._min_free_bytes - disk.free_bytes
        _log.error(
            "the store's disk is nearly full: the oldest footage that is not held goes before its time",
            free_bytes=disk.free_bytes,
            min_free_bytes=self._min_free_bytes,
        )
        with self._database.session() as session:
            everywhere = [spot.id for spot in rows.spots(session)]
        name = f"{self._policy.mark}:{PRESSURE}"
        for window in self._windows(name, self._began - YOUNGEST):
            for batch in self._candidates(window, everywhere, everywhere):
                for few in _up_to(batch, lacking):
                    lacking -= sum(each.bytes for each in self._give_up(few))
                    if lacking <= 0:
                        return
            self._reached(name, window[1])
        self._done.exhausted = True
        _log.error("the store's disk is nearly full, and nothing is left on it that may go", lacking_bytes=lacking)

    # Files -----------------------------------------------------------------------------------------------------

    def _clear(self) -> None:
        """Delete what is written down as to be deleted."""
        self._clear_marked()
        with self._database.session() as session:
            tables = partitions.retired(session)
        for table in tables:
            if self._clear_month(table):
                self._check()
                with self._database.session() as session:
                    partitions.forget(session, table)

    def _clear_marked(self) -> None:
        after = 0
        while True:
            with self._database.session() as session:
                batch = rows.deletions(session, after, BATCH)
            if not batch:
                return
            after = batch[-1].id
            done = {each.id for each in batch if self._delete(each.incident, each.id)}
            self._go_on()
            with self._database.session() as session:
                rows.deleted(session, done)

    def _clear_month(self, table: str) -> bool:
        """Whether all of it is deleted."""
        after: UUID | None = None
        whole = True
        while True:
            with self._database.session() as session:
                batch = rows.in_retired(session, table, after, BATCH)
            if not batch:
                return whole
            after = batch[-1]
            done = {each for each in batch if self._delete(each)}
            whole = whole and len(done) == len(batch)
            self._go_on()
            with self._database.session() as session:
                rows.deleted_of_retired(session, table, done)

    def _delete(self, incident: UUID, deletion: int | None = None) -> bool:
        """False: the store refuses; it is tried again with the next run. Raises StoreUnavailableError."""
        if self._stop.is_set():
            return False  # left on the list
        began_s = self._clock.monotonic_s()
        try:
            erased = self._store.erase(keys.incident(incident))
        except StoreUnavailableError:
            raise
        except (StoreError, ConflictError) as error:
            _log.warning("the store keeps files that should go", incident=str(incident), reason=str(error))
            if deletion is not None:
                with self._database.session() as session:
                    rows.refused(session, deletion, str(error))
            return False
        self._done.files += erased.objects
        self._done.bytes += erased.size_bytes
        rest_s = 1 / INCIDENTS_PER_S - (self._clock.monotonic_s() - began_s)
        if rest_s > 0:
            self._clock.wait(self._stop, rest_s)
        return True

    # What was done ---------------------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Between two steps. Raises Stopped, or what ``check`` raises."""
        if self._stop.is_set():
            raise Stopped
        self._check()
        so_far = self._so_far(None, None, 0)
        self._tell(so_far)
        if self._clock.monotonic_s() - self._written_s >= WRITE_S:
            self._written_s = self._clock.monotonic_s()
            with self._database.session() as session:
                rows.write_run(session, self._run_id, so_far)

    def _so_far(self, ended_at: datetime | None, error: str | None, left: int) -> Run:
        done = self._done
        disk = self._disk()
        return Run(
            started_at=self._began,
            ended_at=ended_at,
            incidents=done.incidents,
            files=done.files,
            bytes=done.bytes,
            months=done.months,
            left=left,
            pressure=done.pressure,
            exhausted=done.exhausted,
            free_bytes=disk.free_bytes if disk else None,
            error=error,
        )

    def _record(self, failure: CamsvcError | None) -> Run:
        """In the table of runs, and in the audit chain when anything went."""
        with self._database.session() as session:
            run = self._so_far(self._clock.now(), str(failure) if failure else None, rows.left(session))
            rows.write_run(session, self._run_id, run)
            if run.incidents or run.files or run.months:
                details = {name: getattr(run, name) for name in ("incidents", "files", "bytes", "months", "pressure")}
                outcome = Outcome.FAILED if failure else Outcome.ALLOWED
                audit.append(session, Deed(Kind.ADMINISTER, "retention.ran", outcome, details=details))
        if run.incidents or run.files or run.months:
            _log.info("retention ran", incidents=run.incidents, files=run.files, bytes=run.bytes, months=run.months)
        return run


def _up_to(batch: Sequence[Candidate], wanted_bytes: int) -> Iterator[Sequence[Candidate]]:
    """``batch`` in pieces that are not much more than what is wanted: no more goes than must."""
    mean = max(1, sum(each.bytes for each in batch) // len(batch))
    size = max(1, min(len(batch), -(-wanted_bytes // mean)))
    for start in range(0, len(batch), size):
        yield batch[start : start + size]
