"""What may go: footage by its age or for room on the disk, months of the index; and what is left of it to delete."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Integer, Uuid, bindparam, delete, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from camsvc.db import partitions
from camsvc.db.models import AnnotationRow, DeletionRow, RedactionRow, RetentionRunRow, ViewpointRow
from camsvc.db.models.incidents import EARLIER
from camsvc.db.queries import faults, seals
from camsvc.db.queries.holds import exclude_retention, held_ids, held_in
from camsvc.domain.retention import Run, Spot

BYTES = "(SELECT sum((part->>'size_bytes')::bigint)::bigint FROM jsonb_array_elements({0}.clip->'parts') AS part)"
RUNS_KEPT_DAYS = 120
NO_ID = UUID(int=0)
_SPANS = "i.span = ANY('{0,1,2,3,4}')"  # named, so that the index by span and time serves


@dataclass(frozen=True, slots=True)
class Candidate:
    """An incident that is over and has files."""

    id: UUID
    started_at: datetime
    bytes: int
    """Of its clip."""


@dataclass(frozen=True, slots=True)
class Deletion:
    id: int
    incident: UUID


def spots(session: Session) -> list[Spot]:
    return [Spot(*row) for row in session.execute(select(ViewpointRow.id, ViewpointRow.camera, ViewpointRow.area))]


def oldest(session: Session) -> datetime | None:
    """Start of the oldest incident; None: there is none."""
    found = session.scalars(
        text("SELECT (SELECT min(started_at) FROM incidents WHERE span = s) FROM generate_series(0, 4) AS s")
    )
    return min((each for each in found if each is not None), default=None)


def oldest_open(session: Session, before: datetime) -> datetime | None:
    """Start of the oldest incident before ``before`` that is not over; None: there is none."""
    found: datetime | None = session.scalar(
        text("SELECT min(started_at) FROM incidents WHERE state = 'open' AND started_at < :before"), {"before": before}
    )
    return found


def candidates(
    session: Session,
    start: datetime,
    end: datetime,
    plain: Collection[int],
    alarm: Collection[int],
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Candidate]:
    """What started in [start, end), is over and still has files, seen from the viewpoints given (alarms apart); by
    time, from the first or after ``after``. Held ones as well: see ``give_up``."""
    at, id_ = after or (start, NO_ID)
    rows = session.execute(
        text(
            f"SELECT i.id, i.started_at, coalesce({BYTES.format('i')}, 0) FROM incidents i WHERE {_SPANS}"  # noqa: S608
            " AND i.started_at >= :start AND i.started_at < :end AND (i.started_at, i.id) > (:at, :id)"
            " AND i.ended_at IS NOT NULL AND i.footage_expired_at IS NULL"
            " AND (i.clip IS NOT NULL OR i.thumbnail IS NOT NULL OR i.tracks IS NOT NULL)"
            " AND i.viewpoint_id = ANY(CASE WHEN i.severity = 'alarm' THEN :alarm ELSE :plain END)"
            " ORDER BY i.started_at, i.id LIMIT :limit"
        ).bindparams(
            bindparam("id", type_=Uuid),
            bindparam("alarm", type_=ARRAY(Integer)),
            bindparam("plain", type_=ARRAY(Integer)),
        ),
        {
            "start": start,
            "end": end,
            "at": at,
            "id": id_,
            "alarm": list(alarm),
            "plain": list(plain),
            "limit": limit,
        },
    )
    return [Candidate(*row) for row in rows]


def give_up(session: Session, found: Sequence[Candidate]) -> list[Candidate]:
    """Mark the files of those that are not held as gone, and to be deleted. Those that were."""
    if not found:
        return []
    exclude_retention(session)
    held = held_ids(session, {each.id for each in found})
    free = [each for each in found if each.id not in held]
    if not free:
        return []
    marked = set(
        session.scalars(
            text(
                "UPDATE incidents SET footage_expired_at = now() WHERE id = ANY(:ids) AND started_at >= :first"
                " AND started_at <= :last AND footage_expired_at IS NULL RETURNING id"
            ).bindparams(bindparam("ids", type_=ARRAY(Uuid))),
            {
                "ids": [each.id for each in free],
                "first": min(each.started_at for each in free),
                "last": max(each.started_at for each in free),
            },
        )
    )
    session.add_all(DeletionRow(incident=each.id) for each in free if each.id in marked)
    faults.clear_incidents(session, marked, faults.CLEARED_BY_RETENTION)
    return [each for each in free if each.id in marked]


def retire(session: Session, before: datetime) -> list[partitions.Retired]:
    """Take the months that ended before ``before`` out of the index, but for what is held."""
    exclude_retention(session)
    return partitions.retire(session, before, held=held_in)


def retire_stragglers(session: Session, before: datetime, limit: int) -> int:
    """Of months that went before: what was held then and is not now, what came in late. How many rows went."""
    exclude_retention(session)
    rows = session.execute(
        text(
            f"SELECT id, started_at FROM {EARLIER} WHERE started_at < :before AND ended_at < :before"  # noqa: S608
            " ORDER BY started_at"
        ),
        {"before": before},
    ).all()
    held = held_ids(session, {row.id for row in rows}, table=EARLIER)
    going = [row.id for row in rows if row.id not in held][:limit]
    if going:
        session.add_all(DeletionRow(incident=each) for each in going)
        session.flush()
        session.execute(
            text(f"DELETE FROM {EARLIER} WHERE id = ANY(:ids)").bindparams(  # noqa: S608
                bindparam("ids", type_=ARRAY(Uuid))
            ),
            {"ids": going},
        )
        _forget(session, going)
    return len(going)


def size(session: Session, table: str, before: datetime) -> int:
    """Incidents of a partition that are over since before ``before``."""
    if table not in {each.name for each in partitions.partitions(session)}:
        raise ValueError(f"{table} is no partition of the index")
    counted = text(f"SELECT count(*) FROM {table} WHERE ended_at < :before")  # noqa: S608  our own words
    found: int = session.scalars(counted, {"before": before}).one()
    return found


def deletions(session: Session, after: int, limit: int) -> list[Deletion]:
    """Files to be deleted, in the order of their marking."""
    rows = session.execute(
        select(DeletionRow.id, DeletionRow.incident).where(DeletionRow.id > after).order_by(DeletionRow.id).limit(limit)
    )
    return [Deletion(*row) for row in rows]


def deleted(session: Session, done: Collection[int]) -> None:
    session.execute(DeletionRow.__table__.delete().where(DeletionRow.id.in_(done)))  # type: ignore[attr-defined]


def refused(session: Session, deletion: int, error: str) -> None:
    session.execute(
        text("UPDATE deletions SET attempts = attempts + 1, error = :error WHERE id = :id"),
        {"id": deletion, "error": error},
    )


def in_retired(session: Session, table: str, after: UUID | None, limit: int) -> list[UUID]:
    """Incidents of a month that was taken out whose files are still to be deleted, by id."""
    _require_retired(session, table)
    return list(
        session.scalars(
            text(f"SELECT id FROM {table} WHERE id > :after ORDER BY id LIMIT :limit").bindparams(  # noqa: S608
                bindparam("after", type_=Uuid)
            ),
            {"after": after or NO_ID, "limit": limit},
        )
    )


def deleted_of_retired(session: Session, table: str, done: Collection[UUID]) -> None:
    """Their files are gone, and so are the rows: what is left in the table is what is left to do."""
    _require_retired(session, table)
    session.execute(
        text(f"DELETE FROM {table} WHERE id = ANY(:ids)").bindparams(bindparam("ids", type_=ARRAY(Uuid))),  # noqa: S608
        {"ids": list(done)},
    )
    _forget(session, done)


def is_going(session: Session, incident: UUID) -> bool:
    """Whether its files are about to be deleted."""
    if session.scalar(select(DeletionRow.id).where(DeletionRow.incident == incident).limit(1)) is not None:
        return True
    return any(
        session.scalar(text(f"SELECT 1 FROM {table} WHERE id = :id"), {"id": incident}) is not None  # noqa: S608
        for table in partitions.retired(session)
    )


def left(session: Session) -> int:
    """Incidents whose files are to be deleted."""
    tables = ("deletions", *partitions.retired(session))
    counts: list[int] = [session.scalars(text(f"SELECT count(*) FROM {each}")).one() for each in tables]  # noqa: S608
    return sum(counts)


def done_before(session: Session, term: str) -> datetime | None:
    found: datetime | None = session.scalar(
        text("SELECT done_before FROM retention_marks WHERE term = :term"), {"term": term}
    )
    return found


def set_done_before(session: Session, term: str, moment: datetime) -> None:
    session.execute(
        text(
            "INSERT INTO retention_marks (term, done_before) VALUES (:term, :moment)"
            " ON CONFLICT (term) DO UPDATE SET done_before = excluded.done_before"
        ),
        {"term": term, "moment": moment},
    )


def forget_marks(session: Session, policy: str) -> None:
    """Of any other policy than ``policy``."""
    session.execute(text("DELETE FROM retention_marks WHERE term NOT LIKE :mine"), {"mine": f"{policy}:%"})


def begin_run(session: Session, now: datetime) -> int:
    row = RetentionRunRow(
        started_at=now, incidents=0, files=0, bytes=0, months=0, left=0, pressure=False, exhausted=False
    )
    session.add(row)
    session.flush()
    return row.id


def write_run(session: Session, id_: int, run: Run) -> None:
    row = session.get_one(RetentionRunRow, id_)
    for name in Run.__slots__:
        setattr(row, name, getattr(run, name))


def forget_runs(session: Session, now: datetime) -> None:
    """Those of long ago, and of those that found nothing to do all but the last one."""
    session.execute(
        text(
            "DELETE FROM retention_runs WHERE ended_at IS NOT NULL AND incidents = 0 AND files = 0 AND months = 0"
            " AND NOT pressure AND error IS NULL"
        )
    )
    session.execute(
        text("DELETE FROM retention_runs WHERE started_at < :now - make_interval(days => :days)"),
        {"now": now, "days": RUNS_KEPT_DAYS},
    )


def runs(session: Session, limit: int) -> list[Run]:
    """The newest first."""
    rows = session.scalars(select(RetentionRunRow).order_by(RetentionRunRow.started_at.desc()).limit(limit))
    return [Run(**{name: getattr(row, name) for name in Run.__slots__}) for row in rows]


def _forget(session: Session, gone: Collection[UUID]) -> None:
    """Seals and faults of incidents whose rows are gone, what people said of them, and decided to hide in copies."""
    seals.forget(session, gone)
    faults.clear_incidents(session, gone, faults.CLEARED_BY_RETENTION)
    for said in (AnnotationRow, RedactionRow):
        session.execute(delete(said).where(said.incident_id.in_(gone)).execution_options(synchronize_session=False))


def _require_retired(session: Session, table: str) -> None:
    if table not in partitions.retired(session):
        raise ValueError(f"{table} is no month that was taken out of the index")
