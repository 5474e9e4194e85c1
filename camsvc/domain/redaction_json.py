"""A redaction as JSON: in the database, over REST, on the page, in a package's manifest. One form everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from camsvc.domain.incident_json import time_json
from camsvc.domain.redaction import Blur, Box, Redaction, Region, TrackRef


def redaction_json(redaction: Redaction) -> dict[str, Any]:
    return {
        "incident": str(redaction.incident),
        **choices_json(redaction),
        "revision": redaction.revision,
        "changed_at": time_json(redaction.changed_at) if redaction.changed_at else None,
        "changed_by": redaction.changed_by,
        "comment": redaction.comment,
    }


def choices_json(redaction: Redaction) -> dict[str, Any]:
    """What a person decided, without who and when."""
    return {
        "blur": redaction.blur.value,
        "kept": refs_json(redaction.kept),
        "added": refs_json(redaction.added),
        "regions": [region_json(each) for each in redaction.regions],
        "sound": redaction.sound,
    }


def choices_of(incident: UUID, told: Mapping[str, Any]) -> Redaction:
    """What ``choices_json`` told. Raises KeyError, TypeError or ValueError for what it never says."""
    return Redaction(
        incident,
        Blur(told["blur"]),
        frozenset(ref_of(each) for each in told["kept"]),
        frozenset(ref_of(each) for each in told["added"]),
        tuple(region_of(each) for each in told["regions"]),
        bool(told["sound"]),
    )


def refs_json(refs: Iterable[TrackRef]) -> list[dict[str, Any]]:
    """In an order of its own, so that equal choices are equal JSON."""
    ordered = sorted(refs, key=lambda each: (each.session, each.analysis_session or "", each.track))
    return [
        {"session": each.session, "track": each.track}
        | ({"analysis_session": each.analysis_session} if each.analysis_session is not None else {})
        for each in ordered
    ]


def ref_of(told: Mapping[str, Any]) -> TrackRef:
    return TrackRef(told["session"], told["track"], told.get("analysis_session"))


def region_json(region: Region) -> dict[str, Any]:
    boxes = [
        {"at_s": box.at_s, "left": box.left, "top": box.top, "width": box.width, "height": box.height}
        for box in region.boxes
    ]
    return {"part": region.part, "boxes": boxes}


def region_of(told: Mapping[str, Any]) -> Region:
    boxes = (Box(each["at_s"], each["left"], each["top"], each["width"], each["height"]) for each in told["boxes"])
    return Region(told["part"], tuple(boxes))
