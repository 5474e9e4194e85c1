from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from datetime import timedelta

import pytest

from camsvc.domain.incident import GapReason
from camsvc.media.packets import Packet
from camsvc.media.ring import Lost, Ring, RingItem, RingReader, SessionEnd, SessionStart
from tests.media.made_packets import PARAMETERS, START, audio_packet, clock, number_of, video_packet, video_packets

ROOMY = 1 << 30


def ring_with(packets: Iterable[Packet], *, max_s: float = 1000, max_bytes: int = ROOMY) -> Ring:
    ring = Ring(max_s, max_bytes)
    ring.open_session("s1", PARAMETERS, clock)
    for packet in packets:
        ring.append(packet)
    return ring


def drain(reader: RingReader) -> list[RingItem]:
    items: list[RingItem] = []
    while fresh := reader.read(0):
        items += fresh
    return items


def numbers(items: Iterable[RingItem]) -> list[int]:
    return [number_of(item) for item in items if isinstance(item, Packet)]


def test_a_reader_begins_with_the_session_and_the_key_frame_at_or_before_the_asked_moment() -> None:
    reader = ring_with(video_packets(35)).reader(START + timedelta(seconds=1.9))
    items = drain(reader)
    start = items[0]
    assert isinstance(start, SessionStart)
    assert (start.session, start.parameters, start.at, start.clock) == ("s1", PARAMETERS, START, clock)
    assert numbers(items) == list(range(10, 35))


def test_a_key_frame_exactly_at_the_asked_moment_is_the_first() -> None:
    items = drain(ring_with(video_packets(35)).reader(START + timedelta(seconds=2)))
    assert numbers(items)[0] == 20


def test_a_moment_before_everything_kept_begins_with_the_oldest() -> None:
    items = drain(ring_with(video_packets(35)).reader(START - timedelta(hours=1)))
    assert numbers(items) == list(range(35))


def test_without_a_moment_a_reader_begins_with_the_newest_gop() -> None:
    assert numbers(drain(ring_with(video_packets(35)).reader())) == list(range(30, 35))


def test_a_reader_of_an_empty_ring_begins_with_what_comes_first() -> None:
    ring = ring_with([])
    reader = ring.reader()
    assert drain(reader) == []
    for packet in video_packets(3):
        ring.append(packet)
    items = drain(reader)
    assert isinstance(items[0], SessionStart)
    assert numbers(items) == [0, 1, 2]


def test_a_read_returns_at_most_one_gop_of_packets() -> None:
    reader = ring_with(video_packets(35)).reader(START)
    assert numbers(reader.read(0)) == list(range(10))
    assert numbers(reader.read(0)) == list(range(10, 20))


def test_packets_before_the_first_key_frame_of_a_session_are_refused_and_counted() -> None:
    ring = ring_with([audio_packet(0), *video_packets(20, first=5)])
    assert numbers(drain(ring.reader(START))) == list(range(10, 25))
    assert ring.stats.undecodable_packets == 6


def test_audio_lies_between_the_video_in_the_order_of_arrival() -> None:
    ring = ring_with([video_packet(0), audio_packet(1), video_packet(1)])
    packets = [item for item in drain(ring.reader()) if isinstance(item, Packet)]
    assert [packet.kind.value for packet in packets] == ["video", "audio", "video"]


def test_sessions_follow_each_other_with_their_ends_and_starts() -> None:
    ring = ring_with(video_packets(15))
    reader = ring.reader(START)
    ring.close_session(GapReason.STALL)
    ring.open_session("s2", PARAMETERS, clock)
    for packet in video_packets(5, start=START + timedelta(seconds=60)):
        ring.append(packet)
    items = drain(reader)
    markers = [item for item in items if not isinstance(item, Packet)]
    assert [type(marker) for marker in markers] == [SessionStart, SessionEnd, SessionStart]
    assert markers[1] == SessionEnd("s1", GapReason.STALL, START + timedelta(seconds=1.4))
    assert numbers(items) == [*range(15), *range(5)]


def test_the_end_of_a_session_is_told_before_another_begins() -> None:
    ring = ring_with(video_packets(3))
    reader = ring.reader()
    drain(reader)
    ring.close_session(GapReason.RECONNECT)
    assert drain(reader) == [SessionEnd("s1", GapReason.RECONNECT, START + timedelta(seconds=0.2))]


def test_a_session_without_a_packet_leaves_no_trace() -> None:
    ring = ring_with(video_packets(3))
    ring.close_session(GapReason.RECONNECT)
    reader = ring.reader()
    for name in ("s2", "s3"):
        ring.open_session(name, PARAMETERS, clock)
        ring.close_session(GapReason.RECONNECT)
    assert [getattr(item, "session", None) for item in drain(reader) if not isinstance(item, Packet)] == ["s1", "s1"]


def test_age_evicts_whole_gops_and_leaves_at_least_the_asked_seconds() -> None:
    ring = ring_with(video_packets(100), max_s=3)
    assert numbers(drain(ring.reader(START))) == list(range(60, 100))
    stats = ring.stats
    assert (stats.gops, stats.packets, stats.evicted_packets) == (4, 40, 60)
    assert 3 <= stats.seconds < 4


def test_the_byte_budget_holds_and_evicts_whole_gops() -> None:
    ring = ring_with(video_packets(1000, size=10_000), max_bytes=1_000_000)
    stats = ring.stats
    assert stats.bytes <= 1_000_000
    kept = numbers(drain(ring.reader(START)))
    assert kept[0] % 10 == 0
    assert kept == list(range(kept[0], 1000))


