"""``manifest.json``: what a package holds and where it comes from. The signature is over its bytes.

Its members are documented in docs/reference/evidence.md.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import camsvc
from camsvc.domain.coverage import MissingSpan
from camsvc.domain.incident import ClipPart, Incident
from camsvc.domain.incident_json import incident_json, time_json
from camsvc.evidence.contents import FORMAT, VERSION, FileState, Found, Package, Packed, Role


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
        },
        "sound": not package.problems,
        "timezone": package.timezone,
        "incidents": [_incident(each, package) for each in package.found],
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
            part["file"] = originals[part["index"]].name
            part["state"] = originals[part["index"]].state.value
    for name, role in (("thumbnail", Role.THUMBNAIL), ("tracks", Role.TRACKS)):
        values[name] = next((each.name for each in package.of(found, role)), None)
    return {
        "folder": found.folder,
        **values,
        "camera_name": found.camera.name,
        "area_names": list(found.camera.area_names),
        "sessions": _sessions(found.incident),
        "missing": [_missing(span) for span in found.missing],
        "uncovered": [
            {"started_at": time_json(started_at), "ended_at": time_json(ended_at)}
            for started_at, ended_at in found.uncovered
        ],
    }


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
