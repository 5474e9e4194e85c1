"""Shapes on the map: as the browser draws them, and as conditions of a search.

A shape is JSON of numbers, in degrees and metres::

    {"kind": "radius", "lat": 21.24, "lon": 105.95, "radius_m": 500}
    {"kind": "box", "west": 105.9, "south": 21.2, "east": 106.0, "north": 21.3}
    {"kind": "polygon", "points": [[21.24, 105.95], [21.25, 105.95], [21.25, 105.96]]}
    {"kind": "route", "points": [[21.24, 105.95], [21.25, 105.96]], "radius_m": 100}
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, get_args

from camsvc.db.filters import POINTS_MAX, POLYGON_MIN_POINTS, RADIUS_MAX_M, ROUTE_MIN_POINTS
from camsvc.domain.geo import Box, Point
from camsvc.domain.search import IncidentFilter

Tool = Literal["radius", "box", "polygon", "route"]
TOOLS: tuple[Tool, ...] = get_args(Tool)
Shape: TypeAlias = dict[str, Any]
"""As above; JSON that the browser understands."""
NO_PLACE: Mapping[str, Any] = {"near": None, "route": (), "radius_m": None, "bbox": None, "polygon": ()}
"""The members of IncidentFilter that shapes stand for, empty."""
DIGITS = 6
"""Of degrees: a tenth of a metre."""


def shapes_of(wanted: IncidentFilter) -> list[Shape]:
    """All that the search is narrowed to. A link may hold several; drawing leaves one."""
    shapes: list[Shape] = []
    if wanted.bbox:
        shapes.append(box(wanted.bbox))
    if wanted.polygon:
        shapes.append(polygon(wanted.polygon))
    if wanted.radius_m is not None:
        if wanted.near:
            shapes.append(circle(wanted.near, wanted.radius_m))
        if wanted.route:
            shapes.append(route(wanted.route, wanted.radius_m))
    return shapes


def shape_of(wanted: IncidentFilter) -> Shape | None:
    """The first of ``shapes_of``: the one that the user may change."""
    return next(iter(shapes_of(wanted)), None)


def circle(centre: Point, radius_m: float) -> Shape:
    return {"kind": "radius", "lat": centre.lat, "lon": centre.lon, "radius_m": radius_m}


def box(edges: Box) -> Shape:
    return {"kind": "box", "west": edges.west, "south": edges.south, "east": edges.east, "north": edges.north}


def polygon(corners: Sequence[Point]) -> Shape:
    return {"kind": "polygon", "points": _pairs(corners)}


def route(points: Sequence[Point], radius_m: float) -> Shape:
    return {"kind": "route", "points": _pairs(points), "radius_m": radius_m}


def conditions(shape: object) -> dict[str, Any] | None:
    """The members of IncidentFilter that ``shape`` stands for, each given (``replace(filter, **conditions)``): those
    of NO_PLACE with None, which is an erased shape. None when it is no shape: what a browser sends may be anything.
    """
    if shape is None:
        return dict(NO_PLACE)
    try:
        found = _read(shape) if isinstance(shape, Mapping) else None
    except (KeyError, TypeError, ValueError):
        return None
    return {**NO_PLACE, **found} if found else None


def _read(shape: Mapping[str, Any]) -> dict[str, Any] | None:
    kind = shape["kind"]
    if kind == "radius":
        return {"near": _point([shape["lat"], shape["lon"]]), "radius_m": _radius(shape)}
    if kind == "box":
        west, east = _longitude(shape["west"]), _longitude(shape["east"])
        south, north = (min(90.0, max(-90.0, round(float(shape[edge]), DIGITS))) for edge in ("south", "north"))
        return {"bbox": Box(west, south, east, north)} if south < north and west != east else None
    if kind == "polygon":
        return {"polygon": _points(shape["points"], POLYGON_MIN_POINTS)}
    if kind == "route":
        return {"route": _points(shape["points"], ROUTE_MIN_POINTS), "radius_m": _radius(shape)}
    return None


def _points(points: Sequence[Sequence[float]], at_least: int) -> tuple[Point, ...]:
    if not at_least <= len(points) <= POINTS_MAX:
        raise ValueError(f"{len(points)} points")
    return tuple(_point(each) for each in points)


def _point(pair: Sequence[float]) -> Point:
    lat, lon = pair
    return Point(round(float(lat), DIGITS), _longitude(lon))


def _longitude(value: float) -> float:
    """A map may be dragged around the world: 181° is −179°."""
    lon = float(value)
    if not math.isfinite(lon):
        raise ValueError(f"{lon} is no longitude")
    return round(lon if -180 <= lon <= 180 else (lon + 180) % 360 - 180, DIGITS)


def _radius(shape: Mapping[str, Any]) -> float:
    radius_m = round(float(shape["radius_m"]), 1)
    if not 0 < radius_m <= RADIUS_MAX_M:
        raise ValueError(f"{radius_m} m")
    return radius_m


def _pairs(points: Sequence[Point]) -> list[list[float]]:
    return [[each.lat, each.lon] for each in points]
