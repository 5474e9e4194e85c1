"""Saved walls. Each belongs to one account; nobody else sees it."""

from __future__ import annotations

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from camsvc.db.models import UserRow, WallRow
from camsvc.domain.wall import WALLS_MAX, Wall
from camsvc.errors import ConflictError, NotFoundError


def all_of(session: Session, user: int) -> list[Wall]:
    """By name."""
    rows = session.scalars(select(WallRow).where(WallRow.user_id == user).order_by(WallRow.name))
    return [_wall(row) for row in rows]


def get(session: Session, user: int, name: str) -> Wall:
    """Raises NotFoundError."""
    row = session.get(WallRow, (user, name))
    if row is None:
        raise not_found(name)
    return _wall(row)


def put(session: Session, user: int, wall: Wall) -> bool:
    """Add or replace; whether it is new. Raises ConflictError when the account has WALLS_MAX others."""
    session.get(UserRow, user, with_for_update=True)  # so that two at once cannot pass the bound
    others = session.scalar(
        select(func.count()).select_from(WallRow).where(WallRow.user_id == user, WallRow.name != wall.name)
    )
    if (others or 0) >= WALLS_MAX:
        raise ConflictError(f"there are {WALLS_MAX} walls already", parameter="name", cure="remove one first")
    is_new = session.scalar(select(WallRow.name).where(WallRow.user_id == user, WallRow.name == wall.name)) is None
    values = {"tiles": wall.tiles, "cameras": list(wall.cameras), "cycle_s": wall.cycle_s, "updated_at": func.now()}
    session.execute(
        insert(WallRow)
        .values(user_id=user, name=wall.name, **values)
        .on_conflict_do_update(index_elements=[WallRow.user_id, WallRow.name], set_=values)
    )
    return is_new


def remove(session: Session, user: int, name: str) -> None:
    """Raises NotFoundError."""
    statement = delete(WallRow).where(WallRow.user_id == user, WallRow.name == name).returning(WallRow.name)
    if session.scalar(statement) is None:
        raise not_found(name)


def not_found(name: str) -> NotFoundError:
    return NotFoundError(f"you have no wall {name[:100]!r}", parameter="name", cure="GET /api/v1/walls lists yours")


def _wall(row: WallRow) -> Wall:
    return Wall(row.name, row.tiles, tuple(row.cameras), row.cycle_s)
