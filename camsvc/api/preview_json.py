"""What an export would come to, as JSON."""

from __future__ import annotations

from typing import Any

from camsvc.api.services.exports import Foreseen, Quota
from camsvc.domain.incident import ClipPart
from camsvc.domain.incident_json import time_json
from camsvc.evidence.contents import Hole
from camsvc.evidence.previewing import PreviewIncident, PreviewSnapshot, PreviewSpan


def foreseen_json(found: Foreseen) -> dict[str, Any]:
    preview, refusal = found.preview, found.refusal
    expected_s = found.expected_s
    return {
        "incidents": [_incident(each) for each in preview.incidents],
        "spans": [_span(each) for each in preview.spans],
        "snapshots": [_snapshot(each) for each in preview.snapshots],
        "footage_bytes": preview.footage_bytes,
        "duration_s": preview.duration_s,
        "package_bytes": preview.package_bytes,
        "expected_s": None if expected_s is None else round(expected_s, 1),
        "warnings": [{"kind": each.kind.value, "count": each.count} for each in preview.warnings],
        "quota": quota_json(found.quota),
        "refusal": refusal and {"kind": refusal.kind.value, "detail": str(refusal), "cure": refusal.cure},
    }


def quota_json(quota: Quota) -> dict[str, Any]:
    return {
        "account_used": quota.used.account_bytes,
        "account_max": quota.account_max_bytes,
        "total_used": quota.used.total_bytes,
        "total_max": quota.total_max_bytes,
        "disk_free": quota.free_bytes,
        "left": quota.left_bytes,
        "waiting": quota.used.waiting,
        "waiting_max": quota.waiting_max,
        "keep_days": quota.keep.total_seconds() / 86_400,
    }


def _incident(each: PreviewIncident) -> dict[str, Any]:
    incident = each.incident
    return {
        "number": each.number,
        "incident": str(incident.id),
        "camera": incident.camera,
        "camera_name": each.camera_name,
        "area_names": list(each.area_names),
        "started_at": time_json(incident.started_at),
        "ended_at": time_json(incident.ended_at) if incident.ended_at else None,
        "parts": [_part(part) for part in each.parts],
        "holes": [_hole(hole) for hole in each.holes],
        "size_bytes": each.size_bytes,
        "held": each.is_held,
        "sealed": each.is_sealed,
        "faults": [
            {"what": fault.what, "key": fault.key, "found_at": time_json(fault.found_at)} for fault in each.faults
        ],
    }


def _part(part: ClipPart) -> dict[str, Any]:
    return {
        "index": part.index,
        "from": time_json(part.started_at),
        "to": time_json(part.ended_at),
        "size_bytes": part.size_bytes,
    }


def _hole(hole: Hole) -> dict[str, Any]:
    return {"from": time_json(hole.started_at), "to": time_json(hole.ended_at), "reason": hole.reason}


def _span(each: PreviewSpan) -> dict[str, Any]:
    return {
        "number": each.number,
        "camera": each.span.camera,
        "camera_name": each.camera_name,
        "from": time_json(each.span.from_at),
        "to": time_json(each.span.to_at),
        "incidents": list(each.incidents),
        "footage": [{"from": time_json(begins), "to": time_json(ends)} for begins, ends in each.footage],
        "holes": [_hole(hole) for hole in each.holes],
    }


def _snapshot(each: PreviewSnapshot) -> dict[str, Any]:
    return {
        "number": each.number,
        "item": each.snapshot.item,
        "camera": each.snapshot.camera,
        "camera_name": each.camera_name,
        "at": time_json(each.snapshot.at),
        "comment": each.snapshot.comment,
    }
