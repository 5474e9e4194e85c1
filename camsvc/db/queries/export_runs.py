"""Exports as servers make them: claimed by one at a time, kept alive by its signs of life, ended one way only.

A claim is a number by chance. All that a runner writes names its own: who lost the job, because it gave no sign of life
for DEAD, changes nothing any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from camsvc.db.models import ExportRow
from camsvc.db.queries import exports
from camsvc.domain.export_job import Export, ExportState

DEAD = timedelta(seconds=30)
"""Without a sign of life: a server gives one each second, also while the database is slow. Sooner, and a machine that
was only busy loses its work."""
ATTEMPTS_MAX = 5
"""What fails so often fails for a reason that lies in it."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job, and all that its runner needs."""

    export: Export
    claim: UUID
    user_id: int
    reach: tuple[str, ...] | None
    recipient_pem: str | None
    case_title: str | None
    source: str | None


@dataclass(frozen=True, slots=True)
class Beat:
    is_mine: bool
    """False: the job is another's by now, or ended."""
    is_cancelled: bool


@dataclass(frozen=True, slots=True)
class Ready:
    """What came of it."""

    package: UUID
    key: str
    size_bytes: int
    sha256: str
    manifest_sha256: str
    certificate_sha256: str
    problems: Sequence[str]
    notes: Sequence[str]
    incidents: Sequence[UUID]
    areas: Sequence[str]
    footage_bytes: int = 0
    """That were read."""
    envelope_key: str | None = None
    envelope_bytes: int | None = None
    envelope_sha256: str | None = None


def claim(session: Session, by: str) -> Claimed | None:
    """The next one, now the caller's; None: there is none. Accounts take turns. One whose runner died is taken over,
    unless it was begun ATTEMPTS_MAX times or is to stop: ``lost`` ends those."""
    other = aliased(ExportRow)
    last = select(func.max(other.started_at)).where(other.user_id == ExportRow.user_id).scalar_subquery()
    row = session.scalar(
        select(ExportRow)
        .where(
            or_(
                and_(ExportRow.state == ExportState.QUEUED, ExportRow.next_at <= func.now()),
                and_(
                    ExportRow.state == ExportState.RUNNING,
                    ExportRow.beat_at < func.now() - DEAD,
                    ExportRow.cancelled_at.is_(None),
                    ExportRow.attempts < ATTEMPTS_MAX,
                ),
            )
        )
        .order_by(last.asc().nulls_first(), ExportRow.next_at)
        .limit(1)
        .with_for_update(skip_locked=True, of=ExportRow)
    )
    if row is None:
        return None
    now = session.scalars(select(func.now())).one()
    row.state, row.claim, row.claimed_by = ExportState.RUNNING, uuid4(), by
    row.started_at = row.beat_at = now
    row.attempts += 1
    row.done_bytes = row.all_bytes = 0
    session.flush()
    exports.tell(session, row.user_id, row.id)
    assert row.claim is not None  # noqa: S101  set above
    return Claimed(
        exports.export_of(row),
        row.claim,
        row.user_id,
        None if row.reach is None else tuple(row.reach),
        row.recipient_pem,
        row.case_title,
        row.source,
    )


def beat(session: Session, job: Claimed, done_bytes: int, all_bytes: int) -> Beat:
    """A sign of life."""
    found = session.execute(
        _mine(job)
        .values(beat_at=func.now(), done_bytes=done_bytes, all_bytes=all_bytes)
        .returning(ExportRow.cancelled_at)
    ).one_or_none()
    if found is None:
        return Beat(is_mine=False, is_cancelled=False)
    exports.tell(session, job.user_id, job.export.id)
    return Beat(is_mine=True, is_cancelled=found[0] is not None)


def done(session: Session, job: Claimed, ready: Ready, keep: timedelta) -> Export | None:
    """None: the job is another's by now."""
    return _end(
        session,
        job,
        state=ExportState.DONE,
        package=ready.package,
        key=ready.key,
        size_bytes=ready.size_bytes,
        sha256=ready.sha256,
        manifest_sha256=ready.manifest_sha256,
        certificate_sha256=ready.certificate_sha256,
        problems=list(ready.problems),
        notes=list(ready.notes),
        incidents=list(ready.incidents),
        areas=list(ready.areas),
        envelope_key=ready.envelope_key,
        envelope_bytes=ready.envelope_bytes,
        envelope_sha256=ready.envelope_sha256,
        done_bytes=ready.footage_bytes,
        all_bytes=ready.footage_bytes,
        expires_at=func.now() + keep,
        error=None,
    )


def failed(session: Session, job: Claimed, reason: str) -> Export | None:
    return _end(session, job, state=ExportState.FAILED, error=reason)


def cancelled(session: Session, job: Claimed) -> Export | None:
    return _end(session, job, state=ExportState.CANCELLED)


