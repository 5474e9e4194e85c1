"""What an officer types into the one line above the results: "xe tải hôm qua 17-19, 500 m quanh 21.2417, 105.9556".

Times (``spoken``), places, and the words of the catalogue for objects, colours, directions, severities, states and
judgements, in both languages at once, with and without diacritics. What is not understood is told, never passed over:
a condition left out would answer another question.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

from camsvc.db.filters import parse_point, parse_radius
from camsvc.domain.annotation import Disposition
from camsvc.domain.camera import Severity
from camsvc.domain.geo import Point
from camsvc.domain.incident import IncidentState
from camsvc.domain.search import Wind
from camsvc.domain.track import ObjectClass
from camsvc.errors import InputError
from camsvc.web.directory import Directory
from camsvc.web.fields import FieldError
from camsvc.web.language import LANGUAGES, language
from camsvc.web.moments import Wall
from camsvc.web.shapes import NO_PLACE
from camsvc.web.spoken import any_of, plain, span_in
from camsvc.web.view import RADIUS_DEFAULT_M

CAMERAS_MAX = 20
"""Of one name: "chợ" may be six cameras; what fits more is no name."""
MEMBERS: Mapping[str, tuple[type[StrEnum], str]] = {
    "objects": (ObjectClass, "class"),
    "severities": (Severity, "severity"),
    "states": (IncidentState, "state"),
    "directions": (Wind, "direction"),
    "dispositions": (Disposition, "disposition"),
}
COLOURS = ("black", "white", "grey", "silver", "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown")
"""That the catalogue has words for. Links may ask for others: which there are is the detector's affair."""

_REACH = r"(?P<m>\d+(?:[.,]\d+)?)\s*(?P<unit>km|m)\b"
_AROUND = any_of(["around", "near", "of", "from", "quanh", "gần", "cách", "xung quanh", "của"])
_WITHIN = any_of(["within", "trong vòng", "trong bán kính", "bán kính", "trong", "radius"])
_COORDINATES = r"(?P<lat>-?\d{1,2}\.\d+)\s*[,; ]\s*(?P<lon>-?\d{1,3}\.\d+)"
_POINT = re.compile(
    rf"(?:(?:(?:{_WITHIN})\s+)?{_REACH}\s*(?:(?:{_AROUND})\s*)?)?{_COORDINATES}"
    rf"(?:\s*,?\s*(?P<m2>\d+(?:[.,]\d+)?)\s*(?P<unit2>km|m)\b)?"
)
_BESIDE = re.compile(rf"(?:(?:{_WITHIN})\s+)?{_REACH}\s*(?:{_AROUND})\s+(?P<name>[^,;]+)")
_SECONDS = {"s": 1, "sec": 1, "seconds": 1, "giây": 1, "min": 60, "minutes": 60, "minute": 60, "phút": 60}
_LASTING = re.compile(
    rf"(?:(?P<low>{any_of(['longer than', 'over', 'more than', 'trên', 'hơn', 'lâu hơn'])}|>)"
    rf"|(?P<high>{any_of(['shorter than', 'under', 'less than', 'dưới', 'chưa đến'])}|<))"
    rf"\s*(?P<n>\d+)\s*(?P<unit>{any_of(list(_SECONDS))})\b"
)
_TAG = re.compile(r"#(?P<tag>\w[\w.-]*)")
_ACCOUNT = re.compile(r"@(?P<name>[a-z0-9][a-z0-9._-]{0,63})")
_QUOTED = re.compile(r"[\"“](?P<text>[^\"“”]+)[\"”]")
_IDLE = any_of(
    [
        *("the", "a", "an", "in", "at", "on", "of", "and", "or", "with", "all", "show", "find", "near", "colour"),
        *(
            "ở",
            "tại",
            "và",
            "hoặc",
            "có",
            "tìm",
            "tất cả",
            "màu",
            "các",
            "những",
            "gần",
            "đi",
            "hướng",
            "về",
            "heading",
        ),
    ]
)


@dataclass(frozen=True)
class Asked:
    conditions: Mapping[str, Any] = field(default_factory=dict)
    """Members of IncidentFilter."""
    unknown: tuple[str, ...] = ()
    """What was not understood; then nothing is to be searched."""


