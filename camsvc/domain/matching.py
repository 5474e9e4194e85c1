"""Whether one incident answers a filter: for the live stream, where asking the database per client would be dear.

The same rule as ``db.queries.incidents.search``; a test holds the two together on random incidents and filters.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from camsvc.domain.incident import Incident
from camsvc.domain.marks import fit
from camsvc.domain.place import place_of
from camsvc.domain.search import IncidentFilter, Wind


def matches(wanted: IncidentFilter, incident: Incident, marks: frozenset[str] = frozenset()) -> bool:
    """``marks``: what people said of it (``domain.marks``)."""
    return (
        wanted.reach.covers(incident.area)
        and _in_time(wanted, incident)
        and _in_place(wanted, incident)
        and _one_of(incident.kind, wanted.kinds)
        and _one_of(incident.severity, wanted.severities)
        and _one_of(incident.state, wanted.states)
        and _lasts(wanted, incident)
        and _has_object(wanted, incident)
        and fit(wanted, marks)
    )


def lasting(wanted: IncidentFilter) -> IncidentFilter:
    """``wanted`` without what can change while an incident goes on: its state, its end, its length, its objects, what
    people say of it.

    An incident that matches this but not ``wanted`` may have matched ``wanted`` before.
    """
    return replace(
        wanted,
        from_=None,
        states=(),
        objects=(),
        colours=(),
        severities=(),
        directions=(),
        tags=(),
        dispositions=(),
        assignees=(),
        text=None,
        min_duration_s=None,
        max_duration_s=None,
    )


def _in_time(wanted: IncidentFilter, incident: Incident) -> bool:
    ended_before = wanted.from_ is not None and incident.ended_at is not None and incident.ended_at < wanted.from_
    started_after = wanted.to is not None and incident.started_at >= wanted.to
    return not ended_before and not started_after


def _in_place(wanted: IncidentFilter, incident: Incident) -> bool:
    if wanted.cameras and incident.camera not in wanted.cameras:
        return False
    if wanted.areas and not any(f"{incident.area}/".startswith(f"{area}/") for area in wanted.areas):
        return False
    place = place_of(wanted)
    return place is None or place.holds(incident.location)


def _lasts(wanted: IncidentFilter, incident: Incident) -> bool:
    """In whole microseconds, as the database compares."""
    lasted = incident.until - incident.started_at
    if wanted.min_duration_s is not None and lasted < timedelta(seconds=wanted.min_duration_s):
        return False
    return wanted.max_duration_s is None or lasted <= timedelta(seconds=wanted.max_duration_s)


def _has_object(wanted: IncidentFilter, incident: Incident) -> bool:
    """Class, colour and direction are conditions each of its own: a red car, or a car beside somebody in red."""
    classes = not wanted.objects or any(each.object_class in wanted.objects for each in incident.objects)
    colours = not wanted.colours or any(each.colour in wanted.colours for each in incident.objects)
    ways = [each.direction_deg for each in incident.objects if each.direction_deg is not None]
    directions = not wanted.directions or any(Wind.of(way) in wanted.directions for way in ways)
    return classes and colours and directions


def _one_of(value: object, wanted: tuple[object, ...]) -> bool:
    return not wanted or value in wanted
