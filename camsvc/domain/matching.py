"""Whether one incident answers a filter: for the live stream, where asking the database per client would be dear.

The same rule as ``db.queries.incidents.search``; a test holds the two together on random incidents and filters.
"""

from __future__ import annotations

from dataclasses import replace

from camsvc.domain.geo import Box, Point, distance_m
from camsvc.domain.incident import Incident
from camsvc.domain.search import IncidentFilter


def matches(wanted: IncidentFilter, incident: Incident) -> bool:
    return (
        wanted.reach.covers(incident.area)
        and _in_time(wanted, incident)
        and _in_place(wanted, incident)
        and _one_of(incident.kind, wanted.kinds)
        and _one_of(incident.severity, wanted.severities)
        and _one_of(incident.state, wanted.states)
        and _has_object(wanted, incident)
    )


def lasting(wanted: IncidentFilter) -> IncidentFilter:
    """``wanted`` without what can change while an incident goes on: its state, its end, its objects.

    An incident that matches this but not ``wanted`` may have matched ``wanted`` before.
    """
    return replace(wanted, from_=None, states=(), objects=(), colours=(), severities=())


def _in_time(wanted: IncidentFilter, incident: Incident) -> bool:
    ended_before = wanted.from_ is not None and incident.ended_at is not None and incident.ended_at < wanted.from_
    started_after = wanted.to is not None and incident.started_at >= wanted.to
    return not ended_before and not started_after


def _in_place(wanted: IncidentFilter, incident: Incident) -> bool:
    if wanted.cameras and incident.camera not in wanted.cameras:
        return False
    if wanted.areas and not any(f"{incident.area}/".startswith(f"{area}/") for area in wanted.areas):
        return False
    if wanted.near is None and wanted.bbox is None:
        return True
    if incident.location is None:
        return False
    place = Point(incident.location.lat, incident.location.lon)
    if wanted.near is not None and wanted.radius_m is not None and distance_m(wanted.near, place) > wanted.radius_m:
        return False
    return wanted.bbox is None or _inside(place, wanted.bbox)


def _inside(place: Point, box: Box) -> bool:
    if not box.south <= place.lat <= box.north:
        return False
    if box.west <= box.east:
        return box.west <= place.lon <= box.east
    return place.lon >= box.west or place.lon <= box.east


def _has_object(wanted: IncidentFilter, incident: Incident) -> bool:
    """Class and colour are two conditions: a red car, or a car beside somebody in red."""
    classes = not wanted.objects or any(each.object_class in wanted.objects for each in incident.objects)
    colours = not wanted.colours or any(each.colour in wanted.colours for each in incident.objects)
    return classes and colours


def _one_of(value: object, wanted: tuple[object, ...]) -> bool:
    return not wanted or value in wanted
