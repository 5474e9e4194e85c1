"""Great circles as vectors from the middle of the earth: no seam at the antimeridian, no exception at a pole.

Distances are right to some nanometres: a unit vector of doubles holds no more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from camsvc.domain.geo import EARTH_RADIUS_M, Point

Vector = tuple[float, float, float]

_NO_ARC = 1e-15
"""Length of the product of two unit vectors that are the same, or opposite: through them there is no one circle."""


@dataclass(frozen=True, slots=True)
class Arc:
    """The short way from ``a`` to ``b``, which must not be opposite of each other."""

    a: Vector
    b: Vector
    normal: Vector | None
    """Of its plane, of length 1. None: ``a`` and ``b`` are the same."""
    middle: Vector
    half_chord: float
    """Of the straight line from ``a`` to ``b``, in earth radii: with ``middle`` a ball that holds the arc."""


def vector(place: Point) -> Vector:
    """Of length 1."""
    phi, lam = math.radians(place.lat), math.radians(place.lon)
    return math.cos(phi) * math.cos(lam), math.cos(phi) * math.sin(lam), math.sin(phi)


def arc(a: Vector, b: Vector) -> Arc:
    across = _cross(a, b)
    length = math.hypot(*across)
    normal = (across[0] / length, across[1] / length, across[2] / length) if length > _NO_ARC else None
    middle = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2)
    # The arc bulges from its chord by no more than half of it: the ball around the chord's middle holds it.
    return Arc(a, b, normal, middle, math.dist(a, b) / 2)


def chord_of(distance_m: float) -> float:
    """Straight through the earth, in earth radii; of more than half the way around: its diameter."""
    return 2 * math.sin(min(distance_m / EARTH_RADIUS_M, math.pi) / 2)


def apart_m(p: Vector, q: Vector) -> float:
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.dist(p, q) / 2))


def is_near(p: Vector, line: Arc, chord: float) -> bool:
    """False: ``p`` is further from ``line`` than ``chord``. A glance, where most are far."""
    return math.dist(p, line.middle) <= line.half_chord + chord + _NO_ARC


def to_arc_m(p: Vector, line: Arc) -> float:
    """Distance of ``p`` from the nearest point of ``line``."""
    ends = min(apart_m(p, line.a), apart_m(p, line.b))
    if line.normal is None or not _beside(p, line):
        return ends
    return min(ends, abs(math.asin(max(-1.0, min(1.0, _dot(line.normal, p))))) * EARTH_RADIUS_M)


def foot(p: Vector, line: Arc) -> Vector | None:
    """The point between the ends of ``line`` that is nearest to ``p``; None: an end is."""
    if line.normal is None or not _beside(p, line):
        return None
    height = _dot(line.normal, p)
    on_plane = tuple(of_p - height * of_normal for of_p, of_normal in zip(p, line.normal, strict=True))
    length = math.hypot(*on_plane)
    if length < _NO_ARC:  # p is the pole of the circle: all of it is as near
        return line.a
    return on_plane[0] / length, on_plane[1] / length, on_plane[2] / length


def cross(one: Arc, other: Arc) -> bool:
    """Whether they meet in a point that is an end of neither."""
    if one.normal is None or other.normal is None:
        return False
    meets = _cross(one.normal, other.normal)
    if math.hypot(*meets) < _NO_ARC:
        return False  # of one circle: where they overlap, an end of one lies on the other
    here, there = (_within(meets, one), _within(meets, other))
    return here != 0 and here == there


def point(p: Vector) -> Point:
    lat = math.degrees(math.atan2(p[2], math.hypot(p[0], p[1])))
    return Point(lat, math.degrees(math.atan2(p[1], p[0])))


def _within(p: Vector, line: Arc) -> int:
    """1: the direction ``p``, on the circle of ``line``, lies between its ends; -1: the opposite does; 0: neither."""
    assert line.normal is not None  # noqa: S101  asked by cross() alone
    after, before = _dot(_cross(line.normal, line.a), p), _dot(_cross(line.b, line.normal), p)
    if after >= 0 and before >= 0:
        return 1
    return -1 if after <= 0 and before <= 0 else 0


def _beside(p: Vector, line: Arc) -> bool:
    """Whether the nearest point of the whole circle lies between the ends."""
    assert line.normal is not None  # noqa: S101  asked where there is one
    return _dot(_cross(line.normal, line.a), p) >= 0 and _dot(_cross(line.b, line.normal), p) >= 0


def _cross(a: Vector, b: Vector) -> Vector:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def _dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
