"""What retention would do now: counted, nothing touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from camsvc.clock import Clock
from camsvc.db import partitions
from camsvc.db.database import Database
from camsvc.db.models.incidents import EARLIER
from camsvc.db.queries import holds
from camsvc.db.queries import retention as rows
from camsvc.db.queries.retention import Candidate
from camsvc.domain.retention import Disk, Policy, Term, terms
from camsvc.storage.retention import WINDOW, YOUNGEST

PAGE = 2000


@dataclass(frozen=True, slots=True)
class Going:
    """Footage that would go."""

    days: int | None
    """Of its term; None: for room on the disk."""
    incidents: int
    bytes: int
    held: int
    """Due as well, and staying."""
    oldest: datetime | None
    newest: datetime | None


@dataclass(frozen=True, slots=True)
class GoingMonth:
    name: str
    incidents: int
    held: int


@dataclass(frozen=True, slots=True)
class Plan:
    footage: tuple[Going, ...]
    months: tuple[GoingMonth, ...]
    left: int
    """Incidents whose files are to be deleted since before."""
    disk: Disk | None
    lacking_bytes: int
    """Under min_free_bytes; 0: there is room."""


def plan(
    database: Database,
    policy: Policy,
    min_free_bytes: int,
    clock: Clock,
    disk: Disk | None,
    tell: Callable[[datetime], None] = lambda _: None,
) -> Plan:
    """Reads a day at a time, and tells each. Raises DatabaseUnavailableError."""
    now = clock.now()
    with database.session() as session:
        spots = rows.spots(session)
        left = rows.left(session)
    going = [
        _going(database, term, now - timedelta(days=term.days), None, term.days, tell) for term in terms(policy, spots)
    ]
    lacking = max(0, min_free_bytes - disk.free_bytes) if disk else 0
    still = lacking - sum(each.bytes for each in going)
    if still > 0:
        everywhere = tuple(spot.id for spot in spots)
        going.append(_going(database, Term(0, everywhere, everywhere), now - YOUNGEST, still, None, tell))
    months = _months(database, policy, now)
    return Plan(tuple(going), tuple(months), left, disk, lacking)


def _going(
    database: Database,
    term: Term,
    before: datetime,
    wanted_bytes: int | None,
    days: int | None,
    tell: Callable[[datetime], None],
) -> Going:
    incidents = size_bytes = held = 0
    oldest = newest = None
    for batch, stays in _batches(database, term, before):
        tell(batch[-1].started_at)
        for each in batch:
            if each.id in stays:
                held += 1
                continue
            if wanted_bytes is not None and size_bytes >= wanted_bytes:
                break
            incidents, size_bytes = incidents + 1, size_bytes + each.bytes
            oldest, newest = oldest or each.started_at, each.started_at
        if wanted_bytes is not None and size_bytes >= wanted_bytes:
            break
    return Going(days, incidents, size_bytes, held, oldest, newest)


def _batches(database: Database, term: Term, before: datetime) -> Iterator[tuple[list[Candidate], set[UUID]]]:
    with database.session() as session:
        start = rows.oldest(session)
    while start is not None and start < before:
        end = min(start + WINDOW, before)
        after: tuple[datetime, UUID] | None = None
        while True:
            with database.session() as session:
                batch = rows.candidates(session, start, end, term.plain, term.alarm, after=after, limit=PAGE)
                held = holds.held_ids(session, {each.id for each in batch})
            if batch:
                yield batch, held
                after = batch[-1].started_at, batch[-1].id
            if len(batch) < PAGE:
                break
        start = end


def _months(database: Database, policy: Policy, now: datetime) -> Iterator[GoingMonth]:
    if policy.index_days is None:
        return
    before = now - timedelta(days=policy.index_days)
    with database.session() as session:
        for each in partitions.partitions(session):
            if each.end is None or each.end > before:
                continue
            if each.start is not None or each.name == EARLIER:
                yield GoingMonth(
                    each.name, rows.size(session, each.name, before), len(holds.held_in(session, each.name))
                )
