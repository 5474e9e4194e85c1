"""Lists as JSON, GeoJSON (RFC 7946) or CSV (RFC 4180), as the client asks."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from fastapi import Request

from camsvc.api.errors import NotAcceptableError
from camsvc.domain.incident import Incident
from camsvc.domain.incident_json import time_json
from camsvc.errors import InputError


class Format(StrEnum):
    JSON = "json"
    GEOJSON = "geojson"
    CSV = "csv"


MEDIA_TYPES = {
    Format.JSON: "application/json",
    Format.GEOJSON: "application/geo+json",
    Format.CSV: "text/csv",
}
BYTE_ORDER_MARK = "\ufeff"
"""Without it spreadsheets take UTF-8 for the local code page, and Vietnamese names come out broken."""


def negotiated(request: Request, asked: Format | None, offered: Sequence[Format]) -> Format:
    """The ``format`` parameter, else what Accept prefers among ``offered`` (the first is the default).

    Raises NotAcceptableError when Accept takes none of them, InputError when ``format`` is not offered.
    """
    if asked is not None and asked not in offered:
        raise InputError(
            f"format: {asked} cannot be made of this", parameter="format", cure=f"use one of: {', '.join(offered)}"
        )
    if asked is not None:
        return asked
    accept = request.headers.get("accept", "*/*")
    ranked = sorted(
        ((_quality(accept, MEDIA_TYPES[each]), -index, each) for index, each in enumerate(offered)), reverse=True
    )
    quality, _, best = ranked[0]
    if quality > 0:
        return best
    types = ", ".join(MEDIA_TYPES[each] for each in offered)
    raise NotAcceptableError(
        "None of the media types in Accept can be made of this.", parameter="Accept", cure=f"accept one of: {types}"
    )


def _quality(accept: str, media_type: str) -> float:
    """By the most specific range that fits (RFC 9110 §12.5.1); 0 when none does."""
    best = (-1, 0.0)
    for item in accept.split(","):
        media_range, *parameters = (part.strip().lower() for part in item.split(";"))
        kind = media_type.partition("/")[0]
        specific = {media_type: 2, f"{kind}/*": 1, "*/*": 0}.get(media_range)
        if specific is not None:
            best = max(best, (specific, _q(parameters)))
    return best[1]


def _q(parameters: Iterable[str]) -> float:
    for each in parameters:
        name, _, value = each.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0


def geojson(items: Iterable[Mapping[str, Any]], next_cursor: str | None) -> dict[str, Any]:
    """A FeatureCollection: ``location`` becomes the geometry (null where there is none), the rest the properties."""
    return {
        "type": "FeatureCollection",
        "features": [_feature(item) for item in items],
        "next_cursor": next_cursor,
    }


def _feature(item: Mapping[str, Any]) -> dict[str, Any]:
    place = item["location"]
    properties = {name: value for name, value in item.items() if name not in {"id", "location"}}
    if place:
        properties |= {name: value for name, value in place.items() if name not in {"lat", "lon"}}
    return {
        "type": "Feature",
        "id": item["id"],
        "geometry": {"type": "Point", "coordinates": [place["lon"], place["lat"]]} if place else None,
        "properties": properties,
    }


CSV_COLUMNS = (
    "id",
    "camera",
    "area",
    "lat",
    "lon",
    "kind",
    "severity",
    "state",
    "started_at",
    "ended_at",
    "zone",
    "objects",
    "clip_started_at",
    "clip_ended_at",
    "clip_duration_s",
    "clip_parts",
    "clip_gaps",
    "clip_sha256",
    "clock_error_ms",
    "revision",
)


def csv_text(pages: Iterable[Sequence[Incident]], *, mark: bool = False) -> Iterator[str]:
    """A header line, then a line for each incident, one text for each page. ``mark``: begin with a byte order mark."""
    yield (BYTE_ORDER_MARK if mark else "") + csv_lines([CSV_COLUMNS])
    for page in pages:
        if page:
            yield csv_lines([_row(incident) for incident in page])


def _row(incident: Incident) -> list[str | float | int | None]:
    place, clip = incident.location, incident.clip
    objects = "; ".join(f"{each.object_class.value} #{each.track} {each.confidence:.2f}" for each in incident.objects)
    return [
        str(incident.id),
        incident.camera,
        incident.area,
        place.lat if place else None,
        place.lon if place else None,
        incident.kind,
        incident.severity.value,
        incident.state.value,
        time_json(incident.started_at),
        time_json(incident.ended_at) if incident.ended_at else None,
        incident.zone,
        objects,
        time_json(clip.started_at) if clip else None,
        time_json(clip.ended_at) if clip else None,
        clip.duration_s if clip else None,
        len(clip.parts) if clip else 0,
        len(clip.gaps) if clip else 0,
        " ".join(part.sha256 for part in clip.parts) if clip else None,
        clip.clock_error_ms if clip else None,
        incident.revision,
    ]


def csv_lines(rows: Iterable[Sequence[str | float | int | None]]) -> str:
    """Cells that a spreadsheet would run are made harmless."""
    text = io.StringIO()
    csv.writer(text).writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What makes a spreadsheet take a text for a formula; the full-width signs too, where the locale is East Asian."""


def harmless(cell: str | float | None) -> str | float | None:
    """Text that a spreadsheet would run is marked as text with a leading ``'``. Numbers are not texts."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
