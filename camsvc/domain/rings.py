"""Closed lines whose edges are straight in degrees: what lies within, and whether a camera sees some of it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

from camsvc.domain.bands import Bands
from camsvc.domain.geo import EARTH_RADIUS_M, Point, bearing_deg, distance_m, half_sides_deg
from camsvc.domain.sight import TOUCH_M, Sector

Corner = tuple[float, float]
"""Longitude, latitude. Longitudes run on beyond ±180, so that each follows the one before by the shorter way."""
_TURNS = (-360.0, 0.0, 360.0)
_BULGE_M = 0.01
"""How far an edge may lie beside the line by which it is drawn around a camera."""
_PIECES_MAX = 64


class Ring:
    """Immutable."""

    def __init__(self, corners: Sequence[Corner]) -> None:
        self.corners = tuple(corners)
        self._edges = Bands(list(zip(corners, (*corners[1:], corners[0]), strict=True)), _lats)
        lons, lats = [lon for lon, _ in corners], [lat for _, lat in corners]
        self.extent = min(lats), max(lats), min(lons), max(lons)
        """South, north, west, east."""

    @classmethod
    def of(cls, corners: Sequence[Point]) -> Ring:
        """Between two corners the shorter way around the earth is meant."""
        lons = unwrapped(corners)
        return cls(list(zip(lons, (each.lat for each in corners), strict=True)))

    def holds(self, place: Point) -> bool:
        """Its edge belongs to it; and so does what it goes around more than once, or the other way around."""
        south, north, west, east = self.extent
        if not south <= place.lat <= north:
            return False
        at = (place.lon + turn for turn in _TURNS if west <= place.lon + turn <= east)
        return any(self._winds_around(lon, place.lat) for lon in at)

    def is_seen(self, view: Sector) -> bool:
        """Whether an edge passes through ``view``. (Where none does, all of the view is within, or none of it.)"""
        dlat, dlon = half_sides_deg(view.apex, view.range_m)
        south, north = view.apex.lat - dlat, view.apex.lat + dlat
        for turn in _TURNS:
            west, east = view.apex.lon + turn - dlon, view.apex.lon + turn + dlon
            if west > self.extent[3] or east < self.extent[2]:
                continue
            for a, b in self._edges.between(south, north):
                part = _clipped(a, b, west, south, east, north)
                if part is not None and _passes(part, view):
                    return True
        return False

    def _winds_around(self, lon: float, lat: float) -> bool:
        winding = 0
        for (a_lon, a_lat), (b_lon, b_lat) in self._edges.between(lat, lat):
            left = (b_lon - a_lon) * (lat - a_lat) - (lon - a_lon) * (b_lat - a_lat)
            if (
                left == 0
                and min(a_lon, b_lon) <= lon <= max(a_lon, b_lon)
                and min(a_lat, b_lat) <= lat <= max(a_lat, b_lat)
            ):
                return True
            if a_lat <= lat < b_lat and left > 0:
                winding += 1
            elif b_lat <= lat < a_lat and left < 0:
                winding -= 1
        return winding != 0


def _lats(edge: tuple[Corner, Corner]) -> tuple[float, float]:
    (_, a), (_, b) = edge
    return min(a, b), max(a, b)


def unwrapped(line: Sequence[Point]) -> list[float]:
    """Longitudes of ``line``, each by the shorter way from the one before."""
    lons = [line[0].lon]
    for each in line[1:]:
        step = (each.lon - lons[-1] + 180) % 360 - 180
        # As given where no seam is crossed: adding and taking away rounds.
        lons.append(each.lon if abs(each.lon - lons[-1]) <= 180 else lons[-1] + step)
    return lons


def goes_around_a_pole(corners: Sequence[Point]) -> bool:
    lons = unwrapped([*corners, corners[0]])
    return abs(lons[-1] - lons[0]) > 180


def _clipped(
    a: Corner, b: Corner, west: float, south: float, east: float, north: float
) -> tuple[Corner, Corner] | None:
    """The part of an edge within a box (Liang and Barsky)."""
    start, end = 0.0, 1.0
    d_lon, d_lat = b[0] - a[0], b[1] - a[1]
    for step, room in ((-d_lon, a[0] - west), (d_lon, east - a[0]), (-d_lat, a[1] - south), (d_lat, north - a[1])):
        if step == 0:
            if room < 0:
                return None
        elif step < 0:
            start = max(start, room / step)
        else:
            end = min(end, room / step)
    if start > end:
        return None
    return (a[0] + start * d_lon, a[1] + start * d_lat), (a[0] + end * d_lon, a[1] + end * d_lat)


def _passes(edge: tuple[Corner, Corner], view: Sector) -> bool:
    """On the plane around the camera on which distances and directions from it are true, piece by piece."""
    points = [_on_plane(lon, lat, view.apex) for lon, lat in _pieces(*edge)]
    return any(_is_ahead(a, b, view) for a, b in itertools.pairwise(points))


def _pieces(a: Corner, b: Corner) -> Iterator[Corner]:
    """Along a parallel, what is straight in degrees bends around the pole."""
    phi = math.radians((a[1] + b[1]) / 2)
    bulge = math.radians(b[0] - a[0]) ** 2 * abs(math.sin(phi) * math.cos(phi)) * EARTH_RADIUS_M / 8
    pieces = max(1, min(_PIECES_MAX, math.ceil(math.sqrt(bulge / _BULGE_M))))
    for piece in range(pieces + 1):
        part = piece / pieces
        yield a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1])


def _on_plane(lon: float, lat: float, apex: Point) -> tuple[float, float]:
    """Metres east and north of ``apex``."""
    place = Point(max(-90.0, min(90.0, lat)), (lon + 180) % 360 - 180)
    away, theta = distance_m(apex, place), math.radians(bearing_deg(apex, place))
    return away * math.sin(theta), away * math.cos(theta)


def _is_ahead(a: tuple[float, float], b: tuple[float, float], view: Sector) -> bool:
    """Whether some of the line from ``a`` to ``b`` lies in the sector around 0,0."""
    part = _within_circle(a, b, view.range_m)
    if part is None:
        return False
    ends = [(a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])) for t in part]
    if _within_circle(a, b, TOUCH_M) or any(view.is_ahead(math.degrees(math.atan2(x, y))) for x, y in ends):
        return True
    for side in (view.heading_deg - view.fov_deg / 2, view.heading_deg + view.fov_deg / 2):
        east, north = math.sin(math.radians(side)), math.cos(math.radians(side))
        before, after = (east * y - north * x for x, y in ends)
        if before * after < 0:
            part_of = before / (before - after)
            x, y = (one + part_of * (other - one) for one, other in zip(*ends, strict=True))
            if east * x + north * y >= 0:
                return True
    return False


def _within_circle(a: tuple[float, float], b: tuple[float, float], radius: float) -> tuple[float, float] | None:
    """From where to where on the way from ``a`` (0) to ``b`` (1) it lies in a circle around 0,0."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    square, along = dx * dx + dy * dy, a[0] * dx + a[1] * dy
    if square == 0:
        return (0.0, 1.0) if math.hypot(*a) <= radius else None
    root = along * along - square * (a[0] ** 2 + a[1] ** 2 - radius**2)
    if root < 0:
        return None
    start, end = max(0.0, (-along - math.sqrt(root)) / square), min(1.0, (-along + math.sqrt(root)) / square)
    return (start, end) if start <= end else None
