"""Times as people read and type them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camsvc.web.fields import FieldError
from camsvc.web.moments import QuickRange, Wall

HANOI = Wall(ZoneInfo("Asia/Ho_Chi_Minh"), "vi")
BERLIN = Wall(ZoneInfo("Europe/Berlin"), "en")
NOW = datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("22/11/2026 08:30", "2026-11-22T01:30:00+00:00"),
        ("22.11.2026 8:30", "2026-11-22T01:30:00+00:00"),
        ("8:30 22/11/2026", "2026-11-22T01:30:00+00:00"),
        ("8h30 22/11/2026", "2026-11-22T01:30:00+00:00"),
        ("2026-11-22 08:30:15", "2026-11-22T01:30:15+00:00"),
        ("2026-11-22T08:30", "2026-11-22T01:30:00+00:00"),
        ("  22/11/2026   08:30 ", "2026-11-22T01:30:00+00:00"),
        ("08:30", "2026-11-22T01:30:00+00:00"),
        ("22/11/2026", "2026-11-21T17:00:00+00:00"),
        ("2026-11-22T08:30Z", "2026-11-22T08:30:00+00:00"),
        ("2026-11-22T08:30+02:00", "2026-11-22T06:30:00+00:00"),
    ],
)
def test_a_moment_is_read_in_every_usual_form(text: str, expected: str) -> None:
    assert HANOI.read(text, "from", NOW) == datetime.fromisoformat(expected)


def test_a_date_alone_is_its_whole_day() -> None:
    assert HANOI.read("22/11/2026", "to", NOW) == datetime(2026, 11, 22, 17, tzinfo=UTC)
    assert HANOI.read("", "to", NOW) is None


@pytest.mark.parametrize(
    "text", ["gestern", "31/02/2026", "22/11/2026 25:00", "22/11", "2026-13-01", "1/1/99999", "9:5"]
)
@pytest.mark.parametrize("field", ["from", "to"])
def test_what_is_no_time_is_refused_by_the_name_of_its_field(text: str, field: Literal["from", "to"]) -> None:
    with pytest.raises(FieldError) as refused:
        HANOI.read(text, field, NOW)
    assert refused.value.parameter == field
    assert refused.value.values["text"] == text


def test_a_time_that_the_clocks_pass_twice_never_narrows_a_search() -> None:
    assert BERLIN.read("25/10/2026 02:30", "from", NOW) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert BERLIN.read("25/10/2026 02:30", "to", NOW) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_a_time_that_the_clocks_skip_is_refused() -> None:
    with pytest.raises(FieldError) as refused:
        BERLIN.read("29/03/2026 02:30", "from", NOW)
    assert refused.value.key == "field.time_skipped"


@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  hypothesis adds the zone
def test_what_a_field_shows_is_read_back_to_the_second(at: datetime) -> None:
    assert HANOI.read(HANOI.typed(at), "from", NOW) == at.replace(microsecond=0)


@pytest.mark.parametrize(
    ("span", "from_", "to"),
    [
        ("hour", "2026-11-22T02:04:00+00:00", None),
        ("today", "2026-11-21T17:00:00+00:00", None),
        ("yesterday", "2026-11-20T17:00:00+00:00", "2026-11-21T17:00:00+00:00"),
        ("week", "2026-11-15T17:00:00+00:00", None),
    ],
)
def test_quick_ranges_are_of_the_local_day_and_stay_open_where_they_reach_until_now(
    span: QuickRange, from_: str, to: str | None
) -> None:
    expected = datetime.fromisoformat(from_), datetime.fromisoformat(to) if to else None
    assert HANOI.quick(span, NOW) == expected


def test_yesterday_has_23_hours_where_the_clocks_were_set_forward() -> None:
    from_, to = BERLIN.quick("yesterday", datetime(2026, 3, 30, 12, tzinfo=UTC))
    assert to is not None
    assert to - from_ == timedelta(hours=23)


def test_times_are_shown_with_their_zone_and_in_utc_for_tooltips() -> None:
    at = datetime(2026, 11, 22, 3, 4, 5, 678000, tzinfo=UTC)
    assert HANOI.date_clock(at) == "22/11/2026 10:04:05"
    assert BERLIN.date_clock(at) == "22 Nov 2026 04:04:05"
    assert HANOI.zone_name(at) == "Asia/Ho_Chi_Minh, UTC+07:00"
    assert HANOI.utc(at) == "2026-11-22 03:04:05.678 UTC"
