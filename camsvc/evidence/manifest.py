"""``manifest.json``: what a package holds and where it comes from. The signature is over its bytes.

Its members are documented in docs/reference/evidence.md.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

import camsvc
from camsvc.domain.coverage import MissingSpan
from camsvc.domain.fault import Fault
from camsvc.domain.incident import ClipPart, Incident
from camsvc.domain.incident_json import incident_json, time_json
from camsvc.domain.seal import WorkerKey
from camsvc.evidence.contents import (
    FORMAT,
    VERSION,
    WORKERS,
    FileState,
    Found,
    FoundSnapshot,
    FoundSpan,
    Package,
    Packed,
    Role,
    clip_name,
)


def sums_text(files: Iterable[Packed]) -> str:
    """``SHA256SUMS`` for ``sha256sum -c``: every file that is there, in the order of the package."""
    return "".join(f"{each.sha256}  {each.name}\n" for each in files if each.sha256 is not None)


def manifest_text(package: Package, sums: str) -> str:
    """One JSON document, one member a line, so that plain tools find a line in it."""
    document = {
        "format": FORMAT,
        "version": VERSION,
        "package": str(package.id),
        "created_at": time_json(package.created_at),
        "installation": package.installation,
        "software": {"name": "camsvc", "version": camsvc.__version__},
        "request": {
            "by": package.request.by,
            "account": package.request.user_name,
            "reason": package.request.reason,
            "case_number": package.request.case_number,
            "case_title": package.request.case_title,
            "case_people": list(package.request.case_people),
        },
        "contents": asdict(package.contents),
        "sound": not package.problems,
        "timezone": package.timezone,
        "incidents": [_incident(each, package) for each in package.found.incidents],
        "spans": [_span(each) for each in package.found.spans],
        "snapshots": [_snapshot(each, package) for each in package.found.snapshots],
        "workers": [_worker(each) for each in package.keys.values()],
        "custody": package.custody,
        "files": [_file(each) for each in package.files],
        "sha256sums": hashlib.sha256(sums.encode()).hexdigest(),
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _incident(found: Found, package: Package) -> dict[str, Any]:
    """As the REST API says it, but with names in the package for paths on a server."""
    values = incident_json(found.incident)
    originals = {each.part: each for each in package.of(found, Role.ORIGINAL)}
    if values["clip"] is not None:
        for part in values["clip"]["parts"]:
            del part["url"]
            packed = originals.get(part["index"])
            part["file"] = packed.name if packed else None
            part["state"] = packed.state.value if packed else None
            part["sealed_by"] = _sealed_by(found, part["index"])
    for name, role in (("thumbnail", Role.THUMBNAIL), ("tracks", Role.TRACKS)):
        values[name] = next((each.name for each in package.of(found, role)), None)
    if package.contents.redacted:
        # What it says of single people and vehicles stays out as well.
        values["objects"] = [{"class": each["class"]} for each in values["objects"]]
    copies = package.of(found, Role.VIEWING, Role.REDACTED)
    return {
        "folder": found.folder,
        **values,
        "camera_name": found.camera.name,
        "area_names": list(found.camera.area_names),
        "sessions": _sessions(found.incident),
        "missing": [_missing(span) for span in found.missing],
        "uncovered": [_times(*each) for each in found.uncovered],
        "copies": [{"file": each.name, **package.copies[each.name]} for each in copies if each.name in package.copies],
        "faults": [_fault(each) for each in found.faults],
    }


def _sealed_by(found: Found, part: int) -> str | None:
    seal = found.seals.get(clip_name(part))
    return seal.seal.key if seal else None


def _fault(fault: Fault) -> dict[str, Any]:
    return {
        "what": fault.what.value,
        "file": fault.key.rsplit("/", 1)[-1],
        "found_at": time_json(fault.found_at),
        "detail": fault.detail,
    }


def _span(found: FoundSpan) -> dict[str, Any]:
    return {
        "camera": found.span.camera,
        "camera_name": found.camera.name,
        "area_names": list(found.camera.area_names),
        "from": time_json(found.span.from_at),
        "to": time_json(found.span.to_at),
        "incidents": list(found.incidents),
        "footage": [_times(*each) for each in found.footage],
        "missing": [_missing(each) for each in found.missing],
        "uncovered": [_times(*each) for each in found.uncovered],
    }


def _snapshot(found: FoundSnapshot, package: Package) -> dict[str, Any]:
    taken = found.snapshot
    packed = next((each for each in package.files if each.name == found.name), None)
    return {
        "file": packed.name if packed else None,
        "state": packed.state.value if packed else None,
        "camera": taken.camera,
        "camera_name": found.camera.name,
        "area_names": list(found.camera.area_names),
        "at": time_json(taken.at),
        "by": taken.by,
        "comment": taken.comment,
        "clock_error_ms": taken.clock_error_ms,
        "sha256": taken.sha256,
    }


def _worker(key: WorkerKey) -> dict[str, Any]:
    return {
        "key": key.id,
        "file": f"{WORKERS}{key.id}.pem",
        "worker": key.worker,
        "registered_at": time_json(key.registered_at),
        "ended_at": time_json(key.ended_at) if key.ended_at else None,
    }


def _times(started_at: datetime, ended_at: datetime) -> dict[str, str]:
    return {"started_at": time_json(started_at), "ended_at": time_json(ended_at)}


def _sessions(incident: Incident) -> list[dict[str, Any]]:
    """Each connection to the camera that footage came from: a clip never crosses one silently (invariant 4)."""
    parts: dict[str, list[ClipPart]] = {}
    for part in incident.clip.parts if incident.clip else ():
        parts.setdefault(part.session, []).append(part)
    return [
        {
            "session": session,
            "parts": [part.index for part in of_it],
            "started_at": time_json(of_it[0].started_at),
            "ended_at": time_json(of_it[-1].ended_at),
        }
        for session, of_it in parts.items()
    ]


def _missing(span: MissingSpan) -> dict[str, Any]:
    return {
        "what": span.what.value,
        "started_at": time_json(span.started_at),
        "ended_at": time_json(span.ended_at),
        "reason": span.reason.value,
    }


def _file(packed: Packed) -> dict[str, Any]:
    """What is not known, or says nothing of this file, is left out; ``sha256`` null: it is missing."""
    values = {name: value for name, value in asdict(packed).items() if value is not None or name == "sha256"}
    if packed.state is FileState.MISSING:
        del values["size_bytes"]
    if packed.incident is not None:
        values["incident"] = str(packed.incident)
    return values
