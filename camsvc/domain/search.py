"""What is asked of the incident index. REST, command line and page all build one of these, so they find the same."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from camsvc.domain.account import EVERYWHERE, Reach
from camsvc.domain.camera import Severity
from camsvc.domain.geo import Box, Point
from camsvc.domain.incident import IncidentState
from camsvc.domain.track import ObjectClass


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
    radius_m: float | None = None
    """Given together with ``near``."""
    bbox: Box | None = None
    kinds: tuple[str, ...] = ()
    objects: tuple[ObjectClass, ...] = ()
    colours: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    states: tuple[IncidentState, ...] = ()
    reach: Reach = field(default=EVERYWHERE, repr=False)
    """Where who asks may search: not a wish, but a right. Set by who answers, never read from a request. An incident
    belongs to the area where its camera stood then."""

    def under(self, reach: Reach) -> IncidentFilter:
        return replace(self, reach=reach)
