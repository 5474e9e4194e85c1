"""Cameras and incidents as the map shows them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from camsvc.domain.geo import Location
from camsvc.domain.incident import Incident
from camsvc.web.directory import Directory
from camsvc.web.words import Words

SEEN_MAX = 5000
"""Incidents that are counted on the map; the browser lists no more. Those first seen are forgotten first."""


class Found:
    """Where the listed incidents happened."""

    def __init__(self) -> None:
        self._ids: OrderedDict[UUID, str] = OrderedDict()
        self._at: dict[str, tuple[Incident, int]] = {}
        """By camera: one of its incidents, which knows the place, and how many there are."""

    def add(self, incidents: Iterable[Incident]) -> None:
        for each in incidents:
            if each.id in self._ids:
                continue
            self._ids[each.id] = each.camera
            self._count(each.camera, 1, each)
            if len(self._ids) > SEEN_MAX:
                _, camera = self._ids.popitem(last=False)
                self._count(camera, -1)

    def remove(self, incidents: Iterable[Incident]) -> None:
        for each in incidents:
            if self._ids.pop(each.id, None):
                self._count(each.camera, -1)

    def _count(self, camera: str, by: int, incident: Incident | None = None) -> None:
        known = self._at.get(camera)
        example = incident if known is None else known[0]
        number = (known[1] if known else 0) + by
        if example and number > 0:
            self._at[camera] = example, number
        else:
            self._at.pop(camera, None)

    def places(self, directory: Directory, words: Words) -> list[dict[str, Any]]:
        """Cameras of the listed incidents with their number; the other cameras small."""
        places = [each for each in cameras(directory) if each["id"] not in self._at]
        for camera, (incident, number) in self._at.items():
            if incident.location is None:
                continue
            lines = [directory.area_trail(incident.area), words.language.count("map.listed", number)]
            found = place(camera, incident.location, directory.camera_name(camera), lines)
            places.append(found | {"state": "found", "count": str(number), "rank": 500})
        return places


def cameras(directory: Directory) -> list[dict[str, Any]]:
    """All that have a place, small: for orientation."""
    return [
        place(each.id, each.location, each.name, [directory.area_trail(each.area)])
        for each in directory.wanted
        if each.location
    ]


def place(id_: str, where: Location, title: str, lines: list[str]) -> dict[str, Any]:
    """A camera that nothing is known of now: small."""
    return {
        "id": id_,
        "lat": where.lat,
        "lon": where.lon,
        "heading": where.heading_deg,
        "fov": where.fov_deg,
        "range": where.range_m,
        "title": title,
        "lines": lines,
        "state": "quiet",
        "icon": "videocam",
    }
