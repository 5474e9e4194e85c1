"""Cameras around an incident, and what they saw just before and after: to follow somebody from one to the next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from camsvc.db.queries import coverage, directory, incidents, search_plan
from camsvc.domain.account import Reach
from camsvc.domain.coverage import MissingSpan
from camsvc.domain.geo import Location, Point, bearing_deg, distance_m
from camsvc.domain.incident import Incident
from camsvc.domain.place import place_of
from camsvc.domain.search import IncidentFilter
from camsvc.domain.sight import sight

CAMERAS_MAX = 12
"""More than can be looked at beside each other; the nearest are given."""
FORMER_MAX = 50
"""Cameras that once stood near: only those are given that saw something in that time."""
INCIDENTS_MAX = 300
"""Of all together; twelve cameras at a rush hour see some hundred in five minutes."""
LONGEST = timedelta(hours=1)
"""Of an incident that lasts longer, only so much from its start is looked at, unless a moment of it is named."""


@dataclass(frozen=True, slots=True)
class Window:
    before: timedelta
    after: timedelta
    at: datetime | None = None
    """A moment, around which to look; None: from before its start to after its end."""

    def of(self, incident: Incident) -> tuple[datetime, datetime]:
        """The end is exclusive, and after the start."""
        start = self.at or incident.started_at
        end = self.at or max(start, min(incident.until, start + LONGEST))
        return start - self.before, end + max(self.after, timedelta(microseconds=1))


@dataclass(frozen=True, slots=True)
class Nearby:
    """One camera."""

    camera: str
    name: str
    area: str
    location: Location
    """Where it stood when it saw the first of ``incidents``; without any, where it stands."""
    distance_m: float
    """From the camera of the incident."""
    bearing_deg: float
    """In which direction it stands from there."""
    sees: bool | None
    """Whether it sees some of what the incident's camera saw, or, where that is not known, the place where that one
    stood. None: what it sees is not known."""
    incidents: tuple[Incident, ...]
    """That overlap the window, oldest first."""
    missing: tuple[MissingSpan, ...]
    """When, within the window, there was no footage or nobody looked: there, no incident does not mean that nothing
    happened."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    from_: datetime
    to: datetime
    cameras: tuple[Nearby, ...]
    """Nearest first, without the incident's own."""
    same_camera: tuple[Incident, ...]
    """What else its own camera saw in the window, oldest first."""
    is_whole: bool
    """False: there were more than CAMERAS_MAX cameras, or more than INCIDENTS_MAX incidents."""


def surroundings(session: Session, incident: Incident, radius_m: float, window: Window, reach: Reach) -> Surroundings:
    """Cameras that stand within ``radius_m`` of where the incident's camera stood then, or see into that circle: those
    that do now, and those that did when they saw something in the window. Only what lies in ``reach``.
    """
    from_, to = window.of(incident)
    asked = IncidentFilter(from_=from_, to=to).under(reach)
    own = _found(session, replace(asked, cameras=(incident.camera,)))
    same = tuple(each for each in own if each.id != incident.id)
    if incident.location is None:
        return Surroundings(from_, to, (), same, len(own) < INCIDENTS_MAX)
    here = incident.location
    near = replace(asked, near=Point(here.lat, here.lon), radius_m=radius_m)
    known = {each.id: each for each in directory.cameras(session)}
    now = _standing(known.values(), near, incident.camera)
    former = _former(session, near, {incident.camera, *now})
    names = _nearest(here, now)[: CAMERAS_MAX + 1]
    seen = _found(session, replace(near, cameras=(*names, *former))) if names or former else []
    by_camera: dict[str, list[Incident]] = {}
    for each in seen:
        by_camera.setdefault(each.camera, []).append(each)
    stood = {name: now[name] for name in names}
    for name in former & by_camera.keys():
        stood[name] = replace(known[name], area=by_camera[name][0].area)
    cameras = [_nearby(here, entry, by_camera.get(name, ())) for name, entry in stood.items()]
    cameras.sort(key=lambda each: (each.distance_m, each.camera))
    is_whole = len(cameras) <= CAMERAS_MAX and len(seen) < INCIDENTS_MAX and len(own) < INCIDENTS_MAX
    kept = _with_gaps(session, cameras[:CAMERAS_MAX], from_, to)
    return Surroundings(from_, to, kept, same, is_whole)


def _found(session: Session, asked: IncidentFilter) -> list[Incident]:
    return list(reversed(incidents.search(session, asked, limit=INCIDENTS_MAX).items))


def _standing(
    known: Iterable[directory.CameraEntry], near: IncidentFilter, own: str
) -> dict[str, directory.CameraEntry]:
    place = place_of(near)
    return {
        each.id: each
        for each in known
        if each.id != own
        and not each.removed
        and near.reach.covers(each.area)
        and place is not None
        and place.holds(each.location)
    }


def _former(session: Session, near: IncidentFilter, but: Iterable[str]) -> set[str]:
    known = set(but)
    place = place_of(near)
    if place is None:
        return set()
    seen_from = search_plan.in_place(session, place)
    found = {each.camera: None for each in reversed(seen_from) if near.reach.covers(each.area)}
    return set([name for name in found if name not in known][:FORMER_MAX])


def _nearest(here: Location, entries: Mapping[str, directory.CameraEntry]) -> list[str]:
    def away(name: str) -> tuple[float, str]:
        location = entries[name].location
        return (_apart_m(here, location) if location else 0.0), name

    return sorted(entries, key=away)


def _nearby(here: Location, entry: directory.CameraEntry, seen: Iterable[Incident]) -> Nearby:
    found = tuple(seen)
    location = (found[0].location if found else None) or entry.location or here
    return Nearby(
        entry.id,
        entry.name,
        entry.area,
        location,
        _apart_m(here, location),
        bearing_deg(Point(here.lat, here.lon), Point(location.lat, location.lon)),
        _sees(location, here),
        found,
        (),
    )


def _sees(location: Location, here: Location) -> bool | None:
    view, there = sight(location), sight(here)
    if view is None:
        return None
    return view.overlaps(there) if there else view.to_point_m(Point(here.lat, here.lon)) == 0


def _apart_m(here: Location, location: Location) -> float:
    return distance_m(Point(here.lat, here.lon), Point(location.lat, location.lon))


def _with_gaps(session: Session, cameras: list[Nearby], from_: datetime, to: datetime) -> tuple[Nearby, ...]:
    gaps = coverage.spans_of(session, [each.camera for each in cameras], from_, to)
    return tuple(replace(each, missing=tuple(gap for gap in gaps if gap.camera == each.camera)) for each in cameras)
