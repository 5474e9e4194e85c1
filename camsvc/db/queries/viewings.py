"""Viewings in the audit chain: those that began and of whose end nothing is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from camsvc.db.models import AuditRow, EndpointRow
from camsvc.domain.endpoint import EndpointKind

BEGAN, ENDED = "live.began", "live.ended"
"""``what`` of the records. Details of both: ``viewing`` (the same), ``process`` (name of the live process)."""
LOOK_BACK = timedelta(days=2)
"""A live process that was gone for longer has nobody to tell about."""


@dataclass(frozen=True, slots=True)
class Begun:
    """Of the record that it began."""

    at: datetime
    user_id: int | None
    user_name: str | None
    source: str | None
    camera: str | None
    area: str | None
    purpose: str | None
    case_number: str | None
    details: dict[str, Any]


def open_ended(session: Session, process: str) -> Sequence[Begun]:
    """Viewings of the live process ``process`` without an end: it was killed in their midst, or is still at it."""
    ends = aliased(AuditRow)
    rows = session.scalars(
        select(AuditRow)
        .where(
            AuditRow.at > func.clock_timestamp() - LOOK_BACK,
            AuditRow.what == BEGAN,
            AuditRow.details["process"].as_string() == process,
            ~select(ends.seq)
            .where(
                ends.at > func.clock_timestamp() - LOOK_BACK,
                ends.what == ENDED,
                ends.camera == AuditRow.camera,
                ends.details["viewing"].as_string() == AuditRow.details["viewing"].as_string(),
            )
            .exists(),
        )
        .order_by(AuditRow.seq)
    )
    return [
        Begun(
            row.at.astimezone(UTC),
            row.user_id,
            row.user_name,
            row.source,
            row.camera,
            row.area,
            row.purpose,
            row.case_number,
            dict(row.details),
        )
        for row in rows
    ]


def last_sign(session: Session, process: str) -> datetime | None:
    """When the live process ``process`` was last heard of; None: never, or it ended in good order."""
    found = session.scalar(
        select(EndpointRow.reported_at).where(EndpointRow.kind == EndpointKind.LIVE, EndpointRow.name == process)
    )
    return found.astimezone(UTC) if found else None
