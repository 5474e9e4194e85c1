"""Which frames are analysed."""

from __future__ import annotations

import pytest

from camsvc.worker.sampler import Sampler


@pytest.mark.parametrize(
    ("stream_fps", "fps", "expected"), [(25, 5, 50), (25, 4, 40), (12.5, 5, 50), (10, 5, 50), (4, 5, 40)]
)
def test_the_asked_rate_by_media_time_whatever_the_rate_of_the_stream(
    stream_fps: float, fps: float, expected: int
) -> None:
    sampler = Sampler(fps)
    wanted = sum(sampler.wants(round(index * 90_000 / stream_fps)) for index in range(round(10 * stream_fps)))
    assert abs(wanted - expected) <= 1


def test_without_a_rate_every_frame_is_wanted_once() -> None:
    sampler = Sampler(None)
    assert [sampler.wants(pts) for pts in (0, 3600, 3600, 7200, 3600)] == [True, True, False, True, False]


def test_after_a_hole_the_grid_starts_anew_and_does_not_catch_up() -> None:
    sampler = Sampler(5)
    assert sampler.wants(0)
    assert sampler.wants(900_000)
    assert not sampler.wants(903_600)
    assert sampler.wants(918_000)


def test_a_frame_out_of_turn_is_taken_but_never_twice() -> None:
    sampler = Sampler(5)
    assert sampler.wants(0)
    assert sampler.force(3600)
    assert not sampler.force(3600)
    assert not sampler.wants(18_000)
    assert sampler.wants(21_600)
