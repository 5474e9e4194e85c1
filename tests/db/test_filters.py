from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camsvc.db.filters import VALUES_MAX, Terms, check, names_no_zone, parse, parse_bbox, parse_point, parse_time
from camsvc.domain.camera import Severity
from camsvc.domain.geo import Box, Point
from camsvc.domain.incident import IncidentState
from camsvc.domain.search import IncidentFilter
from camsvc.domain.track import ObjectClass
from camsvc.errors import ConfigError, InputError

HERE = "Asia/Ho_Chi_Minh"


def test_nothing_asked_is_no_condition() -> None:
    assert parse(Terms(), HERE) == IncidentFilter()
    assert parse(Terms(from_="", to="", near="", radius_m="", bbox="", areas=[""]), HERE) == IncidentFilter()


def test_every_term_becomes_its_condition() -> None:
    terms = Terms(
        from_="2026-11-05T12:00+07:00",
        to="2026-11-06T00:00Z",
        near="21.2417,105.9556",
        radius_m="500",
        bbox="105.9,21.2,106.0,21.3",
        areas=["bac-ninh/yen-phong"],
        cameras=["a-1,a-2", "a-3"],
        kinds=["presence"],
        objects=["person, car", "person"],
        colours=["red"],
        severities=["alarm"],
        states=["open"],
    )
    assert parse(terms, HERE) == IncidentFilter(
        from_=datetime(2026, 11, 5, 5, tzinfo=UTC),
        to=datetime(2026, 11, 6, tzinfo=UTC),
        near=Point(21.2417, 105.9556),
        radius_m=500.0,
        bbox=Box(105.9, 21.2, 106.0, 21.3),
        areas=("bac-ninh/yen-phong",),
        cameras=("a-1", "a-2", "a-3"),
        kinds=("presence",),
        objects=(ObjectClass.PERSON, ObjectClass.CAR),
        colours=("red",),
        severities=(Severity.ALARM,),
        states=(IncidentState.OPEN,),
    )


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-11-05T12:00:00.25+07:00", datetime(2026, 11, 5, 5, 0, 0, 250_000, tzinfo=UTC)),
        ("2026-11-05T12:00:00Z", datetime(2026, 11, 5, 12, tzinfo=UTC)),
        ("2026-11-05T12:00", datetime(2026, 11, 5, 5, tzinfo=UTC)),
        (" 2026-11-05 12:00 ", datetime(2026, 11, 5, 5, tzinfo=UTC)),
        ("2026-11-05", datetime(2026, 11, 4, 17, tzinfo=UTC)),
        ("20261105T120000Z", datetime(2026, 11, 5, 12, tzinfo=UTC)),
    ],
)
def test_times_are_iso_8601_and_local_without_a_zone(text: str, meant: datetime) -> None:
    assert parse_time(text, "from", HERE) == meant
    assert parse_time(text, "from", HERE).tzinfo is UTC


def test_a_local_time_that_occurs_twice_makes_the_search_wider_never_narrower() -> None:
    text = "2026-10-25T02:30"  # clocks in Berlin go back from 03:00 to 02:00
    assert parse_time(text, "from", "Europe/Berlin") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert parse_time(text, "to", "Europe/Berlin", later=True) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    whole = parse(Terms(from_=text, to=text), "Europe/Berlin")
    assert whole.from_ is not None
    assert whole.to is not None
    assert (whole.to - whole.from_).total_seconds() == 3600


def test_it_is_known_whether_a_zone_was_typed() -> None:
    assert names_no_zone("2026-11-05T12:00")
    assert not names_no_zone("2026-11-05T12:00Z")
    assert not names_no_zone("nonsense")


def test_a_zone_that_does_not_exist_is_the_settings_fault() -> None:
    for name in ("Mars/Olympus", "../etc/passwd", ""):
        with pytest.raises(ConfigError, match="timezone"):
            parse_time("2026-11-05", "from", name)


@pytest.mark.parametrize(
    ("terms", "parameter"),
    [
        (Terms(from_="now"), "from"),
        (Terms(to="25:00"), "to"),
        (Terms(from_="0001-01-01T00:00+14:00"), "from"),
        (Terms(from_="2026-11-05Z"), "from"),
        (Terms(from_="2026-11-05T01:00Z", to="2026-11-05T01:00Z"), "from"),
        (Terms(near="21.2"), "near"),
        (Terms(near="north,east", radius_m="1"), "near"),
        (Terms(near="nan,1", radius_m="1"), "near"),
        (Terms(near="91,1", radius_m="1"), "near"),
        (Terms(near="1,2"), "radius_m"),
        (Terms(radius_m="5"), "near"),
        (Terms(near="1,2", radius_m="0"), "radius_m"),
        (Terms(near="1,2", radius_m="nan"), "radius_m"),
        (Terms(near="1,2", radius_m="inf"), "radius_m"),
        (Terms(near="1,2", radius_m="5km"), "radius_m"),
        (Terms(bbox="1,2,3"), "bbox"),
        (Terms(bbox="0,2,1,1"), "bbox"),
        (Terms(bbox="-181,0,0,1"), "bbox"),
        (Terms(bbox="0,0,1,inf"), "bbox"),
        (Terms(areas=["Bac Ninh"]), "area"),
        (Terms(cameras=["a_1"]), "camera"),
        (Terms(cameras=["a\0"]), "camera"),
        (Terms(kinds=["Presence!"]), "kind"),
        (Terms(objects=["dog"]), "object"),
        (Terms(colours=["Red"]), "colour"),
        (Terms(severities=["ALARM"]), "severity"),
        (Terms(states=["ended"]), "state"),
        (Terms(cameras=[",".join(f"c-{number}" for number in range(VALUES_MAX + 1))]), "camera"),
    ],
)
def test_what_is_wrong_is_named_and_the_cure_shows_how_to_write_it(terms: Terms, parameter: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(terms, HERE)
    assert caught.value.parameter == parameter
    assert caught.value.cure


@given(st.text(max_size=40))
def test_no_text_breaks_a_parser(text: str) -> None:
    parsers: list[Any] = [lambda: parse_time(text, "from", HERE), lambda: parse_point(text), lambda: parse_bbox(text)]
    for one in [*parsers, lambda: parse(Terms(near=text, radius_m=text, areas=[text]), HERE)]:
        try:
            one()
        except InputError as error:
            assert error.parameter  # noqa: PT017  only where it is refused


@given(west=st.floats(-180, 180), east=st.floats(-180, 180), low=st.floats(-90, 90), high=st.floats(-90, 90))
def test_a_box_is_read_as_it_is_written_across_the_antimeridian_too(
    west: float, east: float, low: float, high: float
) -> None:
    south, north = sorted((low, high))
    assert parse_bbox(f"{west!r},{south!r},{east!r},{north!r}") == Box(west, south, east, north)


def test_a_naive_time_in_a_filter_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        check(IncidentFilter(to=datetime(2026, 1, 1)))  # noqa: DTZ001  that is the point
    assert caught.value.parameter == "to"
