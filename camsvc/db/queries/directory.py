"""Names and places of cameras, for lists and maps: also removed ones, whose incidents still name them.

Nothing here holds a credential.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from camsvc.config import LocationConfig
from camsvc.db.models import CameraRow
from camsvc.domain.geo import Location
from camsvc.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class CameraEntry:
    id: str
    name: str
    area: str
    location: Location | None
    enabled: bool
    removed: bool


def cameras(session: Session) -> list[CameraEntry]:
    """Every camera there ever was, by id. Nothing is decrypted: thousands are a few milliseconds."""
    return [_entry(row) for row in session.execute(_ENTRIES.order_by(CameraRow.id))]


def find(session: Session, camera: str) -> CameraEntry | None:
    """None: there never was one of that id."""
    row = session.execute(_ENTRIES.where(CameraRow.id == camera)).one_or_none()
    return _entry(row) if row is not None else None


def not_found(camera: str) -> NotFoundError:
    """One answer for a camera that does not exist, and for one that the asker may not know of."""
    return NotFoundError(
        f"there is no camera {camera!r}", parameter="camera", cure="`camsvc cameras list` names all cameras"
    )


_ENTRIES = select(
    CameraRow.id, CameraRow.name, CameraRow.area, CameraRow.enabled, CameraRow.removed_at, CameraRow.config
)


def _entry(row: Row[str, str, str, bool, datetime | None, dict[str, Any]]) -> CameraEntry:
    return CameraEntry(
        row.id, row.name, row.area, _location(row.config.get("location")), row.enabled, row.removed_at is not None
    )


def _location(stored: object) -> Location | None:
    return Location(**LocationConfig.model_validate(stored).model_dump()) if stored else None
