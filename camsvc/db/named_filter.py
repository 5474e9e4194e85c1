"""A search that was written down by the names of the REST interface, read back (``domain.search_json`` writes it)."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from camsvc.db import filters
from camsvc.db.filters import Terms
from camsvc.domain.search import IncidentFilter
from camsvc.errors import InputError

SEVERAL = {
    "area": "areas",
    "camera": "cameras",
    "kind": "kinds",
    "object": "objects",
    "colour": "colours",
    "severity": "severities",
    "state": "states",
    "direction": "directions",
    "tag": "tags",
    "disposition": "dispositions",
    "assignee": "assignees",
}
"""Conditions that may have several values: their members of Terms."""
ONE = {
    "from": "from_",
    "to": "to",
    "near": "near",
    "route": "route",
    "radius_m": "radius_m",
    "bbox": "bbox",
    "polygon": "polygon",
    "sees": "sees",
    "min_duration_s": "min_duration_s",
    "max_duration_s": "max_duration_s",
    "text": "text",
}


def parse(conditions: Mapping[str, Any], zone: str) -> IncidentFilter:
    """``zone``: of times that name none. Raises InputError naming the condition."""
    given: dict[str, Any] = {}
    for name, value in conditions.items():
        if value is None:
            continue
        if name in SEVERAL:
            given[SEVERAL[name]] = _texts(name, value)
        elif name in ONE:
            given[ONE[name]] = _one(name, value)
        else:
            nearest = difflib.get_close_matches(name[:50], [*SEVERAL, *ONE], n=1)
            known = f"did you mean {nearest[0]}?" if nearest else f"known are: {', '.join([*SEVERAL, *ONE])}"
            raise InputError(f"{name[:50]!r} is no condition", parameter="conditions", cure=known)
    return filters.parse(Terms(**given), zone)


def _texts(name: str, value: object) -> tuple[str, ...]:
    values = (value,) if isinstance(value, str) else value
    if not isinstance(values, Iterable) or isinstance(values, Mapping):
        raise InputError(f"{name}: is no text or list of texts", parameter=name, cure='write it like ["a", "b"]')
    found = tuple(values)
    if not all(isinstance(each, str) for each in found):
        raise InputError(f"{name}: not all of it is text", parameter=name, cure='write it like ["a", "b"]')
    return found


def _one(name: str, value: object) -> str | bool:
    """As it would be typed."""
    if name == "sees" and isinstance(value, bool):
        return value
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InputError(
            f"{name}: is neither text nor number", parameter=name, cure="write it as in the REST interface"
        )
    return str(value)
