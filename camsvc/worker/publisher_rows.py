"""From the spool to the database: rows of incidents, and gaps in coverage. A row names only what the store holds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from camsvc import log
from camsvc.clock import Clock
from camsvc.db import partitions
from camsvc.db.database import Database
from camsvc.db.queries import audit, coverage, incidents, seals
from camsvc.db.queries.incidents import Outcome
from camsvc.db.queries.seals import ToSeal
from camsvc.domain.audit import Deed, Kind
from camsvc.domain.incident import Incident
from camsvc.errors import CamsvcError, DatabaseUnavailableError
from camsvc.worker.publisher_outage import Outage, Stumbles
from camsvc.worker.spool import Spool
from camsvc.worker.spool_coverage import CoverageGap
from camsvc.worker.spool_entry import Entry
from camsvc.worker.spool_state import EntryState, Fenced, Sealing

ROWS_BATCH = 200
"""Incidents in one transaction. What costs is the commit: 200 at once are published some ten times as fast as one by
one; more would only make a refused row dearer, and followers wait longer for the first."""
PARTITIONS_INTERVAL_S = 3600.0
"""Between two looks whether the index has room for the coming months; it is made a quarter ahead."""
UPDATE_INTERVAL_S = 5.0
"""An incident that merely goes on is written this often; what opens, ends or gains footage is written at once."""
COVERAGE_BATCH = 500
"""Gaps in one transaction."""
_COVERAGE = "coverage"

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class _Written:
    revision: int
    essence: Incident
    at_s: float
    seals: frozenset[Sealing]


class Rows:
    """Used by one thread: so one incident's revisions go out in order."""

    def __init__(self, spool: Spool, database: Database, *, clock: Clock, stop: threading.Event) -> None:
        self._spool = spool
        self._database = database
        self._clock = clock
        self._stop = stop
        self._written: dict[UUID, _Written] = {}
        self._suspects: set[UUID] = set()
        self._keys: frozenset[str] = frozenset()
        self._room_due_s = clock.monotonic_s()
        self.outage = Outage("database", clock)
        self.stumbles = Stumbles(clock)
        self.published = 0
        """Incidents published whole since the start."""

    def turn(self) -> bool:
        """Write what has changed, what is open and nobody has heard of first; whether anything went through."""
        if not self.outage.is_due:
            return False
        entries = self._spool.entries()
        known = {entry.id for entry in entries}
        self._written = {id_: written for id_, written in self._written.items() if id_ in known}
        self._suspects &= known
        order = sorted(entries, key=self._urgency)
        self._make_room()
        wrote = self._write([entry for entry in order if self.stumbles.may_try(entry.id) and self._is_due(entry)])
        left = [self._guarded(entry, self._leave) for entry in order if self._may_leave(entry)]
        return any([wrote, *left, self._coverage()])

    def _make_room(self) -> None:
        """See ``db.partitions``. That it cannot be done is no reason to wait: every row has a place without it."""
        if self._clock.monotonic_s() < self._room_due_s or self.outage.since is not None:
            return
        self._room_due_s = self._clock.monotonic_s() + PARTITIONS_INTERVAL_S
        try:
            with self._database.session() as session:
                made = partitions.extend(session, self._clock.now())
        except Exception as error:  # noqa: BLE001  a role that may not, a lock that is taken: publishing goes on
            _log.warning("no partition made for the coming months; tried again later", reason=str(error))
            return
        if made:
            _log.info("partitions of the incident index made", partitions=made)

    def _urgency(self, entry: Entry) -> tuple[bool, bool, bool]:
        # What stumbled comes last: whether the database is back is not for a refused row to say.
        return entry.id in self.stumbles, entry.id in self._written, not entry.state.is_open

    def _write(self, due: list[Entry]) -> bool:
        """In their order, many in one transaction; whether any went through.

        One by one go those that did not go through last time, and whoever asks whether the database is back: so one
        incident that the database does not bear is found out, and holds up no other.
        """
        wrote = False
        while due and not self._stop.is_set() and self.outage.may_ask():
            size = self._at_once(due)
            wrote = self._batch(due[:size]) or wrote
            due = due[size:]
        return wrote

    def _at_once(self, due: list[Entry]) -> int:
        """How many of ``due`` may go together, from the first."""
        if self.outage.since is not None:
            return 1
        doubtful = (at for at, each in enumerate(due) if each.id in self._suspects or each.id in self.stumbles)
        return max(1, min(next(doubtful, ROWS_BATCH), ROWS_BATCH))

    def _batch(self, batch: list[Entry]) -> bool:
        if len(batch) == 1:
            return self._guarded(batch[0], lambda entry: self._rows([entry]))
        try:
            self._rows(batch)
        except DatabaseUnavailableError as error:
            self.outage.failed(error)
            self._suspects |= {entry.id for entry in batch}
            return False
        except Exception:  # noqa: BLE001  one of them, whatever it is: found by halving, and told by _guarded
            middle = len(batch) // 2
            halves = (batch[:middle], batch[middle:])
            wrote = [self._batch(half) for half in halves if self.outage.is_due]
            return any(wrote)
        return True

    def _rows(self, batch: list[Entry]) -> None:
        states = [entry.state for entry in batch]
        rows = [state.row() for state in states]
        with self._database.session() as session:
            outcomes = incidents.publish_all(session, rows)
            keys = self._seal(session, states, outcomes)
        self._keys |= keys
        self.outage.succeeded()
        for entry, state, row, outcome in zip(batch, states, rows, outcomes, strict=True):
            self._suspects.discard(entry.id)
            if isinstance(outcome, bool):
                sealed = frozenset(state.stored_seals)
                self._written[entry.id] = _Written(row.revision, _essence(row), self._clock.monotonic_s(), sealed)
            else:
                entry.append(Fenced(str(outcome)))

    def _seal(self, session: Session, states: Sequence[EntryState], outcomes: Sequence[Outcome]) -> set[str]:
        """With their rows go the seals of the files that they name; ids of the keys that are registered now."""
        new: list[ToSeal] = []
        keys: dict[str, Sealing] = {}
        for state, outcome in zip(states, outcomes, strict=True):
            if not isinstance(outcome, bool):
                continue
            written = self._written.get(state.incident.id)
            for each in state.stored_seals:
                if written is None or each not in written.seals:
                    new.append(ToSeal(state.incident.id, each.what, each.part, each.file))
                    keys[each.key] = each
        unknown = [each for id_, each in sorted(keys.items()) if id_ not in self._keys]
        added = [each for each in unknown if seals.register(session, each.key, each.worker, each.public_pem)]
        seals.put(session, new)
        for each in added:
            audit.append(session, key_registered(each.key, each.worker))
        return set(keys)

    def _is_due(self, entry: Entry) -> bool:
        state, written = entry.state, self._written.get(entry.id)
        if state.fenced is not None or (written and written.revision == state.revision):
            return False
        return (
            written is None
            or self._clock.monotonic_s() - written.at_s >= UPDATE_INTERVAL_S
            or written.essence != _essence(state.row())
        )

    def _may_leave(self, entry: Entry) -> bool:
        return not self._stop.is_set() and self.stumbles.may_try(entry.id) and self._is_settled(entry)

    def _is_settled(self, entry: Entry) -> bool:
        """Nothing is left to do here: it is known as it ended, or will never be taken."""
        state, written = entry.state, self._written.get(entry.id)
        if state.fenced is not None:
            return state.completed
        return state.is_stored and written is not None and written.revision == state.revision

    def _leave(self, entry: Entry) -> None:
        state = entry.state
        if state.fenced is not None:
            self._spool.set_aside(entry, self._spool.root.fenced)
            return
        if state.damaged:
            self._spool.set_aside(entry, self._spool.root.damaged)
        else:
            self._spool.remove(entry)
        self.published += 1

    def _coverage(self) -> bool:
        if not len(self._spool.coverage) or not self.stumbles.may_try(_COVERAGE) or not self.outage.may_ask():
            return False
        try:
            self._send_gaps(self._spool.coverage.take(COVERAGE_BATCH))
        except DatabaseUnavailableError as error:
            self.outage.failed(error)
            return False
        except Exception:  # noqa: BLE001  a defect met by gaps must not stop the publishing of incidents
            _log.exception("gaps not published")
            self.stumbles.failed(_COVERAGE)
            return False
        self.outage.succeeded()
        self.stumbles.succeeded(_COVERAGE)
        return True

    def _send_gaps(self, batch: Sequence[CoverageGap]) -> None:
        refused = []
        try:
            self._write_gaps(batch)
        except DBAPIError:  # one is refused, and took the others with it
            for item in batch:
                try:
                    self._write_gaps([item])
                except DBAPIError as error:
                    _log.error("gap refused by the database", camera=item.camera, reason=str(error.orig))
                    refused.append(item)
        self._spool.coverage.done(refused)

    def _write_gaps(self, items: Sequence[CoverageGap]) -> None:
        with self._database.session() as session:
            for item in items:
                coverage.record(session, item.camera, item.gap, item.what)

    def _guarded(self, entry: Entry, step: Callable[[Entry], None]) -> bool:
        try:
            step(entry)
        except DatabaseUnavailableError as error:
            self.outage.failed(
                error
            )  # the incident waits as well: if only it is refused, the next one to ask will show it
        except (CamsvcError, OSError) as error:
            _log.error("incident not published", incident=str(entry.id), reason=str(error))
        except Exception:  # noqa: BLE001  a defect met by one incident must not stop the publishing of all others
            _log.exception("incident not published", incident=str(entry.id))
        else:
            self.stumbles.succeeded(entry.id)
            return True
        self.stumbles.failed(entry.id)
        return False


def key_registered(key: str, worker: str) -> Deed:
    """What the audit chain says of it: from here on, whoever has the database alone cannot bring in another one."""
    return Deed(Kind.ADMINISTER, "worker.key_registered", details={"worker": worker, "key": key})


def _essence(row: Incident) -> Incident:
    """What makes a change worth telling at once: all but the progress of an open incident."""
    return replace(row, revision=0, last_observed_at=row.started_at, objects=())
