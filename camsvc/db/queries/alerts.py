"""Alerts: raised once for each incident and search, listed newest first, sent until they arrive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, Update, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from camsvc.db.models import AlertPositionRow, AlertRow, DeliveryRow, DeliveryState, SavedSearchRow
from camsvc.db.queries.changes import latest
from camsvc.domain.account import Reach
from camsvc.domain.alert import Alert, Channel
from camsvc.domain.incident import Incident

ALERTS = "alerts"
"""Channel: alerts were raised or looked at; the payload is the account's id."""


@dataclass(frozen=True, slots=True)
class Raise:
    search: UUID
    user: int
    incident: Incident
    channels: frozenset[Channel]


@dataclass(frozen=True, slots=True)
class Due:
    """An alert to be sent."""

    alert: Alert
    user: int
    channel: Channel
    attempts: int
    """Made before this one."""


def position(session: Session) -> int:
    """How far changes of incidents are done: at the first call, all that there are."""
    found: int | None = session.scalar(select(AlertPositionRow.change_seq))
    if found is not None:
        return found
    begin = latest(session)
    session.execute(insert(AlertPositionRow).values(id=1, change_seq=begin).on_conflict_do_nothing())
    return begin


def move(session: Session, seq: int) -> None:
    session.execute(update(AlertPositionRow).values(change_seq=seq))


def raise_all(session: Session, found: Sequence[Raise]) -> int:
    """Those that were not raised before, with their deliveries; how many. Owners' open pages are told at commit."""
    raised = 0
    told: set[int] = set()
    for each in found:
        incident = each.incident
        alert = session.scalar(
            insert(AlertRow)
            .values(
                search_id=each.search,
                user_id=each.user,
                incident=incident.id,
                camera=incident.camera,
                area=incident.area,
                kind=incident.kind,
                severity=incident.severity,
                incident_started_at=incident.started_at,
            )
            .on_conflict_do_nothing()
            .returning(AlertRow.id)
        )
        if alert is None:
            continue
        raised += 1
        told.add(each.user)
        session.add_all(DeliveryRow(alert_id=alert, channel=channel) for channel in each.channels)
    _tell(session, told)
    return raised


def raised_since(session: Session, search: UUID, within: timedelta) -> int:
    since = func.now() - within
    counted = select(func.count()).where(AlertRow.search_id == search, AlertRow.raised_at > since)
    return session.scalars(counted).one()


def page(
    session: Session,
    user: int,
    reach: Reach,
    *,
    before: int | None = None,
    search: UUID | None = None,
    unseen: bool = False,
    limit: int,
) -> list[Alert]:
    """Newest first, those that came before ``before`` (an id); only where ``reach`` still is."""
    found = _alerts().where(AlertRow.user_id == user)
    if before is not None:
        found = found.where(AlertRow.id < before)
    if search is not None:
        found = found.where(AlertRow.search_id == search)
    if unseen:
        found = found.where(AlertRow.seen_at.is_(None))
    rows = session.execute(found.order_by(AlertRow.id.desc()).limit(limit))
    return [alert for alert in (_alert(row, name) for row, name in rows) if reach.covers(alert.area)]


def unseen(session: Session, user: int) -> int:
    counted = select(func.count()).where(AlertRow.user_id == user, AlertRow.seen_at.is_(None))
    return session.scalars(counted).one()


def see(session: Session, user: int, up_to: int, search: UUID | None = None) -> int:
    """Alerts up to the id ``up_to`` are looked at, of one search or of all; how many were not before."""
    seen = update(AlertRow).where(AlertRow.user_id == user, AlertRow.id <= up_to, AlertRow.seen_at.is_(None))
    if search is not None:
        seen = seen.where(AlertRow.search_id == search)
    number = len(session.scalars(seen.values(seen_at=func.now()).returning(AlertRow.id)).all())
    if number:
        _tell(session, {user})
    return number


def due(session: Session, limit: int) -> list[Due]:
    """Deliveries whose time has come, the longest due first."""
    rows = session.execute(
        _alerts()
        .add_columns(DeliveryRow.channel, DeliveryRow.attempts)
        .join(DeliveryRow, DeliveryRow.alert_id == AlertRow.id)
        .where(DeliveryRow.state == DeliveryState.PENDING, DeliveryRow.next_at <= func.now())
        .order_by(DeliveryRow.next_at)
        .limit(limit)
    )
    return [Due(_alert(row, name), row.user_id, channel, attempts) for row, name, channel, attempts in rows]


def sent(session: Session, each: Due) -> None:
    _end(session, each, DeliveryState.SENT, None)


def given_up(session: Session, each: Due, reason: str) -> None:
    _end(session, each, DeliveryState.FAILED, reason)


def again(session: Session, each: Due, reason: str, wait: timedelta) -> None:
    """The attempt failed; the next is made after ``wait``."""
    session.execute(_delivery(each).values(attempts=each.attempts + 1, next_at=func.now() + wait, error=reason))


def forget(session: Session, older_than: timedelta) -> int:
    """Alerts that were raised so long ago; how many. The incidents stay."""
    gone = delete(AlertRow).where(AlertRow.raised_at < func.now() - older_than).returning(AlertRow.id)
    return len(session.scalars(gone).all())


def waiting(session: Session) -> tuple[int, datetime | None]:
    """How many deliveries are pending after a failed attempt, and since when the oldest alert of them waits."""
    row = session.execute(
        select(func.count(), func.min(AlertRow.raised_at))
        .join(DeliveryRow, DeliveryRow.alert_id == AlertRow.id)
        .where(DeliveryRow.state == DeliveryState.PENDING, DeliveryRow.attempts > 0)
    ).one()
    return row[0], row[1]


def _alerts() -> Select[AlertRow, str]:
    return select(AlertRow, SavedSearchRow.name).join(SavedSearchRow, SavedSearchRow.id == AlertRow.search_id)


def _delivery(each: Due) -> Update:
    return update(DeliveryRow).where(DeliveryRow.alert_id == each.alert.id, DeliveryRow.channel == each.channel)


def _end(session: Session, each: Due, state: DeliveryState, reason: str | None) -> None:
    session.execute(_delivery(each).values(attempts=each.attempts + 1, state=state, ended_at=func.now(), error=reason))


def _tell(session: Session, users: set[int]) -> None:
    for user in sorted(users):
        session.execute(text("SELECT pg_notify(:channel, :user)"), {"channel": ALERTS, "user": str(user)})


def _alert(row: AlertRow, search_name: str) -> Alert:
    return Alert(
        id=row.id,
        search=row.search_id,
        search_name=search_name,
        incident=row.incident,
        camera=row.camera,
        area=row.area,
        kind=row.kind,
        severity=row.severity,
        incident_started_at=row.incident_started_at,
        raised_at=row.raised_at,
        seen_at=row.seen_at,
    )
