"""The conditions of a search as a form; the browser's side tells each change, this side what to show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nicegui.element import Element

from camsvc.db.queries.facets import Facets
from camsvc.domain.annotation import Disposition
from camsvc.domain.camera import Severity
from camsvc.domain.incident import IncidentState
from camsvc.domain.search import IncidentFilter, Wind
from camsvc.domain.track import ObjectClass
from camsvc.web.asked import COLOURS
from camsvc.web.directory import Directory
from camsvc.web.fields import FieldError
from camsvc.web.language import Language
from camsvc.web.words import CLASS_ICONS, DISPOSITION_ICONS, STATE_ICONS, Words

TEXTS = (
    "filter.any",
    "filter.area",
    "filter.assignee",
    "filter.camera",
    "filter.clear",
    "filter.direction",
    "filter.duration",
    "filter.from",
    "filter.from_hint",
    "filter.label",
    "filter.lasting.0",
    "filter.lasting.1",
    "filter.lasting.2",
    "filter.lasting.3",
    "filter.max_duration_s",
    "filter.min_duration_s",
    "filter.none",
    "filter.place",
    "filter.place_clear",
    "filter.place_edit",
    "filter.place_pick",
    "filter.said",
    "filter.sees",
    "filter.tag",
    "filter.text",
    "filter.time",
    "filter.to",
    "filter.to_hint",
    "filter.wind.e",
    "filter.wind.n",
    "filter.wind.s",
    "filter.wind.w",
)
KINDS = ("presence",)
"""Kinds of rules that are always offered; others when there are incidents of theirs."""
MEMBERS = {"object": "objects", "state": "states", "severity": "severities", "kind": "kinds", "colour": "colours"}
"""Groups whose choices are counted: the members of IncidentFilter."""


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
        self.props["directions"] = {wind.value: say(f"searched.direction.{wind.value}") for wind in Wind}
        self.props["counts"] = {}
        self.props["counted"] = False
        self.props["has_directions"] = False
        self.props["tags"] = []
        self.props["accounts"] = []
        self._wanted = IncidentFilter()
        self._facets: Facets | None = None
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
        self._wanted = wanted
        self.props["value"] = {
            **typed,
            "area": list(wanted.areas),
            "camera": list(wanted.cameras),
            "sees": wanted.sees,
            "kind": list(wanted.kinds),
            "object": [each.value for each in wanted.objects],
            "colour": list(wanted.colours),
            "severity": [each.value for each in wanted.severities],
            "state": [each.value for each in wanted.states],
            "direction": [each.value for each in wanted.directions],
            "min_duration_s": wanted.min_duration_s,
            "max_duration_s": wanted.max_duration_s,
            "tag": list(wanted.tags),
            "disposition": [each.value for each in wanted.dispositions],
            "assignee": list(wanted.assignees),
            "text": wanted.text or "",
        }
        self.props["errors"] = {name: error.text(self._words.language) for name, error in errors.items()}
        self.props["range"] = range_
        self.props["place"] = self._words.place(wanted)
        self.props["narrowed"] = wanted != IncidentFilter() or bool(errors)
        self.props["groups"] = groups(self._words.language, wanted, self._facets)
        self.update()

    def count(self, found: Facets) -> None:
        """Show how many each choice would find."""
        say, mark = self._words.language, "" if found.total.exact else "≈"
        told = {name: found.values[member] for name, member in MEMBERS.items()}
        told |= {"area": found.areas, "camera": found.cameras}
        self._facets = found
        self.props["counts"] = {
            name: {value: f"{mark}{say.number(number)}" for value, number in values.items()}
            for name, values in told.items()
        }
        self.props["counted"] = True
        self.props["has_directions"] = found.has_directions
        self.props["groups"] = groups(say, self._wanted, found)
        self.update()

    def suggest(self, tags: Sequence[str], accounts: Sequence[str]) -> None:
        self.props["tags"] = list(tags)
        self.props["accounts"] = list(accounts)
        self.update()


def groups(say: Language, wanted: IncidentFilter, found: Facets | None = None) -> list[dict[str, Any]]:
    """Groups of chips. A value that only a link can give (a colour, a kind of a later version) is shown as well."""
    seen = found.values if found else {}
    kinds = dict.fromkeys([*KINDS, *sorted(seen.get("kinds", {})), *wanted.kinds])
    colours = dict.fromkeys([*(each for each in COLOURS if each in seen.get("colours", {})), *wanted.colours])
    made = [
        _group(
            "object", say("filter.object"), [_option(say, "class", c.value, CLASS_ICONS[c.value]) for c in ObjectClass]
        ),
        _group("severity", say("filter.severity"), [_option(say, "severity", s.value) for s in Severity]),
        _group("state", say("filter.state"), [_option(say, "state", s.value, STATE_ICONS[s]) for s in IncidentState]),
        _group("kind", say("filter.kind"), [_option(say, "kind", kind) for kind in kinds]),
    ]
    if colours:
        chips = [_option(say, "colour", each) | {"swatch": each if each in COLOURS else None} for each in colours]
        made.insert(1, _group("colour", say("filter.colour"), chips))
    judged = [_option(say, "searched.disposition", each.value, DISPOSITION_ICONS[each]) for each in Disposition]
    return [*made, _group("disposition", say("filter.disposition"), judged)]


def _group(name: str, label: str, options: Sequence[dict[str, str | None]]) -> dict[str, Any]:
    return {"name": name, "label": label, "options": list(options), "counted": name in MEMBERS}


def _option(say: Language, family: str, value: str, icon: str | None = None) -> dict[str, str | None]:
    return {"value": value, "label": say.known(family, value), "icon": icon}
