"""C2PA manifests: other people's tools see where a clip comes from, and what a copy was made of.

Beside an original, which stays as it is; embedded in a copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import camsvc
from camsvc.domain.export_job import Snapshot
from camsvc.domain.incident import ClipPart, Incident
from camsvc.domain.incident_json import time_json
from camsvc.evidence.claims import FORMAT, Ingredient, sign_file, sign_hash
from camsvc.evidence.identity import SigningIdentity

CAPTURED = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
COMPOSED = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeCapture"
"""Of several files of footage; nothing in it is made up."""
PICTURE_FORMAT = "image/jpeg"
FACTS = "org.camsvc.recording"
"""Label of our own assertion."""
COPY = "org.camsvc.copy"
_CHECKED = [
    {"code": "claimSignature.validated", "explanation": "made by the same installation"},
    {"code": "assertion.dataHash.match", "explanation": "compared when the original was read"},
]
"""What the library wants to be told of an original: that it was checked before something was made of it."""


def manifest_beside(incident: Incident, part: ClipPart, identity: SigningIdentity) -> bytes:
    """The manifest store for the original of ``part``, bound to every byte of it by its sha256.

    Nothing is read. Raises MediaError.
    """
    at = time_json(part.started_at)
    facts = {
        "incident": str(incident.id),
        "camera": incident.camera,
        "part": part.index,
        "session": part.session,
        "started_at": at,
        "ended_at": time_json(part.ended_at),
        "clock_error_ms": part.clock_error_ms,
        "sha256": part.sha256,
    }
    actions = [{"action": "c2pa.created", "when": at, "digitalSourceType": CAPTURED, "softwareAgent": _agent()}]
    return sign_hash(_definition(f"{incident.camera} {at}", actions, {FACTS: facts}), part.sha256, identity)


def snapshot_beside(snapshot: Snapshot, identity: SigningIdentity) -> bytes:
    """As ``manifest_beside``, for a picture that somebody took of what a camera showed."""
    at = time_json(snapshot.at)
    facts = {"camera": snapshot.camera, "at": at, "by": snapshot.by, "sha256": snapshot.sha256}
    actions = [{"action": "c2pa.created", "when": at, "digitalSourceType": CAPTURED, "softwareAgent": _agent()}]
    definition = _definition(f"{snapshot.camera} {at}", actions, {FACTS: facts}, PICTURE_FORMAT)
    return sign_hash(definition, snapshot.sha256, identity)


def embed(
    source: Path,
    out: Path,
    incident: Incident,
    originals: Sequence[Ingredient],
    what: dict[str, Any],
    *,
    is_redacted: bool,
    at: datetime,
    identity: SigningIdentity,
) -> None:
    """Writes the copy ``source`` to ``out`` with its manifest: it was made of ``originals``, re-encoded, text and
    boxes burnt in, or people hidden, ``at`` the time given. ``what``: our own words about the copy.

    Raises MediaError, OSError.
    """
    now = time_json(at)
    one = len(originals) == 1
    ingredients = [
        {
            "title": each.title,
            "format": FORMAT,
            "relationship": "parentOf" if one else "componentOf",
            "label": f"part-{number}",
            "manifest_data": {"format": "application/c2pa", "identifier": f"ingredient-{number}.c2pa"},
            "validation_results": {"activeManifest": {"success": _CHECKED, "informational": [], "failure": []}},
        }
        for number, each in enumerate(originals)
    ]
    labels = [f"part-{number}" for number in range(len(originals))]
    actions: list[dict[str, Any]] = []
    if one:
        actions.append({"action": "c2pa.opened", "when": now, "parameters": {"ingredientIds": labels}})
    else:
        actions.append({"action": "c2pa.created", "when": now, "digitalSourceType": COMPOSED})
        actions += [{"action": "c2pa.placed", "when": now, "parameters": {"ingredientIds": [each]}} for each in labels]
    actions.append({"action": "c2pa.transcoded", "when": now})
    done = "people and vehicles made unrecognisable" if is_redacted else "camera, time and boxes burnt in"
    actions.append({"action": "c2pa.edited", "when": now, "description": done})
    for each in actions:
        each["softwareAgent"] = _agent()
    title = f"{incident.camera} {time_json(incident.started_at)} {'redacted' if is_redacted else 'viewing copy'}"
    definition = _definition(title, actions, {COPY: what}) | {"ingredients": ingredients}
    sign_file(definition, originals, source, out, identity)


def _definition(
    title: str, actions: list[dict[str, Any]], facts: dict[str, Any], format_: str = FORMAT
) -> dict[str, Any]:
    return {
        "claim_generator_info": [_agent()],
        "title": title,
        "format": format_,
        "assertions": [
            {"label": "c2pa.actions", "data": {"actions": actions}},
            *({"label": label, "data": data} for label, data in facts.items()),
        ],
    }


def _agent() -> dict[str, str]:
    return {"name": "camsvc", "version": camsvc.__version__}
