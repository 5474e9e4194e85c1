"""The mirror of legal holds in the object store: what is to be locked there, what is, what is to be unlocked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from camsvc.db.models import HoldLockRow
from camsvc.db.queries.holds import TARGETS, held_ids, spanned
from camsvc.domain.hold import MARGIN

NOT_LOCKED = -1
RETRY_S = 60.0
"""After the store refused, or did not answer."""


@dataclass(frozen=True, slots=True)
class ToLock:
    incident: UUID
    started_at: datetime
    revision: int


@dataclass(frozen=True, slots=True)
class Mirror:
    locked: int
    """Incidents whose files the store holds."""
    failed: int
    """The store said no, or nothing."""
    error: str | None
    """The latest of what it said."""


def to_lock(session: Session, limit: int) -> list[ToLock]:
    """Incidents under legal holds whose files are not locked as they are now; those that failed lately come later."""
    rows = session.execute(
        text(
            f"WITH targets AS MATERIALIZED ({TARGETS}), held AS ("  # noqa: S608  our own words
            " SELECT i.id, i.started_at, i.revision FROM targets t"
            " JOIN incidents i ON i.id = t.incident AND i.started_at = t.incident_started_at"
            " WHERE t.legal AND i.footage_expired_at IS NULL UNION"
            f" SELECT i.id, i.started_at, i.revision FROM targets t {spanned('incidents')}"
            " WHERE t.legal AND i.footage_expired_at IS NULL)"
            " SELECT held.id, held.started_at, held.revision FROM held"
            " LEFT JOIN hold_locks l ON l.incident = held.id"
            " WHERE l.incident IS NULL OR (l.revision < held.revision"
            " AND (l.error IS NULL OR l.tried_at < now() - make_interval(secs => :retry_s)))"
            " ORDER BY held.started_at, held.id LIMIT :limit"
        ),
        {"margin": MARGIN, "retry_s": RETRY_S, "limit": limit},
    )
    return [ToLock(*row) for row in rows]


def to_unlock(session: Session, limit: int) -> list[UUID]:
    """Locked, and no legal hold covers them any more; those that failed lately come later."""
    waiting = set(
        session.scalars(
            select(HoldLockRow.incident).where(
                (HoldLockRow.error.is_(None))
                | (HoldLockRow.tried_at < func.now() - func.make_interval(0, 0, 0, 0, 0, 0, RETRY_S))
            )
        )
    )
    return sorted(waiting - held_ids(session, waiting, legal=True))[:limit]


def locked(session: Session, item: ToLock, files: int) -> None:
    _put(session, item, item.revision, files, None)


def not_locked(session: Session, item: ToLock, error: str) -> None:
    _put(session, item, NOT_LOCKED, 0, error)


def unlocked(session: Session, incident: UUID) -> None:
    session.execute(text("DELETE FROM hold_locks WHERE incident = :incident"), {"incident": incident})


def not_unlocked(session: Session, incident: UUID, error: str) -> None:
    session.execute(
        text("UPDATE hold_locks SET tried_at = now(), error = :error WHERE incident = :incident"),
        {"incident": incident, "error": error},
    )


def among(session: Session, incidents: Collection[UUID]) -> set[UUID]:
    """Those of ``incidents`` whose files are locked in the store."""
    rows = session.scalars(
        select(HoldLockRow.incident).where(HoldLockRow.incident.in_(incidents), HoldLockRow.revision > NOT_LOCKED)
    )
    return set(rows)


def mirror(session: Session) -> Mirror:
    row = session.execute(
        text(
            "SELECT count(*) FILTER (WHERE revision >= 0), count(*) FILTER (WHERE error IS NOT NULL),"
            " (SELECT error FROM hold_locks WHERE error IS NOT NULL ORDER BY tried_at DESC LIMIT 1) FROM hold_locks"
        )
    ).one()
    return Mirror(*row)


def _put(session: Session, item: ToLock, revision: int, files: int, error: str | None) -> None:
    values = {
        "started_at": item.started_at,
        "revision": revision,
        "files": files,
        "tried_at": func.now(),
        "error": error,
    }
    session.execute(
        insert(HoldLockRow)
        .values(incident=item.incident, **values)
        .on_conflict_do_update(index_elements=[HoldLockRow.incident], set_=values)
    )
