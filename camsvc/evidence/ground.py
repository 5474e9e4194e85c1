"""What the map of a report is drawn on: the boundaries of the settings' GeoJSON, as lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from camsvc import log

SIZE_MAX_BYTES = 64 * 1024 * 1024
"""Of a province's boundaries, well drawn, some megabytes."""
DEPTH_MAX = 4
"""Of nested coordinates: a MultiPolygon's."""

Line = tuple[tuple[float, float], ...]
"""Longitude, latitude."""

_log = log.get(__name__)


def lines(file: Path | None) -> tuple[Line, ...]:
    """Every line and ring of it. A report goes without them when the file cannot be read: nothing depends on it."""
    if file is None:
        return ()
    try:
        if file.stat().st_size > SIZE_MAX_BYTES:
            _log.warning("no boundaries in reports", file=str(file), reason="it is too large")
            return ()
        document = json.loads(file.read_bytes())
        features = document.get("features", [document])
        return tuple(line for each in features for line in _of(each.get("geometry") or each))
    except (OSError, ValueError, AttributeError, TypeError, RecursionError) as error:
        _log.warning("no boundaries in reports", file=str(file), reason=str(error))
        return ()


def _of(geometry: dict[str, Any]) -> Iterator[Line]:
    for each in geometry.get("geometries", ()):
        yield from _of(each)
    if geometry.get("type") in {"LineString", "MultiLineString", "Polygon", "MultiPolygon"}:
        yield from _lines(geometry.get("coordinates", ()), DEPTH_MAX)


def _lines(nested: Any, depth: int) -> Iterator[Line]:  # noqa: ANN401  as GeoJSON nests
    if depth and nested and isinstance(nested[0], list) and nested[0] and isinstance(nested[0][0], list):
        for each in nested:
            yield from _lines(each, depth - 1)
    elif nested and isinstance(nested[0], list):
        yield tuple((float(point[0]), float(point[1])) for point in nested)
