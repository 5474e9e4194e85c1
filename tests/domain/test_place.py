"""What a camera sees, against what sampling it point by point finds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from camsvc.domain import arcs
from camsvc.domain.geo import Box, Location, Point, bearing_deg, destination, distance_m
from camsvc.domain.place import Place, place_of
from camsvc.domain.rings import Ring, goes_around_a_pole
from camsvc.domain.search import IncidentFilter
from camsvc.domain.sight import Sector, sight

STEPS = 12
"""Of a sector's range and of its angle, for samples."""
ROUNDING_M = 1e-3
MANY = settings(max_examples=150, deadline=None)

points = st.builds(Point, st.floats(-89.9, 89.9), st.floats(-180, 180)) | st.sampled_from(
    [Point(21.24, 105.95), Point(0, 180), Point(-17, -180), Point(-17, 179.9999), Point(0, 0), Point(89.99, 12)]
)
bearings = st.floats(0, 359.99) | st.sampled_from([0.0, 90.0, 180.0, 270.0])
ranges = st.floats(1, 2000)


@st.composite
def locations(draw: st.DrawFn) -> Location:
    at = draw(points)
    fov = draw(st.floats(1, 360) | st.sampled_from([90.0, 180.0, 270.0, 360.0]))
    return Location(at.lat, at.lon, draw(bearings), fov, draw(ranges))


def view_of(location: Location) -> Sector:
    found = sight(location)
    assert found is not None
    return found


def samples(view: Sector) -> Iterator[Point]:
    for near, turn in itertools.product(range(STEPS + 1), range(STEPS + 1)):
        bearing = view.heading_deg + (turn / STEPS - 0.5) * min(view.fov_deg, 360)
        yield destination(view.apex, bearing, view.range_m * near / STEPS)


def spacing_m(view: Sector) -> float:
    """How far a point of the sector may be from the next sample."""
    return view.range_m * (1 + math.radians(view.fov_deg)) / STEPS


def beside(view: Sector, bearing: float, ranges_away: float) -> Point:
    return destination(view.apex, bearing, view.range_m * ranges_away)


@MANY
@given(points, bearings, st.floats(0.01, 1_000_000))
def test_who_goes_so_far_in_a_direction_is_so_far_away_in_that_direction(
    start: Point, bearing: float, metres: float
) -> None:
    there = destination(start, bearing, metres)
    assert distance_m(start, there) == pytest.approx(metres, rel=1e-6, abs=1e-4)
    if metres > 10:
        turned = abs((bearing_deg(start, there) - bearing + 180) % 360 - 180)
        assert turned < 1e-3


@MANY
@given(locations(), bearings, st.floats(0, 3))
def test_the_distance_of_a_point_from_what_is_seen_is_that_of_the_nearest_sample(
    location: Location, bearing: float, ranges_away: float
) -> None:
    view = view_of(location)
    place = beside(view, bearing, ranges_away)
    nearest = min(distance_m(place, each) for each in samples(view))
    assert nearest - spacing_m(view) <= view.to_point_m(place) <= nearest + ROUNDING_M


@MANY
@given(locations(), bearings, st.floats(0, 3), bearings, st.floats(0, 5))
def test_the_distance_of_a_line_from_what_is_seen_is_that_of_the_nearest_sample(
    location: Location, bearing: float, ranges_away: float, along: float, ranges_long: float
) -> None:
    view = view_of(location)
    a = beside(view, bearing, ranges_away)
    line = arcs.arc(arcs.vector(a), arcs.vector(destination(a, along, view.range_m * ranges_long)))
    nearest = min(arcs.to_arc_m(arcs.vector(each), line) for each in samples(view))
    assert nearest - spacing_m(view) <= view.to_arc_m(line) <= nearest + ROUNDING_M


@MANY
@given(points, bearings, st.floats(1, 3_000_000), bearings, st.floats(0, 3_000_000))
def test_the_distance_of_a_point_from_a_line_is_that_of_the_nearest_point_of_it(
    a: Point, along: float, length_m: float, bearing: float, away_m: float
) -> None:
    b, place = destination(a, along, length_m), destination(a, bearing, away_m)
    found = arcs.to_arc_m(arcs.vector(place), arcs.arc(arcs.vector(a), arcs.vector(b)))
    on_line = (destination(a, bearing_deg(a, b), length_m * step / 400) for step in range(401))
    nearest = min(distance_m(place, each) for each in on_line)
    assert nearest - length_m / 800 - 1 <= found <= nearest + 1


