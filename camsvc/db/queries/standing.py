"""Whether those who were let in are still welcome: asked for many at once, by what watches over what lasts."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from camsvc.db.models import CameraRow, GrantRow, TokenRow, UserRow
from camsvc.domain.account import Grant, User


def holders(session: Session, keys: Collection[bytes]) -> dict[bytes, User]:
    """Whose tokens (SHA-256 each) are in force, with what they are granted now. A token that ended, or whose account
    is disabled, is left out."""
    rows = session.execute(
        select(TokenRow.hash, UserRow.id, UserRow.name, GrantRow.role, GrantRow.area)
        .join(UserRow, UserRow.id == TokenRow.user_id)
        .outerjoin(GrantRow, GrantRow.user_id == UserRow.id)
        .where(
            TokenRow.hash.in_(list(keys)),
            TokenRow.expires_at > func.clock_timestamp(),
            UserRow.disabled_at.is_(None),
        )
    )
    names: dict[bytes, tuple[int, str]] = {}
    held: dict[bytes, set[Grant]] = {}
    for key, user, name, role, area in rows:
        names[key] = (user, name)
        grants = held.setdefault(key, set())
        if role is not None:
            grants.add(Grant(role, area))
    return {key: User(user, name, frozenset(held[key])) for key, (user, name) in names.items()}


def areas(session: Session, cameras: Collection[str]) -> dict[str, str]:
    """Where they stand now: a camera may have been moved to another area, where others may see it."""
    rows = session.execute(select(CameraRow.id, CameraRow.area).where(CameraRow.id.in_(list(cameras))))
    return {row.id: row.area for row in rows}
