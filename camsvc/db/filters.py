"""What a person or program types to search, as an IncidentFilter: the parser of command line, REST and page.

Every refusal is an InputError: ``parameter`` is the name in the interface, ``cure`` shows how to write it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from camsvc.config import AREA_PATH, CAMERA_ID
from camsvc.domain.annotation import TAG, Disposition, tag_of
from camsvc.domain.camera import Severity
from camsvc.domain.geo import EARTH_RADIUS_M, Box, Point, distance_m
from camsvc.domain.incident import IncidentState
from camsvc.domain.rings import goes_around_a_pole
from camsvc.domain.search import IncidentFilter, Wind
from camsvc.domain.track import ObjectClass
from camsvc.errors import ConfigError, InputError

DEFAULT_LIMIT = 50
LIMIT_MAX = 1000
"""Of one page: some megabytes of JSON."""
RADIUS_MAX_M = math.pi * EARTH_RADIUS_M
"""Half the way around the earth reaches everything."""
VALUES_MAX = 200
"""Of one condition: more is a mistake, or an attack on the database."""
ROUTE_MIN_POINTS, POLYGON_MIN_POINTS = 2, 3
POINTS_MAX = 200
"""Of one line or polygon: a commune drawn by hand has some dozens; each costs with each viewpoint."""
LEG_MAX_M = RADIUS_MAX_M / 2
"""Of a route: between opposite points every way is as short."""
TEXT_MAX = 200
DURATION_MAX_S = 366 * 86_400.0
USER_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_WORD = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_Choice = TypeVar("_Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Terms:
    """As typed, by the interface's names; None and empty: not asked. One text may hold several values, with commas."""

    from_: str | None = None
    to: str | None = None
    near: str | None = None
    route: str | None = None
    radius_m: str | float | None = None
    bbox: str | None = None
    polygon: str | None = None
    sees: str | bool | None = None
    areas: Iterable[str] = ()
    cameras: Iterable[str] = ()
    kinds: Iterable[str] = ()
    objects: Iterable[str] = ()
    colours: Iterable[str] = ()
    severities: Iterable[str] = ()
    states: Iterable[str] = ()
    directions: Iterable[str] = ()
    min_duration_s: str | float | None = None
    max_duration_s: str | float | None = None
    tags: Iterable[str] = ()
    dispositions: Iterable[str] = ()
    assignees: Iterable[str] = ()
    text: str | None = None


def parse(terms: Terms, zone: str) -> IncidentFilter:
    """``zone``: IANA name of the zone of times that name none (``settings.timezone``). Raises InputError."""
    found = IncidentFilter(
        from_=parse_time(terms.from_, "from", zone) if terms.from_ else None,
        to=parse_time(terms.to, "to", zone, later=True) if terms.to else None,
        near=parse_point(terms.near) if terms.near else None,
        route=parse_points(terms.route, "route", ROUTE_MIN_POINTS) if terms.route else (),
        radius_m=parse_radius(terms.radius_m) if terms.radius_m not in (None, "") else None,
        bbox=parse_bbox(terms.bbox) if terms.bbox else None,
        polygon=parse_points(terms.polygon, "polygon", POLYGON_MIN_POINTS) if terms.polygon else (),
        sees=parse_yes_no(terms.sees, "sees") if terms.sees not in (None, "") else True,
        areas=_matching(terms.areas, "area", AREA_PATH, "give the path, like bac-ninh/yen-phong/tam-giang"),
        cameras=_matching(terms.cameras, "camera", CAMERA_ID, "give the camera's id, like nhu-nguyet-01"),
        kinds=_matching(terms.kinds, "kind", _WORD, "give the kind of a rule, like presence"),
        objects=parse_choices(ObjectClass, terms.objects, "object"),
        colours=_matching(terms.colours, "colour", _WORD, "give a colour's name in lower case, like red"),
        severities=parse_choices(Severity, terms.severities, "severity"),
        states=parse_choices(IncidentState, terms.states, "state"),
        directions=parse_choices(Wind, terms.directions, "direction"),
        min_duration_s=_duration(terms.min_duration_s, "min_duration_s"),
        max_duration_s=_duration(terms.max_duration_s, "max_duration_s"),
        tags=tuple(dict.fromkeys(parse_tag(each) for each in _split(terms.tags, "tag"))),
        dispositions=parse_choices(Disposition, terms.dispositions, "disposition"),
        assignees=_matching(terms.assignees, "assignee", USER_NAME, "give the name of an account, like lan"),
        text=parse_text(terms.text) if terms.text else None,
    )
    check(found)
    return found


