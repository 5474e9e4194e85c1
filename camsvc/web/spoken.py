"""Spans of time as people say them, in English and Vietnamese, with and without diacritics: "yesterday 17-19",
"hôm qua từ 17h đến 19h", "sáng nay", "last 3 hours", "21/11 17:00 – 22/11 9:00".

What is left open is read as the latest that has begun: a day of the week, a date without a year, hours without a day.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar

from camsvc.web.moments import Wall

_Value = TypeVar("_Value")

ABOUT = timedelta(minutes=30)
"""To each side of "at 17:00": witnesses round to the half hour."""
LONGEST_DAYS = 3660
"""Of "the last n days": ten years; more is a slip of the finger."""


def plain(text: str) -> str:
    """Without diacritics, in lower case: "Đông Ngàn" is "dong ngan"."""
    parts = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(letter for letter in parts if not unicodedata.combining(letter))


def any_of(phrases: Sequence[str]) -> str:
    """A pattern for each of ``phrases``, as written or without any diacritics; the longest first."""
    forms = {form for phrase in phrases for form in (phrase, plain(phrase))}
    return "|".join(re.escape(each).replace(r"\ ", r"\s+") for each in sorted(forms, key=lambda x: (-len(x), x)))


_DAYS: Mapping[str, int] = {
    **dict.fromkeys(("today", "hôm nay"), 0),
    **dict.fromkeys(("yesterday", "hôm qua"), 1),
    **dict.fromkeys(("the day before yesterday", "day before yesterday", "hôm kia"), 2),
}
_WEEKDAYS: Mapping[str, int] = {
    phrase: number
    for number, phrases in enumerate(
        (
            ("monday", "thứ hai", "thứ 2"),
            ("tuesday", "thứ ba", "thứ 3"),
            ("wednesday", "thứ tư", "thứ 4"),
            ("thursday", "thứ năm", "thứ 5"),
            ("friday", "thứ sáu", "thứ 6"),
            ("saturday", "thứ bảy", "thứ 7"),
            ("sunday", "chủ nhật"),
        )
    )
    for phrase in phrases
}
_PARTS: Mapping[str, tuple[int, int]] = {
    **dict.fromkeys(("in the morning", "this morning", "morning", "buổi sáng", "sáng"), (5, 12)),
    **dict.fromkeys(("at noon", "noon", "buổi trưa", "trưa"), (11, 13)),
    **dict.fromkeys(("in the afternoon", "this afternoon", "afternoon", "buổi chiều", "chiều"), (12, 18)),
    **dict.fromkeys(("in the evening", "this evening", "tonight", "evening", "buổi tối", "tối"), (18, 24)),
    **dict.fromkeys(("at night", "night", "ban đêm", "đêm"), (22, 29)),
}
"""Hours of a day, from and to; above 24 is of the next day."""
_UNITS: Mapping[str, str] = {
    **dict.fromkeys(("minutes", "minute", "min", "phút"), "minutes"),
    **dict.fromkeys(("hours", "hour", "h", "giờ", "tiếng"), "hours"),
    **dict.fromkeys(("days", "day", "ngày"), "days"),
    **dict.fromkeys(("weeks", "week", "tuần"), "weeks"),
}
_WHOLE: Mapping[str, tuple[str, int]] = {
    **dict.fromkeys(("this week", "tuần này"), ("week", 0)),
    **dict.fromkeys(("last week", "tuần trước", "tuần qua"), ("week", 1)),
    **dict.fromkeys(("this month", "tháng này"), ("month", 0)),
    **dict.fromkeys(("last month", "tháng trước"), ("month", 1)),
}
_CLOCK = r"(?P<{0}h>\d{{1,2}})(?:\s*(?::|h|g|giờ|gio)\s*(?P<{0}m>[0-5]\d)?)?(?:\s*(?P<{0}half>am|pm))?(?![\d./])"
_DASH = rf"\s*(?:-|–|—|{any_of(['to', 'until', 'till', 'đến', 'tới'])})\s*"
_DATE = (
    r"(?:(?P<{0}y>\d{{4}})-(?P<{0}mo>\d{{1,2}})-(?P<{0}d>\d{{1,2}})"
    r"|(?P<{0}d2>\d{{1,2}})/(?P<{0}mo2>\d{{1,2}})(?:/(?P<{0}y2>\d{{4}}))?)"
)
_FROM = any_of(["from", "between", "từ"])
_EDGE = r"(?<![\w.,/:-])"

_MOMENTS = re.compile(
    rf"{_EDGE}(?:(?:{_FROM})\s+)?{_DATE.format('a')}\s+{_CLOCK.format('a')}{_DASH}{_DATE.format('b')}\s+{_CLOCK.format('b')}"
)
_DATES = re.compile(rf"{_EDGE}(?:(?:{_FROM})\s+)?{_DATE.format('a')}{_DASH}{_DATE.format('b')}(?![\d/])")
_LAST = re.compile(
    rf"{_EDGE}(?:(?:{any_of(['in the last', 'the last', 'last', 'past'])})\s+"
    rf"(?P<n>\d{{1,4}})\s*(?P<unit>{any_of(list(_UNITS))})\b"
    rf"|(?P<n2>\d{{1,4}})\s*(?P<unit2>{any_of(list(_UNITS))})\s+(?:{any_of(['vừa qua', 'gần đây', 'qua'])})\b)"
)
_PERIOD = re.compile(rf"{_EDGE}(?P<whole>{any_of(list(_WHOLE))})\b")
_NIGHT = re.compile(rf"{_EDGE}(?P<last>{any_of(['last night', 'đêm qua', 'tối qua'])})\b")
_DAY = re.compile(
    rf"{_EDGE}(?:(?:{any_of(['on', 'ngày', 'last'])})\s+)?(?:(?P<day>{any_of(list(_DAYS))})\b"
    rf"|(?P<weekday>{any_of(list(_WEEKDAYS))})\b"
    rf"|{_DATE.format('a')}(?![\d/]))"
)
_PART = re.compile(rf"{_EDGE}(?P<part>{any_of(list(_PARTS))})(?:\s+(?:{any_of(['nay', 'this'])}))?\b")
_RANGE = re.compile(
    rf"{_EDGE}(?:(?:{_FROM})\s+)?{_CLOCK.format('a')}(?:{_DASH}|\s+(?:{any_of(['and', 'và'])})\s+){_CLOCK.format('b')}"
)
_SINCE = re.compile(rf"{_EDGE}(?:{any_of(['from', 'since', 'after', 'từ', 'sau'])})\s+{_CLOCK.format('a')}")
_UNTIL = re.compile(rf"{_EDGE}(?:{any_of(['until', 'before', 'đến', 'trước'])})\s+{_CLOCK.format('a')}")
_AT = re.compile(
    rf"{_EDGE}(?:(?:{any_of(['at about', 'about', 'around', 'at', 'lúc', 'khoảng', 'vào lúc'])})\s+{_CLOCK.format('a')}"
    r"|(?P<bh>\d{1,2})(?::(?P<bm>[0-5]\d)|\s*(?:h|g|giờ|gio)(?P<bm2>[0-5]\d)?))(?![\d/:])"
)


@dataclass(frozen=True, slots=True)
class Spoken:
    from_: datetime
    to: datetime | None
    rest: str
    """The text without what was understood; a comma where that stood."""


def span_in(text: str, wall: Wall, now: datetime) -> Spoken | None:
    """The span of time that ``text`` (lower case, NFC) speaks of. None: it speaks of none.

    Raises FieldError for a time that the clocks skip, ValueError for a date that no calendar has.
    """
    local = now.astimezone(wall.zone)
    if match := _MOMENTS.search(text):
        at = (_date(match, "a", local.date()), _date(match, "b", local.date()))
        edges = wall.at(at[0], _clock(match, "a"), "from"), wall.at(at[1], _clock(match, "b"), "to")
        return _told(text, [match], *edges)
    if match := _DATES.search(text):
        first, last = _date(match, "a", local.date()), _date(match, "b", local.date())
        if (match["by"] or match["by2"]) and not (match["ay"] or match["ay2"]) and first > last:
            first = first.replace(year=last.year)
        return _told(text, [match], wall.at(first, time(), "from"), wall.at(last + timedelta(days=1), time(), "to"))
    if match := _LAST.search(text):
        count, unit = int(match["n"] or match["n2"]), _of(_UNITS, match["unit"] or match["unit2"])
        if timedelta(**{unit: count}) > timedelta(days=LONGEST_DAYS):
            raise ValueError(f"{count} {unit}")
        return _told(text, [match], (now - timedelta(**{unit: count})).replace(microsecond=0), None)
    if match := _PERIOD.search(text):
        return _told(text, [match], *_period(match["whole"], wall, local.date()))
    return _of_a_day(text, wall, local)


def _of_a_day(text: str, wall: Wall, local: datetime) -> Spoken | None:
    """A day, hours, or hours of a day."""
    found: list[re.Match[str]] = []
    day: date | None = None
    part: tuple[int, int] | None = None
    if match := _NIGHT.search(text):
        found.append(match)
        day = local.date() - timedelta(days=1)
        part = (18, 24) if plain(match["last"]).startswith("toi") else (22, 29)
    elif match := _DAY.search(text):
        found.append(match)
        day = _day(match, local.date())
    rest = _cut(text, found)
    hours: re.Match[str] | None = None
    if part is None:
        hours = _RANGE.search(rest) or _SINCE.search(rest) or _UNTIL.search(rest) or _AT.search(rest)
        if hours is None and (match := _PART.search(rest)):
            part = _of(_PARTS, match["part"])
            rest = _cut(rest, [match])
    if hours is not None:
        return _hours(hours, rest, day, wall, local)
    if part is not None:
        day = day or _latest(local, time(part[0] % 24))
        return Spoken(_hour(wall, day, part[0], "from"), _hour(wall, day, part[1], "to"), rest)
    if day is None:
        return None
    to = None if day == local.date() else wall.at(day + timedelta(days=1), time(), "to")
    return Spoken(wall.at(day, time(), "from"), to, rest)


def _hours(match: re.Match[str], text: str, day: date | None, wall: Wall, local: datetime) -> Spoken:
    rest = _cut(text, [match])
    if match.re is _AT:
        clock = _clock(match, "a") if match["ah"] else _clock24(match["bh"], match["bm"] or match["bm2"])
        at = wall.at(day or _latest(local, clock), clock, "from")
        return Spoken(at - ABOUT, at + ABOUT, rest)
    first = _clock(match, "a")
    on = day or _latest(local, first)
    if match.re is _SINCE:
        end = None if day in (None, local.date()) else wall.at(on + timedelta(days=1), time(), "to")
        return Spoken(wall.at(on, first, "from"), end, rest)
    if match.re is _UNTIL:
        on = day or local.date()
        return Spoken(wall.at(on, time(), "from"), wall.at(on, first, "to"), rest)
    last = _clock(match, "b")
    if (
        match["bhalf"]
        and not match["ahalf"]
        and first.hour < 12
        and last.hour >= 12
        and first.hour + 12 < last.hour + 1
    ):
        first = first.replace(hour=first.hour + 12)  # "5-7 pm"
        on = day or _latest(local, first)
    midnight = match["bh"] == "24"
    after = on + timedelta(days=1) if last <= first or midnight else on
    return Spoken(wall.at(on, first, "from"), wall.at(after, last, "to"), rest)


def _period(phrase: str, wall: Wall, today: date) -> tuple[datetime, datetime | None]:
    unit, back = _of(_WHOLE, phrase)
    if unit == "week":
        first = today - timedelta(days=today.weekday() + 7 * back)
        after = first + timedelta(days=7)
    else:
        first = (today.replace(day=1) - timedelta(days=back)).replace(day=1)
        after = (first + timedelta(days=32)).replace(day=1)
    return wall.at(first, time(), "from"), wall.at(after, time(), "to") if back else None


def _day(match: re.Match[str], today: date) -> date:
    if match["day"]:
        return today - timedelta(days=_of(_DAYS, match["day"]))
    if match["weekday"]:
        return today - timedelta(days=(today.weekday() - _of(_WEEKDAYS, match["weekday"])) % 7)
    return _date(match, "a", today)


def _date(match: re.Match[str], edge: str, today: date) -> date:
    year = match[f"{edge}y"] or match[f"{edge}y2"]
    month, day = (int(match[f"{edge}{name}"] or match[f"{edge}{name}2"]) for name in ("mo", "d"))
    if year:
        return date(int(year), month, day)
    this = date(today.year, month, day)
    return this if this <= today else this.replace(year=today.year - 1)


def _clock(match: re.Match[str], edge: str) -> time:
    hour = int(match[f"{edge}h"])
    half = match[f"{edge}half"]
    if half and not 1 <= hour <= 12:
        raise ValueError(f"{hour} {half}")
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return _clock24(str(hour), match[f"{edge}m"])


def _clock24(hour: str, minute: str | None) -> time:
    return time(int(hour) % 24 if int(hour) == 24 else int(hour), int(minute or 0))


def _latest(local: datetime, clock: time) -> date:
    """The day on which ``clock`` was last shown."""
    return local.date() if clock <= local.time() else local.date() - timedelta(days=1)


def _hour(wall: Wall, day: date, hour: int, edge: str) -> datetime:
    return wall.at(day + timedelta(days=hour // 24), time(hour % 24), "from" if edge == "from" else "to")


def _of(table: Mapping[str, _Value], phrase: str) -> _Value:
    wanted = " ".join(phrase.split())
    return table[wanted] if wanted in table else {plain(key): value for key, value in table.items()}[plain(wanted)]


def _cut(text: str, matches: Sequence[re.Match[str]]) -> str:
    for match in sorted(matches, key=lambda each: -each.start()):
        text = f"{text[: match.start()]} , {text[match.end() :]}"
    return text


def _told(text: str, matches: Sequence[re.Match[str]], from_: datetime, to: datetime | None) -> Spoken:
    return Spoken(from_.astimezone(UTC), to, _cut(text, matches))