def read(text: str, wall: Wall, now: datetime, directory: Directory) -> Asked:
    """Raises FieldError for a time or place that does not exist."""
    rest = " ".join(unicodedata.normalize("NFC", text).lower().split())
    found: dict[str, Any] = {}
    rest = _marks(rest, found)
    rest = _point(rest, found)
    rest, beside = _beside(rest)
    rest = _duration(rest, found)
    try:
        span = span_in(rest, wall, now)
    except ValueError as error:
        raise FieldError("ask", "ask.no_such_time", text=text) from error
    if span is not None:
        if span.to is not None and span.to <= span.from_:
            raise FieldError("ask", "field.to_before_from")
        found |= {"from_": span.from_, "to": span.to}
        rest = span.rest
    rest, named = _known_names(rest, directory)
    rest = _words(rest, found)
    unknown = _names([*re.split(r"[,;]", rest), *named], found, directory)
    if beside:
        unknown += _around(*beside, found, directory)
    return Asked(found, tuple(unknown))


def whole(conditions: Mapping[str, Any]) -> dict[str, Any]:
    """``conditions`` as a change of a search: a place, of whichever form, takes the place of one."""
    return (dict(NO_PLACE) if "near" in conditions else {}) | dict(conditions)


def _marks(text: str, found: dict[str, Any]) -> str:
    if match := _QUOTED.search(text):
        found["text"] = " ".join(match["text"].split())
        text = _cut(text, match)
    for pattern, member, group in ((_TAG, "tags", "tag"), (_ACCOUNT, "assignees", "name")):
        if values := tuple(dict.fromkeys(match[group] for match in pattern.finditer(text))):
            found[member] = values
            text = pattern.sub(" , ", text)
    return text


def _point(text: str, found: dict[str, Any]) -> str:
    match = _POINT.search(text)
    if match is None:
        return text
    number, unit = (match["m"], match["unit"]) if match["m"] else (match["m2"], match["unit2"])
    try:
        found["near"] = parse_point(f"{match['lat']},{match['lon']}")
        found["radius_m"] = parse_radius(_metres(number, unit)) if number else RADIUS_DEFAULT_M
    except InputError as error:
        raise FieldError("ask", f"field.{error.parameter}", text=match[0]) from error
    return _cut(text, match)


def _beside(text: str) -> tuple[str, tuple[float, str] | None]:
    """ "500 m quanh Chợ Chờ": the name is looked for when the rest is understood."""
    match = _BESIDE.search(text)
    if match is None:
        return text, None
    return _cut(text, match), (_metres(match["m"], match["unit"]), match["name"])


def _around(radius_m: float, name: str, found: dict[str, Any], directory: Directory) -> list[str]:
    """Around a camera: the only thing with a name whose place is known."""
    cameras = [each for each in _cameras(name, directory) if directory.cameras[each].location]
    if len(cameras) != 1:
        return [name.strip()]
    location = directory.cameras[cameras[0]].location
    assert location is not None  # noqa: S101  just filtered
    found |= {"near": Point(location.lat, location.lon), "radius_m": radius_m}
    return []


def _duration(text: str, found: dict[str, Any]) -> str:
    for match in _LASTING.finditer(text):
        seconds = float(
            int(match["n"]) * next(n for unit, n in _SECONDS.items() if plain(unit) == plain(match["unit"]))
        )
        found["min_duration_s" if match["low"] else "max_duration_s"] = seconds
    return _LASTING.sub(" , ", text)


def _known_names(text: str, directory: Directory) -> tuple[str, list[str]]:
    """Whole names of areas and cameras go first: "Bắc Ninh" is no way to the north. Back come the rest, and they."""
    bare = plain(text)
    if len(bare) != len(text):
        return text, []  # letters that no keyboard here gives: positions would not be the same
    said = [each.name for each in directory.areas.values()] + [each.name for each in directory.wanted]
    names = {plain(each) for each in said}
    found = []
    for name in sorted((each for each in names if each and each in bare), key=len, reverse=True):
        if match := re.search(rf"(?<!\w){re.escape(name)}(?!\w)", bare):
            found.append(name)
            gap = " , ".ljust(len(name))[: len(name)] if len(name) > 2 else "," * len(name)
            bare = bare[: match.start()] + gap + bare[match.end() :]
            text = text[: match.start()] + gap + text[match.end() :]
    return text, found