def check(asked: IncidentFilter) -> None:
    """Raises InputError when conditions contradict each other or are not whole."""
    for parameter, moment in (("from", asked.from_), ("to", asked.to)):
        if moment is not None and moment.tzinfo is None:
            raise InputError(
                f"{moment.isoformat()} has no time zone", parameter=parameter, cure="add one, like Z or +07:00"
            )
    if asked.from_ is not None and asked.to is not None and asked.from_ >= asked.to:
        raise InputError(
            f"{asked.from_.isoformat()} is not before 'to', {asked.to.isoformat()}",
            parameter="from",
            cure="give a time before 'to'",
        )
    has_centre = asked.near is not None or bool(asked.route)
    if has_centre and asked.radius_m is None:
        raise InputError("a place without a distance", parameter="radius_m", cure="add a radius in metres, like 500")
    if not has_centre and asked.radius_m is not None:
        raise InputError("a radius without a place", parameter="near", cure="add a place, like 21.2417,105.9556")
    if asked.radius_m is not None:
        parse_radius(asked.radius_m)
    if asked.polygon and goes_around_a_pole(asked.polygon):
        raise InputError("the corners go around a pole", parameter="polygon", cure="use near and radius_m there")
    if any(distance_m(a, b) > LEG_MAX_M for a, b in pairwise(asked.route)):
        raise InputError(
            "a leg is longer than a quarter of the way around the earth",
            parameter="route",
            cure="add points between: which way is meant is not clear",
        )
    shortest, longest = asked.min_duration_s, asked.max_duration_s
    if shortest is not None and longest is not None and shortest > longest:
        raise InputError(
            f"{shortest:g} s is more than max_duration_s, {longest:g}",
            parameter="min_duration_s",
            cure="give no more than max_duration_s",
        )


def check_limit(limit: int) -> None:
    """Raises InputError unless ``limit`` is 1…LIMIT_MAX."""
    if not 1 <= limit <= LIMIT_MAX:
        raise InputError(
            f"{limit} is not a size of a page",
            parameter="limit",
            cure=f"give 1 to {LIMIT_MAX}, and follow the cursor for more",
        )


