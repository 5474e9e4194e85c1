from __future__ import annotations

import pytest

from camsvc.rules.zone import contains

TRIANGLE = ((0.2, 0.2), (0.8, 0.2), (0.5, 0.8))
LOWER_HALF = ((0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0))
NOTCHED = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 0.3), (0.0, 1.0))


@pytest.mark.parametrize(
    ("polygon", "point", "inside"),
    [
        (TRIANGLE, (0.5, 0.5), True),
        (TRIANGLE, (0.25, 0.7), False),
        (TRIANGLE, (0.5, 0.2), True),
        (TRIANGLE, (0.2, 0.2), True),
        (TRIANGLE, (0.1, 0.2), False),
        (LOWER_HALF, (0.3, 1.0), True),
        (LOWER_HALF, (0.3, 1.04), True),
        (LOWER_HALF, (-0.02, 0.7), True),
        (LOWER_HALF, (0.3, 0.49), False),
        (NOTCHED, (0.5, 0.8), False),
        (NOTCHED, (0.1, 0.6), True),
    ],
)
def test_points_in_on_and_outside_a_zone(
    polygon: tuple[tuple[float, float], ...], point: tuple[float, float], inside: bool
) -> None:
    assert contains(polygon, point) is inside
    assert contains(tuple(reversed(polygon)), point) is inside
