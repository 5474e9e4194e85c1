"""Where a search looks: the viewpoints of the cameras, areas and places asked for, within the reach of who asks."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, false, func, literal, or_, select
from sqlalchemy.orm import Session

from camsvc.db.models import AreaRow, CameraRow, ViewpointRow
from camsvc.db.queries.cameras import within
from camsvc.domain.account import Reach
from camsvc.domain.geo import EARTH_RADIUS_M, Box, Point, box_around
from camsvc.domain.search import IncidentFilter
from camsvc.errors import InputError

MARGIN_DEG = 1e-9
"""0.1 mm: the box around a circle is computed with rounding; the exact distance decides, the box must not."""
TINY_RAD = 1e-12


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
    if asked.bbox is not None:
        conditions.append(_inside(asked.bbox))
    if asked.near is not None and asked.radius_m is not None:
        conditions.append(_inside(box_around(asked.near, asked.radius_m), MARGIN_DEG))
        conditions.append(_distance_m(asked.near) <= asked.radius_m)
    if reach.is_nowhere:
        return []
    if reach.areas is not None:
        conditions.append(within(ViewpointRow.area, reach.areas))
    if not conditions:
        return None
    return list(session.scalars(select(ViewpointRow.id).where(*conditions).order_by(ViewpointRow.id)))


def _cameras(ids: tuple[str, ...], reach: Reach) -> Select[str]:
    """Which of ``ids`` the asker may know of: cameras that stand within reach, or once saw something there."""
    known = select(CameraRow.id).where(CameraRow.id.in_(ids))
    if reach.areas is None:
        return known
    if reach.is_nowhere:
        return known.where(false())
    seen = select(ViewpointRow.id).where(ViewpointRow.camera == CameraRow.id, within(ViewpointRow.area, reach.areas))
    return known.where(or_(within(CameraRow.area, reach.areas), seen.exists()))


def _inside(box: Box, margin_deg: float = 0.0) -> ColumnElement[bool]:
    lat, lon = ViewpointRow.lat, ViewpointRow.lon
    west, east = box.west - margin_deg, box.east + margin_deg
    across = box.west > box.east
    longitudes = or_(lon >= west, lon <= east) if across else and_(lon >= west, lon <= east)
    return and_(lat >= box.south - margin_deg, lat <= box.north + margin_deg, longitudes)


def _distance_m(centre: Point) -> ColumnElement[float]:
    """``domain.geo.distance_m`` in SQL, step by step."""
    phi, lat = func.radians(literal(centre.lat)), func.radians(ViewpointRow.lat)
    half_phi = _flushed((lat - phi) / 2)
    half_lambda = _flushed(func.radians(ViewpointRow.lon - centre.lon) / 2)
    h = func.power(func.sin(half_phi), 2) + func.cos(phi) * func.cos(lat) * func.power(func.sin(half_lambda), 2)
    return 2 * EARTH_RADIUS_M * func.asin(func.least(1.0, func.sqrt(h)))


def _flushed(angle_rad: ColumnElement[Any]) -> ColumnElement[float]:
    """PostgreSQL refuses to square what is too small for it; below a hundredth of a millimetre it is nothing."""
    return case((func.abs(angle_rad) < TINY_RAD, 0.0), else_=angle_rad)


def _require(names: tuple[str, ...], known: set[str], what: str, parameter: str, cure: str) -> None:
    for name in names:
        if name not in known:
            raise InputError(f"there is no {what} {name!r}, and never was", parameter=parameter, cure=cure)