def again(session: Session, job: Claimed, reason: str | None, wait: timedelta, *, counts: bool = True) -> Export | None:
    """Back into the queue, to be begun after ``wait``; one that was cancelled meanwhile ends instead. ``counts`` false:
    it was not its fault (the server stops)."""
    stays = ExportRow.cancelled_at.is_(None)
    values: dict[str, Any] = {"state": ExportState.QUEUED, "claim": None, "next_at": func.now() + wait, "error": reason}
    if not counts:
        values["attempts"] = ExportRow.attempts - 1
    return _change(session, job, values, stays) or _end(session, job, state=ExportState.CANCELLED)


def lost(session: Session) -> list[Export]:
    """Those whose runner died, and that are not begun again: cancelled meanwhile, or begun too often. Now ended."""
    rows = session.scalars(
        select(ExportRow)
        .where(
            ExportRow.state == ExportState.RUNNING,
            ExportRow.beat_at < func.now() - DEAD,
            or_(ExportRow.cancelled_at.is_not(None), ExportRow.attempts >= ATTEMPTS_MAX),
        )
        .with_for_update(skip_locked=True)
    ).all()
    now = session.scalars(select(func.now())).one()
    for row in rows:
        row.state = ExportState.FAILED if row.cancelled_at is None else ExportState.CANCELLED
        row.claim, row.ended_at = None, now
        if row.cancelled_at is None:
            row.error = (
                f"the server that made it died {row.attempts} times over it: ask for fewer incidents at once, and tell"
                " the administrator, who finds the reason in the log"
            )
        exports.tell(session, row.user_id, row.id)
    session.flush()
    return [exports.export_of(row) for row in rows]


def expired(session: Session, limit: int) -> list[UUID]:
    """Packages whose time is over, the longest ago first."""
    return list(
        session.scalars(
            select(ExportRow.id)
            .where(ExportRow.key.is_not(None), ExportRow.state == ExportState.DONE, ExportRow.expires_at <= func.now())
            .order_by(ExportRow.expires_at)
            .limit(limit)
        )
    )


def to_remove(session: Session, limit: int) -> list[UUID]:
    """Those that are not given out any more, whose files are in the store still."""
    return list(
        session.scalars(
            select(ExportRow.id)
            .where(ExportRow.key.is_not(None), ExportRow.state != ExportState.DONE)
            .order_by(ExportRow.expires_at)
            .limit(limit)
        )
    )


def expiring(session: Session, within: timedelta, limit: int) -> list[Export]:
    """Whose time ends so soon, and whose account was not told yet; they count as told from now on."""
    ids = list(
        session.scalars(
            select(ExportRow.id)
            .where(
                ExportRow.key.is_not(None),
                ExportRow.state == ExportState.DONE,
                ExportRow.warned_at.is_(None),
                ExportRow.expires_at <= func.now() + within,
            )
            .order_by(ExportRow.expires_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    )
    if not ids:
        return []
    session.execute(update(ExportRow).where(ExportRow.id.in_(ids)).values(warned_at=func.now()))
    rows = session.scalars(select(ExportRow).where(ExportRow.id.in_(ids)).execution_options(populate_existing=True))
    return [exports.export_of(row) for row in rows]


def named(session: Session, ids: Sequence[UUID]) -> set[str]:
    """Keys in the store that rows of ``ids`` name; of those that run, their folder."""
    rows = session.execute(
        select(ExportRow.id, ExportRow.state, ExportRow.key, ExportRow.envelope_key).where(ExportRow.id.in_(list(ids)))
    )
    found: set[str] = set()
    for id_, state, key, envelope in rows:
        found |= {each for each in (key, envelope) if each}
        if state is ExportState.RUNNING:
            found.add(str(id_))
    return found


def oldest(session: Session) -> tuple[int, int, datetime | None]:
    """How many are queued and running, and since when the longest waiting one is due."""
    row = session.execute(
        select(
            func.count().filter(ExportRow.state == ExportState.QUEUED),
            func.count().filter(ExportRow.state == ExportState.RUNNING),
            func.min(ExportRow.next_at).filter(ExportRow.state == ExportState.QUEUED),
        ).where(ExportRow.state.in_(exports.WAITING))
    ).one()
    return row[0], row[1], row[2]


def _mine(job: Claimed) -> Any:  # noqa: ANN401  an UPDATE whose columns are not known yet
    return update(ExportRow).where(ExportRow.id == job.export.id, ExportRow.claim == job.claim)


def _end(session: Session, job: Claimed, **values: Any) -> Export | None:  # noqa: ANN401  columns
    return _change(session, job, {"claim": None, "ended_at": func.now(), **values})


def _change(session: Session, job: Claimed, values: dict[str, Any], *only_if: ColumnElement[bool]) -> Export | None:
    changed = _mine(job).where(*only_if).values(**values).returning(ExportRow.id)
    if session.execute(changed).one_or_none() is None:
        return None
    exports.tell(session, job.user_id, job.export.id)
    return exports.get(session, job.export.id)
