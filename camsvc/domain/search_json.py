"""A search as JSON, by the names of the REST interface: for the record of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from camsvc.domain.geo import Point
from camsvc.domain.incident_json import time_json
from camsvc.domain.search import IncidentFilter


def search_json(wanted: IncidentFilter) -> dict[str, Any]:
    """Its conditions; what was not asked is left out, and so is the reach of who asked."""
    near, box = wanted.near, wanted.bbox
    told: dict[str, Any] = {
        "from": time_json(wanted.from_) if wanted.from_ else None,
        "to": time_json(wanted.to) if wanted.to else None,
        "near": f"{near.lat},{near.lon}" if near else None,
        "route": points_text(wanted.route) or None,
        "radius_m": wanted.radius_m,
        "bbox": f"{box.west},{box.south},{box.east},{box.north}" if box else None,
        "polygon": points_text(wanted.polygon) or None,
        "sees": None if wanted.sees else False,
        "area": wanted.areas,
        "camera": wanted.cameras,
        "kind": wanted.kinds,
        "object": wanted.objects,
        "colour": wanted.colours,
        "severity": wanted.severities,
        "state": wanted.states,
        "direction": wanted.directions,
        "min_duration_s": wanted.min_duration_s,
        "max_duration_s": wanted.max_duration_s,
        "tag": wanted.tags,
        "disposition": wanted.dispositions,
        "assignee": wanted.assignees,
        "text": wanted.text,
    }
    return {name: value for name, value in told.items() if value not in (None, ())}


def points_text(points: Sequence[Point]) -> str:
    """``LAT,LON;LAT,LON;…``, as ``db.filters.parse_points`` reads it."""
    return ";".join(f"{each.lat},{each.lon}" for each in points)
