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


def box_around(centre: Point, radius_m: float) -> Box:
    """The smallest box that holds every point within ``radius_m`` of ``centre``."""
    dlat = math.degrees(radius_m / EARTH_RADIUS_M)
    south, north = centre.lat - dlat, centre.lat + dlat
    if south <= -90 or north >= 90:
        return Box(-180.0, max(south, -90.0), 180.0, min(north, 90.0))
    dlon = math.degrees(math.asin(min(1.0, math.sin(radius_m / EARTH_RADIUS_M) / math.cos(math.radians(centre.lat)))))
    west, east = centre.lon - dlon, centre.lon + dlon
    if east - west >= 360:
        return Box(-180.0, south, 180.0, north)
    return Box((west + 180) % 360 - 180, south, (east + 180) % 360 - 180, north)
