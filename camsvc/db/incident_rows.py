"""An incident as its row and back, without loss. Documents in it use the interface's names (design §6)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from camsvc.db.models import IncidentRow, ViewpointRow
from camsvc.domain.geo import Location
from camsvc.domain.incident import Clip, ClipPart, Gap, GapReason, Incident, IncidentObject
from camsvc.domain.incident_json import object_json
from camsvc.domain.search import Wind
from camsvc.domain.track import ObjectClass

_OBJECT_FLOATS = frozenset({"confidence", "direction_deg", "speed_kmh", "speed_error_kmh"})
_PART_FLOATS = frozenset({"duration_s", "clock_error_ms", "camera_clock_offset_ms"})


def to_values(incident: Incident) -> dict[str, Any]:
    """Columns of ``incidents`` but for viewpoint, change_seq and published_at."""
    return {
        "id": incident.id,
        "kind": incident.kind,
        "severity": incident.severity,
        "state": incident.state,
        "started_at": incident.started_at,
        "last_observed_at": incident.last_observed_at,
        "ended_at": incident.ended_at,
        "zone": incident.zone,
        "objects": [object_json(each) for each in incident.objects],
        "classes": sorted({each.object_class.value for each in incident.objects}),
        "colours": sorted({each.colour for each in incident.objects if each.colour is not None}),
        "winds": sorted(
            {Wind.of(each.direction_deg).value for each in incident.objects if each.direction_deg is not None}
        ),
        "clip": _clip_out(incident.clip) if incident.clip else None,
        "thumbnail": incident.thumbnail,
        "tracks": incident.tracks,
        "model": incident.model,
        "worker": incident.worker,
        "epoch": incident.epoch,
        "revision": incident.revision,
    }


def viewpoint_values(incident: Incident) -> dict[str, Any]:
    """Columns of ``viewpoints`` but for id."""
    place = incident.location
    return {
        "camera": incident.camera,
        "area": incident.area,
        "lat": place.lat if place else None,
        "lon": place.lon if place else None,
        "heading_deg": place.heading_deg if place else None,
        "fov_deg": place.fov_deg if place else None,
        "range_m": place.range_m if place else None,
    }


def from_row(row: IncidentRow, seen_from: ViewpointRow) -> Incident:
    return Incident(
        id=row.id,
        camera=seen_from.camera,
        area=seen_from.area,
        location=_location(seen_from),
        kind=row.kind,
        severity=row.severity,
        state=row.state,
        started_at=row.started_at.astimezone(UTC),
        last_observed_at=row.last_observed_at.astimezone(UTC),
        ended_at=row.ended_at.astimezone(UTC) if row.ended_at else None,
        zone=row.zone,
        objects=tuple(_object_in(each) for each in row.objects),
        revision=row.revision,
        epoch=row.epoch,
        worker=row.worker,
        model=row.model,
        clip=_clip_in(row.clip) if row.clip and row.footage_expired_at is None else None,
        thumbnail=row.thumbnail if row.footage_expired_at is None else None,
        tracks=row.tracks if row.footage_expired_at is None else None,
        footage_expired_at=row.footage_expired_at.astimezone(UTC) if row.footage_expired_at else None,
    )


def _location(row: ViewpointRow) -> Location | None:
    if row.lat is None or row.lon is None:
        return None
    return Location(row.lat, row.lon, row.heading_deg, row.fov_deg, row.range_m)


def _object_in(values: dict[str, Any]) -> IncidentObject:
    rest = {name: value for name, value in values.items() if name != "class"}
    return IncidentObject(object_class=ObjectClass(values["class"]), **_floats(rest, _OBJECT_FLOATS))


def _clip_out(clip: Clip) -> dict[str, Any]:
    return {
        "parts": [_part_out(part) for part in clip.parts],
        "gaps": [
            {"started_at": _time(gap.started_at), "ended_at": _time(gap.ended_at), "reason": gap.reason.value}
            for gap in clip.gaps
        ],
    }


def _part_out(part: ClipPart) -> dict[str, Any]:
    values = {name: getattr(part, name) for name in ClipPart.__slots__}
    return {**values, "started_at": _time(part.started_at), "ended_at": _time(part.ended_at)}


def _clip_in(values: dict[str, Any]) -> Clip:
    return Clip(
        parts=tuple(ClipPart(**{**_floats(part, _PART_FLOATS), **_times(part)}) for part in values["parts"]),
        gaps=tuple(Gap(**_times(gap), reason=GapReason(gap["reason"])) for gap in values["gaps"]),
    )


def _floats(values: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """JSON knows one kind of number: a large whole one comes back as an int, of another value than the float was."""
    return {name: float(value) if name in names and value is not None else value for name, value in values.items()}


def _times(values: dict[str, Any]) -> dict[str, Any]:
    return {name: datetime.fromisoformat(values[name]) for name in ("started_at", "ended_at")}


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
