"""What worker processes last said of themselves."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from camsvc.db.models import WorkerStatusRow
from camsvc.domain.worker import WorkerStatus

FORGOTTEN_AFTER = timedelta(days=7)
"""A worker that has been silent for this long was taken away by somebody; until then its silence is news."""
_FIELDS = tuple(field.name for field in fields(WorkerStatus))
_TIMES = ("started_at", "spool_oldest_at", "store_away_since")


@dataclass(frozen=True, slots=True)
class Report:
    """``status`` is what was true ``age_s`` ago, by the database's clock."""

    status: WorkerStatus
    age_s: float


def report(session: Session, status: WorkerStatus) -> None:
    """Store what a worker says of itself; call it every few seconds."""
    values = {**asdict(status), "reported_at": func.clock_timestamp()}
    insertion = insert(WorkerStatusRow).values(values)
    session.execute(
        insertion.on_conflict_do_update(
            index_elements=[WorkerStatusRow.worker],
            set_={name: insertion.excluded[name] for name in values if name != "worker"},
        )
    )


def reports(session: Session) -> list[Report]:
    """The last report of every worker that was heard of within FORGOTTEN_AFTER, by name."""
    now: datetime = session.scalars(select(func.clock_timestamp())).one()
    rows = session.scalars(
        select(WorkerStatusRow)
        .where(WorkerStatusRow.reported_at > now - FORGOTTEN_AFTER)
        .order_by(WorkerStatusRow.worker)
        .execution_options(populate_existing=True)
    )
    return [Report(_status(row), max(0.0, (now - row.reported_at).total_seconds())) for row in rows]


def _status(row: WorkerStatusRow) -> WorkerStatus:
    values = {name: getattr(row, name) for name in _FIELDS}
    for name in _TIMES:
        if values[name] is not None:
            values[name] = values[name].astimezone(UTC)
    return WorkerStatus(**values)
