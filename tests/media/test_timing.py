from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest

from camsvc.clock import SimulatedClock
from camsvc.errors import TimelineError
from camsvc.media.packets import CLOCK_HZ, Kind, Packet
from camsvc.media.timing import RawPacket, SessionTiming

FRAME = 3600


def timing(*, reorder_depth: int = 0) -> SessionTiming:
    return SessionTiming(
        SimulatedClock(), video=Fraction(1, CLOCK_HZ), audio=Fraction(1, 8000), reorder_depth=reorder_depth, fps=25.0
    )


def raw(
    number: int, pts: int | None, *, kind: Kind = Kind.VIDEO, key: bool = False, duration: int = FRAME
) -> RawPacket:
    arrived_s = number * 0.04
    return RawPacket(kind, b"x", pts, duration, key, arrived_s, None)


def run(session: SessionTiming, head: list[RawPacket], rest: list[RawPacket]) -> list[Packet]:
    return [*session.begin(head), *(packet for item in rest if (packet := session.stamped(item)))]


def test_media_time_begins_with_the_first_picture_wherever_the_camera_counts_from() -> None:
    packets = run(timing(), [raw(0, 777_000, key=True)], [raw(1, 780_600), raw(2, 784_200)])
    assert [packet.pts_90k for packet in packets] == [0, 3600, 7200]


def test_first_pictures_without_a_time_stamp_lie_before_the_next() -> None:
    head = [raw(0, None, key=True), raw(1, None), raw(2, 7200), raw(3, 10_800)]
    packets = run(timing(), head, [])
    assert [packet.pts_90k for packet in packets] == [0, 3600, 7200, 10_800]


def test_a_first_picture_without_a_time_stamp_lies_before_the_earliest_that_follows_it() -> None:
    head = [raw(0, None, key=True), raw(1, 10_800), raw(2, 3600), raw(3, 7200)]
    assert [packet.pts_90k for packet in run(timing(reorder_depth=1), head, [])] == [0, 10_800, 3600, 7200]


@pytest.mark.parametrize("odd", [3600, 3000, None])
def test_a_repeated_backward_or_missing_time_stamp_is_repaired_and_counted(odd: int | None) -> None:
    session = timing()
    head = [raw(0, 0, key=True)]
    packets = run(session, head, [raw(1, 3600), raw(2, odd), raw(3, 10_800)])
    times = [packet.pts_90k for packet in packets]
    assert all(later > earlier for earlier, later in pairwise(times))
    assert (times[0], times[-1]) == (0, 10_800)
    assert session.repaired == 1


def test_time_stamps_of_b_frames_are_left_as_they_are() -> None:
    session = timing(reorder_depth=2)
    order = [0, 3, 1, 2, 6, 4, 5]
    head = [raw(number, shown * FRAME, key=number == 0) for number, shown in enumerate(order)]
    assert [packet.pts_90k for packet in run(session, head, [])] == [shown * FRAME for shown in order]
    assert session.repaired == 0


def test_pictures_shown_before_the_first_key_frame_are_dropped() -> None:
    session = timing(reorder_depth=2)
    head = [raw(0, 7200, key=True), raw(1, 0), raw(2, 3600), raw(3, 10_800)]
    assert [packet.pts_90k for packet in run(session, head, [])] == [0, 3600]
    assert session.undecodable == 2


def test_time_stamps_go_on_over_the_32_bit_wrap() -> None:
    base = 2**32 - 5000
    head = [raw(0, base, key=True)]
    packets = run(timing(), head, [raw(n, (base + n * FRAME) % 2**32) for n in range(1, 5)])
    assert [packet.pts_90k for packet in packets] == [n * FRAME for n in range(5)]


def test_a_jump_back_beyond_the_beginning_is_a_jump_and_not_a_picture_to_drop() -> None:
    session = timing()
    run(session, [raw(0, 900_000, key=True)], [raw(n, 900_000 + n * FRAME) for n in range(1, 30)])
    with pytest.raises(TimelineError):
        session.stamped(raw(30, 0))


def test_audio_is_laid_on_the_time_of_the_pictures() -> None:
    head = [raw(0, 9000, key=True), raw(1, 960, kind=Kind.AUDIO, duration=160), raw(1, 12_600)]
    packets = run(timing(), head, [])
    assert [(packet.kind, packet.pts_90k, packet.duration_90k) for packet in packets] == [
        (Kind.VIDEO, 0, 3600),
        (Kind.AUDIO, 1800, 1800),
        (Kind.VIDEO, 3600, 3600),
    ]


def test_audio_without_a_usable_clock_is_laid_beside_the_picture_it_came_with() -> None:
    session = timing()
    sound = [raw(n, 8000 * 600 + n * 320, kind=Kind.AUDIO, duration=320) for n in range(1, 4)]
    pictures = [raw(n, n * FRAME) for n in range(1, 4)]
    mixed = [packet for pair in zip(pictures, sound, strict=True) for packet in pair]
    packets = run(session, [raw(0, 0, key=True)], mixed)
    assert [packet.pts_90k for packet in packets if packet.kind is Kind.AUDIO] == [3600, 7200, 10_800]


def test_b_frames_of_a_camera_that_does_not_announce_them_are_learnt() -> None:
    session = timing(reorder_depth=0)
    order = [0, *(shown for gop in range(20) for shown in (3 * gop + 3, 3 * gop + 1, 3 * gop + 2))]
    packets = run(session, [raw(0, 0, key=True)], [raw(n, shown * FRAME) for n, shown in enumerate(order)][1:])
    assert [packet.pts_90k for packet in packets[15:]] == [shown * FRAME for shown in order[15:]]
    assert all(later.dts_90k > earlier.dts_90k for earlier, later in pairwise(packets))


def test_one_step_back_of_the_cameras_clock_is_not_taken_for_b_frames() -> None:
    session = timing(reorder_depth=0)
    times = [*range(0, 50 * FRAME, FRAME), *range(45 * FRAME + 7, 80 * FRAME, FRAME)]
    packets = run(session, [raw(0, 0, key=True)], [raw(n, pts) for n, pts in enumerate(times)][1:])
    assert all(later.pts_90k > earlier.pts_90k for earlier, later in pairwise(packets))
    assert packets[-1].pts_90k == times[-1]