def _words(text: str, found: dict[str, Any]) -> str:
    """Words of the catalogue, the longest first, so that "false alarm" is no alarm."""
    pattern, meanings = _vocabulary()
    chosen: dict[str, list[Any]] = {}

    def take(match: re.Match[str]) -> str:
        member, value = meanings[" ".join(match[0].split())]
        chosen.setdefault(member, []).append(value)
        return " , "

    rest = pattern.sub(take, text)
    found |= {member: tuple(dict.fromkeys(values)) for member, values in chosen.items()}
    return rest


@cache
def _vocabulary() -> tuple[re.Pattern[str], Mapping[str, tuple[str, Any]]]:
    said: dict[str, tuple[str, Any]] = {}
    for code in LANGUAGES:
        say = language(code)
        for member, (values, family) in MEMBERS.items():
            for value in values:
                # "Nam" and "Bắc" are in half of all names: of directions only what is said of a way.
                if family != "direction":
                    shown = f"searched.{family}" if family == "disposition" else family
                    said |= dict.fromkeys(_phrases(say.known(shown, value.value)), (member, value))
                said |= dict.fromkeys(_phrases(say.known(f"ask.{family}", value.value)), (member, value))
        for colour in COLOURS:
            said |= dict.fromkeys(_phrases(say.known("ask.colour", colour)), ("colours", colour))
    meanings = dict(said)
    for phrase, meaning in said.items():
        meanings.setdefault(plain(phrase), meaning)
    return re.compile(rf"(?<!\w)(?:{any_of(list(said))})(?!\w)"), meanings


def _phrases(text: str) -> Iterable[str]:
    return (phrase for each in text.lower().split("|") if (phrase := " ".join(each.split())))


def _names(parts: Iterable[str], found: dict[str, Any], directory: Directory) -> list[str]:
    """Areas and cameras; what is neither comes back."""
    unknown = []
    areas: list[str] = []
    cameras: list[str] = []
    known = {plain(each.name) for each in directory.areas.values()} | {plain(each.name) for each in directory.wanted}
    for part in parts:
        name = " ".join((part if plain(part) in known else re.sub(rf"(?<!\w)(?:{_IDLE})(?!\w)", " ", part)).split())
        if not re.search(r"\w", name):
            continue
        of_areas, of_cameras = _areas(name, directory), _cameras(name, directory)
        if len(of_areas) == 1 and (len(of_cameras) != 1 or plain(directory.area_name(of_areas[0])) == plain(name)):
            areas += of_areas
        elif 0 < len(of_cameras) <= CAMERAS_MAX:
            cameras += of_cameras
        else:
            unknown.append(name)
    for member, values in (("areas", areas), ("cameras", cameras)):
        found |= {member: tuple(dict.fromkeys(values))} if values else {}
    return unknown


def _areas(name: str, directory: Directory) -> Sequence[str]:
    exact = [path for path, area in directory.areas.items() if plain(area.name) == plain(name) or path == name]
    return exact or [path for path, area in directory.areas.items() if _has(name, area.name)]


def _cameras(name: str, directory: Directory) -> Sequence[str]:
    exact = [each.id for each in directory.wanted if plain(each.name) == plain(name) or each.id == name.strip()]
    return exact or [each.id for each in directory.wanted if _has(name, f"{each.name} {each.id}")]


def _has(name: str, text: str) -> bool:
    """Every word of ``name`` begins a word of ``text``."""
    words = re.findall(r"\w+", plain(text))
    return all(any(word.startswith(wanted) for word in words) for wanted in re.findall(r"\w+", plain(name)))


def _metres(number: str, unit: str) -> float:
    return float(number.replace(",", ".")) * (1000 if unit == "km" else 1)


def _cut(text: str, match: re.Match[str]) -> str:
    return f"{text[: match.start()]} , {text[match.end() :]}"
