"""Stretches of time and their bars."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camsvc.db.queries.tallies import Bar
from camsvc.domain.search import IncidentFilter
from camsvc.web.components.brush import ticks
from camsvc.web.extent import BARS, LONGEST, SHORTEST, Extent, around, bounded, columns
from camsvc.web.moments import Wall

NOW = datetime(2026, 11, 22, 3, 15, tzinfo=UTC)
ZONES = [ZoneInfo(name) for name in ("Asia/Ho_Chi_Minh", "UTC", "America/New_York", "Australia/Lord_Howe")]


@given(
    start=st.integers(0, 25 * 365 * 86400).map(lambda seconds: NOW - timedelta(seconds=seconds)),
    length=st.timedeltas(SHORTEST, LONGEST),
    zone=st.sampled_from(ZONES),
)
def test_bars_cover_the_whole_stretch_without_gaps_and_are_few(
    start: datetime, length: timedelta, zone: ZoneInfo
) -> None:
    extent = Extent(start, start + length)
    found = columns((), extent, zone)
    assert found[0].start <= extent.start
    assert found[-1].end >= extent.end
    assert all(a.end == b.start for a, b in pairwise(found))
    assert len(found) <= max(BARS, LONGEST / timedelta(days=28)) + 2
    assert len(ticks(Wall(zone, "en"), extent, found)) <= 14


def test_what_was_counted_stands_in_its_bar() -> None:
    zone = ZONES[0]
    extent = Extent(NOW, NOW + timedelta(hours=1))
    origin = extent.origin(zone)
    found = columns([Bar(origin, 3), Bar(origin + timedelta(minutes=1), 4)], extent, zone)
    assert [each.number for each in found][:3] == [3, 4, 0]


def test_around_a_search_its_time_is_the_middle() -> None:
    wanted = IncidentFilter(from_=NOW - timedelta(hours=6), to=NOW - timedelta(hours=4))
    assert around(wanted, None, NOW) == Extent(NOW - timedelta(hours=7), NOW - timedelta(hours=3))


def test_a_search_of_any_time_begins_with_what_there_is_and_ends_now() -> None:
    first = NOW - timedelta(days=90)
    assert around(IncidentFilter(), first, NOW) == Extent(first, NOW)
    assert around(IncidentFilter(), None, NOW).end == NOW


@pytest.mark.parametrize("by", [timedelta(), timedelta(seconds=1), timedelta(days=30000)])
def test_no_stretch_is_too_short_or_too_long_or_lies_in_the_future(by: timedelta) -> None:
    found = bounded(NOW - by / 2, NOW - by / 2 + by, NOW)
    assert SHORTEST <= found.length <= LONGEST
    assert found.end <= NOW + SHORTEST + timedelta(minutes=1)
