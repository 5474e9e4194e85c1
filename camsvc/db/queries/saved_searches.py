"""Saved searches. Each belongs to one account; nobody else sees it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from uuid import UUID, uuid4

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from camsvc.db.models import AlertRow, SavedSearchRow, UserRow
from camsvc.domain.alert import SEARCHES_MAX, Alerting, Channel, Draft, Hours, SavedSearch
from camsvc.errors import ConflictError, NotFoundError


def all_of(session: Session, user: int) -> list[SavedSearch]:
    """By name, each with how many of its alerts its owner did not look at."""
    unseen = _unseen(session, user)
    rows = session.scalars(select(SavedSearchRow).where(SavedSearchRow.user_id == user).order_by(SavedSearchRow.name))
    return [_search(row, unseen.get(row.id, 0)) for row in rows]


def get(session: Session, user: int, search: UUID) -> SavedSearch:
    """Raises NotFoundError."""
    return _search(_row(session, user, search), _unseen(session, user).get(search, 0))


def add(session: Session, user: int, wanted: Draft, sealed_webhook: bytes | None) -> SavedSearch:
    """Under an id of its own. Raises ConflictError when the name is taken, or the account has SEARCHES_MAX."""
    session.get(UserRow, user, with_for_update=True)  # so that two at once cannot pass the bound
    names = set(session.scalars(select(SavedSearchRow.name).where(SavedSearchRow.user_id == user)))
    if len(names) >= SEARCHES_MAX:
        raise ConflictError(f"there are {SEARCHES_MAX} saved searches already", cure="remove one first")
    _require_free(wanted.name, names)
    row = SavedSearchRow(id=uuid4(), user_id=user, name=wanted.name, conditions=dict(wanted.conditions))
    session.add(row)
    _fill(session, row, wanted, sealed_webhook)
    return _search(row, 0)


def change(session: Session, user: int, search: UUID, wanted: Draft, sealed_webhook: bytes | None) -> SavedSearch:
    """In place of what it was; a pause ends. Raises NotFoundError, ConflictError when the name is taken."""
    row = _row(session, user, search)
    others = select(SavedSearchRow.name).where(SavedSearchRow.user_id == user, SavedSearchRow.id != search)
    _require_free(wanted.name, set(session.scalars(others)))
    row.name = wanted.name
    _fill(session, row, wanted, sealed_webhook)
    return _search(row, _unseen(session, user).get(row.id, 0))


def remove(session: Session, user: int, search: UUID) -> SavedSearch:
    """With its alerts. Raises NotFoundError."""
    row = _row(session, user, search)
    session.execute(delete(SavedSearchRow).where(SavedSearchRow.id == search))
    return _search(row, 0)


def pause(session: Session, search: UUID) -> None:
    """It raises no more alerts until its owner saves it anew."""
    session.execute(update(SavedSearchRow).where(SavedSearchRow.id == search).values(paused_at=func.now()))


def sealed_webhook(session: Session, user: int, search: UUID) -> bytes | None:
    """None: it has none, or is gone."""
    found = select(SavedSearchRow.sealed_webhook).where(SavedSearchRow.id == search, SavedSearchRow.user_id == user)
    return session.scalar(found)


def alerting(session: Session) -> list[tuple[int, datetime, SavedSearch]]:
    """All that raise alerts, of accounts that are not disabled: owner, since when, and the search."""
    rows = session.scalars(
        select(SavedSearchRow)
        .join(UserRow, UserRow.id == SavedSearchRow.user_id)
        .where(
            SavedSearchRow.alerts_since.is_not(None), SavedSearchRow.paused_at.is_(None), UserRow.disabled_at.is_(None)
        )
    )
    return [(row.user_id, row.alerts_since, _search(row, 0)) for row in rows if row.alerts_since is not None]


def _fill(session: Session, row: SavedSearchRow, wanted: Draft, sealed: bytes | None) -> None:
    now = session.scalars(select(func.now())).one()
    row.conditions = dict(wanted.conditions)
    row.span = wanted.span
    told = wanted.alerting
    row.alerts_since = None if told is None else row.alerts_since or now
    row.paused_at = None
    row.channels = sorted(each.value for each in told.channels) if told else []
    row.sealed_webhook = sealed
    hours = told.hours if told else None
    row.alert_begin_min = _minute(hours.begin) if hours else None
    row.alert_end_min = _minute(hours.end) if hours else None
    row.alert_days = sorted(hours.days) if hours else None
    row.updated_at = now
    session.flush()


def _row(session: Session, user: int, search: UUID) -> SavedSearchRow:
    row = session.get(SavedSearchRow, search)
    if row is None or row.user_id != user:
        raise not_found(search)
    return row


def not_found(search: UUID) -> NotFoundError:
    return NotFoundError(f"you have no saved search {search}", parameter="id", cure="GET /api/v1/searches lists yours")


def _require_free(name: str, taken: set[str]) -> None:
    if name in taken:
        raise ConflictError(f"you have a search {name!r} already", parameter="name", cure="choose another name")


def _unseen(session: Session, user: int) -> Mapping[UUID, int]:
    counted = (
        select(AlertRow.search_id, func.count())
        .where(AlertRow.user_id == user, AlertRow.seen_at.is_(None))
        .group_by(AlertRow.search_id)
    )
    return {row[0]: row[1] for row in session.execute(counted)}


def _search(row: SavedSearchRow, unseen: int) -> SavedSearch:
    hours = None
    if row.alert_begin_min is not None and row.alert_end_min is not None:
        days = frozenset(row.alert_days or range(1, 8))
        hours = Hours(_time(row.alert_begin_min), _time(row.alert_end_min), days)
    told = None
    if row.alerts_since is not None:
        told = Alerting(frozenset(Channel(each) for each in row.channels), hours)
    return SavedSearch(
        id=row.id,
        name=row.name,
        conditions=row.conditions,
        span=row.span,
        alerting=told,
        has_webhook=row.sealed_webhook is not None,
        paused_at=row.paused_at,
        unseen=unseen,
    )


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute


def _time(minute: int) -> time:
    return time(minute // 60, minute % 60)
