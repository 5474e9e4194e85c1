"""Shapes drawn on the map, as conditions of a search and back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camsvc.db.filters import POINTS_MAX
from camsvc.db.queries.tallies import Cell, Heat
from camsvc.domain.geo import Box, Location, Point
from camsvc.domain.search import IncidentFilter
from camsvc.web import shapes
from camsvc.web.components.camera_map import location_json, placed
from camsvc.web.components.map import HEAT_CELLS_MAX, heat_json

degrees = st.floats(-80, 80).map(lambda value: round(value, shapes.DIGITS))
points = st.builds(Point, degrees, degrees)
radii = st.floats(1, 1e6).map(lambda value: round(value, 1))
searches = st.one_of(
    st.builds(lambda near, radius_m: IncidentFilter(near=near, radius_m=radius_m), points, radii),
    st.builds(
        lambda line, radius_m: IncidentFilter(route=tuple(line), radius_m=radius_m),
        st.lists(points, min_size=2, max_size=9),
        radii,
    ),
    st.builds(lambda corners: IncidentFilter(polygon=tuple(corners)), st.lists(points, min_size=3, max_size=9)),
    st.builds(
        lambda west, south: IncidentFilter(bbox=Box(west, south, round(west + 1, 6), round(south + 2, 6))),
        degrees,
        degrees,
    ),
)


@given(searches)
def test_what_is_drawn_of_a_search_is_that_search(wanted: IncidentFilter) -> None:
    found = shapes.conditions(shapes.shape_of(wanted))
    assert found is not None
    assert replace(IncidentFilter(), **found) == wanted


def test_a_shape_takes_the_place_of_any_other() -> None:
    both = IncidentFilter(
        near=Point(21, 105), route=(Point(21, 105), Point(22, 105)), radius_m=50, bbox=Box(1, 2, 3, 4)
    )
    assert [each["kind"] for each in shapes.shapes_of(both)] == ["box", "radius", "route"]
    found = shapes.conditions({"kind": "polygon", "points": [[1, 1], [1, 2], [2, 2]]})
    assert found is not None
    assert replace(both, **found) == IncidentFilter(polygon=(Point(1, 1), Point(1, 2), Point(2, 2)))


def test_erasing_leaves_no_place() -> None:
    found = shapes.conditions(None)
    assert found is not None
    assert replace(IncidentFilter(near=Point(1, 2), radius_m=3), **found) == IncidentFilter()


def test_a_map_that_was_dragged_around_the_world_still_says_places_on_it() -> None:
    found = shapes.conditions({"kind": "box", "west": 179, "south": -1, "east": 181, "north": 1})
    assert found is not None
    assert found["bbox"] == Box(179, -1, -179, 1), "across the antimeridian"


@pytest.mark.parametrize(
    "told",
    [
        "radius",
        {},
        {"kind": "radius", "lat": 1},
        {"kind": "radius", "lat": 1, "lon": 2, "radius_m": 0},
        {"kind": "radius", "lat": float("nan"), "lon": 2, "radius_m": 5},
        {"kind": "radius", "lat": 91, "lon": 2, "radius_m": 5},
        {"kind": "radius", "lat": 1, "lon": float("inf"), "radius_m": 5},
        {"kind": "box", "west": 1, "south": 2, "east": 3, "north": 2},
        {"kind": "polygon", "points": [[1, 1], [2, 2]]},
        {"kind": "polygon", "points": [[1, 1, 1]] * 3},
        {"kind": "polygon", "points": [[1, 1]] * (POINTS_MAX + 1)},
        {"kind": "route", "points": [[1, 1], [2, 2]], "radius_m": "wide"},
        {"kind": "star", "points": [[1, 1], [2, 2]]},
    ],
)
def test_what_is_no_shape_is_refused(told: object) -> None:
    assert shapes.conditions(told) is None


def test_a_camera_that_is_placed_keeps_what_is_not_known_of_it() -> None:
    place = Location(21.5, 105.25, heading_deg=350.0, fov_deg=70.0, range_m=None)
    assert placed(location_json(place)) == place
    assert placed({"lat": 1, "lon": 2}) == Location(1, 2)
    assert placed({"lat": 1, "lon": 2, "heading_deg": 365.4, "fov_deg": 400, "range_m": 0.2}) == Location(
        1, 2, 5, 360, 1
    )
    for told in (None, {}, {"lat": 95, "lon": 1}, {"lat": 1, "lon": float("nan")}, {"lat": "x", "lon": 1}):
        assert placed(told) is None


def test_heat_beyond_what_a_browser_is_sent_is_no_longer_called_exact() -> None:
    cells = tuple(Cell(20 + each / 1000, 105, 1) for each in range(HEAT_CELLS_MAX + 1))
    assert heat_json(Heat(cells[:1], exact=True)) == {"cells": [[20.00025, 105.00025, 1]], "exact": True}
    told = heat_json(Heat(cells, exact=True))
    assert len(told["cells"]) == HEAT_CELLS_MAX
    assert told["exact"] is False
