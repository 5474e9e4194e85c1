"""How much may leave, and when."""

from __future__ import annotations

import asyncio

from camsvc.live.pacer import BURST_S, FACTOR, MIN_BYTES_PER_S, TICK_S, Bucket, Pacer, Rate


def test_a_burst_leaves_at_once_and_then_what_the_pace_carries() -> None:
    bucket = Bucket(now_s=0.0)
    bucket.take(int(bucket.available(0.0)))
    assert bucket.available(0.0) < 1
    assert abs(bucket.available(0.01) - MIN_BYTES_PER_S * 0.01) < 1


def test_what_was_not_used_does_not_add_up() -> None:
    bucket = Bucket(now_s=0.0)
    assert bucket.available(3600.0) == MIN_BYTES_PER_S * BURST_S


def test_debt_is_paid_back() -> None:
    bucket = Bucket(now_s=0.0)
    bucket.take(2 * int(bucket.available(0.0)))
    assert bucket.available(BURST_S / 2) < 0 < bucket.available(1.5 * BURST_S)


def test_a_streams_rate_is_known_after_a_second_of_it() -> None:
    rate = Rate()
    for number in range(30):
        rate.add(20_000, 1000.0 + number / 25)
    assert abs(rate.bytes_per_s - 500_000) < 25_000
    assert rate.bytes_per_s * FACTOR > MIN_BYTES_PER_S


def test_a_quiet_second_does_not_slow_down_what_follows() -> None:
    rate = Rate()
    for number in range(30):
        rate.add(20_000, 1000.0 + number / 25)
    before = rate.bytes_per_s
    rate.add(100, 1003.0)
    assert before / 2 < rate.bytes_per_s < before


def test_a_clock_that_was_set_back_does_no_harm() -> None:
    rate = Rate()
    for at_s in (1000.0, 1002.0, 500.0, 501.5):
        rate.add(1000, at_s)
    assert 0 < rate.bytes_per_s < 1000


def test_the_pacer_runs_only_while_somebody_is_behind() -> None:
    class Slow:
        turns = 0

        def flush(self, now_s: float) -> bool:
            self.turns += 1
            return self.turns == 3

    async def scene() -> None:
        pacer, slow, gone = Pacer(), Slow(), Slow()
        pacer.add(slow)
        pacer.add(gone)
        pacer.remove(gone)
        await asyncio.sleep(10 * TICK_S)
        assert slow.turns == 3
        assert gone.turns == 0
        assert pacer._timer is None

    asyncio.run(scene())
