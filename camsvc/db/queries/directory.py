"""Names and places of cameras, for lists and maps: also removed ones, whose incidents still name them.

Nothing here holds a credential.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from camsvc.config import LocationConfig
from camsvc.db.models import CameraRow
from camsvc.domain.geo import Location


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
    rows = session.execute(
        select(
            CameraRow.id, CameraRow.name, CameraRow.area, CameraRow.enabled, CameraRow.removed_at, CameraRow.config
        ).order_by(CameraRow.id)
    )
    return [
        CameraEntry(id_, name, area, _location(config.get("location")), enabled, removed_at is not None)
        for id_, name, area, enabled, removed_at, config in rows
    ]


def _location(stored: object) -> Location | None:
    return Location(**LocationConfig.model_validate(stored).model_dump()) if stored else None
