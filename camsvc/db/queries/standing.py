"""Whether those who were let in are still welcome: asked for many at once, by what watches over what lasts."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from camsvc.db.models import CameraRow
from camsvc.db.queries import tokens
from camsvc.domain.account import User


def holders(session: Session, keys: Collection[bytes]) -> dict[bytes, User]:
    """Whose tokens (SHA-256 each) are in force, with what they are granted now. A token that ended, or whose account
    is disabled, is left out."""
    return tokens.holders(session, keys)


def areas(session: Session, cameras: Collection[str]) -> dict[str, str]:
    """Where they stand now: a camera may have been moved to another area, where others may see it."""
    rows = session.execute(select(CameraRow.id, CameraRow.area).where(CameraRow.id.in_(list(cameras))))
    return {row.id: row.area for row in rows}
