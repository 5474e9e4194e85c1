from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camsvc.clock import SimulatedClock
from camsvc.errors import TimelineError
from camsvc.media.packets import CLOCK_HZ
from camsvc.media.timeline import EPOCH, JUMP_S, WINDOW_S, CameraClock, DecodeOrder, Ticks, WallAnchor

FRAME_S = 0.04
BEGIN_S = SimulatedClock().now().timestamp()
"""Wall time of monotonic second 1000, where a simulated clock begins."""


class Feed:
    """A camera that makes a picture every 40 ms from monotonic second 1000, and a network that delays it."""

    def __init__(self, *, drift: float = 0.0) -> None:
        self.clock = SimulatedClock()
        self.anchor = WallAnchor(self.clock)
        self.drift = drift
        self.count = 0
        self.apart_s: list[float] = []
        """Given wall time minus the true time of making, per picture."""
        self.given: list[datetime] = []

    def picture(self, delay_s: float, *, settled: bool = True, shift_s: float = 0.0) -> None:
        made_s = self.count * FRAME_S
        pts = round((made_s * (1 + self.drift) + shift_s) * CLOCK_HZ)
        arrived_s = 1000 + made_s + delay_s
        self.clock.advance(max(0.0, arrived_s - self.clock.monotonic_s()))
        self.anchor.observe(pts, arrived_s, settled=settled)
        at = self.anchor.at(pts)
        self.given.append(at)
        self.apart_s.append((at - EPOCH).total_seconds() - (BEGIN_S + made_s))
        self.count += 1


def test_wall_time_is_that_of_the_least_delayed_packets() -> None:
    feed = Feed()
    noise = random.Random(1)
    for _ in range(500):
        feed.picture(0.01 + noise.expovariate(20))
    assert max(feed.apart_s[100:]) < 0.02


def test_a_network_pause_does_not_move_the_wall_time_of_what_it_delayed() -> None:
    feed = Feed()
    for _ in range(250):
        feed.picture(0.01)
    for number in range(100):
        feed.picture(4.0 - number * FRAME_S)
    assert max(abs(apart - 0.01) for apart in feed.apart_s) < 0.03


def test_wall_time_never_runs_backwards_whatever_the_delays() -> None:
    feed = Feed()
    noise = random.Random(2)
    arrived_s = 0.0
    for number in range(2000):
        # A network may bunch packets, not reorder them.
        arrived_s = max(arrived_s, number * FRAME_S + noise.choice([0.005, 0.05, 0.5, 1.2]))
        feed.picture(arrived_s - number * FRAME_S)
    assert all(later >= earlier for earlier, later in pairwise(feed.given))


@pytest.mark.parametrize("drift", [1e-4, -1e-4, 5e-4])
def test_a_camera_whose_clock_drifts_is_followed(drift: float) -> None:
    feed = Feed(drift=drift)
    for _ in range(30 * 60 * 25):
        feed.picture(0.02)
    assert abs(feed.apart_s[-1] - 0.02) < abs(drift) * 61 + 0.001
    assert all(later >= earlier for earlier, later in pairwise(feed.given))


@pytest.mark.parametrize("seconds", [2.0, 3600.0])
def test_media_time_that_jumps_ahead_is_an_error(seconds: float) -> None:
    feed = Feed()
    for _ in range(50):
        feed.picture(0.02)
    with pytest.raises(TimelineError, match="ahead"):
        feed.picture(0.02, shift_s=seconds)


def test_media_time_that_jumps_back_is_an_error() -> None:
    feed = Feed()
    for _ in range(100):
        feed.picture(0.02)
    with pytest.raises(TimelineError, match="back"):
        feed.picture(0.02, shift_s=-2.0)


def test_lost_pictures_are_no_jump() -> None:
    feed = Feed()
    for _ in range(50):
        feed.picture(0.02)
    feed.count += 200
    feed.picture(0.02)
    assert abs(feed.apart_s[-1] - 0.02) < 0.01


