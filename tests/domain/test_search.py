from __future__ import annotations

import pytest

from camsvc.domain.search import Wind


@pytest.mark.parametrize(
    ("direction_deg", "wind"),
    [
        (0.0, Wind.N),
        (22.499, Wind.N),
        (22.5, Wind.NE),
        (67.5, Wind.E),
        (90.0, Wind.E),
        (180.0, Wind.S),
        (247.4, Wind.SW),
        (337.499, Wind.NW),
        (337.5, Wind.N),
        (360.0, Wind.N),
        (-90.0, Wind.W),
    ],
)
def test_a_direction_is_of_the_eighth_of_the_compass_around_it(direction_deg: float, wind: Wind) -> None:
    assert Wind.of(direction_deg) is wind
