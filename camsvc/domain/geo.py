"""Places on the earth: WGS 84, degrees; distances in metres on a sphere."""

from __future__ import annotations

import math
from dataclasses import dataclass

EARTH_RADIUS_M = 6_371_008.8  # mean radius, IUGG


@dataclass(frozen=True, slots=True)
class Point:
    lat: float
    lon: float

    def __post_init__(self) -> None:
        if not (-90 <= self.lat <= 90 and -180 <= self.lon <= 180):
            raise ValueError(f"{self.lat},{self.lon} is not a place: latitude is -90…90, longitude -180…180")


@dataclass(frozen=True, slots=True)
class Location:
    """Where a camera stands and what it sees. ``heading_deg`` is clockwise from true north."""

    lat: float
    lon: float
    heading_deg: float | None = None
    fov_deg: float | None = None
    range_m: float | None = None


@dataclass(frozen=True, slots=True)
class Box:
    """A latitude-longitude rectangle. ``west > east`` means that it crosses the antimeridian."""

    west: float
    south: float
    east: float
    north: float


def distance_m(a: Point, b: Point) -> float:
    """Great-circle distance (haversine)."""
    phi_a, phi_b = math.radians(a.lat), math.radians(b.lat)
    half_phi = (phi_b - phi_a) / 2
    half_lambda = math.radians(b.lon - a.lon) / 2
    h = math.sin(half_phi) ** 2 + math.cos(phi_a) * math.cos(phi_b) * math.sin(half_lambda) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(h)))


def bearing_deg(a: Point, b: Point) -> float:
    """In which direction ``b`` lies from ``a``: clockwise from true north, 0 ≤ … < 360; of the same point, 0."""
    phi_a, phi_b = math.radians(a.lat), math.radians(b.lat)
    d_lambda = math.radians(b.lon - a.lon)
    east = math.sin(d_lambda) * math.cos(phi_b)
    north = math.cos(phi_a) * math.sin(phi_b) - math.sin(phi_a) * math.cos(phi_b) * math.cos(d_lambda)
    return math.degrees(math.atan2(east, north)) % 360 % 360  # twice: -1e-20 % 360 is 360.0


def destination(a: Point, bearing_deg: float, distance_m: float) -> Point:
    """Where a great circle leads from ``a``."""
    phi, theta, delta = math.radians(a.lat), math.radians(bearing_deg), distance_m / EARTH_RADIUS_M
    sin_phi = math.sin(phi) * math.cos(delta) + math.cos(phi) * math.sin(delta) * math.cos(theta)
    east = math.sin(theta) * math.sin(delta) * math.cos(phi)
    d_lambda = math.degrees(math.atan2(east, math.cos(delta) - math.sin(phi) * sin_phi))
    lat = math.degrees(math.asin(max(-1.0, min(1.0, sin_phi))))
    return Point(lat, (a.lon + d_lambda + 540) % 360 - 180)


def half_sides_deg(centre: Point, radius_m: float) -> tuple[float, float]:
    """How far everything within ``radius_m`` of ``centre`` lies from it at most: in latitude, in longitude. A circle
    that holds a pole holds every longitude: 180."""
    dlat = math.degrees(radius_m / EARTH_RADIUS_M)
    if abs(centre.lat) + dlat >= 90:
        return dlat, 180.0
    ratio = math.sin(radius_m / EARTH_RADIUS_M) / math.cos(math.radians(centre.lat))
    return dlat, math.degrees(math.asin(min(1.0, ratio)))


def box_around(centre: Point, radius_m: float) -> Box:
    """The smallest box that holds every point within ``radius_m`` of ``centre``."""
    dlat, dlon = half_sides_deg(centre, radius_m)
    south, north = max(centre.lat - dlat, -90.0), min(centre.lat + dlat, 90.0)
    if dlon >= 180:
        return Box(-180.0, south, 180.0, north)
    return Box((centre.lon - dlon + 180) % 360 - 180, south, (centre.lon + dlon + 180) % 360 - 180, north)


def inside(place: Point, box: Box) -> bool:
    """Its edges belong to it."""
    if not box.south <= place.lat <= box.north:
        return False
    if box.west <= box.east:
        return box.west <= place.lon <= box.east
    return place.lon >= box.west or place.lon <= box.east
