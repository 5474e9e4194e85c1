"""The link to a view: it holds all of it, and is read as REST reads it."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camsvc.db import filters
from camsvc.db.filters import Terms
from camsvc.domain.camera import Severity
from camsvc.domain.geo import Box, Point
from camsvc.domain.incident import IncidentState
from camsvc.domain.search import IncidentFilter
from camsvc.domain.track import ObjectClass
from camsvc.web import typed
from camsvc.web.language import LANGUAGES, language
from camsvc.web.moments import Wall
from camsvc.web.view import Layout, Parsed, SearchView, parse

ZONE = "Asia/Ho_Chi_Minh"
WALL = Wall(ZoneInfo(ZONE), "en")
NOW = datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)


def moments() -> st.SearchStrategy[datetime]:
    return st.datetimes(datetime(2000, 1, 1), datetime(2049, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001  hypothesis adds it
        lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)
    )


def degrees(most: int) -> st.SearchStrategy[float]:
    return st.integers(-most * 10**6, most * 10**6).map(lambda millionths: millionths / 10**6)


@st.composite
def views(draw: st.DrawFn) -> SearchView:
    near = draw(st.none() | st.builds(Point, degrees(90), degrees(180)))
    south, north = sorted(draw(st.tuples(degrees(90), degrees(90))))
    bbox = draw(st.none() | st.builds(Box, degrees(180), st.just(south), degrees(180), st.just(north)))
    from_ = draw(st.none() | moments())
    to = draw(st.none() | moments())
    if from_ and to and to <= from_:
        to = None
    wanted = IncidentFilter(
        from_=from_,
        to=to,
        cameras=tuple(draw(st.lists(st.sampled_from(["cho-01", "cho-02", "a"]), unique=True))),
        areas=tuple(draw(st.lists(st.sampled_from(["bac-ninh", "bac-ninh/yen-phong/cho"]), unique=True))),
        near=near,
        radius_m=draw(st.integers(1, 100000).map(float)) if near else None,
        bbox=bbox,
        kinds=tuple(draw(st.lists(st.sampled_from(["presence", "stopped_vehicle"]), unique=True))),
        objects=tuple(draw(st.lists(st.sampled_from(ObjectClass), unique=True))),
        colours=tuple(draw(st.lists(st.sampled_from(["red", "white"]), unique=True))),
        severities=tuple(draw(st.lists(st.sampled_from(Severity), unique=True))),
        states=tuple(draw(st.lists(st.sampled_from(IncidentState), unique=True))),
    )
    return SearchView(wanted, draw(st.sampled_from(Layout)))


@given(views())
def test_a_link_reproduces_the_view(view: SearchView) -> None:
    parsed = parse(parse_qsl(view.query()), ZONE)
    assert parsed.errors == {}
    assert parsed.view == view


def test_rest_reads_the_link_to_the_same_conditions() -> None:
    query = "from=2026-11-20T00:00&to=2026-11-22&near=21.2,105.9&radius_m=700&object=car,bus&state=open&area=bac-ninh"
    given_ = dict(parse_qsl(query))
    terms = Terms(
        from_=given_["from"],
        to=given_["to"],
        near=given_["near"],
        radius_m=given_["radius_m"],
        objects=[given_["object"]],
        states=[given_["state"]],
        areas=[given_["area"]],
    )
    assert parse(parse_qsl(query), ZONE).view.filter == filters.parse(terms, ZONE)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=gestern", "from"),
        ("to=2026-02-31", "to"),
        ("near=abc&radius_m=4", "near"),
        ("near=95,200&radius_m=4", "near"),
        ("near=21.2,105.9", "radius_m"),
        ("near=21.2,105.9&radius_m=-4", "radius_m"),
        ("radius_m=500", "near"),
        ("bbox=1,2,3", "bbox"),
        ("camera=NO%20CAMERA", "camera"),
        ("area=//", "area"),
        ("object=horse", "object"),
        ("severity=terrible", "severity"),
        ("state=gone", "state"),
        ("from=2026-11-22T10:00&to=2026-11-22T09:00", "to"),
    ],
)
def test_a_wrong_value_is_told_at_its_field_with_the_cure(query: str, field: str) -> None:
    parsed = parse(parse_qsl(query), ZONE)
    assert list(parsed.errors) == [field]
    for code in LANGUAGES:
        assert parsed.errors[field].text(language(code))


def test_every_fault_of_a_link_is_told_not_only_the_first() -> None:
    parsed = parse(parse_qsl("from=x&object=horse&bbox=1&state=open"), ZONE)
    assert set(parsed.errors) == {"from", "object", "bbox"}
    assert parsed.view.filter.states == (IncidentState.OPEN,)


def test_what_was_typed_changes_only_its_condition() -> None:
    before = parse(parse_qsl("from=2026-11-20T00:00:00.250Z&camera=cho-01"), ZONE)
    shown = WALL.typed(before.view.filter.from_ or NOW)
    after, _ = typed.apply({"from": shown, "to": "22/11/2026"}, before, {}, WALL, NOW)
    assert after.errors == {}
    assert after.view.filter.from_ == before.view.filter.from_, "a field left as it was keeps its fraction of a second"
    assert after.view.filter.to == datetime(2026, 11, 22, 17, tzinfo=UTC)
    assert after.view.filter.cameras == ("cho-01",)


def test_a_time_that_cannot_be_read_stays_refused_until_it_is_mended() -> None:
    wrong, texts = typed.apply({"from": "gestern"}, Parsed(SearchView()), {}, WALL, NOW)
    assert wrong.errors["from"].values["text"] == "gestern"
    still, texts = typed.apply({"object": ["car"]}, wrong, texts, WALL, NOW)
    assert "from" in still.errors
    assert texts["from"] == "gestern"
    mended, _ = typed.apply({"from": "21/11/2026"}, still, texts, WALL, NOW)
    assert mended.errors == {}
    assert mended.view.filter.objects == (ObjectClass.CAR,)


def test_an_end_before_the_beginning_is_mended_by_changing_either() -> None:
    wrong, texts = typed.apply({"from": "22/11/2026", "to": "20/11/2026"}, Parsed(SearchView()), {}, WALL, NOW)
    assert list(wrong.errors) == ["to"]
    mended, _ = typed.apply({"from": "19/11/2026"}, wrong, texts, WALL, NOW)
    assert mended.errors == {}


def test_the_quick_range_that_the_times_are_is_recognised() -> None:
    assert typed.quick(IncidentFilter(), WALL, NOW) == "any"
    from_, to = WALL.quick("yesterday", NOW)
    assert typed.quick(IncidentFilter(from_=from_, to=to), WALL, NOW) == "yesterday"
    assert typed.quick(IncidentFilter(from_=from_), WALL, NOW) is None
    assert typed.quick(IncidentFilter(to=to), WALL, NOW) is None
