"""Desired cameras. Stream URLs are encrypted in their rows and come out only through the cipher (invariant 9)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from camsvc.config import CameraConfig, StreamsConfig
from camsvc.db.cipher import Cipher
from camsvc.db.database import CAMERAS
from camsvc.db.models import CameraRow, LeaseRow
from camsvc.db.queries.areas import Area, all_areas, ensure
from camsvc.db.queries.directory import not_found
from camsvc.errors import ConflictError

_COLUMNS = {"id", "name", "area", "enabled", "streams"}
"""Fields of CameraConfig that have columns of their own; the rest is the column ``config``."""


def put(session: Session, camera: CameraConfig, cipher: Cipher) -> bool:
    """Add or replace a camera; its area is made when missing. Returns whether it is new. Notifies on commit.

    Raises ConflictError when the id was a removed camera's.
    """
    ensure(session, camera.area)
    values: dict[str, Any] = {
        "name": camera.name,
        "area": camera.area,
        "enabled": camera.enabled,
        "config": camera.model_dump(mode="json", exclude=_COLUMNS),
        "streams": cipher.seal(camera.id, camera.streams.model_dump(mode="json", exclude_none=True)),
    }
    added = session.scalar(
        insert(CameraRow).values(id=camera.id, **values).on_conflict_do_nothing().returning(CameraRow.id)
    )
    if added is None:
        row = session.scalars(select(CameraRow).where(CameraRow.id == camera.id).with_for_update()).one()
        if row.removed_at is not None:
            raise ConflictError(
                f"the id {camera.id!r} was a camera's that was removed on {row.removed_at:%Y-%m-%d}, and is never"
                " reused: its incidents still name it",
                parameter="id",
                cure=f"choose another id, for example {camera.id}-b",
            )
        for name, value in values.items():
            setattr(row, name, value)
        row.updated_at = session.scalars(select(func.now())).one()
        session.flush()
    else:
        session.execute(insert(LeaseRow).values(camera=camera.id))
    _notify(session, camera.id)
    return added is not None


def get(session: Session, camera: str, cipher: Cipher, *, lock: bool = False) -> CameraConfig:
    """``lock``: nobody else changes it until the transaction ends.

    Raises NotFoundError when there is none, or it was removed; ConfigError when ``cipher`` has another key.
    """
    row = session.get(CameraRow, camera, with_for_update=lock or None)
    if row is None or row.removed_at is not None:
        raise not_found(camera)
    return _config(row, cipher)


def all_cameras(
    session: Session,
    cipher: Cipher,
    *,
    area: str | None = None,
    ids: Collection[str] | None = None,
    lock: bool = False,
) -> list[CameraConfig]:
    """Cameras that are wanted, also disabled ones, by id; of ``area`` and all below it, and among ``ids``, where given.

    ``lock``: nobody else changes them until the transaction ends.
    Raises ConfigError when ``cipher`` has another key.
    """
    wanted = select(CameraRow).where(CameraRow.removed_at.is_(None)).order_by(CameraRow.id)
    if area is not None:
        wanted = wanted.where(within(CameraRow.area, [area]))
    if ids is not None:
        wanted = wanted.where(CameraRow.id.in_(ids))
    if lock:
        wanted = wanted.with_for_update()
    return [_config(row, cipher) for row in session.scalars(wanted)]


def names(session: Session) -> dict[str, str]:
    """Id → name of every camera that is wanted, without its secrets."""
    rows = session.execute(select(CameraRow.id, CameraRow.name).where(CameraRow.removed_at.is_(None)))
    return {row.id: row.name for row in rows}


def remove(session: Session, camera: str) -> None:
    """The camera is no longer wanted: its worker lets go within one renewal. Incidents stay, its credentials do not.

    Raises NotFoundError. Notifies on commit.
    """
    row = session.get(CameraRow, camera, with_for_update=True)
    if row is None or row.removed_at is not None:
        raise not_found(camera)
    row.removed_at = session.scalars(select(func.now())).one()
    row.streams = b""
    session.flush()
    _notify(session, camera)


def areas(session: Session) -> list[Area]:
    """The whole tree, each area after the one above it."""
    return all_areas(session)


def within(column: Any, paths: Sequence[str]) -> ColumnElement[bool]:  # noqa: ANN401  any column of area paths
    """Condition: the area in ``column`` is one of ``paths``, or below one."""
    return or_(*(or_(column == path, func.starts_with(column, f"{path}/")) for path in paths))


def _config(row: CameraRow, cipher: Cipher) -> CameraConfig:
    streams = StreamsConfig.model_validate(cipher.open(row.id, row.streams))
    return CameraConfig.model_validate(
        {**row.config, "id": row.id, "name": row.name, "area": row.area, "enabled": row.enabled, "streams": streams}
    )


def _notify(session: Session, camera: str) -> None:
    session.execute(select(func.pg_notify(CAMERAS, camera)))
