from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest

from camsvc.clock import SimulatedClock, SystemClock, require_utc


def test_simulated_time_moves_only_when_told() -> None:
    clock = SimulatedClock()
    now, mono = clock.now(), clock.monotonic_s()
    clock.advance(2.5)
    assert clock.now() - now == timedelta(seconds=2.5)
    assert clock.monotonic_s() - mono == 2.5


def test_stepping_the_hosts_clock_leaves_monotonic_time_alone() -> None:
    clock = SimulatedClock()
    mono = clock.monotonic_s()
    clock.step_wall(-3600)
    assert clock.monotonic_s() == mono


def test_a_simulated_wait_passes_at_once_and_sees_the_stop() -> None:
    clock, stop = SimulatedClock(), threading.Event()
    mono = clock.monotonic_s()
    assert not clock.wait(stop, 3600)
    assert clock.monotonic_s() == mono + 3600
    stop.set()
    assert clock.wait(stop, 3600)


def test_system_time_is_aware_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_times_are_brought_to_utc_and_naive_ones_refused() -> None:
    hanoi = timezone(timedelta(hours=7))
    assert require_utc(datetime(2026, 1, 1, 7, tzinfo=hanoi)) == datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="no time zone"):
        require_utc(datetime(2026, 1, 1))  # noqa: DTZ001  a naive one is meant