def parse_time(text: str, parameter: str, zone: str, *, later: bool = False) -> datetime:
    """ISO 8601: a date (its first instant), or a date and a time; UTC. Without an offset it is local time in ``zone``.

    A local time that occurs twice (clocks set back) is taken as the earlier, with ``later`` as the later of both:
    so a search from one to the other is never narrower than meant.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise InputError(
            f"{text!r} is not a time",
            parameter=parameter,
            cure="write it like 2026-11-22T08:30+07:00 or 2026-11-22T08:30",
        ) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=_zone(zone), fold=1 if later else 0)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise InputError(f"{text!r} is out of range", parameter=parameter, cure="give a year from 2 to 9998") from error


def names_no_zone(text: str) -> bool:
    """Whether ``parse_time`` takes ``text`` as local time: then say so to whom typed it."""
    try:
        return datetime.fromisoformat(text.strip()).tzinfo is None
    except ValueError:
        return False


def parse_point(text: str, parameter: str = "near") -> Point:
    """``LAT,LON`` in degrees."""
    lat, lon = _numbers(text, 2, parameter, "write latitude,longitude in degrees, like 21.2417,105.9556")
    try:
        # To 0.1 mm: PostgreSQL refuses to compute with the smallest numbers that a float can hold.
        return Point(round(lat, 9), round(lon, 9))
    except ValueError as error:
        raise InputError(
            str(error), parameter=parameter, cure="write the latitude first, like 21.2417,105.9556"
        ) from error


def parse_radius(value: str | float | None, parameter: str = "radius_m") -> float:
    """Metres."""
    cure = "give metres above 0, like 500"
    try:
        radius = float(value) if value is not None else math.nan
    except ValueError as error:
        raise InputError(f"{value!r} is not a number of metres", parameter=parameter, cure=cure) from error
    if not 0 < radius <= RADIUS_MAX_M:
        raise InputError(f"{radius:g} m is not a radius on the earth", parameter=parameter, cure=cure)
    return radius


def parse_bbox(text: str, parameter: str = "bbox") -> Box:
    """``WEST,SOUTH,EAST,NORTH`` in degrees (RFC 7946 §5); west above east crosses the antimeridian."""
    cure = "write west,south,east,north in degrees, like 105.9,21.2,106.0,21.3"
    west, south, east, north = _numbers(text, 4, parameter, cure)
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= 90 and -90 <= north <= 90):
        raise InputError(f"{text!r} is not on the earth", parameter=parameter, cure=cure)
    if south > north:
        raise InputError(f"south, {south:g}, is above north, {north:g}", parameter=parameter, cure=cure)
    return Box(west, south, east, north)


def parse_points(text: str, parameter: str, at_least: int) -> tuple[Point, ...]:
    """``LAT,LON;LAT,LON;…`` in degrees."""
    parts = [part for part in text.split(";") if part.strip()]
    if not at_least <= len(parts) <= POINTS_MAX:
        raise InputError(
            f"{len(parts)} points",
            parameter=parameter,
            cure=f"give {at_least} to {POINTS_MAX}, as latitude,longitude joined by ';'",
        )
    return tuple(parse_point(part, parameter) for part in parts)


def parse_yes_no(value: str | bool, parameter: str) -> bool:
    if isinstance(value, bool):
        return value
    try:
        return {"true": True, "false": False}[value.strip().lower()]
    except KeyError as error:
        raise InputError(f"{value!r} is neither", parameter=parameter, cure="give true or false") from error


def parse_text(value: str, parameter: str = "text") -> str:
    """Words to find in notes."""
    words = " ".join(value.split())
    if not 0 < len(words) <= TEXT_MAX:
        raise InputError(f"{len(words)} characters", parameter=parameter, cure=f"give 1 to {TEXT_MAX}")
    if not any(map(str.isalnum, words)):
        raise InputError(f"{words!r} holds no word", parameter=parameter, cure="give words of letters or digits")
    return words


def parse_tag(text: str, parameter: str = "tag") -> str:
    """As it is kept: in lower case. Raises InputError."""
    tag = tag_of(text)
    if not TAG.fullmatch(tag):
        raise InputError(
            f"{text!r} cannot be a tag",
            parameter=parameter,
            cure="give 1 to 64 letters, digits, spaces, '_', '.' or '-', like stolen-bike",
        )
    return tag


def parse_choices(choices: type[_Choice], texts: Iterable[str], parameter: str) -> tuple[_Choice, ...]:
    """Values of an enum, each once, in the order given."""
    found = []
    for text in _split(texts, parameter):
        try:
            found.append(choices(text))
        except ValueError as error:
            known = ", ".join(each.value for each in choices)
            raise InputError(f"{text!r} is none of them", parameter=parameter, cure=f"give one of: {known}") from error
    return tuple(dict.fromkeys(found))


def _duration(value: str | float | None, parameter: str) -> float | None:
    """Seconds."""
    if value in (None, ""):
        return None
    cure = f"give seconds from 0 to {DURATION_MAX_S:g}, like 30"
    try:
        seconds = float(value)
    except ValueError as error:
        raise InputError(f"{value!r} is not a number of seconds", parameter=parameter, cure=cure) from error
    if not 0 <= seconds <= DURATION_MAX_S:
        raise InputError(f"{seconds:g} s is no duration", parameter=parameter, cure=cure)
    return seconds


def _matching(texts: Iterable[str], parameter: str, form: re.Pattern[str], cure: str) -> tuple[str, ...]:
    found = _split(texts, parameter)
    for text in found:
        if not form.fullmatch(text):
            raise InputError(f"{text!r} cannot be one", parameter=parameter, cure=cure)
    return found


def _split(texts: Iterable[str], parameter: str) -> tuple[str, ...]:
    parts = dict.fromkeys(part.strip() for text in texts for part in text.split(",") if part.strip())
    if len(parts) > VALUES_MAX:
        raise InputError(
            f"{len(parts)} values are too many", parameter=parameter, cure=f"give at most {VALUES_MAX}, or an area"
        )
    return tuple(parts)


def _numbers(text: str, count: int, parameter: str, cure: str) -> list[float]:
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise InputError(f"{text!r} is not numbers joined by commas", parameter=parameter, cure=cure) from error
    if len(found) != count or not all(map(math.isfinite, found)):
        raise InputError(f"{text!r} is not {count} numbers", parameter=parameter, cure=cure)
    return found


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigError(f"timezone: {name!r} is no time zone: write an IANA name like Asia/Ho_Chi_Minh") from error
