"""Where a search looks: the viewpoints of the cameras, areas and places asked for, within the reach of who asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, literal, or_, select
from sqlalchemy.orm import Session

from camsvc.db.models import AreaRow, CameraRow, ViewpointRow
from camsvc.db.queries.cameras import within
from camsvc.domain.account import Reach
from camsvc.domain.geo import Location
from camsvc.domain.place import Bounds, Place, place_of
from camsvc.domain.search import IncidentFilter
from camsvc.errors import InputError

MARGIN_DEG = 1e-9
"""0.1 mm: boxes are computed with rounding; what is exact decides, the box must not."""
DEGREE_MIN_M = 111_000.0
"""A degree of a great circle is 195 m longer."""
NEAR_POLE_DEG = 89.0
SHRUNK_MIN = 0.01
"""At NEAR_POLE_DEG a degree of longitude is a little longer than this part of one at the equator."""


@dataclass(frozen=True, slots=True)
class Viewpoint:
    id: int
    camera: str
    area: str
    location: Location


def viewpoints(session: Session, asked: IncidentFilter) -> list[int] | None:
    """Those of the cameras, areas and places asked for, within the reach of who asks; None: any, also one without a
    place. Who may search everywhere costs nothing: no condition is added.

    Raises InputError for a camera or area that never was: a misspelt name must not look like "nothing happened". One
    out of reach is refused in the same words.
    """
    conditions: list[ColumnElement[bool]] = []
    reach = asked.reach
    if asked.cameras:
        known = set(session.scalars(_cameras(asked.cameras, reach)))
        _require(asked.cameras, known, "camera", "camera", "`camsvc cameras list` names all cameras")
        conditions.append(ViewpointRow.camera.in_(asked.cameras))
    if asked.areas:
        paths = session.scalars(select(AreaRow.path).where(AreaRow.path.in_(asked.areas)))
        known = {path for path in paths if reach.touches(path)}
        _require(asked.areas, known, "area", "area", "give the whole path, like 'bac-ninh/yen-phong/tam-giang'")
        conditions.append(within(ViewpointRow.area, asked.areas))
    if reach.is_nowhere:
        return []
    if reach.areas is not None:
        conditions.append(within(ViewpointRow.area, reach.areas))
    place = place_of(asked)
    if place is not None:
        return [each.id for each in in_place(session, place, conditions)]
    if not conditions:
        return None
    return list(session.scalars(select(ViewpointRow.id).where(*conditions).order_by(ViewpointRow.id)))


def in_place(session: Session, place: Place, conditions: Sequence[ColumnElement[bool]] = ()) -> list[Viewpoint]:
    """Viewpoints in ``place`` that meet ``conditions``, by id. PostgreSQL says which come into question, in a
    millisecond; ``domain.place`` decides, in some hundredths of one each where what it sees matters."""
    near = (_near(shape.bounds, sees=place.sees) for shape in place.shapes)
    view = ViewpointRow
    rows = session.execute(
        select(view.id, view.camera, view.area, view.lat, view.lon, view.heading_deg, view.fov_deg, view.range_m)
        .where(view.lat.is_not(None), *near, *conditions)
        .order_by(view.id)
    )
    seen_from = (
        Viewpoint(row.id, row.camera, row.area, Location(row.lat, row.lon, row.heading_deg, row.fov_deg, row.range_m))
        for row in rows
        if row.lat is not None and row.lon is not None
    )
    return [each for each in seen_from if place.holds(each.location)]


def _cameras(ids: tuple[str, ...], reach: Reach) -> Select[str]:
    """Which of ``ids`` the asker may know of: cameras that stand within reach, or once saw something there."""
    known = select(CameraRow.id).where(CameraRow.id.in_(ids))
    if reach.areas is None:
        return known
    if reach.is_nowhere:
        return known.where(false())
    seen = select(ViewpointRow.id).where(ViewpointRow.camera == CameraRow.id, within(ViewpointRow.area, reach.areas))
    return known.where(or_(within(CameraRow.area, reach.areas), seen.exists()))


def _near(bounds: Bounds, *, sees: bool) -> ColumnElement[bool]:
    """Roughly: what stands in the box, or with ``sees`` no further from it than it sees; never fewer."""
    lat, lon = ViewpointRow.lat, ViewpointRow.lon
    reach_m: ColumnElement[Any] = func.coalesce(ViewpointRow.range_m, 0.0) if sees else literal(0.0)
    reach_lat = reach_m / DEGREE_MIN_M + MARGIN_DEG
    # A degree of longitude shrinks towards the poles; as far as it sees, it shrinks on.
    poleward = func.least(func.abs(lat) + reach_lat, 90.0)
    reach_lon = reach_lat / func.greatest(func.cos(func.radians(poleward)), SHRUNK_MIN)
    beside = func.abs(lon - bounds.middle_lon)
    beside = func.least(func.abs(beside - 360.0), beside, func.abs(beside - 720.0))
    return and_(
        lat >= bounds.south - reach_lat,
        lat <= bounds.north + reach_lat,
        or_(beside <= bounds.half_lon + reach_lon, poleward >= NEAR_POLE_DEG),
    )


def _require(names: tuple[str, ...], known: set[str], what: str, parameter: str, cure: str) -> None:
    for name in names:
        if name not in known:
            raise InputError(f"there is no {what} {name!r}, and never was", parameter=parameter, cure=cure)
