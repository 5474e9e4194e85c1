"""Incidents with files in the object store, by id: for checking the one against the other."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from camsvc.db.incident_rows import from_row
from camsvc.db.models import IncidentRow, ViewpointRow
from camsvc.domain.incident import Incident

PAGE = 1000
_WITH_FILES = (
    select(IncidentRow, ViewpointRow)
    .join(ViewpointRow, ViewpointRow.id == IncidentRow.viewpoint_id)
    .where(IncidentRow.footage_expired_at.is_(None))
    .execution_options(populate_existing=True)
)


def after(session: Session, incident: UUID | None, limit: int = PAGE) -> list[Incident]:
    """The next ``limit`` incidents by id, from the first or after ``incident``."""
    wanted = _WITH_FILES if incident is None else _WITH_FILES.where(IncidentRow.id > incident)
    return [_read(row) for row in session.execute(wanted.order_by(IncidentRow.id).limit(limit))]


def of(session: Session, incident: UUID) -> Incident | None:
    """None when there is no such incident, or its footage has expired."""
    row = session.execute(_WITH_FILES.where(IncidentRow.id == incident)).one_or_none()
    return _read(row) if row is not None else None


def _read(row: Row[IncidentRow, ViewpointRow]) -> Incident:
    return from_row(row[0], row[1])
