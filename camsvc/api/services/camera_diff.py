"""What differs between two versions of a camera, member by member, without a credential (invariant 9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from camsvc.api.services.redaction import redacted
from camsvc.config import CameraConfig

CREDENTIALS = "streams.credentials"
"""Named instead of the stream where nothing else of its URL changed."""
PARTED = frozenset({"location", "streams", "detect", "zones", "lines"})
"""Members that are compared member by member."""


@dataclass(frozen=True, slots=True)
class Change:
    member: str
    """Dotted: ``location.lat``, ``zones.road``, ``rules``."""
    before: Any
    """JSON; None: it was not there."""
    after: Any


def changes(before: CameraConfig | None, after: CameraConfig) -> tuple[Change, ...]:
    """In the order of the configuration. ``before`` None: the camera is new, and everything that is set is a change."""
    old = _members(before) if before else {}
    new = _members(after)
    found = [
        Change(name, old.get(name), new.get(name))
        for name in dict.fromkeys((*new, *old))
        if old.get(name) != new.get(name)
    ]
    if before and before.streams != after.streams and not any(each.member.startswith("streams.") for each in found):
        found.append(Change(CREDENTIALS, "***", "***"))
    return tuple(found)


def change_json(change: Change) -> dict[str, Any]:
    return {"member": change.member, "before": change.before, "after": change.after}


def _members(config: CameraConfig) -> dict[str, Any]:
    document = config.model_dump(mode="json")
    streams = document["streams"]
    for name in ("main", "sub"):
        if streams[name] is not None:
            streams[name] = redacted(streams[name])
    members: dict[str, Any] = {}
    for name, value in document.items():
        if name in PARTED and isinstance(value, Mapping):
            members |= {f"{name}.{inner}": each for inner, each in value.items() if each is not None}
        elif value is not None and name not in PARTED:
            members[name] = value
    return members