@MANY
@given(locations(), bearings, st.floats(0, 2), bearings, st.floats(0.01, 3), st.floats(0.01, 3))
@example(Location(0, 179.9999, 90, 60, 50), 90.0, 0.5, 0.0, 1.0, 1.0)
def test_an_area_is_seen_when_some_of_its_edge_is(
    location: Location, bearing: float, ranges_away: float, along: float, long: float, wide: float
) -> None:
    view = view_of(location)
    assume(abs(location.lat) < 85)
    a = beside(view, bearing, ranges_away)
    b = destination(a, along, view.range_m * long)
    c = destination(b, along + 100, view.range_m * wide)
    ring = Ring.of([a, b, c])
    edge = list(_edge(ring, 300))
    nearest = min(view.to_point_m(each) for each in edge)
    apart = view.range_m * (long + wide) / 150
    if nearest == 0:
        assert ring.is_seen(_grown(view)) or ring.holds(view.apex)
    if ring.is_seen(view):
        assert nearest <= apart + 0.05


def _edge(ring: Ring, steps: int) -> Iterator[Point]:
    for (a_lon, a_lat), (b_lon, b_lat) in zip(ring.corners, (*ring.corners[1:], ring.corners[0]), strict=True):
        for step in range(steps + 1):
            lon = a_lon + (b_lon - a_lon) * step / steps
            yield Point(a_lat + (b_lat - a_lat) * step / steps, (lon + 180) % 360 - 180)


def _grown(view: Sector) -> Sector:
    """By what rounding may take away."""
    fov = min(360.0, view.fov_deg + 0.001)
    return view_of(Location(view.apex.lat, view.apex.lon, view.heading_deg, fov, view.range_m * 1.000001 + 0.02))


@MANY
@given(locations(), locations(), bearings, st.floats(0, 3))
def test_two_cameras_overlap_when_a_sample_of_one_is_seen_by_the_other(
    one: Location, other: Location, bearing: float, ranges_away: float
) -> None:
    view = view_of(one)
    at = beside(view, bearing, ranges_away)
    second = view_of(Location(at.lat, at.lon, other.heading_deg, other.fov_deg, other.range_m))
    nearest = min(view.to_point_m(each) for each in samples(second))
    assert view.overlaps(second) == second.overlaps(view)
    if view.overlaps(second):
        assert nearest <= spacing_m(second)
    else:
        assert all(view.to_point_m(each) > 0 for each in samples(_shrunk(second)))


def _shrunk(view: Sector) -> Sector:
    """By what the outline's straight lines may leave out."""
    return view_of(Location(view.apex.lat, view.apex.lon, view.heading_deg, view.fov_deg * 0.999, view.range_m * 0.998))


SQUARE = (Point(10, 105), Point(10, 106), Point(11, 106), Point(11, 105))
NOTCHED = (Point(0, 0), Point(0, 4), Point(4, 4), Point(2, 2), Point(4, 0))


