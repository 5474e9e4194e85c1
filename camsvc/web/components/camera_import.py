"""A file of cameras: what it would change, and the change itself."""

from __future__ import annotations

from nicegui.element import Element

from camsvc.api.envelope import MAX_BODY_BYTES
from camsvc.api.services.camera_sheet import COLUMNS
from camsvc.web.words import Words

_OUTCOMES = ("added", "changed", "unchanged", "refused")
_FAULTS = (
    "twice",
    "taken",
    "forbidden",
    "area",
    "pair",
    "credentials",
    "masked",
    "cells",
    "number",
    "missing",
    "unknown",
)
TEXTS = (
    *(
        f"camimport.{each}"
        for each in ("reading", "drop", "done", "dry", "another", "to_list", "nothing_to_do", "only")
    ),
    *(f"camimport.{each}" for each in ("row", "camera", "what", "details", "more", "changed_meanwhile")),
    *(f"camimport.{each}.{form}" for each in ("apply", "refused", "make_areas") for form in ("one", "other")),
    *(f"camimport.outcome.{each}" for each in _OUTCOMES),
    *(f"camimport.fault.{each}" for each in _FAULTS),
    "connection.lost",
)
MEMBERS = (
    *("id", "name", "area", "enabled", "lat", "lon", "heading_deg", "fov_deg", "range_m", "main", "sub", "transport"),
    *("credentials", "fps", "min_confidence", "classes", "rules"),
)


class CameraImport(Element, component="camera_import.js"):
    def __init__(self, words: Words) -> None:
        super().__init__()
        say = words.language
        self.props["texts"] = say.some(TEXTS)
        self.props["members"] = {
            **{each: say(f"member.{each}") for each in MEMBERS},
            **{each: say(f"member.{each}", name="{name}") for each in ("zones", "lines")},
        }
        self.props["musts"] = {each: say(f"must.{each}") for each in COLUMNS}
        self.props["max-bytes"] = MAX_BODY_BYTES
        self.props["too-large"] = say("camimport.too_large", size=words.bytes(MAX_BODY_BYTES))
