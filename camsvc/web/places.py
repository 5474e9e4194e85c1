"""Cameras and incidents as the map shows them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from camsvc.domain.incident import Incident
from camsvc.web.directory import Directory
from camsvc.web.words import Words


class Found:
    """Where the listed incidents happened. Keeps one incident a camera, and ids."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[Incident, set[UUID]]] = {}

    def add(self, incidents: Iterable[Incident]) -> None:
        for each in incidents:
            self._seen.setdefault(each.camera, (each, set()))[1].add(each.id)

    def remove(self, incidents: Iterable[Incident]) -> None:
        for each in incidents:
            if each.camera in self._seen:
                self._seen[each.camera][1].discard(each.id)

    def places(self, directory: Directory, words: Words) -> list[dict[str, Any]]:
        """Cameras of the listed incidents with their number; the other cameras small."""
        places = [each for each in cameras(directory) if each["id"] not in self._seen]
        for camera, (incident, ids) in self._seen.items():
            if incident.location and ids:
                lines = [directory.area_trail(incident.area), words.language.count("map.listed", len(ids))]
                found = _place(
                    camera, incident.location.lat, incident.location.lon, directory.camera_name(camera), lines
                )
                places.append(found | {"state": "found", "count": str(len(ids)), "rank": 500})
        return places


def cameras(directory: Directory) -> list[dict[str, Any]]:
    """All that have a place, small: for orientation."""
    return [
        _place(each.id, each.location.lat, each.location.lon, each.name, [directory.area_trail(each.area)])
        for each in directory.wanted
        if each.location
    ]


def _place(id_: str, lat: float, lon: float, title: str, lines: list[str]) -> dict[str, Any]:
    return {"id": id_, "lat": lat, "lon": lon, "title": title, "lines": lines, "state": "quiet", "icon": "videocam"}
