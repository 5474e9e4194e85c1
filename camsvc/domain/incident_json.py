"""An incident as JSON: the one mapping of the API, the command line and ``analyze`` (names: design §6)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from camsvc.domain.incident import Clip, ClipPart, Gap, Incident, IncidentObject


def incident_json(incident: Incident) -> dict[str, Any]:
    """Every member is always present; what is not known is null. Times are UTC with a ``Z``.

    ``thumbnail``, ``tracks`` and the ``url`` of each part are paths on the server, null where there is nothing yet.
    """
    path = f"/api/v1/incidents/{incident.id}"
    return {
        "id": str(incident.id),
        "camera": incident.camera,
        "area": incident.area,
        "location": asdict(incident.location) if incident.location else None,
        "kind": incident.kind,
        "severity": incident.severity.value,
        "state": incident.state.value,
        "started_at": time_json(incident.started_at),
        "last_observed_at": time_json(incident.last_observed_at),
        "ended_at": time_json(incident.ended_at) if incident.ended_at else None,
        "zone": incident.zone,
        "objects": [object_json(each) for each in incident.objects],
        "clip": _clip(incident.clip, path) if incident.clip else None,
        "thumbnail": f"{path}/thumbnail" if incident.thumbnail else None,
        "tracks": f"{path}/tracks" if incident.tracks else None,
        "footage_expired_at": time_json(incident.footage_expired_at) if incident.footage_expired_at else None,
        "model": incident.model,
        "worker": incident.worker,
        "epoch": incident.epoch,
        "revision": incident.revision,
    }


def time_json(moment: datetime) -> str:
    """``2026-11-05T03:12:00.250000Z``: always UTC, always microseconds, so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def object_json(each: IncidentObject) -> dict[str, Any]:
    return {
        "track": each.track,
        "class": each.object_class.value,
        "confidence": each.confidence,
        "colour": each.colour,
        "direction_deg": each.direction_deg,
        "speed_kmh": each.speed_kmh,
        "speed_error_kmh": each.speed_error_kmh,
    }


def _clip(clip: Clip, path: str) -> dict[str, Any]:
    """``codec``, ``sha256`` and ``size_bytes`` are those of the first part; ``parts`` lists all."""
    first = clip.parts[0]
    return {
        "started_at": time_json(clip.started_at),
        "ended_at": time_json(clip.ended_at),
        "duration_s": clip.duration_s,
        "codec": first.codec,
        "sha256": first.sha256,
        "size_bytes": first.size_bytes,
        "clock_error_ms": clip.clock_error_ms,
        "gaps": [_gap(gap) for gap in clip.gaps],
        "parts": [_part(part, path) for part in clip.parts],
    }


def _part(part: ClipPart, path: str) -> dict[str, Any]:
    return {
        "index": part.index,
        "url": f"{path}/clip?part={part.index}",
        "session": part.session,
        "started_at": time_json(part.started_at),
        "ended_at": time_json(part.ended_at),
        "start_pts_90k": part.start_pts_90k,
        "duration_s": part.duration_s,
        "size_bytes": part.size_bytes,
        "sha256": part.sha256,
        "codec": part.codec,
        "width": part.width,
        "height": part.height,
        "audio": part.audio,
        "audio_note": part.audio_note,
        "clock_error_ms": part.clock_error_ms,
        "camera_clock_offset_ms": part.camera_clock_offset_ms,
    }


def _gap(gap: Gap) -> dict[str, Any]:
    return {
        "started_at": time_json(gap.started_at),
        "ended_at": time_json(gap.ended_at),
        "reason": gap.reason.value,
    }
