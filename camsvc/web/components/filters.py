"""The conditions of a search as a form; the browser's side tells each change, this side what to show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nicegui.element import Element

from camsvc.domain.camera import Severity
from camsvc.domain.incident import IncidentState
from camsvc.domain.search import IncidentFilter
from camsvc.domain.track import ObjectClass
from camsvc.web.directory import Directory
from camsvc.web.fields import FieldError
from camsvc.web.language import Language
from camsvc.web.words import CLASS_ICONS, STATE_ICONS, Words

TEXTS = (
    "filter.any",
    "filter.area",
    "filter.camera",
    "filter.clear",
    "filter.from",
    "filter.from_hint",
    "filter.label",
    "filter.none",
    "filter.place",
    "filter.place_clear",
    "filter.place_edit",
    "filter.place_pick",
    "filter.time",
    "filter.to",
    "filter.to_hint",
)
KINDS = ("presence",)
"""Kinds of rules that this version has."""


class Filters(Element, component="filters.js"):
    """Emits ``change`` with the fields that changed, ``range`` with a quick range, ``pick``, ``unpick``, ``clear``."""

    def __init__(self, words: Words, directory: Directory, zone: str) -> None:
        super().__init__()
        self._words = words
        say = words.language
        self.props["ranges"] = [
            {"value": name, "label": say(f"range.{name}")} for name in ("hour", "today", "yesterday", "week", "any")
        ]
        self.props["zone"] = zone
        self.props["texts"] = say.some(TEXTS)
        self.choices(directory)

    def choices(self, directory: Directory) -> None:
        """Cameras and areas to choose from."""
        self.props["areas"] = [
            {
                "value": area.path,
                "label": area.name,
                "depth": area.path.count("/"),
                "path": directory.area_trail(area.path),
            }
            for area in directory.areas.values()
        ]
        self.props["cameras"] = [{"value": each.id, "label": each.name} for each in directory.wanted]

    def fill(
        self, wanted: IncidentFilter, typed: Mapping[str, str], errors: Mapping[str, FieldError], range_: str | None
    ) -> None:
        """Show ``wanted``; ``typed`` are the texts of the time fields, also when they could not be read."""
        self.props["value"] = {
            **typed,
            "area": list(wanted.areas),
            "camera": list(wanted.cameras),
            "kind": list(wanted.kinds),
            "object": [each.value for each in wanted.objects],
            "colour": list(wanted.colours),
            "severity": [each.value for each in wanted.severities],
            "state": [each.value for each in wanted.states],
        }
        self.props["errors"] = {name: error.text(self._words.language) for name, error in errors.items()}
        self.props["range"] = range_
        self.props["place"] = self._words.place(wanted)
        self.props["narrowed"] = wanted != IncidentFilter() or bool(errors)
        self.props["groups"] = groups(self._words.language, wanted)
        self.update()


def groups(say: Language, wanted: IncidentFilter) -> list[dict[str, Any]]:
    """Groups of chips. A value that only a link can give (a colour, a kind of a later version) is shown as well."""
    kinds = [*KINDS, *(kind for kind in wanted.kinds if kind not in KINDS)]
    found = [
        _group(
            "object", say("filter.object"), [_option(say, "class", c.value, CLASS_ICONS[c.value]) for c in ObjectClass]
        ),
        _group("state", say("filter.state"), [_option(say, "state", s.value, STATE_ICONS[s]) for s in IncidentState]),
        _group("severity", say("filter.severity"), [_option(say, "severity", s.value) for s in Severity]),
        _group("kind", say("filter.kind"), [_option(say, "kind", kind) for kind in kinds]),
    ]
    if wanted.colours:
        found.append(_group("colour", say("filter.colour"), [_option(say, "colour", c) for c in wanted.colours]))
    return found


def _group(name: str, label: str, options: Sequence[dict[str, str | None]]) -> dict[str, Any]:
    return {"name": name, "label": label, "options": list(options)}


def _option(say: Language, family: str, value: str, icon: str | None = None) -> dict[str, str | None]:
    return {"value": value, "label": say.known(family, value), "icon": icon}