def test_reordered_pictures_are_no_jump() -> None:
    feed = Feed()
    for shift in (0.0, 0.12, 0.0, -0.12) * 20:
        feed.picture(0.02, shift_s=shift)


@pytest.mark.parametrize("seconds", [JUMP_S + 0.1, -3600.0])
def test_a_step_of_the_hosts_clock_is_an_error(seconds: float) -> None:
    feed = Feed()
    for _ in range(50):
        feed.picture(0.02)
    feed.clock.step_wall(seconds)
    with pytest.raises(TimelineError, match="host's clock"):
        for _ in range(round(WINDOW_S / FRAME_S) + 1):
            feed.picture(0.02)


def test_a_small_correction_of_the_hosts_clock_is_followed_slowly_and_counts_as_error_meanwhile() -> None:
    feed = Feed()
    for _ in range(100):
        feed.picture(0.02)
    before_ms = feed.anchor.error_ms
    feed.clock.step_wall(0.5)
    for _ in range(50):
        feed.picture(0.02)
    assert feed.anchor.error_ms > before_ms + 300
    assert feed.apart_s[-1] < 0.1
    for _ in range(150 * 25):
        feed.picture(0.02)
    assert feed.apart_s[-1] == pytest.approx(0.52, abs=0.01)
    assert all(later >= earlier for earlier, later in pairwise(feed.given))


def test_the_stated_error_shrinks_with_time_and_grows_with_a_wandering_network() -> None:
    steady = Feed()
    steady.picture(0.02)
    first_ms = steady.anchor.error_ms
    for _ in range(1500):
        steady.picture(0.02)
    assert steady.anchor.error_ms < first_ms
    wandering = Feed()
    for number in range(1500):
        wandering.picture(0.02 + 0.3 * (number // 250 % 2))
    assert wandering.anchor.error_ms > steady.anchor.error_ms + 250


def test_no_wall_time_before_the_first_picture() -> None:
    with pytest.raises(RuntimeError):
        WallAnchor(SimulatedClock()).at(0)


def test_the_cameras_clock_is_the_median_of_its_reports() -> None:
    clock = CameraClock()
    assert clock.offset_ms is None
    ours = datetime(2026, 11, 22, tzinfo=UTC)
    for offset_s in (500.0, 2.0, 2.1, 1.9, 2.0):
        clock.observe(ours + timedelta(seconds=offset_s), ours)
    assert clock.offset_ms == pytest.approx(2000)


def test_time_stamps_go_on_rising_when_their_32_bits_are_full() -> None:
    ticks = Ticks(Fraction(1, CLOCK_HZ), wrap_bits=32)
    raw = [(2**32 - 9000 + number * 3600) % 2**32 for number in range(10)]
    assert [later - earlier for earlier, later in pairwise(ticks.to_90k(value) for value in raw)] == [3600] * 9


def test_time_stamps_that_step_back_over_the_wrap_stay_near() -> None:
    ticks = Ticks(Fraction(1, CLOCK_HZ), wrap_bits=32)
    assert ticks.to_90k(100) == 100
    assert ticks.to_90k(2**32 - 100) == -100


def test_audio_ticks_are_rescaled_to_90_khz() -> None:
    ticks = Ticks(Fraction(1, 48_000))
    assert [ticks.to_90k(number * 1024) for number in range(4)] == [0, 1920, 3840, 5760]


@given(st.integers(0, 4), st.lists(st.integers(0, 3), min_size=1, max_size=60))
def test_decoding_times_rise_and_never_come_after_presentation(depth: int, b_counts: list[int]) -> None:
    shown = 0
    order: list[int] = [0]
    for wanted in b_counts:
        count = min(wanted, depth)
        order.append(shown + count + 1)
        order.extend(range(shown + 1, shown + count + 1))
        shown += count + 1
    decode = DecodeOrder(depth, 3600)
    pairs = [(picture * 3600, decode.dts(picture * 3600)) for picture in order]
    assert all(later[1] > earlier[1] for earlier, later in pairwise(pairs))
    if depth:
        assert all(dts <= pts for pts, dts in pairs)
