"""An export as plain JSON: what is kept of it in the database, and what the REST interface answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from camsvc.domain.export_job import Contents, Export, Snapshot, Span, Subjects
from camsvc.domain.incident_json import time_json


def subjects_json(subjects: Subjects) -> dict[str, Any]:
    return {
        "incidents": [str(each) for each in subjects.incidents],
        "spans": [
            {"camera": each.camera, "from": time_json(each.from_at), "to": time_json(each.to_at)}
            for each in subjects.spans
        ],
        "snapshots": [_snapshot_json(each) for each in subjects.snapshots],
    }


def subjects_of(kept: Mapping[str, Any]) -> Subjects:
    """What ``subjects_json`` made."""
    return Subjects(
        tuple(UUID(each) for each in kept["incidents"]),
        tuple(
            Span(each["camera"], datetime.fromisoformat(each["from"]), datetime.fromisoformat(each["to"]))
            for each in kept["spans"]
        ),
        tuple(_snapshot_of(each) for each in kept["snapshots"]),
    )


def contents_json(contents: Contents) -> dict[str, Any]:
    return asdict(contents) | {"languages": list(contents.languages)}


def contents_of(kept: Mapping[str, Any]) -> Contents:
    """What ``contents_json`` made; a member that is newer than it is as ``Contents`` has it."""
    return Contents(**{**kept, "languages": tuple(kept["languages"])})


def export_json(export: Export, now: datetime) -> dict[str, Any]:
    """For REST. ``rate_bytes_s`` and ``left_s`` only while it runs and something is known."""
    rate, left_s = pace(export, now)
    return {
        "id": str(export.id),
        "state": export.state.value,
        "subjects": subjects_json(export.subjects),
        "contents": contents_json(export.contents),
        "reason": export.reason,
        "case_id": export.case_id,
        "case_number": export.case_number,
        "encrypted_for": export.encrypted_for,
        "created_at": time_json(export.created_at),
        "created_by": export.created_by,
        "started_at": _time(export.started_at),
        "ended_at": _time(export.ended_at),
        "expires_at": _time(export.expires_at),
        "cancelling": export.is_cancelling,
        "attempts": export.attempts,
        "progress": {
            "done_bytes": export.done_bytes,
            "all_bytes": export.all_bytes or None,
            "rate_bytes_s": rate,
            "left_s": left_s,
        },
        "estimated_bytes": export.estimated_bytes,
        "error": export.error,
        "problems": list(export.problems),
        "notes": list(export.notes),
        "package": export.package and str(export.package),
        "size_bytes": export.size_bytes,
        "sha256": export.sha256,
        "envelope_bytes": export.envelope_bytes,
        "envelope_sha256": export.envelope_sha256,
        "manifest_sha256": export.manifest_sha256,
        "certificate_sha256": export.certificate_sha256,
        "downloads": export.downloads,
    }


def pace(export: Export, now: datetime) -> tuple[int | None, float | None]:
    """Bytes a second so far, and seconds until all are done at that; None: it does not run, or nobody can say."""
    if export.started_at is None or export.ended_at is not None or not export.done_bytes:
        return None, None
    elapsed_s = (now - export.started_at).total_seconds()
    if elapsed_s <= 0:
        return None, None
    rate = export.done_bytes / elapsed_s
    left_s = (export.all_bytes - export.done_bytes) / rate if export.all_bytes >= export.done_bytes else None
    return round(rate), None if left_s is None else round(left_s, 1)


def _snapshot_json(snapshot: Snapshot) -> dict[str, Any]:
    incident = str(snapshot.incident) if snapshot.incident else None
    return asdict(snapshot) | {"at": time_json(snapshot.at), "incident": incident}


def _snapshot_of(kept: Mapping[str, Any]) -> Snapshot:
    incident = UUID(kept["incident"]) if kept.get("incident") else None
    return Snapshot(**{**kept, "at": datetime.fromisoformat(kept["at"]), "incident": incident})


def _time(moment: datetime | None) -> str | None:
    return time_json(moment) if moment is not None else None
