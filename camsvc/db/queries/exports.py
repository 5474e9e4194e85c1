"""Exports as people deal with them: asked for, listed, stopped, deleted; what they take of the quota."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Select, func, or_, select, text, tuple_, update
from sqlalchemy.orm import Session

from camsvc.db.locks import EXPORT_QUOTA, SPACE
from camsvc.db.models import ExportRow
from camsvc.domain.export_job import Contents, Export, ExportState, Subjects
from camsvc.domain.export_json import contents_json, contents_of, subjects_json, subjects_of
from camsvc.errors import ConflictError, NotFoundError

EXPORTS = "exports"
"""Channel: an export changed, or went on; the payload is ``<account's id> <export's id>``."""
QUEUE = "export_queue"
"""Channel: there may be one to be begun; no payload."""
LIST_MAX = 200
RATE_OF = 20
"""Exports whose pace says what the next will take."""
WAITING = (ExportState.QUEUED, ExportState.RUNNING)


@dataclass(frozen=True, slots=True)
class Draft:
    """An export to be."""

    subjects: Subjects
    contents: Contents
    reason: str
    user_id: int
    user_name: str
    reach: tuple[str, ...] | None
    """Where who asked may export just now; None: everywhere."""
    estimated_bytes: int
    source: str | None = None
    case_id: int | None = None
    case_number: str | None = None
    case_title: str | None = None
    recipient_pem: str | None = None
    encrypted_for: str | None = None


@dataclass(frozen=True, slots=True)
class Used:
    """Of the quota: what is stored, and what is expected of those that are to come."""

    account_bytes: int
    total_bytes: int
    waiting: int
    """Of the account: queued and running."""


def add(session: Session, draft: Draft) -> Export:
    """Queued; a server begins it soon after the commit."""
    row = ExportRow(
        id=uuid4(),
        subjects=subjects_json(draft.subjects),
        contents=contents_json(draft.contents),
        reason=draft.reason,
        case_id=draft.case_id,
        case_number=draft.case_number,
        case_title=draft.case_title,
        recipient_pem=draft.recipient_pem,
        encrypted_for=draft.encrypted_for,
        reach=None if draft.reach is None else list(draft.reach),
        user_id=draft.user_id,
        user_name=draft.user_name,
        source=draft.source,
        estimated_bytes=draft.estimated_bytes,
    )
    session.add(row)
    session.flush()
    session.refresh(row)
    tell(session, row.user_id, row.id)
    session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": QUEUE})
    return export_of(row)


def get(session: Session, export: UUID) -> Export:
    """Raises NotFoundError. Who may know of it is for the caller to say."""
    return export_of(row_of(session, export))


def row_of(session: Session, export: UUID, *, for_update: bool = False) -> ExportRow:
    """Raises NotFoundError."""
    found = session.get(ExportRow, export, with_for_update=for_update, populate_existing=True)
    if found is None:
        raise not_found(export)
    return found


def not_found(export: UUID) -> NotFoundError:
    """One answer for one that never was, and for one that the asker may not know of."""
    return NotFoundError(f"there is no export {export}", parameter="id", cure="see the list of exports")


def page(
    session: Session,
    *,
    user: int | None,
    cases: Select[int] | None = None,
    case: int | None = None,
    states: Sequence[ExportState] = (),
    before: UUID | None = None,
    limit: int = LIST_MAX,
) -> list[Export]:
    """Newest first: those of the account ``user`` and of ``cases`` (ids); ``user`` None: all. ``case``: only of that
    one. ``before``: those that come after this one in the list."""
    found = select(ExportRow)
    if user is not None:
        mine: list[ColumnElement[bool]] = [ExportRow.user_id == user]
        if cases is not None:
            mine.append(ExportRow.case_id.in_(cases))
        found = found.where(or_(*mine))
    if case is not None:
        found = found.where(ExportRow.case_id == case)
    if states:
        found = found.where(ExportRow.state.in_(states))
    if before is not None:
        last = select(ExportRow.created_at, ExportRow.id).where(ExportRow.id == before).subquery()
        place = tuple_(ExportRow.created_at, ExportRow.id)
        found = found.where(place < select(last.c.created_at, last.c.id).scalar_subquery())
    ordered = found.order_by(ExportRow.created_at.desc(), ExportRow.id.desc()).limit(limit)
    return [export_of(row) for row in session.scalars(ordered)]


def used(session: Session, user: int, *, lock: bool = False) -> Used:
    """``lock``: nobody else takes of the quota until the transaction ends."""
    if lock:
        session.execute(select(func.pg_advisory_xact_lock(SPACE, EXPORT_QUOTA)))
    is_mine = ExportRow.user_id == user
    is_waiting = ExportRow.state.in_(WAITING)
    taken = func.coalesce(ExportRow.size_bytes, ExportRow.estimated_bytes)
    row = session.execute(
        select(
            func.coalesce(func.sum(taken).filter(is_mine), 0),
            func.coalesce(func.sum(taken), 0),
            func.count().filter(is_mine, is_waiting),
        ).where(or_(is_waiting, ExportRow.key.is_not(None)))
    ).one()
    return Used(int(row[0]), int(row[1]), row[2])


def rate(session: Session) -> float | None:
    """Bytes of footage a second, of the last exports that were done; None: there were none."""
    seconds = func.extract("epoch", ExportRow.ended_at - ExportRow.started_at)
    lately = (
        select(ExportRow.all_bytes, seconds.label("seconds"))
        .where(ExportRow.size_bytes.is_not(None))
        .order_by(ExportRow.created_at.desc())
        .limit(RATE_OF)
        .subquery()
    )
    row = session.execute(select(func.sum(lately.c.all_bytes), func.sum(lately.c.seconds))).one()
    return float(row[0]) / float(row[1]) if row[0] and row[1] else None


def cancel(session: Session, export: UUID, by: str) -> Export:
    """One that waits ends at once, one that runs within seconds. Raises NotFoundError, ConflictError."""
    row = row_of(session, export, for_update=True)
    if row.state not in WAITING:
        raise ConflictError(
            f"the export is {row.state.value} already", parameter="id", cure="there is nothing to stop any more"
        )
    now = session.scalars(select(func.now())).one()
    if row.cancelled_at is None:
        row.cancelled_at, row.cancelled_by = now, by
    if row.state is ExportState.QUEUED:
        row.state, row.ended_at = ExportState.CANCELLED, now
    session.flush()
    tell(session, row.user_id, row.id)
    return export_of(row)


def delete(session: Session, export: UUID, by: str | None) -> Export:
    """The package is not given out any more from the commit on; its files go soon after, by ``removed``.

    ``by`` None: its time was over. Raises NotFoundError, ConflictError.
    """
    row = row_of(session, export, for_update=True)
    if row.state is not ExportState.DONE:
        raise ConflictError(
            f"the export is {row.state.value}: it has no package", parameter="id", cure="there is nothing to delete"
        )
    row.state, row.removed_by = ExportState.EXPIRED, by
    row.removed_at = session.scalars(select(func.now())).one()
    session.flush()
    tell(session, row.user_id, row.id)
    return export_of(row)


def removed(session: Session, export: UUID) -> None:
    """The store has nothing of it any more."""
    session.execute(update(ExportRow).where(ExportRow.id == export).values(key=None, envelope_key=None))


def tell(session: Session, user: int, export: UUID) -> None:
    """Open pages hear of it at the commit."""
    session.execute(text("SELECT pg_notify(:channel, :payload)"), {"channel": EXPORTS, "payload": f"{user} {export}"})


def files(session: Session) -> dict[str, tuple[str, int]]:
    """Of all packages that are made, with their envelopes: sha256 and size by object key, for ``camsvc fsck``."""
    rows = session.scalars(select(ExportRow).where(ExportRow.key.is_not(None), ExportRow.sha256.is_not(None)))
    named = (
        each
        for row in rows
        for each in (
            (row.key, row.sha256, row.size_bytes),
            (row.envelope_key, row.envelope_sha256, row.envelope_bytes),
        )
    )
    return {key: (sha256, size) for key, sha256, size in named if key and sha256 and size}


def export_of(row: ExportRow) -> Export:
    return Export(
        id=row.id,
        state=row.state,
        subjects=subjects_of(row.subjects),
        contents=contents_of(row.contents),
        reason=row.reason,
        case_number=row.case_number,
        encrypted_for=row.encrypted_for,
        created_at=row.created_at,
        created_by=row.user_name,
        created_by_id=row.user_id,
        done_bytes=row.done_bytes,
        all_bytes=row.all_bytes,
        started_at=row.started_at,
        ended_at=row.ended_at,
        error=row.error,
        problems=tuple(row.problems),
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        manifest_sha256=row.manifest_sha256,
        certificate_sha256=row.certificate_sha256,
        expires_at=row.expires_at,
        downloads=row.downloads,
        case_id=row.case_id,
        package=row.package,
        estimated_bytes=row.estimated_bytes,
        attempts=row.attempts,
        is_cancelling=row.state is ExportState.RUNNING and row.cancelled_at is not None,
        notes=tuple(row.notes),
        envelope_bytes=row.envelope_bytes,
        envelope_sha256=row.envelope_sha256,
    )
