"""What was found wrong with stored files: written down once, cleared when they are found whole, kept as history."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC
from uuid import UUID

from sqlalchemy import Text, Uuid, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from camsvc.db.database import INCIDENTS
from camsvc.db.models import FaultRow, IncidentRow
from camsvc.db.models.incidents import incident_change_seq
from camsvc.db.queries.changes import hold_back
from camsvc.domain.fault import Fault, FaultKind, Finder

CLEARED_BY_RETENTION = "retention"
_ROWS = select(FaultRow).execution_options(populate_existing=True)


def found(session: Session, key: str, incident: UUID | None, what: FaultKind, by: Finder, detail: str) -> bool:
    """Write down that ``key`` is at fault; whether that is news. What else was wrong with it before is cleared."""
    known = session.execute(
        update(FaultRow)
        .where(FaultRow.key == key, FaultRow.cleared_at.is_(None), FaultRow.what == what)
        .values(seen_at=func.now())
        .returning(FaultRow.id)
    ).first()
    if known is not None:
        return False
    clear(session, [key], by.value)
    made = session.execute(
        text(
            "INSERT INTO faults (key, incident, what, found_by, detail)"
            " VALUES (:key, :incident, :what, :by, :detail)"
            " ON CONFLICT (key) WHERE cleared_at IS NULL DO NOTHING RETURNING id"
        ).bindparams(bindparam("incident", type_=Uuid)),
        {"key": key, "incident": incident, "what": what.value, "by": by.value, "detail": detail},
    )
    return made.first() is not None


def touch(session: Session, incident_ids: Collection[UUID]) -> None:
    """What is known of their files changed: whoever follows or shows them is told, as of any other change."""
    hold_back(session)
    changed = session.scalars(
        update(IncidentRow)
        .where(IncidentRow.id == func.any(bindparam("ids", sorted(incident_ids), ARRAY(Uuid))))
        .values(change_seq=incident_change_seq.next_value())
        .execution_options(synchronize_session=False)
        .returning(IncidentRow.id)
    )
    for each in changed.all():
        session.execute(select(func.pg_notify(INCIDENTS, str(each))))


def clear(session: Session, keys: Collection[str], by: str) -> int:
    """The files of ``keys`` are whole; how many were at fault."""
    done = session.execute(
        update(FaultRow)
        .where(FaultRow.key == func.any(bindparam("keys", list(keys), ARRAY(Text))), FaultRow.cleared_at.is_(None))
        .values(cleared_at=func.now(), cleared_by=by)
        .returning(FaultRow.id)
    )
    return len(done.all())


def clear_incidents(session: Session, incident_ids: Collection[UUID], by: str) -> None:
    """Their files went by the rules: nothing is wrong with what is not there any more."""
    session.execute(
        update(FaultRow)
        .where(FaultRow.incident == func.any(bindparam("ids", list(incident_ids), ARRAY(Uuid))))
        .where(FaultRow.cleared_at.is_(None))
        .values(cleared_at=func.now(), cleared_by=by)
    )


def of_incidents(session: Session, incident_ids: Iterable[UUID]) -> list[Fault]:
    """What is wrong with their files now, by key."""
    ids = sorted(set(incident_ids))
    if not ids:
        return []
    mine = FaultRow.incident == func.any(bindparam("ids", ids, ARRAY(Uuid)))
    return [
        _fault(row) for row in session.scalars(_ROWS.where(mine, FaultRow.cleared_at.is_(None)).order_by(FaultRow.key))
    ]


def at(session: Session, key: str) -> Fault | None:
    """What is wrong with one file now."""
    row = session.scalars(_ROWS.where(FaultRow.key == key, FaultRow.cleared_at.is_(None))).one_or_none()
    return _fault(row) if row is not None else None


def open_keys(session: Session, prefix: str = "") -> list[str]:
    """Of files that are at fault now and lie below ``prefix``."""
    wanted = select(FaultRow.key).where(FaultRow.cleared_at.is_(None), FaultRow.key.startswith(prefix, autoescape=True))
    return list(session.scalars(wanted.order_by(FaultRow.key)))


def latest(session: Session, limit: int, *, only_open: bool = True) -> list[Fault]:
    """The newest first."""
    wanted = _ROWS.order_by(FaultRow.id.desc()).limit(limit)
    if only_open:
        wanted = wanted.where(FaultRow.cleared_at.is_(None))
    return [_fault(row) for row in session.scalars(wanted)]


def counts(session: Session) -> dict[FaultKind, int]:
    """Files at fault now, of each kind."""
    rows: Sequence[tuple[FaultKind, int]] = [
        (what, number)
        for what, number in session.execute(
            select(FaultRow.what, func.count()).where(FaultRow.cleared_at.is_(None)).group_by(FaultRow.what)
        )
    ]
    return dict.fromkeys(FaultKind, 0) | dict(rows)


def _fault(row: FaultRow) -> Fault:
    return Fault(
        row.key,
        row.incident,
        row.what,
        row.found_at.astimezone(UTC),
        row.found_by,
        row.detail,
        row.cleared_at.astimezone(UTC) if row.cleared_at else None,
    )