def test_a_slow_reader_is_told_what_it_lost_and_goes_on_with_a_key_frame() -> None:
    ring = ring_with(video_packets(12), max_s=2)
    reader = ring.reader(START)
    assert numbers(reader.read(0)) == list(range(10))
    for packet in video_packets(88, first=12):
        ring.append(packet)
    items = drain(reader)
    lost = items[0]
    assert isinstance(lost, Lost)
    first = next(item for item in items if isinstance(item, Packet))
    assert first.is_key
    assert lost == Lost(START + timedelta(seconds=0.9), first.at, number_of(first) - 10)
    assert numbers(items) == list(range(number_of(first), 100))
    assert reader.lost_packets == ring.stats.lost_packets == number_of(first) - 10


def test_a_gop_that_was_begun_is_read_to_its_end_even_when_it_is_evicted_meanwhile() -> None:
    ring = ring_with(video_packets(5), max_s=1)
    reader = ring.reader(START)
    assert numbers(reader.read(0)) == list(range(5))
    for packet in video_packets(95, first=5):
        ring.append(packet)
    assert numbers(reader.read(0)) == list(range(5, 10))


def test_a_whole_session_lost_unread_still_leaves_its_neighbours_in_order() -> None:
    ring = ring_with(video_packets(10), max_s=1)
    reader = ring.reader(START)
    drain(reader)
    ring.close_session(GapReason.JUMP)
    for session in ("s2", "s3"):
        begin = START + timedelta(minutes=int(session[1]))
        ring.open_session(session, PARAMETERS, clock)
        for packet in video_packets(30, start=begin):
            ring.append(packet)
        ring.close_session(GapReason.RECONNECT)
    markers = [item for item in drain(reader) if not isinstance(item, Packet)]
    assert [(type(item), getattr(item, "session", None)) for item in markers] == [
        (SessionEnd, "s1"),
        (SessionStart, "s3"),
        (Lost, None),
        (SessionEnd, "s3"),
    ]


def test_a_gop_larger_than_the_budget_is_cut_and_its_followers_lose_nothing() -> None:
    ring = ring_with([], max_bytes=100_000)
    reader = ring.reader()
    read: list[int] = []
    for packet in video_packets(500, gop=400, size=5_000):
        ring.append(packet)
        read += numbers(reader.read(0))
        assert ring.stats.bytes <= 100_000 + 5_300
    assert read == list(range(500))
    assert reader.lost_packets == 0


def test_nobody_begins_in_the_middle_of_a_cut_gop() -> None:
    ring = ring_with(video_packets(300, gop=400, size=5_000), max_bytes=100_000)
    late = ring.reader()
    assert drain(late) == []
    for packet in video_packets(110, first=300, gop=400, size=5_000):
        ring.append(packet)
    assert numbers(drain(late)) == numbers(drain(ring.reader(START))) == list(range(400, 410))


def test_a_wall_clock_set_back_between_sessions_neither_evicts_nor_pins_footage() -> None:
    ring = ring_with(video_packets(30), max_s=4)
    ring.close_session(GapReason.JUMP)
    ring.open_session("s2", PARAMETERS, clock)
    for packet in video_packets(60, start=START - timedelta(days=1)):
        ring.append(packet)
    stats = ring.stats
    assert 4 <= stats.seconds < 5
    assert stats.packets < 60


def test_a_waiting_reader_is_woken_by_the_next_packet() -> None:
    ring = ring_with([])
    reader = ring.reader()
    got: list[RingItem] = []
    thread = threading.Thread(target=lambda: got.extend(reader.read(10)))
    thread.start()
    time.sleep(0.05)
    began = time.monotonic()
    ring.append(video_packet(0))
    thread.join()
    assert time.monotonic() - began < 2
    assert numbers(got) == [0]


def test_close_wakes_a_waiting_reader_and_nothing_follows() -> None:
    ring = ring_with([])
    reader = ring.reader()
    got: list[list[RingItem]] = []
    thread = threading.Thread(target=lambda: got.append(reader.read(10)))
    thread.start()
    time.sleep(0.05)
    reader.close()
    thread.join(2)
    assert got == [[]]
    ring.append(video_packet(0))
    assert reader.read(0) == []
    assert ring.stats.readers == 0


def test_many_readers_at_their_own_pace_each_see_every_packet_once_and_in_order() -> None:
    ring = ring_with([])
    readers = [ring.reader() for _ in range(4)]
    seen: list[list[int]] = [[] for _ in readers]

    def follow(index: int) -> None:
        while not seen[index] or seen[index][-1] != 999:
            seen[index] += numbers(readers[index].read(2))

    threads = [threading.Thread(target=follow, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for packet in video_packets(1000):
        ring.append(packet)
    for thread in threads:
        thread.join(10)
    assert seen == [list(range(1000))] * 4


def test_misuse_is_refused() -> None:
    ring = Ring(10, ROOMY)
    with pytest.raises(RuntimeError, match="open_session"):
        ring.append(video_packet(0))
    with pytest.raises(RuntimeError, match="without an open session"):
        ring.close_session(GapReason.STALL)
    ring.open_session("s1", PARAMETERS, clock)
    with pytest.raises(RuntimeError, match="s1 is open"):
        ring.open_session("s2", PARAMETERS, clock)
