"""The conditions of a search one by one, each in words and with the search that is left without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from camsvc.domain.search import IncidentFilter
from camsvc.web.directory import Directory
from camsvc.web.words import CLASS_ICONS, Words

ICONS = {
    "time": "schedule",
    "areas": "account_tree",
    "cameras": "videocam",
    "place": "place",
    "kinds": "category",
    "colours": "palette",
    "directions": "explore",
    "duration": "timelapse",
    "severities": "priority_high",
    "states": "pending",
    "tags": "sell",
    "dispositions": "gavel",
    "assignees": "assignment_ind",
    "text": "notes",
}
_PLACES = ("near", "route", "bbox", "polygon")
_LISTS = (
    "areas",
    "cameras",
    "kinds",
    "objects",
    "colours",
    "directions",
    "severities",
    "states",
    "tags",
    "dispositions",
    "assignees",
)
_FAMILIES = {
    "kinds": "kind",
    "objects": "class",
    "colours": "colour",
    "directions": "searched.direction",
    "severities": "severity",
    "states": "state",
    "dispositions": "searched.disposition",
}


@dataclass(frozen=True, slots=True)
class Condition:
    key: str
    """``objects:truck``: the same for the same condition in any search."""
    group: str
    """Conditions of one group are alternatives: any of them must hold. Each group must."""
    icon: str
    text: str
    without: IncidentFilter


def conditions(wanted: IncidentFilter, words: Words, directory: Directory) -> list[Condition]:
    """In the order in which people say them: when, where, what."""
    return [
        *_time(wanted, words),
        *_values(wanted, words, directory, ("areas", "cameras")),
        *_places(wanted, words),
        *_values(wanted, words, directory, _LISTS[2:6]),
        *_duration(wanted, words),
        *_values(wanted, words, directory, _LISTS[6:]),
        *_text(wanted),
    ]


def without_group(wanted: IncidentFilter, group: str) -> IncidentFilter:
    """``wanted`` with a whole group let go."""
    if group in _LISTS:
        return _set(wanted, group, ())
    if group == "time":
        return replace(wanted, from_=None, to=None)
    if group == "duration":
        return replace(wanted, min_duration_s=None, max_duration_s=None)
    return replace(wanted, text=None) if group == "text" else _without_place(wanted, group)


def groups(found: Sequence[Condition]) -> Iterator[tuple[str, Sequence[Condition]]]:
    """Conditions that stand together."""
    for group in dict.fromkeys(each.group for each in found):
        yield group, [each for each in found if each.group == group]


def _time(wanted: IncidentFilter, words: Words) -> Iterator[Condition]:
    if wanted.from_ or wanted.to:
        yield Condition("time", "time", ICONS["time"], words.time(wanted), without_group(wanted, "time"))


def _places(wanted: IncidentFilter, words: Words) -> Iterator[Condition]:
    said: dict[str, Callable[[], str]] = {
        "near": lambda: words.near(wanted.near, wanted.radius_m or 0.0) if wanted.near else "",
        "route": lambda: words.route(len(wanted.route), wanted.radius_m or 0.0),
        "bbox": lambda: words.box(wanted.bbox) if wanted.bbox else "",
        "polygon": lambda: words.polygon(len(wanted.polygon)),
    }
    for member in _PLACES:
        if getattr(wanted, member):
            yield Condition(member, member, ICONS["place"], said[member](), _without_place(wanted, member))
    if not wanted.sees and any(getattr(wanted, member) for member in _PLACES):
        text = words.language("searched.stands")
        yield Condition("sees", "sees", "visibility_off", text, replace(wanted, sees=True))


def _values(wanted: IncidentFilter, words: Words, directory: Directory, members: Sequence[str]) -> Iterator[Condition]:
    for member in members:
        values = getattr(wanted, member)
        for value in dict.fromkeys(values):
            rest = _set(wanted, member, tuple(each for each in values if each != value))
            icon = CLASS_ICONS.get(value, ICONS["kinds"]) if member == "objects" else ICONS[member]
            yield Condition(f"{member}:{value}", member, icon, _said(member, value, words, directory), rest)


def _said(member: str, value: str, words: Words, directory: Directory) -> str:
    if member == "areas":
        return directory.area_name(value)
    if member == "cameras":
        return directory.camera_name(value)
    if member in _FAMILIES:
        return words.language.known(_FAMILIES[member], value)
    return f"@{value}" if member == "assignees" else f"#{value}"


def _duration(wanted: IncidentFilter, words: Words) -> Iterator[Condition]:
    if said := words.duration(wanted):
        yield Condition("duration", "duration", ICONS["duration"], said, without_group(wanted, "duration"))


def _text(wanted: IncidentFilter) -> Iterator[Condition]:
    if wanted.text:
        yield Condition("text", "text", ICONS["text"], f"“{wanted.text}”", replace(wanted, text=None))


def _without_place(wanted: IncidentFilter, member: str) -> IncidentFilter:
    """The radius belongs to circle and route: it goes with the last of them."""
    if member == "sees":
        return replace(wanted, sees=True)
    rest = _set(wanted, member, () if member in {"route", "polygon"} else None)
    return rest if rest.near or rest.route else replace(rest, radius_m=None)


def _set(wanted: IncidentFilter, member: str, value: object) -> IncidentFilter:
    changes: dict[str, Any] = {member: value}
    return replace(wanted, **changes)
