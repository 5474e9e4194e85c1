"""How much is stored where: counted by the retention duty now and then, kept for pages and metrics."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from camsvc.db import partitions
from camsvc.db.queries.retention import BYTES

PATIENCE_S = 600
"""A month of a thousand cameras, nearly a million rows, takes seconds; on slow disks a minute."""
RATE_DAYS = 7


@dataclass(frozen=True, slots=True)
class Tally:
    month: date
    """First day, UTC."""
    area: str
    incidents: int
    with_footage: int
    bytes: int
    counted_at: datetime


def months(session: Session) -> list[datetime]:
    """Starts of the months that the index has; what is in its open ends is counted with none."""
    return [each.start for each in partitions.partitions(session) if each.start is not None and each.end is not None]


def count(session: Session, month: datetime, now: datetime) -> None:
    """Count one month anew. Takes long: a transaction of its own."""
    end = partitions.month(month, 1)
    session.execute(text(f"SET LOCAL statement_timeout = {PATIENCE_S * 1000}"))
    values = {"month": month.date(), "start": month, "end": end, "now": now}
    session.execute(text("DELETE FROM storage_tallies WHERE month = :month"), values)
    session.execute(
        text(
            "INSERT INTO storage_tallies (month, area, incidents, with_footage, bytes, counted_at)"  # noqa: S608
            " SELECT :month, v.area, count(*),"
            " count(*) FILTER (WHERE i.clip IS NOT NULL AND i.footage_expired_at IS NULL),"
            f" coalesce(sum({BYTES.format('i')}) FILTER (WHERE i.footage_expired_at IS NULL), 0), :now"
            " FROM incidents i JOIN viewpoints v ON v.id = i.viewpoint_id"
            " WHERE i.started_at >= :start AND i.started_at < :end GROUP BY v.area"
        ),
        values,
    )


def forget_but(session: Session, known: list[datetime]) -> None:
    """Months that are not in the index any more."""
    session.execute(
        text("DELETE FROM storage_tallies WHERE month <> ALL(:known)"), {"known": [each.date() for each in known]}
    )


def counted(session: Session) -> dict[date, datetime]:
    """When each month was counted last."""
    rows = session.execute(text("SELECT month, min(counted_at) FROM storage_tallies GROUP BY month"))
    return {month: at.astimezone(UTC) for month, at in rows}


def tallies(session: Session) -> list[Tally]:
    rows = session.execute(
        text("SELECT month, area, incidents, with_footage, bytes, counted_at FROM storage_tallies ORDER BY month, area")
    )
    return [Tally(*row) for row in rows]


def bytes_per_day(session: Session, now: datetime) -> int:
    """Of clips, over the last RATE_DAYS; over the time since the first of them where that is shorter."""
    since = now - timedelta(days=RATE_DAYS)
    session.execute(text(f"SET LOCAL statement_timeout = {PATIENCE_S * 1000}"))
    row = session.execute(
        text(
            f"SELECT coalesce(sum({BYTES.format('i')}), 0), min(i.started_at) FROM incidents i"  # noqa: S608
            " WHERE i.span = ANY('{0,1,2,3,4}') AND i.started_at >= :since AND i.started_at < :now"
        ),
        {"since": since, "now": now},
    ).one()
    if row[1] is None:
        return 0
    days = max((now - row[1]).total_seconds() / 86_400, 1 / 24)
    return int(float(row[0]) / days)
