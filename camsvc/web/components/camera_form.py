"""What a camera is set to, as a form; zones and lines apart, which are drawn (``zone_editor``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from nicegui.element import Element

from camsvc.config import RuleConfig
from camsvc.domain.account import Reach
from camsvc.domain.camera import Severity
from camsvc.domain.track import ObjectClass
from camsvc.web.directory import Directory
from camsvc.web.language import Language
from camsvc.web.words import CLASS_ICONS

TEXTS = tuple(
    f"camform.{name}"
    for name in (
        "add_rule",
        "all_classes",
        "area",
        "choose",
        "classes",
        "credentials_note",
        "enabled",
        "fov_deg",
        "fps",
        "heading_deg",
        "id",
        "id_hint",
        "label",
        "lat",
        "lon",
        "main",
        "min_confidence",
        "name",
        "no_rules",
        "optional",
        "part_camera",
        "part_detect",
        "part_place",
        "part_rules",
        "part_streams",
        "password",
        "probe",
        "probing",
        "range_m",
        "remove_rule",
        "rule",
        "rule_classes",
        "rule_kind",
        "rule_severity",
        "rule_zone",
        "stored",
        "sub",
        "transport",
        "user",
        "whole_picture",
        "zone_gone",
    )
)
COMMON = frozenset({"kind", "zone", "classes", "severity"})
"""Settings that every rule has; the others are of its kind, and numbers."""


class CameraForm(Element, component="camera_form.js"):
    """Emits ``change`` with the whole document, ``probe``."""

    def __init__(
        self,
        language: Language,
        value: Mapping[str, Any],
        *,
        is_new: bool,
        stored: bool,
        directory: Directory,
        reach: Reach,
    ) -> None:
        """``stored``: there are credentials already. ``reach``: areas that may be chosen."""
        super().__init__()
        say = language
        self.props["value"] = dict(value)
        self.props["epoch"] = 0
        self.props["faults"] = {}
        self.props["is-new"] = is_new
        self.props["stored"] = stored
        self.props["probing"] = False
        self.props["areas"] = [
            {"value": area.path, "label": area.name, "depth": area.path.count("/")}
            for area in directory.areas.values()
            if reach.covers(area.path)
        ]
        self.props["classes"] = [
            {"value": each.value, "label": say(f"class.{each.value}"), "icon": CLASS_ICONS[each.value]}
            for each in ObjectClass
        ]
        self.props["severities"] = [{"value": each.value, "label": say(f"severity.{each.value}")} for each in Severity]
        self.props["kinds"] = rule_kinds(language)
        self.props["zones"] = []
        self.props["texts"] = say.some(TEXTS)

    def fill(self, value: Mapping[str, Any]) -> None:
        """Show another document than what was typed."""
        self.props["value"] = dict(value)
        self.props["epoch"] += 1
        self.update()

    def show(
        self,
        *,
        faults: Mapping[str, str] | None = None,
        zones: Iterable[str] | None = None,
        probing: bool | None = None,
    ) -> None:
        """What is None stays; nothing is sent where nothing changed."""
        given = {
            "faults": None if faults is None else dict(faults),
            "zones": None if zones is None else list(zones),
            "probing": probing,
        }
        changed = {name: each for name, each in given.items() if each is not None and self.props[name] != each}
        self.props.update(changed)
        if changed:
            self.update()


def rule_kinds(language: Language) -> list[dict[str, Any]]:
    """The kinds of rules and what each can be set to, from the configuration itself."""
    models: Sequence[Any] = get_args(RuleConfig) or (RuleConfig,)
    return [
        {
            "value": model.model_fields["kind"].default,
            "label": language.known("kind", model.model_fields["kind"].default),
            "fields": [
                {
                    "name": name,
                    "label": language.known("rulefield", name),
                    "hint": language.known("rulehint", name),
                    "default": field.default,
                }
                for name, field in model.model_fields.items()
                if name not in COMMON
            ],
        }
        for model in models
    ]
