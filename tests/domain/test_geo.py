from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camsvc.domain.geo import Point, box_around, distance_m

points = st.builds(Point, st.floats(-89, 89), st.floats(-180, 180))


def test_a_degree_of_latitude_is_111_km() -> None:
    assert distance_m(Point(21, 105), Point(22, 105)) == pytest.approx(111_195, rel=1e-4)


def test_distance_over_the_antimeridian_is_short() -> None:
    assert distance_m(Point(0, 179.9), Point(0, -179.9)) == pytest.approx(22_239, rel=1e-3)


@given(points, points)
def test_distance_is_symmetric_and_never_negative(a: Point, b: Point) -> None:
    assert distance_m(a, b) == pytest.approx(distance_m(b, a))
    assert distance_m(a, b) >= 0


@given(points, points, st.floats(1, 500_000))
def test_the_box_holds_every_point_within_the_radius(centre: Point, other: Point, radius_m: float) -> None:
    box = box_around(centre, radius_m)
    inside_lon = box.west <= other.lon <= box.east if box.west <= box.east else not box.east < other.lon < box.west
    if distance_m(centre, other) <= radius_m * 0.999999:
        assert box.south <= other.lat <= box.north
        assert inside_lon or abs(abs(other.lon) - 180) < 1e-9


@pytest.mark.parametrize(("lat", "lon"), [(91, 0), (-91, 0), (0, 181), (float("nan"), 0)])
def test_a_place_off_the_earth_is_refused(lat: float, lon: float) -> None:
    with pytest.raises(ValueError, match="not a place"):
        Point(lat, lon)
