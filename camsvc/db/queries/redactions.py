"""What people decided to hide in copies of clips: read as it holds now, as it was, and only ever added to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC
from uuid import UUID

from sqlalchemy import Uuid, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on
from sqlalchemy.orm import Session

from camsvc.db.models import IncidentRow, RedactionRow
from camsvc.db.queries.holds import By
from camsvc.db.queries.incidents import not_found
from camsvc.domain.redaction import REVISIONS_MAX, Redaction
from camsvc.domain.redaction_json import choices_json, choices_of
from camsvc.errors import ConflictError, NotFoundError

HISTORY_PAGE = 100


def get(session: Session, incident: UUID) -> Redaction:
    """What holds now; revision 0, with the defaults, when nobody decided anything (also of what is no incident)."""
    return of_incidents(session, [incident]).get(incident, Redaction(incident))


def of_incidents(session: Session, incidents: Iterable[UUID]) -> dict[UUID, Redaction]:
    """What holds now of each, in one statement; of which nobody decided anything is left out."""
    ids = func.any(bindparam("ids", list(incidents), ARRAY(Uuid)))
    rows = session.scalars(
        select(RedactionRow)
        .where(RedactionRow.incident_id == ids)
        .ext(distinct_on(RedactionRow.incident_id))
        .order_by(RedactionRow.incident_id, RedactionRow.revision.desc())
    )
    return {row.incident_id: _redaction(row) for row in rows}


def revision(session: Session, incident: UUID, number: int) -> Redaction:
    """As it was decided then. Raises NotFoundError."""
    row = session.get(RedactionRow, (incident, number))
    if row is None:
        raise NotFoundError(
            f"there is no revision {number} of the redaction of incident {incident}",
            parameter="revision",
            cure=f"GET /api/v1/incidents/{incident}/redaction/history lists them",
        )
    return _redaction(row)


def history(
    session: Session, incident: UUID, *, before: int | None = None, limit: int = HISTORY_PAGE
) -> list[Redaction]:
    """The newest first; ``before``: with a lower revision, for the next page."""
    wanted = select(RedactionRow).where(RedactionRow.incident_id == incident).order_by(RedactionRow.revision.desc())
    if before is not None:
        wanted = wanted.where(RedactionRow.revision < before)
    return [_redaction(row) for row in session.scalars(wanted.limit(limit))]


def put(session: Session, wanted: Redaction, by: By) -> Redaction:
    """Decide ``wanted``, which was made from its ``revision``: it holds, with the next one, when this is committed.

    The incident is locked until then, so that of two who began with the same revision the second is told. Raises
    ConflictError when it is not the latest any more, or there are REVISIONS_MAX; NotFoundError without the incident.
    """
    started_at = session.scalar(
        select(IncidentRow.started_at).where(IncidentRow.id == wanted.incident).with_for_update(key_share=True)
    )
    if started_at is None:
        raise not_found(wanted.incident)
    now = get(session, wanted.incident)
    if now.revision != wanted.revision:
        raise ConflictError(
            f"the redaction is at revision {now.revision} by now, not {wanted.revision}"
            + (f": {now.changed_by} changed it" if now.changed_by else ""),
            parameter="revision",
            cure="read it again, and make your changes to that",
        )
    if now.revision >= REVISIONS_MAX:
        raise ConflictError(f"it was changed {REVISIONS_MAX} times already", parameter="revision")
    row = RedactionRow(
        incident_id=wanted.incident,
        revision=now.revision + 1,
        started_at=started_at,
        user_id=by.id,
        user_name=by.name,
        comment=wanted.comment,
        **choices_json(wanted),
    )
    session.add(row)
    session.flush()
    session.refresh(row)
    return _redaction(row)


def _redaction(row: RedactionRow) -> Redaction:
    told = {"blur": row.blur, "kept": row.kept, "added": row.added, "regions": row.regions, "sound": row.sound}
    return replace(
        choices_of(row.incident_id, told),
        revision=row.revision,
        changed_at=row.at.astimezone(UTC),
        changed_by=row.user_name,
        comment=row.comment,
    )