@pytest.mark.parametrize(
    ("corners", "place", "holds"),
    [
        (SQUARE, Point(10.5, 105.5), True),
        (SQUARE, Point(10, 105), True),
        (SQUARE, Point(10, 105.3), True),
        (SQUARE, Point(11, 105.3), True),
        (SQUARE, Point(10.3, 106), True),
        (SQUARE, Point(11.000001, 105.5), False),
        (SQUARE[::-1], Point(10.5, 105.5), True),
        (NOTCHED, Point(3, 2), False),
        (NOTCHED, Point(2, 2), True),
        (NOTCHED, Point(1, 2), True),
        (NOTCHED, Point(3.5, 0.2), True),
        ((Point(-18, 179), Point(-18, -179), Point(-16, -179), Point(-16, 179)), Point(-17, 180), True),
        ((Point(-18, 179), Point(-18, -179), Point(-16, -179), Point(-16, 179)), Point(-17, -180), True),
        ((Point(-18, 179), Point(-18, -179), Point(-16, -179), Point(-16, 179)), Point(-17, -179.5), True),
        ((Point(-18, 179), Point(-18, -179), Point(-16, -179), Point(-16, 179)), Point(-17, 178.9), False),
        ((Point(-18, 179), Point(-18, -179), Point(-16, -179), Point(-16, 179)), Point(-17, 0), False),
        # An hourglass, and what is gone around twice.
        ((Point(0, 0), Point(1, 1), Point(1, 0), Point(0, 1)), Point(0.9, 0.5), True),
        ((Point(0, 0), Point(1, 1), Point(1, 0), Point(0, 1)), Point(0.1, 0.5), True),
        ((Point(0, 0), Point(1, 1), Point(1, 0), Point(0, 1)), Point(0.5, 0.1), False),
        (SQUARE + SQUARE, Point(10.5, 105.5), True),
        # Nothing but a line.
        ((Point(0, 0), Point(0, 1), Point(0, 0.5)), Point(0, 0.7), True),
        ((Point(0, 0), Point(0, 1), Point(0, 0.5)), Point(0.001, 0.7), False),
    ],
)
def test_a_polygon_holds_what_it_goes_around(corners: tuple[Point, ...], place: Point, holds: bool) -> None:
    asked = place_of(IncidentFilter(polygon=corners))
    assert asked is not None
    assert asked.holds(Location(place.lat, place.lon)) is holds


def test_a_polygon_around_a_pole_is_known_as_such() -> None:
    assert goes_around_a_pole([Point(80, 0), Point(80, 120), Point(80, -120)])
    assert not goes_around_a_pole([Point(80, 170), Point(80, -170), Point(85, 180)])
    assert not goes_around_a_pole(SQUARE)


HERE = Location(21.0, 105.0, 90.0, 60.0, 100.0)
"""Looks east for 100 m; a degree of longitude is 103.8 km here."""
M = 1 / 103_811


def _asked(**place: object) -> Place:
    found = place_of(IncidentFilter(**place))  # type: ignore[arg-type]
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("place", "stands", "sees"),
    [
        ({"near": Point(21.0, 105.0), "radius_m": 1.0}, True, True),
        ({"near": Point(21.0, 105.0 + 150 * M), "radius_m": 49.0}, False, False),
        ({"near": Point(21.0, 105.0 + 150 * M), "radius_m": 51.0}, False, True),
        ({"near": Point(21.0, 105.0 - 50 * M), "radius_m": 49.0}, False, False),
        ({"near": Point(21.0, 105.0 - 50 * M), "radius_m": 51.0}, True, True),
        ({"bbox": Box(105 + 90 * M, 20.9, 106.0, 21.1)}, False, True),
        ({"bbox": Box(105 + 101 * M, 20.9, 106.0, 21.1)}, False, False),
        ({"bbox": Box(105 + 40 * M, 21.0, 105 + 41 * M, 21.000001)}, False, True),
        ({"bbox": Box(104.0, 20.0, 105 - 1 * M, 22.0)}, False, False),
        ({"route": (Point(20.9, 105 + 120 * M), Point(21.1, 105 + 120 * M)), "radius_m": 19.0}, False, False),
        ({"route": (Point(20.9, 105 + 120 * M), Point(21.1, 105 + 120 * M)), "radius_m": 21.0}, False, True),
        ({"route": (Point(20.9, 105 + 50 * M), Point(21.1, 105 + 50 * M)), "radius_m": 0.1}, False, True),
        ({"polygon": (Point(21, 105 + 50 * M), Point(20.9, 106), Point(21.1, 106))}, False, True),
        ({"polygon": (Point(21, 105 + 101 * M), Point(20.9, 106), Point(21.1, 106))}, False, False),
        # It stands in one and sees the other; and sees both, which lie apart.
        ({"near": Point(21.0, 105.0), "radius_m": 1.0, "bbox": Box(105 + 90 * M, 20.9, 106.0, 21.1)}, False, True),
    ],
)
def test_what_a_camera_sees_counts_unless_only_its_stand_is_asked(
    place: dict[str, object], stands: bool, sees: bool
) -> None:
    assert _asked(**place, sees=False).holds(HERE) is stands
    assert _asked(**place).holds(HERE) is sees


