"""Where workers and live processes are reached."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from camsvc.db.models import EndpointRow
from camsvc.domain.endpoint import Endpoint, EndpointKind

STALE_AFTER = timedelta(seconds=15)
"""Seven reports missed: the process is gone, or cannot reach the database any more."""


def report(session: Session, endpoint: Endpoint) -> None:
    """Store where a process is reached; call it every few seconds (2 s)."""
    values = {**asdict(endpoint), "reported_at": func.clock_timestamp()}
    insertion = insert(EndpointRow).values(values)
    session.execute(
        insertion.on_conflict_do_update(
            index_elements=[EndpointRow.kind, EndpointRow.name],
            set_={name: insertion.excluded[name] for name in values if name not in ("kind", "name")},
        )
    )


def withdraw(session: Session, kind: EndpointKind, name: str) -> None:
    """A planned end: nobody need find out by trying."""
    session.execute(delete(EndpointRow).where(EndpointRow.kind == kind, EndpointRow.name == name))


def fresh(session: Session, kind: EndpointKind) -> list[Endpoint]:
    """Those that reported within STALE_AFTER, by name."""
    rows = session.scalars(
        select(EndpointRow)
        .where(EndpointRow.kind == kind, EndpointRow.reported_at > func.clock_timestamp() - STALE_AFTER)
        .order_by(EndpointRow.name)
        .execution_options(populate_existing=True)
    )
    return [Endpoint(row.kind, row.name, row.host, row.port, row.certificate, row.load, row.capacity) for row in rows]
