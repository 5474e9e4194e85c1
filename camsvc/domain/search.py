"""What is asked of the incident index. REST, command line and page all build one of these, so they find the same."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from camsvc.domain.account import EVERYWHERE, Reach
from camsvc.domain.annotation import Disposition
from camsvc.domain.camera import Severity
from camsvc.domain.geo import Box, Point
from camsvc.domain.incident import IncidentState
from camsvc.domain.track import ObjectClass


class Wind(StrEnum):
    """An eighth of the compass: 22.5° to each side of it, the lower bound belonging to it."""

    N = "n"
    NE = "ne"
    E = "e"
    SE = "se"
    S = "s"
    SW = "sw"
    W = "w"
    NW = "nw"

    @classmethod
    def of(cls, direction_deg: float) -> Wind:
        return tuple(cls)[int((direction_deg + 22.5) // 45) % 8]


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """Every condition given must hold; within one condition any of its values does. Empty means "any"."""

    from_: datetime | None = None
    """An incident matches when it overlaps [from_, to): it ended at or after ``from_`` (or is open)…"""
    to: datetime | None = None
    """…and started before ``to``."""
    cameras: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    """Area paths; each includes all below it."""
    near: Point | None = None
    route: tuple[Point, ...] = ()
    """A line along a road, two points at least: great circles between them."""
    radius_m: float | None = None
    """Given together with ``near`` or ``route`` (both: it is of both)."""
    bbox: Box | None = None
    polygon: tuple[Point, ...] = ()
    """Corners in order, three at least; closed implicitly, edges straight in degrees, from corner to corner the
    shorter way around the earth. What it goes around twice is in it as well. It cannot go around a pole."""
    sees: bool = True
    """A camera is in a place (``near``, ``route``, ``bbox``, ``polygon``) when it stands there, and, with ``sees``,
    also when what it sees reaches into it. Where heading, angle or range are not known: only where it stands. Of
    several places it must be in each, and may stand in one and see another (``domain.place``)."""
    kinds: tuple[str, ...] = ()
    objects: tuple[ObjectClass, ...] = ()
    colours: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    states: tuple[IncidentState, ...] = ()
    directions: tuple[Wind, ...] = ()
    """Of an object's way (``direction_deg``). Objects whose direction is not known match none."""
    min_duration_s: float | None = None
    max_duration_s: float | None = None
    """Of what was observed: to ``ended_at``, of an open incident to ``last_observed_at``. Both bounds belong to it."""
    tags: tuple[str, ...] = ()
    """As people gave them (``domain.annotation``)."""
    dispositions: tuple[Disposition, ...] = ()
    assignees: tuple[str, ...] = ()
    """Names of accounts."""
    text: str | None = None
    """Words that all occur in the notes of the incident, in any order."""
    reach: Reach = field(default=EVERYWHERE, repr=False)
    """Where who asks may search: not a wish, but a right. Set by who answers, never read from a request. An incident
    belongs to the area where its camera stood then."""

    def under(self, reach: Reach) -> IncidentFilter:
        return replace(self, reach=reach)
