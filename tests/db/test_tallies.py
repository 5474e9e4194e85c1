"""Counts, histograms and heat maps against a plain scan in Python."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camsvc.db.database import Database
from camsvc.db.models.incidents import SAMPLE_ONE_IN
from camsvc.db.queries import tallies
from camsvc.db.queries.tallies import Bar, Cell, Tally, Unit, cell_of
from camsvc.domain.account import Grant, Reach, Role
from camsvc.domain.incident import Incident
from camsvc.domain.matching import matches
from camsvc.domain.search import IncidentFilter
from camsvc.errors import InputError
from tests.db.examples import NOON, incident
from tests.db.strategies import filters, incidents
from tests.db.test_search import IN_DATABASE, _refill, full

__all__ = ["full"]

ZONES = ["UTC", "Asia/Ho_Chi_Minh", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"]
"""Among the days of the incidents, New York sets its clocks back; Lord Howe's are half an hour beside."""


def _start(moment: datetime, unit: Unit, zone: ZoneInfo) -> datetime:
    """Of the bar that ``moment`` is in, by the calendar of ``zone``."""
    local = moment.astimezone(zone)
    if unit in (Unit.MINUTE, Unit.HOUR):
        # Clocks that are set back show an hour twice: the bars are apart.
        minute = 0 if unit is Unit.HOUR else local.minute
        return local.replace(minute=minute, second=0, microsecond=0).astimezone(UTC)
    day = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if unit is Unit.WEEK:
        day = (day.replace(tzinfo=None) - timedelta(days=day.weekday())).replace(tzinfo=zone)
    return (day.replace(day=1) if unit is Unit.MONTH else day).astimezone(UTC)


def _bars(items: list[Incident], asked: IncidentFilter, unit: Unit, zone: ZoneInfo) -> list[Bar]:
    begun = [max(item.started_at, asked.from_ or item.started_at) for item in items if matches(asked, item)]
    return [Bar(start, number) for start, number in sorted(Counter(_start(at, unit, zone) for at in begun).items())]


@IN_DATABASE
@given(
    items=st.lists(incidents(), max_size=25),
    asked=st.lists(filters(), min_size=2, max_size=3),
    unit=st.sampled_from([Unit.HOUR, Unit.DAY, Unit.WEEK, Unit.MONTH]),
    zone=st.sampled_from(ZONES),
)
def test_bars_and_cells_hold_what_a_scan_in_python_finds(
    full: Database, items: list[Incident], asked: list[IncidentFilter], unit: Unit, zone: str
) -> None:
    _refill(full, items)
    for each in asked:
        found = [item for item in items if matches(each, item)]
        with full.session() as session:
            assert tallies.tally(session, each) == Tally(len(found), True)
            if not (each.from_ and each.to and unit is Unit.HOUR):
                histogram = tallies.histogram(session, each, unit, ZoneInfo(zone))
                assert list(histogram.bars) == _bars(items, each, unit, ZoneInfo(zone))
                assert histogram.exact
            heat = tallies.heat(session, each, 0.5)
        counts: Counter[tuple[int, int]] = Counter(
            (cell_of(item.location.lat, 0.5), cell_of(item.location.lon, 0.5)) for item in found if item.location
        )
        assert {
            (cell_of(cell.south + 0.1, 0.5), cell_of(cell.west + 0.1, 0.5)): cell.number for cell in heat.cells
        } == (counts)


def test_a_day_has_the_hours_that_the_zone_gives_it(full: Database) -> None:
    """In New York, 1 November 2026 lasts 25 hours, and 1:30 comes twice."""
    zone = ZoneInfo("America/New_York")
    midnight = datetime(2026, 11, 1, tzinfo=zone).astimezone(UTC)
    items = [incident("north-1", started_at=midnight + timedelta(hours=hours, minutes=30)) for hours in range(25)]
    _refill(full, items)
    with full.session() as session:
        assert tallies.histogram(session, IncidentFilter(), Unit.DAY, zone).bars == (Bar(midnight, 25),)
        assert len(tallies.histogram(session, IncidentFilter(), Unit.HOUR, zone).bars) == 25


def _many(count: int) -> list[Incident]:
    """Each fourth id ends in a byte below 4, as one in 64 does by chance."""
    found = []
    for number in range(count):
        one = incident("north-1", started_at=NOON + timedelta(minutes=number))
        last = number % 4 if number % 4 == 0 else 200
        found.append(
            incident("north-1", id=UUID(int=one.id.int & ~0xFF | last), started_at=NOON + timedelta(minutes=number))
        )
    return found


def test_what_is_more_than_enough_is_told_from_the_sample_and_said_to_be(
    full: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tallies, "SAMPLE_ENOUGH", 10)
    _refill(full, _many(40))
    with full.session() as session:
        assert tallies.tally(session, IncidentFilter()) == Tally(10 * SAMPLE_ONE_IN, False)
        assert tallies.tally(session, IncidentFilter(to=NOON + timedelta(minutes=36))) == Tally(36, True)
        histogram = tallies.histogram(session, IncidentFilter(from_=NOON), Unit.DAY, ZoneInfo("UTC"))
        assert (histogram.bars, histogram.exact) == (
            (Bar(NOON.replace(hour=0), 10 * SAMPLE_ONE_IN),),
            False,
        )
        heat = tallies.heat(session, IncidentFilter(), 1.0)
        assert (heat.cells, heat.exact) == ((Cell(21.0, 105.0, 10 * SAMPLE_ONE_IN),), False)


def test_what_is_out_of_reach_is_not_counted(full: Database) -> None:
    _refill(full, [incident("north-1", area="bac/yen-phong"), incident("date-line-1", area="fiji/east")])
    for reach, number in ((Reach(("bac",)), 1), (Reach(()), 0), (Reach.of([Grant(Role.POLICE)]), 2)):
        asked = IncidentFilter(from_=NOON).under(reach)
        with full.session() as session:
            assert tallies.tally(session, asked).number == number
            assert (
                sum(bar.number for bar in tallies.histogram(session, asked, Unit.DAY, ZoneInfo("UTC")).bars) == number
            )
            assert sum(cell.number for cell in tallies.heat(session, asked, 1.0).cells) == number


def test_more_bars_than_a_screen_has_room_for_are_refused(full: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    year = IncidentFilter(from_=NOON - timedelta(days=365), to=NOON)
    with full.session() as session:
        for ask in (year, IncidentFilter(cameras=("no-such",))):
            with pytest.raises(InputError) as caught:
                tallies.histogram(session, ask, Unit.HOUR, ZoneInfo("UTC"))
            assert caught.value.parameter == ("unit" if ask is year else "camera")
        monkeypatch.setattr(tallies, "BARS_MAX", 2)
    _refill(full, [incident("north-1", started_at=NOON + timedelta(days=days)) for days in range(3)])
    with full.session() as session, pytest.raises(InputError, match="bars"):
        tallies.histogram(session, IncidentFilter(), Unit.DAY, ZoneInfo("UTC"))


@pytest.mark.parametrize("side", [0.0, -1.0, 11.0, float("nan")])
def test_cells_of_no_size_are_refused(full: Database, side: float) -> None:
    with full.session() as session, pytest.raises(InputError) as caught:
        tallies.heat(session, IncidentFilter(), side)
    assert caught.value.parameter == "cell_deg"
