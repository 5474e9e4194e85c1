"""What a camera sees, seen from above: a sector of a circle around it, flat ground, nothing in the way."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from camsvc.domain import arcs
from camsvc.domain.arcs import Arc, Vector
from camsvc.domain.geo import Location, Point, bearing_deg, destination, distance_m

ALL_AROUND_DEG = 360.0
TOUCH_M = 1e-6
"""What comes as near as this touches: all places are known to a tenth of a millimetre at best."""
_ROUNDING_DEG = 1e-9
_CHORD_DEG = 5.0
"""The outline's bend is drawn by straight lines of so much each: a thousandth of the range beside it at most."""


@dataclass(frozen=True)
class Sector:
    apex: Point
    """Where the camera stands."""
    heading_deg: float
    fov_deg: float
    """360 and more: a circle."""
    range_m: float

    @cached_property
    def at(self) -> Vector:
        return arcs.vector(self.apex)

    @cached_property
    def edges(self) -> tuple[Arc, ...]:
        """Its two straight sides, from the apex; of a circle none."""
        half = self.fov_deg / 2
        sides = () if self.is_circle else (self.heading_deg - half, self.heading_deg + half)
        ends = (arcs.vector(destination(self.apex, side, self.range_m)) for side in sides)
        return tuple(arcs.arc(self.at, end) for end in ends)

    @property
    def is_circle(self) -> bool:
        return self.fov_deg >= ALL_AROUND_DEG

    def is_ahead(self, bearing: float) -> bool:
        """Whether what lies in that direction is between its sides."""
        turned = abs((bearing - self.heading_deg + 180) % 360 - 180)
        return self.is_circle or turned <= self.fov_deg / 2 + _ROUNDING_DEG

    def to_point_m(self, place: Point) -> float:
        """From the nearest point that it sees; 0: it sees ``place``."""
        away = distance_m(self.apex, place)
        if self.is_ahead(bearing_deg(self.apex, place)):
            return max(0.0, away - self.range_m)
        p = arcs.vector(place)
        return min(arcs.to_arc_m(p, edge) for edge in self.edges)

    def to_arc_m(self, line: Arc) -> float:
        """From the nearest point that it sees of ``line``; 0: it sees some of it.

        Nearest to each other are: an end of one of its sides and the line; an end of the line and it; or its bend and
        the line, and then at the foot of the camera's perpendicular.
        """
        if any(arcs.cross(edge, line) for edge in self.edges):
            return 0.0
        places = [arcs.point(line.a), arcs.point(line.b)]
        nearest = arcs.foot(self.at, line)
        if nearest is not None:
            places.append(arcs.point(nearest))
        found = [arcs.to_arc_m(self.at, line), *(arcs.to_arc_m(edge.b, line) for edge in self.edges)]
        return min(*found, *(self.to_point_m(each) for each in places))

    def outline(self) -> Iterator[Point]:
        """Corners of it as a polygon; of a circle without the apex."""
        if not self.is_circle:
            yield self.apex
        opening = min(self.fov_deg, ALL_AROUND_DEG)
        steps = math.ceil(opening / _CHORD_DEG)
        for step in range(steps + (0 if self.is_circle else 1)):
            yield destination(self.apex, self.heading_deg - opening / 2 + opening * step / steps, self.range_m)

    def overlaps(self, other: Sector) -> bool:
        """Whether there is something that both see (to a thousandth of the range)."""
        apart = distance_m(self.apex, other.apex)
        if apart > self.range_m + other.range_m:
            return False
        return self._sees_outline(other) or other._sees_outline(self)

    def _sees_outline(self, other: Sector) -> bool:
        if self.to_point_m(other.apex) <= TOUCH_M:
            return True
        corners = [arcs.vector(each) for each in other.outline()]
        sides = zip(corners, [*corners[1:], corners[0]], strict=True)
        return any(self.to_arc_m(arcs.arc(a, b)) <= TOUCH_M for a, b in sides)


def sight(location: Location) -> Sector | None:
    """None: not known, as angle or range are not, or the heading of less than a circle."""
    fov, heading, reaches = location.fov_deg, location.heading_deg, location.range_m
    if fov is None or reaches is None or (heading is None and fov < ALL_AROUND_DEG):
        return None
    return Sector(Point(location.lat, location.lon), heading or 0.0, fov, reaches)
