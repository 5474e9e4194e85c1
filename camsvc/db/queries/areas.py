"""The administrative tree."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from camsvc.config import AreaConfig
from camsvc.db.models import AreaRow, CameraRow
from camsvc.domain.account import EVERYWHERE, Reach


@dataclass(frozen=True, slots=True)
class Area:
    path: str
    name: str
    parent: str | None
    cameras: int
    """Wanted cameras in it and in all areas below it."""


def put(session: Session, area: AreaConfig) -> None:
    """Name an area; areas above it that are not there yet are made, named by the last part of their paths."""
    ensure(session, area.path)
    session.execute(
        insert(AreaRow)
        .values(path=area.path, parent=_parent(area.path), name=area.name)
        .on_conflict_do_update(index_elements=[AreaRow.path], set_={"name": area.name})
    )


def ensure(session: Session, path: str) -> None:
    """Make ``path`` and everything above it, where missing; names that exist stay."""
    rows = [{"path": each, "parent": _parent(each), "name": each.rpartition("/")[2]} for each in [*above(path), path]]
    session.execute(insert(AreaRow).values(rows).on_conflict_do_nothing())


def all_areas(session: Session, reach: Reach = EVERYWHERE) -> list[Area]:
    """Every area, each after the one above it; of those out of ``reach`` only what leads to one within it. Cameras out
    of reach are not counted."""
    direct = session.execute(
        select(CameraRow.area, func.count()).where(CameraRow.removed_at.is_(None)).group_by(CameraRow.area)
    )
    counts: dict[str, int] = {}
    for path, cameras in direct:
        if not reach.covers(path):
            continue
        for each in [*above(path), path]:
            counts[each] = counts.get(each, 0) + cameras
    rows = sorted(session.scalars(select(AreaRow)), key=lambda row: row.path.split("/"))
    return [Area(row.path, row.name, row.parent, counts.get(row.path, 0)) for row in rows if reach.touches(row.path)]


def above(path: str) -> list[str]:
    """From the root down, without ``path`` itself."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _parent(path: str) -> str | None:
    return path.rpartition("/")[0] or None
