"""What the audit chain says of some incidents: the part of it that goes out with evidence."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from camsvc.db.models import AuditRow
from camsvc.db.queries.audit import record_of
from camsvc.domain.audit import GENESIS, Record


@dataclass(frozen=True, slots=True)
class Link:
    record: Record
    before: bytes
    """Hash of the record before it in the chain: with it the record's own can be computed again."""


def of_incidents(session: Session, incidents: Collection[UUID], limit: int) -> list[Link]:
    """The newest ``limit`` records about ``incidents``, oldest first."""
    before = aliased(AuditRow)
    rows = session.execute(
        select(AuditRow, before.hash)
        .outerjoin(before, before.seq == AuditRow.seq - 1)
        .where(AuditRow.incident.in_(incidents))
        .order_by(AuditRow.seq.desc())
        .limit(limit)
    ).all()
    return [Link(record_of(row), hash_ if hash_ is not None else GENESIS) for row, hash_ in reversed(rows)]
