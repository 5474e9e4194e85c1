from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from camsvc.domain.track import Box, Moment, Scene
from camsvc.gate import motion
from camsvc.gate.motion import Decision, Gate, Reason
from camsvc.media.packets import Kind, Packet
from tests.gate.scenes import FPS, START, Where, drive, encode, nobody, pictures, walk

ENCODERS = {
    "constant quality": {"preset": "veryfast", "tune": "zerolatency", "crf": "26"},
    "capped": {
        "preset": "veryfast",
        "tune": "zerolatency",
        "crf": "24",
        "x264-params": "vbv-maxrate=300:vbv-bufsize=300",
    },
    "average rate": {"preset": "veryfast", "tune": "zerolatency", "b": "60000"},
    "with B-frames": {"preset": "veryfast", "crf": "26", "x264-params": "bframes=2:b-adapt=0"},
}
ASLEEP_S = 20.0
"""By then an empty scene has been learned."""


@pytest.fixture(scope="module")
def streams() -> dict[str, list[Packet]]:
    images = list(pictures(75, walk(40, 46)))
    return {name: encode(images, options=options) for name, options in ENCODERS.items()}


@pytest.fixture(scope="module")
def empty() -> list[Packet]:
    return encode(pictures(60, nobody))


@pytest.mark.parametrize("name", ENCODERS)
def test_an_empty_scene_is_hardly_decoded_and_a_walker_is_seen_at_once(
    streams: dict[str, list[Packet]], name: str
) -> None:
    gate = Gate()
    run = drive(gate, streams[name], walk(40, 46))
    assert run.share(Decision.SKIP, ASLEEP_S, 39.9) > 0.9
    assert run.first_analysed(40.0) - 40.0 < 0.7
    assert run.share(Decision.DECODE, 41, 46) == 1.0, "awake for as long as somebody moves"
    assert run.share(Decision.SKIP, 65, 75) > 0.8, "and asleep again when they are gone"
    assert gate.unannounced == 0


def test_everything_is_decoded_while_it_learns(empty: list[Packet]) -> None:
    run = drive(Gate(), empty, nobody)
    assert run.share(Decision.DECODE, 0, motion.WARM_UP_S) == 1.0


def test_asleep_a_key_frame_is_checked_every_few_seconds(empty: list[Packet]) -> None:
    run = drive(Gate(), empty, nobody)
    checks = [at_s for at_s, decision in run.decisions if decision is Decision.CHECK and at_s > ASLEEP_S]
    assert len(checks) >= (60 - ASLEEP_S) / motion.CHECK_S - 1
    assert all(later - at_s <= motion.CHECK_S + 2.1 for at_s, later in itertools.pairwise(checks))
    keys = {packet.pts_90k / 90_000 for packet in empty if packet.is_key}
    assert set(checks) <= keys


def standing(since_s: float, until_s: float = 1e9) -> Where:
    return lambda at_s: Box(0.5, 0.3, 0.1, 0.4) if since_s <= at_s < until_s else None


def test_it_sleeps_over_somebody_who_stands_still() -> None:
    run = drive(Gate(), encode(pictures(60, standing(0))), standing(0))
    assert run.share(Decision.SKIP, 30, 60) > 0.9


def test_somebody_whom_the_packets_hide_is_found_by_a_check_and_the_packets_are_no_longer_trusted(
    empty: list[Packet],
) -> None:
    gate = Gate()
    run = drive(gate, empty, nobody, blind=walk(33, 45))
    assert run.first_analysed(33.0) - 33.0 <= motion.CHECK_S + 2.1
    assert gate.unannounced == 1
    assert gate.reason is Reason.DISTRUST
    assert run.share(Decision.DECODE, 39, 60) == 1.0


def test_it_stays_awake_while_the_detector_is_late(empty: list[Packet]) -> None:
    gate = Gate()
    run = drive(gate, empty, nobody, lag_s=motion.UNHEARD_S + 1)
    assert run.share(Decision.DECODE) == 1.0
    assert gate.reason is Reason.UNHEARD


def test_asleep_it_wakes_when_nobody_answers_its_check(empty: list[Packet]) -> None:
    gate = Gate()
    half = len(empty) // 2
    drive(gate, empty[:half], nobody)
    assert gate.reason is Reason.IDLE
    decisions = [gate.observe(packet) for packet in empty[half:]]
    assert decisions[-1] is Decision.DECODE


def test_an_open_question_of_the_tracker_keeps_it_awake(empty: list[Packet]) -> None:
    gate = Gate()
    half = len(empty) // 2
    run = drive(gate, empty[:half], nobody)
    at_s = run.decisions[-1][0]
    gate.feedback(Scene(Moment("s", round(at_s * 90_000), START), ()), unsettled=True)
    assert gate.observe(empty[half]) is Decision.DECODE
    assert gate.reason is Reason.OPEN_QUESTION


def test_a_camera_without_key_frames_is_not_gated() -> None:
    packets = encode(pictures(50, nobody), gop=1000)
    gate = Gate()
    run = drive(gate, packets, nobody)
    assert run.share(Decision.DECODE, motion.KEY_MOST_S + 1, 50) == 1.0
    assert gate.reason is Reason.RARE_KEYS


def test_a_scene_that_never_rests_is_decoded_throughout() -> None:
    def pacing(at_s: float) -> Box:
        return Box(0.4 + 0.35 * ((at_s % 8) / 8), 0.3, 0.08, 0.45)

    run = drive(Gate(), encode(pictures(40, pacing)), pacing)
    assert run.share(Decision.DECODE) == 1.0


def test_h265_is_gated_on_size_alone() -> None:
    run = drive(
        Gate(),
        encode(
            pictures(60, walk(40, 46)),
            codec="libx265",
            options={"preset": "ultrafast", "crf": "28", "tune": "zerolatency"},
        ),
        walk(40, 46),
    )
    assert run.share(Decision.SKIP, 25, 39.9) > 0.5
    assert run.first_analysed(40.0) - 40.0 <= motion.CHECK_S + 2.1


def test_packets_that_are_not_video_are_skipped(empty: list[Packet]) -> None:
    assert Gate().observe(replace(empty[0], kind=Kind.AUDIO)) is Decision.SKIP


@pytest.mark.parametrize("damage", [b"", b"\x00", b"\x00\x00\x01", b"\x00\x00\x01\x65", b"\x00\x00\x01\x67\xff\xff"])
def test_damaged_packets_are_only_ever_decoded(damage: bytes) -> None:
    packet = encode(pictures(1, nobody))[0]
    gate = Gate()
    for index in range(50):
        broken = replace(packet, data=damage, pts_90k=index * 90_000 // FPS, is_key=index % 20 == 0)
        assert gate.observe(broken) is Decision.DECODE
