"""Wall time for people: shown and typed in one named time zone, kept in UTC."""

from __future__ import annotations

import datetime as calendar
import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from camsvc.web.fields import FieldError
from camsvc.web.language import LanguageCode

QuickRange = Literal["hour", "today", "yesterday", "week"]

_TIME = r"(?P<h>\d{1,2})(?::|h)(?P<m>\d{2})(?::(?P<s>\d{2}))?"
_ISO_DATE = r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
_LOCAL_DATE = r"(?P<day>\d{1,2})[/.-](?P<month>\d{1,2})[/.-](?P<year>\d{4})"
_TYPED = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_ISO_DATE}(?:[T ]+{_TIME})?",
        rf"{_LOCAL_DATE}(?:[T ]+{_TIME})?",
        rf"{_TIME}[ ]+{_LOCAL_DATE}",
        _TIME,
    )
)


@dataclass(frozen=True)
class Wall:
    """How one page shows and reads times."""

    zone: ZoneInfo
    language: LanguageCode

    def date(self, at: datetime) -> str:
        return self._local(at).strftime("%d/%m/%Y" if self.language == "vi" else "%d %b %Y")

    def clock(self, at: datetime) -> str:
        return self._local(at).strftime("%H:%M:%S")

    def date_clock(self, at: datetime) -> str:
        """``22 Nov 2026 14:03:07`` or ``22/11/2026 14:03:07``: the date first, as a table sorts it by eye."""
        return f"{self.date(at)} {self.clock(at)}"

    def typed(self, at: datetime) -> str:
        """What a field shows, and what ``read`` reads back to the same second."""
        local = self._local(at)
        return local.strftime("%d/%m/%Y %H:%M:%S" if local.second else "%d/%m/%Y %H:%M")

    def zone_name(self, at: datetime) -> str:
        """``Asia/Ho_Chi_Minh, UTC+07:00``: names the zone wherever times stand."""
        return f"{self.zone.key}, {self.offset(at)}"

    def offset(self, at: datetime) -> str:
        text = self._local(at).strftime("%z")
        return f"UTC{text[:3]}:{text[3:5]}"

    def utc(self, at: datetime) -> str:
        """For tooltips: to the millisecond, in UTC."""
        return at.astimezone(UTC).isoformat(sep=" ", timespec="milliseconds").replace("+00:00", " UTC")

    def read(self, text: str, parameter: Literal["from", "to"], now: datetime) -> datetime | None:
        """A typed moment in UTC; None for an empty field. A date alone means its start, or its end for ``to``.

        Raises FieldError naming ``parameter``. A time that the clocks pass twice is read as the earlier one for
        ``from`` and the later for ``to``, so that a search is never narrowed silently; one they skip is refused.
        """
        text = " ".join(text.split())
        if not text:
            return None
        if text.endswith("Z") or re.search(r"[+-]\d{2}:\d{2}$", text):
            try:
                return datetime.fromisoformat(text).astimezone(UTC)
            except ValueError as error:
                raise self._unreadable(text, parameter) from error
        match = next((found for pattern in _TYPED if (found := pattern.fullmatch(text))), None)
        if match is None:
            raise self._unreadable(text, parameter)
        parts = match.groupdict()
        try:
            day = (
                calendar.date(int(parts["year"]), int(parts["month"]), int(parts["day"]))
                if parts.get("year")
                else self._local(now).date()
            )
            if parts.get("h") is None:
                return self._at(day + timedelta(days=parameter == "to"), time(), parameter, text)
            clock = time(int(parts["h"]), int(parts["m"]), int(parts["s"] or 0))
        except (ValueError, OverflowError) as error:
            raise self._unreadable(text, parameter) from error
        return self._at(day, clock, parameter, text)

    def at(self, day: calendar.date, clock: time, edge: Literal["from", "to"]) -> datetime:
        """That moment in UTC; of one that comes twice, the earlier for ``from``, the later for ``to``.

        Raises FieldError for one that the clocks skip.
        """
        return self._at(day, clock, edge, f"{day:%d/%m/%Y} {clock:%H:%M}")

    def quick(self, span: QuickRange, now: datetime) -> tuple[datetime, datetime | None]:
        """From and to of a quick range. Those that reach until now have no end, so what is new keeps appearing."""
        midnight = datetime.combine(self._local(now).date(), time(), self.zone)
        match span:
            case "hour":
                return _whole_minute(now - timedelta(hours=1)), None
            case "today":
                return midnight.astimezone(UTC), None
            case "yesterday":
                return _day_before(midnight, 1).astimezone(UTC), midnight.astimezone(UTC)
            case "week":
                return _day_before(midnight, 6).astimezone(UTC), None

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(self.zone)

    def _at(self, day: calendar.date, clock: time, parameter: Literal["from", "to"], text: str) -> datetime:
        local = datetime.combine(day, clock, self.zone).replace(fold=0 if parameter == "from" else 1)
        utc = local.astimezone(UTC)
        if utc.astimezone(self.zone).replace(tzinfo=None) != local.replace(tzinfo=None):
            raise FieldError(parameter, "field.time_skipped", text=text, zone=self.zone.key)
        return utc

    def _unreadable(self, text: str, parameter: str) -> FieldError:
        return FieldError(parameter, f"field.{parameter}", text=text)


def _day_before(midnight: datetime, days: int) -> datetime:
    return datetime.combine(midnight.date() - timedelta(days=days), time(), midnight.tzinfo)


def _whole_minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
