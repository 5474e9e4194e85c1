"""Notices to accounts: written in the transaction of what they tell of, listed newest first, read or not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from camsvc.db.models import NoticeRow
from camsvc.db.queries.alerts import ALERTS
from camsvc.domain.notice import Notice, NoticeKind

LIST_MAX = 200


def add(session: Session, users: Iterable[int], kind: NoticeKind, path: str, facts: Mapping[str, str]) -> None:
    """One for each account, each once. Their open pages hear of it at the commit, as of alerts: it is one bell."""
    told = sorted(set(users))
    if not told:
        return
    rows = [{"user_id": user, "kind": kind, "path": path, "facts": dict(facts)} for user in told]
    session.execute(insert(NoticeRow), rows)
    _ring(session, told)


def unread(session: Session, user: int) -> int:
    counted = select(func.count()).where(NoticeRow.user_id == user, NoticeRow.read_at.is_(None))
    return session.scalars(counted).one()


def page(
    session: Session, user: int, *, unread: bool = False, before: int | None = None, limit: int = LIST_MAX
) -> list[Notice]:
    """Newest first. ``before``: ids below it."""
    found = select(NoticeRow).where(NoticeRow.user_id == user)
    if unread:
        found = found.where(NoticeRow.read_at.is_(None))
    if before is not None:
        found = found.where(NoticeRow.id < before)
    return [_notice(row) for row in session.scalars(found.order_by(NoticeRow.id.desc()).limit(limit))]


def read(session: Session, user: int, *, up_to: int | None = None, ids: Collection[int] = ()) -> int:
    """Those up to the id ``up_to``, or of ``ids``, are looked at; how many were not before."""
    seen = update(NoticeRow).where(NoticeRow.user_id == user, NoticeRow.read_at.is_(None))
    seen = seen.where(NoticeRow.id <= up_to) if up_to is not None else seen.where(NoticeRow.id.in_(list(ids)))
    number = len(session.scalars(seen.values(read_at=func.now()).returning(NoticeRow.id)).all())
    if number:
        _ring(session, [user])
    return number


def forget(session: Session, older_than: timedelta) -> int:
    """Those so old, read or not; how many."""
    gone = delete(NoticeRow).where(NoticeRow.at < func.now() - older_than).returning(NoticeRow.id)
    return len(session.scalars(gone).all())


def _ring(session: Session, users: Iterable[int]) -> None:
    for user in users:
        session.execute(text("SELECT pg_notify(:channel, :user)"), {"channel": ALERTS, "user": str(user)})


def _notice(row: NoticeRow) -> Notice:
    return Notice(row.id, row.at, row.kind, row.path, dict(row.facts), row.read_at)
