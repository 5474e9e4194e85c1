"""Whether a camera is in a place that is searched: it stands there, or sees into it.

The one implementation for the database's search and for the live stream. Circles and corridors are exact on the
sphere; the edges of boxes and polygons are straight in degrees of latitude and longitude.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from camsvc.domain import arcs
from camsvc.domain.arcs import Arc
from camsvc.domain.bands import Bands
from camsvc.domain.geo import Box, Location, Point, distance_m, half_sides_deg, inside
from camsvc.domain.rings import Ring, unwrapped
from camsvc.domain.search import IncidentFilter
from camsvc.domain.sight import Sector, sight

COMPILED_MAX = 256
"""Searches whose place is kept ready: those of open pages and streams."""
KNOWN_MAX = 10_000
"""Locations of which a place remembers whether it holds them: some megabytes. Beyond, it begins anew."""
_ROUNDING_DEG = 1e-9
_NORTH_POLE, _SOUTH_POLE = (0.0, 0.0, 1.0), (0.0, 0.0, -1.0)


@dataclass(frozen=True, slots=True)
class Bounds:
    """A box that holds a shape, around a middle: so it needs no seam."""

    south: float
    north: float
    middle_lon: float
    half_lon: float


class Shape(Protocol):
    @property
    def bounds(self) -> Bounds: ...

    def holds(self, place: Point) -> bool:
        """Whether ``place`` is in it; its edge belongs to it."""
        ...

    def is_seen(self, view: Sector) -> bool:
        """Whether some of it is in ``view``. Asked only where it does not hold the camera."""
        ...


@dataclass(frozen=True, slots=True)
class Circle:
    centre: Point
    radius_m: float

    @property
    def bounds(self) -> Bounds:
        dlat, dlon = half_sides_deg(self.centre, self.radius_m)
        return Bounds(self.centre.lat - dlat, self.centre.lat + dlat, self.centre.lon, dlon)

    def holds(self, place: Point) -> bool:
        return distance_m(self.centre, place) <= self.radius_m

    def is_seen(self, view: Sector) -> bool:
        if distance_m(self.centre, view.apex) > self.radius_m + view.range_m:
            return False
        return view.to_point_m(self.centre) <= self.radius_m


@dataclass(frozen=True, slots=True)
class Corridor:
    """What lies within ``radius_m`` of a line."""

    line: Bands[Arc]
    radius_m: float
    bounds: Bounds

    def holds(self, place: Point) -> bool:
        p, chord = arcs.vector(place), arcs.chord_of(self.radius_m)
        near = (each for each in self._beside(place, 0.0) if arcs.is_near(p, each, chord))
        return any(arcs.to_arc_m(p, each) <= self.radius_m for each in near)

    def is_seen(self, view: Sector) -> bool:
        chord = arcs.chord_of(self.radius_m + view.range_m)
        near = (each for each in self._beside(view.apex, view.range_m) if arcs.is_near(view.at, each, chord))
        return any(view.to_arc_m(each) <= self.radius_m for each in near)

    def _beside(self, place: Point, further_m: float) -> Iterable[Arc]:
        dlat, _ = half_sides_deg(place, self.radius_m + further_m)
        return self.line.between(place.lat - dlat - _ROUNDING_DEG, place.lat + dlat + _ROUNDING_DEG)


@dataclass(frozen=True, slots=True)
class Rectangle:
    box: Box
    ring: Ring

    @property
    def bounds(self) -> Bounds:
        return _ring_bounds(self.ring)

    def holds(self, place: Point) -> bool:
        return inside(place, self.box)

    def is_seen(self, view: Sector) -> bool:
        return self.ring.is_seen(view)


@dataclass(frozen=True, slots=True)
class Polygon:
    ring: Ring

    @property
    def bounds(self) -> Bounds:
        return _ring_bounds(self.ring)

    def holds(self, place: Point) -> bool:
        return self.ring.holds(place)

    def is_seen(self, view: Sector) -> bool:
        return self.ring.is_seen(view)


class Place:
    """Any thread."""

    def __init__(self, shapes: Sequence[Shape], *, sees: bool) -> None:
        self.shapes = tuple(shapes)
        """A camera is in the place when it is in each of them: it may stand in one and see another."""
        self.sees = sees
        """Whether what a camera sees counts, too."""
        self._known: dict[Location, bool] = {}

    def holds(self, location: Location | None) -> bool:
        """Remembers: a page, its counts and its histogram ask about the same cameras, one after the other."""
        if location is None:
            return False
        known = self._known.get(location)
        if known is None:
            if len(self._known) >= KNOWN_MAX:
                self._known.clear()
            known = self._known[location] = self._holds(location)
        return known

    def _holds(self, location: Location) -> bool:
        stands = Point(location.lat, location.lon)
        beside = [shape for shape in self.shapes if not shape.holds(stands)]
        if not beside:
            return True
        view = sight(location) if self.sees else None
        return view is not None and all(shape.is_seen(view) for shape in beside)


def place_of(asked: IncidentFilter) -> Place | None:
    """None: no place is asked for, so cameras without one are meant as well."""
    if asked.near is None and asked.bbox is None and not asked.route and not asked.polygon:
        return None
    return _compiled(asked.near, asked.route, asked.radius_m, asked.bbox, asked.polygon, asked.sees)


@lru_cache(maxsize=COMPILED_MAX)
def _compiled(
    near: Point | None,
    route: tuple[Point, ...],
    radius_m: float | None,
    bbox: Box | None,
    polygon: tuple[Point, ...],
    sees: bool,
) -> Place | None:
    shapes: list[Shape] = []
    if bbox is not None:
        shapes.append(Rectangle(bbox, _box_ring(bbox)))
    if near is not None and radius_m is not None:
        shapes.append(Circle(near, radius_m))
    if polygon:
        shapes.append(Polygon(Ring.of(polygon)))
    if route and radius_m is not None:
        shapes.append(_corridor(route, radius_m))
    return Place(shapes, sees=sees) if shapes else None


def _box_ring(box: Box) -> Ring:
    east = box.east if box.west <= box.east else box.east + 360
    corners = ((box.west, box.south), (east, box.south), (east, box.north), (box.west, box.north))
    return Ring(corners)


def _corridor(route: Sequence[Point], radius_m: float) -> Corridor:
    line = [arcs.vector(each) for each in route]
    pairs = list(itertools.pairwise(line)) or [(line[0], line[0])]
    legs = [arcs.arc(a, b) for a, b in pairs]
    return Corridor(Bands(legs, _lats), radius_m, _bounds(legs, route, radius_m))


def _lats(leg: Arc) -> tuple[float, float]:
    """A great circle leaves the box of its ends towards a pole: there it is farthest at the foot of the pole."""
    feet = [foot for pole in (_NORTH_POLE, _SOUTH_POLE) if (foot := arcs.foot(pole, leg)) is not None]
    lats = [arcs.point(each).lat for each in (leg.a, leg.b, *feet)]
    return min(lats), max(lats)


def _bounds(line: Sequence[Arc], route: Sequence[Point], radius_m: float) -> Bounds:
    lats = [lat for leg in line for lat in _lats(leg)]
    lons = unwrapped(route)
    poleward = Point(max(map(abs, lats)), 0.0)
    dlat, dlon = half_sides_deg(poleward, radius_m)
    west, east = min(lons), max(lons)
    return Bounds(min(lats) - dlat, max(lats) + dlat, (west + east) / 2, min(180.0, (east - west) / 2 + dlon))


def _ring_bounds(ring: Ring) -> Bounds:
    south, north, west, east = ring.extent
    return Bounds(south, north, (west + east) / 2, min(180.0, (east - west) / 2))
