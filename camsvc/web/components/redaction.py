"""The editor of a redaction: who and what is hidden in copies of a clip."""

from __future__ import annotations

from nicegui.element import Element

from camsvc.domain.incident import Incident
from camsvc.domain.redaction import KEYS_MAX, REGIONS_MAX, SIDE_MIN, Blur, Redaction
from camsvc.domain.redaction_json import redaction_json
from camsvc.domain.track import ObjectClass
from camsvc.evidence import regions
from camsvc.web.components import modules  # noqa: F401  registers what redaction.js imports
from camsvc.web.components.player import api_path, gaps_of, parts_of
from camsvc.web.words import Words

TEXTS = tuple(
    f"redact.{name}"
    for name in (
        "as_usual",
        "choices",
        "clip",
        "comment",
        "conflict",
        "count",
        "draw",
        "exact",
        "exact_failed",
        "exact_hint",
        "exact_making",
        "exact_paused",
        "exact_seen",
        "export",
        "export_hint",
        "export_saved",
        "failed",
        "find",
        "frame_back",
        "frame_on",
        "history",
        "how",
        "how_draw",
        "how_region",
        "key",
        "key_at",
        "lasts",
        "lasts_whole",
        "never_saved",
        "no_clip",
        "no_history",
        "no_regions",
        "no_tracks",
        "not_saved",
        "outlines",
        "part",
        "pause",
        "play",
        "position",
        "preparing",
        "redo",
        "region",
        "region_hint",
        "regions",
        "remove",
        "revision",
        "save",
        "saved",
        "saving",
        "seen_things",
        "sound",
        "sound_hint",
        "take_up",
        "theirs",
        "tools",
        "tracks_failed",
        "undo",
        "unkey",
        "unsaved",
        "what",
        "whole_part",
        *(f"blur.{each.value}" for each in Blur),
        *(f"cover.{each}" for each in ("none", "head", "whole")),
        *(f"told.{each}" for each in ("kept", "added", "regions")),
    )
)


RULES = {
    "margin": regions.MARGIN,
    "carry_s": regions.CARRY_S,
    "hole_s": regions.HOLE_S,
    "head_of_height": regions.HEAD_OF_HEIGHT,
    "head_of_width": regions.HEAD_OF_WIDTH,
    "side_min": SIDE_MIN,
    "regions_max": REGIONS_MAX,
    "keys_max": KEYS_MAX,
}
"""As copies are made, for the preview in the browser."""


class RedactionEditor(Element, component="redaction.js"):
    """Holds what is decided until it is saved, which it does by REST. Emits ``export`` (of what is saved), ``leave``,
    ``help``."""

    def __init__(self, words: Words, incident: Incident, stored: Redaction) -> None:
        super().__init__()
        say = words.language
        self.props["incident"] = str(incident.id)
        self.props["parts"] = [
            told | {"index": part.index}
            for told, part in zip(parts_of(incident), incident.clip.parts if incident.clip else (), strict=True)
        ]
        self.props["gaps"] = gaps_of(incident, say)
        self.props["tracks"] = f"{api_path(incident)}/tracks" if incident.tracks else None
        self.props["stored"] = redaction_json(stored)
        self.props["blurs"] = [each.value for each in Blur]
        self.props["labels"] = {each.value: say(f"class.{each.value}") for each in ObjectClass}
        self.props["texts"] = say.some(TEXTS)
        self.props["rules"] = RULES
        self.props["locale"] = say.code
        self.props["timezone"] = words.wall.zone.key