@pytest.mark.parametrize(
    ("location", "known"),
    [
        (Location(21, 105), False),
        (Location(21, 105, 90.0), False),
        (Location(21, 105, 90.0, 60.0), False),
        (Location(21, 105, None, 60.0, 100.0), False),
        (Location(21, 105, None, 360.0, 100.0), True),
        (Location(21, 105, 90.0, 60.0, 100.0), True),
    ],
)
def test_where_heading_angle_or_range_are_missing_only_the_stand_counts(location: Location, known: bool) -> None:
    assert _asked(near=Point(21, 105 + 50 * M), radius_m=1).holds(location) is known
    assert _asked(near=Point(21, 105), radius_m=1).holds(location)


def test_a_camera_without_a_place_is_in_none() -> None:
    assert not _asked(bbox=Box(-180, -90, 180, 90)).holds(None)
    assert place_of(IncidentFilter(cameras=("a",))) is None


@pytest.mark.parametrize("lat", [0.0, 45.0, 80.0])
def test_a_long_route_is_the_great_circle(lat: float) -> None:
    """Half way from 0° to 90° east, it lies further towards the pole than its ends."""
    summit = math.degrees(math.atan(math.tan(math.radians(lat)) / math.cos(math.radians(45))))
    asked = _asked(route=(Point(lat, 0), Point(lat, 90)), radius_m=1.0)
    assert asked.holds(Location(summit, 45.0))
    assert asked.holds(Location(lat, 45.0)) is (lat == 0.0)
    bounds = asked.shapes[0].bounds
    assert bounds.south <= lat
    assert bounds.north >= summit


@MANY
@given(points, st.lists(st.tuples(bearings, st.floats(0, 1_000_000)), min_size=1, max_size=4), st.data())
def test_the_bounds_of_a_shape_hold_what_it_holds(
    start: Point, legs: list[tuple[float, float]], data: st.DataObject
) -> None:
    route = [start]
    for bearing, metres in legs:
        route.append(destination(route[-1], bearing, metres))
    radius = data.draw(st.floats(1, 500_000))
    asked = _asked(route=tuple(route), radius_m=radius)
    at, leg = data.draw(st.sampled_from(list(itertools.pairwise(route)))), data.draw(st.floats(0, 1))
    middle = destination(at[0], bearing_deg(*at), distance_m(*at) * leg)
    place = destination(middle, data.draw(bearings), radius * data.draw(st.floats(0, 1)))
    if asked.holds(Location(place.lat, place.lon)):
        bounds = asked.shapes[0].bounds
        assert bounds.south - 1e-9 <= place.lat <= bounds.north + 1e-9
        turned = abs(place.lon - bounds.middle_lon)
        assert min(turned, abs(turned - 360), abs(turned - 720)) <= bounds.half_lon + 1e-9


@pytest.mark.parametrize("corners", [3, 50, 1000])
def test_what_lies_around_a_long_line_is_found_whatever_its_length(corners: int) -> None:
    """By latitude only some of its parts are looked at: none that matters is missed."""
    around = [destination(Point(10, 105), 360 * each / corners, 5_000 + 500 * (each % 2)) for each in range(corners)]
    inner = _asked(polygon=tuple(around), sees=False)
    road = _asked(route=tuple(around), radius_m=600.0, sees=False)
    for step in range(360):
        if corners > 3:
            assert inner.holds(_at(destination(Point(10, 105), step, 4_900)))
            assert road.holds(_at(destination(Point(10, 105), step, 5_500))) or step >= 352
        assert not inner.holds(_at(destination(Point(10, 105), step, 5_600)))
        assert not road.holds(_at(destination(Point(10, 105), step, 6_200)))


def _at(place: Point) -> Location:
    return Location(place.lat, place.lon)


def test_what_was_decided_is_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("camsvc.domain.place.KNOWN_MAX", 3)
    place = _asked(near=Point(21.5, 105.5), radius_m=7.0)
    for number in range(10):
        for _ in range(2):
            assert place.holds(Location(21.5, 105.5 + number)) is (number == 0)
