"""Which viewpoints are in a place: what PostgreSQL leaves out must be in none."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, text

from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.filters import Terms, parse
from camsvc.db.models import ViewpointRow
from camsvc.db.queries import incidents as queries
from camsvc.db.queries.search_plan import in_place
from camsvc.domain.geo import Box, Location, Point, destination
from camsvc.domain.place import place_of
from camsvc.domain.search import IncidentFilter
from camsvc.errors import InputError
from tests.db.examples import camera, put

EVERYWHERE_ON_EARTH = [
    Point(lat, lon)
    for lat, lon in itertools.product(
        (-90.0, -89.9, -60.0, -0.001, 21.24, 60.0, 88.99, 89.5, 90.0), (-180.0, -179.9999, -90.0, 0.0, 105.95, 180.0)
    )
]
RANGES_M = (None, 50.0, 3_000.0, 100_000.0)


@pytest.fixture
def spread(database: Database, cipher: Cipher) -> list[Location]:
    """Viewpoints all over the earth, some of which see far."""
    put(database, cipher, camera("a"))
    locations = [
        Location(place.lat, place.lon, 45.0 * number % 360, 70.0 if number % 3 else 360.0, RANGES_M[number % 4])
        for number, place in enumerate(EVERYWHERE_ON_EARTH * 3)
    ]
    with database.session() as session:
        for number, each in enumerate(locations):
            values = {name: getattr(each, name) for name in ("lat", "lon", "heading_deg", "fov_deg", "range_m")}
            session.execute(insert(ViewpointRow).values(camera="a", area=f"area-{number}", **values))
    return locations


@st.composite
def places(draw: st.DrawFn) -> IncidentFilter:
    """Close to viewpoints, by the scale of their ranges."""
    scale = draw(st.sampled_from([10.0, 1_000.0, 80_000.0, 2_000_000.0]))

    def near() -> Point:
        start = draw(st.sampled_from(EVERYWHERE_ON_EARTH))
        return destination(start, draw(st.floats(0, 359)), scale * draw(st.floats(0, 3)))

    shape = draw(st.sampled_from(["near", "route", "bbox", "polygon"]))
    sees = draw(st.booleans())
    if shape == "near":
        return IncidentFilter(near=near(), radius_m=scale, sees=sees)
    start = near()
    line = [start]
    for _ in range(draw(st.integers(2, 4))):
        line.append(destination(line[-1], draw(st.floats(0, 359)), scale))
    if shape == "route":
        return IncidentFilter(route=tuple(line), radius_m=scale * draw(st.floats(0.01, 1)), sees=sees)
    if shape == "polygon":
        return IncidentFilter(polygon=tuple(line), sees=sees)
    south, north = sorted((start.lat, line[-1].lat))
    return IncidentFilter(bbox=Box(start.lon, south, line[-1].lon, north), sees=sees)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(asked=st.lists(places(), min_size=3, max_size=3))
def test_what_the_database_chooses_is_what_is_in_the_place(
    database: Database, spread: list[Location], asked: list[IncidentFilter]
) -> None:
    for each in asked:
        place = place_of(each)
        assert place is not None
        with database.session() as session:
            found = {viewpoint.area for viewpoint in in_place(session, place)}
        assert found == {f"area-{number}" for number, location in enumerate(spread) if place.holds(location)}


def test_a_polygon_around_a_pole_is_refused(database: Database) -> None:
    asked = IncidentFilter(polygon=(Point(80, 0), Point(80, 120), Point(80, -120)))
    with pytest.raises(InputError, match="pole") as caught, database.session() as session:
        queries.search(session, asked)
    assert caught.value.parameter == "polygon"
    with pytest.raises(InputError, match="pole"):
        parse(Terms(polygon="80,0;80,120;80,-120"), "UTC")


def test_a_route_that_may_go_either_way_around_the_earth_is_refused() -> None:
    with pytest.raises(InputError, match="leg") as caught:
        parse(Terms(route="0,0;0,180", radius_m="100"), "UTC")
    assert caught.value.parameter == "route"
    parse(Terms(route="0,0;0,89;0,178", radius_m="100"), "UTC")


def test_a_line_through_thousands_of_viewpoints_finds_those_along_it(database: Database, cipher: Cipher) -> None:
    put(database, cipher, camera("a"))
    with database.session() as session:
        session.execute(
            text(
                "INSERT INTO viewpoints (camera, area, lat, lon, heading_deg, fov_deg, range_m)"
                " SELECT 'a', 'p' || n, 21 + (n % 100) / 100.0, 105 + (n / 100) / 50.0, n % 360, 70, 80"
                " FROM generate_series(0, 4999) n"
            )
        )
    route = (Point(21.0, 105.0), Point(21.0, 106.0))
    place = place_of(IncidentFilter(route=route, radius_m=100.0))
    assert place is not None
    with database.session() as session:
        found = in_place(session, place)
    assert len(found) == 50
    assert all(math.isclose(each.location.lat, 21.0) for each in found)
