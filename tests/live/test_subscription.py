"""A viewer's queue: bounded, begins in the middle, goes on with a key frame when it was slow."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from camsvc.domain.camera import StreamRole
from camsvc.errors import SourceError
from camsvc.live import subscription as module
from camsvc.live.access_unit import RTP_PERIOD, AccessUnit, Item, Paused, Started, rtp_time
from camsvc.live.subscription import MAX_WAITING_BYTES, MAX_WAITING_UNITS, MAX_WORDS, Subscription
from tests.worker import spooling

START = datetime(2026, 11, 22, tzinfo=UTC)
FPS, GOP = 25, 50
STARTED = Started("s1", spooling.parameters().video, StreamRole.MAIN, None)
PAUSED = Paused("retrying", None)


class Memory:
    """A channel that remembers these pictures."""

    def __init__(self, units: Sequence[AccessUnit] = ()) -> None:
        self.units = units
        self.left = 0

    def gop(self) -> Sequence[AccessUnit]:
        return self.units

    def leave(self, subscription: Subscription) -> None:
        self.left += 1


def unit(number: int, size: int = 100) -> AccessUnit:
    at = START + timedelta(seconds=number / FPS)
    return AccessUnit(bytes(size), number % GOP == 0, at, rtp_time(at))


def film(first: int, end: int, size: int = 100) -> list[AccessUnit]:
    return [unit(number, size) for number in range(first, end)]


def viewer(memory: Memory | None = None) -> Subscription:
    return Subscription("gate", StreamRole.MAIN, memory or Memory())


def taken(subscription: Subscription) -> list[Item]:
    """All that waits."""

    async def take() -> list[Item]:
        items = []
        while True:
            try:
                async with asyncio.timeout(0.01):
                    items.append(await subscription.next())
            except TimeoutError:
                return items

    return asyncio.run(take())


def times(items: Sequence[Item]) -> list[int]:
    return [item.at_90k for item in items if isinstance(item, AccessUnit)]


def put(subscription: Subscription, items: Sequence[Item]) -> None:
    for item in items:
        subscription.put(item)


def test_who_joins_in_mid_gop_gets_all_of_it_laid_together_before_the_newest_picture() -> None:
    gop = film(0, 30)
    subscription = viewer()
    subscription.join(Memory(gop), STARTED)
    put(subscription, film(30, 32))
    first, *items = taken(subscription)
    assert first == STARTED
    units = [item for item in items if isinstance(item, AccessUnit)]
    assert [each.data for each in units] == [each.data for each in [*gop, *film(30, 32)]]
    assert [each.at for each in units] == [each.at for each in [*gop, *film(30, 32)]]
    assert [each.caught_up for each in units] == [True] * 29 + [False] * 3
    assert units[29:] == [gop[29], *units[30:]]
    assert times(units[29:]) == times([gop[29], *film(30, 32)])
    steps = [later - earlier for earlier, later in pairwise(times(units))]
    assert steps[:29] == [90] * 29
    assert all(each.packed is shared.packed for each, shared in zip(units, gop, strict=False))


def test_time_stamps_rise_over_their_period() -> None:
    late = datetime.fromtimestamp((RTP_PERIOD * 35_000 + 900) / 90_000, UTC)
    gop = [AccessUnit(b"x", index == 0, late, rtp_time(late)) for index in range(30)]
    subscription = viewer()
    subscription.join(Memory(gop), STARTED)
    got = times(taken(subscription))
    assert got[-1] < 2000 < got[0]
    assert all((later - earlier) % RTP_PERIOD == 90 for earlier, later in pairwise(got))


def test_who_joins_a_channel_without_memory_waits_for_the_next_key_frame() -> None:
    subscription = viewer()
    subscription.join(Memory(), STARTED)
    put(subscription, film(30, 52))
    assert taken(subscription) == [STARTED, *subscription_units(50, 52)]
    assert subscription.dropped == 0


def subscription_units(first: int, end: int) -> list[object]:
    return [Same(each) for each in film(first, end)]


class Same:
    """Equal to a unit with the same content."""

    def __init__(self, unit: AccessUnit) -> None:
        self.unit = unit

    def __eq__(self, other: object) -> bool:
        mine = self.unit
        return isinstance(other, AccessUnit) and (other.at, other.at_90k, other.is_key) == (
            mine.at,
            mine.at_90k,
            mine.is_key,
        )

    def __hash__(self) -> int:
        return hash(self.unit.at)

    def __repr__(self) -> str:
        return f"Same({self.unit})"


def test_a_slow_viewer_goes_on_with_the_next_key_frame_and_what_it_missed_is_counted() -> None:
    subscription = viewer()
    put(subscription, [STARTED, *film(0, 4 * GOP + 10)])
    # 150 waited; the 151st is the key frame of the fourth GOP.
    assert taken(subscription) == [STARTED, *subscription_units(3 * GOP, 4 * GOP + 10)]
    assert subscription.dropped == 3 * GOP == MAX_WAITING_UNITS
    put(subscription, film(4 * GOP + 10, 4 * GOP + 20))
    assert taken(subscription) == subscription_units(4 * GOP + 10, 4 * GOP + 20)
    assert subscription.dropped == 3 * GOP


def test_bytes_are_bounded_too_and_what_is_dropped_up_to_the_key_frame_is_counted() -> None:
    size = MAX_WAITING_BYTES // 20
    subscription = viewer()
    put(subscription, [STARTED, *film(0, GOP + 3, size)])
    assert taken(subscription) == [STARTED, *subscription_units(GOP, GOP + 3)]
    assert subscription.dropped == GOP


def test_one_picture_greater_than_the_bound_still_comes() -> None:
    subscription = viewer()
    put(subscription, [STARTED, unit(0, MAX_WAITING_BYTES + 1)])
    assert taken(subscription) == [STARTED, *subscription_units(0, 1)]
    put(subscription, [unit(1)])
    assert taken(subscription) == subscription_units(1, 2)


def test_words_are_bounded_for_a_viewer_that_takes_nothing() -> None:
    subscription = viewer()
    for _ in range(10 * MAX_WORDS):
        put(subscription, [STARTED, unit(0), PAUSED])
    items = taken(subscription)
    assert len(items) <= 2 * MAX_WORDS
    assert items[-1] == PAUSED


def test_a_restart_gives_up_what_waits_and_sends_the_last_gop_with_later_time_stamps() -> None:
    memory = Memory(film(0, 20))
    subscription = viewer()
    subscription.join(memory, STARTED)
    before = times(taken(subscription))
    put(subscription, film(20, 25))
    memory.units = film(0, 25)
    subscription.restart()
    again = taken(subscription)
    assert len(again) == 25
    assert isinstance(again[0], AccessUnit)
    assert again[0].is_key
    whole = [*before, *times(again)]
    assert whole == sorted(set(whole))
    # Nothing new came since: the same pictures again stay just behind the last one, before the next live one.
    subscription.restart()
    memory.units = film(0, 26)
    third = times(taken(subscription))
    assert third[0] > whole[-1]
    assert third[-1] < times(film(25, 26))[0]
    put(subscription, film(25, 26))
    assert times(taken(subscription)) == times(film(25, 26))


def test_a_restart_keeps_what_was_said_and_waits_for_a_key_frame_where_nothing_is_remembered() -> None:
    subscription = viewer()
    put(subscription, [STARTED, *film(0, 5)])
    subscription.restart()
    put(subscription, [*film(5, 7), *film(50, 51)])
    assert taken(subscription) == [STARTED, *subscription_units(50, 51)]


def test_after_a_pause_pictures_come_again_from_a_key_frame_on() -> None:
    subscription = viewer()
    put(subscription, [STARTED, unit(0), PAUSED])
    assert subscription.started is None
    put(subscription, [unit(1), replace(STARTED, session="s2"), unit(2), unit(50)])
    assert taken(subscription) == [
        STARTED,
        *subscription_units(0, 1),
        PAUSED,
        replace(STARTED, session="s2"),
        *subscription_units(50, 51),
    ]
    assert subscription.started is not None


def test_a_clock_that_was_set_back_is_believed_and_a_small_step_is_smoothed() -> None:
    subscription = viewer()
    put(subscription, [STARTED, unit(100)])
    (_, first) = taken(subscription)
    assert isinstance(first, AccessUnit)
    small = first.at - timedelta(seconds=0.5)
    put(subscription, [AccessUnit(b"", True, small, rtp_time(small))])
    assert times(taken(subscription)) == [first.at_90k + 1]
    hour = first.at - timedelta(hours=1)
    put(subscription, [AccessUnit(b"", True, hour, rtp_time(hour))])
    assert times(taken(subscription)) == [rtp_time(hour)]


def test_closing_wakes_who_waits_and_tells_the_channel_once() -> None:
    async def story() -> None:
        memory = Memory()
        subscription = viewer(memory)
        waiting = asyncio.create_task(subscription.next())
        await asyncio.sleep(0)
        subscription.close()
        subscription.close()
        with pytest.raises(SourceError, match="closed"):
            await waiting
        subscription.put(STARTED)
        with pytest.raises(SourceError, match="closed"):
            await subscription.next()
        assert memory.left == 1

    asyncio.run(story())


def test_the_bound_covers_several_seconds_of_any_usual_stream() -> None:
    assert MAX_WAITING_UNITS / 30 >= 5
    assert module.MAX_WAITING_BYTES / (8_000_000 / 8) >= 6


class Hand:
    """Takes pictures within the call."""

    def __init__(self) -> None:
        self.is_behind = False
        self.units: list[AccessUnit] = []

    def send(self, unit: AccessUnit) -> None:
        if len(self.units) == 5:
            raise ValueError("a defect")
        self.units.append(unit)


def test_who_takes_pictures_within_the_call_gets_them_in_order_and_none_before_a_key_frame() -> None:
    subscription, hand = viewer(), Hand()
    subscription.direct = hand
    put(subscription, [STARTED, unit(3)])
    assert times(taken(subscription)) == []
    put(subscription, [unit(GOP)])
    assert times(taken(subscription)) == [unit(GOP).at_90k], "the key frame comes by ``next``, behind its word"
    put(subscription, film(GOP + 1, GOP + 3))
    assert times(hand.units) == times(film(GOP + 1, GOP + 3))
    hand.is_behind = True
    put(subscription, [unit(GOP + 3)])
    hand.is_behind = False
    put(subscription, [unit(GOP + 4)])
    assert len(hand.units) == 2, "nothing overtakes what waits"
    assert times(taken(subscription)) == times(film(GOP + 3, GOP + 5))


def test_a_viewer_that_fails_within_the_call_ends_alone() -> None:
    subscription, hand = viewer(), Hand()
    put(subscription, [STARTED, unit(GOP)])
    taken(subscription)
    subscription.direct = hand
    put(subscription, film(GOP + 1, GOP + 8))
    assert len(hand.units) == 5
    with pytest.raises(SourceError):
        asyncio.run(subscription.next())
