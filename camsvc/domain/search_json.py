"""A search as JSON, by the names of the REST interface: for the record of it."""

from __future__ import annotations

from typing import Any

from camsvc.domain.incident_json import time_json
from camsvc.domain.search import IncidentFilter


def search_json(wanted: IncidentFilter) -> dict[str, Any]:
    """Its conditions; what was not asked is left out, and so is the reach of who asked."""
    near, box = wanted.near, wanted.bbox
    told: dict[str, Any] = {
        "from": time_json(wanted.from_) if wanted.from_ else None,
        "to": time_json(wanted.to) if wanted.to else None,
        "near": f"{near.lat},{near.lon}" if near else None,
        "radius_m": wanted.radius_m,
        "bbox": f"{box.west},{box.south},{box.east},{box.north}" if box else None,
        "area": wanted.areas,
        "camera": wanted.cameras,
        "kind": wanted.kinds,
        "object": wanted.objects,
        "colour": wanted.colours,
        "severity": wanted.severities,
        "state": wanted.states,
    }
    return {name: value for name, value in told.items() if value not in (None, ())}
