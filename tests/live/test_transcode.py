from __future__ import annotations

import queue
import threading
import time
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import PictureType

from camsvc.clock import SystemClock
from camsvc.errors import UnplayableError
from camsvc.gate.bits import units as nal_units
from camsvc.live.access_unit import AccessUnit, rtp_time
from camsvc.live.encoder import GOP_S, MAX_WIDTH
from camsvc.live.transcode import GIVE_UP_S, MAX_BYTES, MAX_PACKETS, Transcoder, TranscoderStats
from camsvc.media.packets import Packet, VideoParameters
from tests.live.pictures import START, frames_of, numbers_in, packets_of
from tests.rtsp_server import wait_until
from tests.video import Film, make_film

ENDS_WITHIN_S = 30.0
SPS, PPS, IDR = 7, 8, 5


def transcode(
    video: VideoParameters, packets: list[Packet], *, keep_all: bool = True
) -> tuple[list[AccessUnit], TranscoderStats]:
    """All at once, as fast as it goes; nothing is left out unless ``keep_all`` says so."""
    units: list[AccessUnit] = []
    transcoder = Transcoder(video, units.append, clock=SystemClock(), keep_all=keep_all)
    for packet in packets:
        transcoder.offer(packet)
    settle(transcoder)
    return units, transcoder.stats


def settle(transcoder: Transcoder) -> None:
    """Until nothing waits and the last picture is done, then the end."""
    wait_until(lambda: transcoder.waiting == 0, ENDS_WITHIN_S, "the backlog is worked off")
    done = -1
    while done != (done := transcoder.stats.decoded):
        time.sleep(0.1)
    transcoder.close()
    assert transcoder.join(ENDS_WITHIN_S)


def types_in(unit: AccessUnit) -> list[int]:
    return [nal[0] & 31 for nal in nal_units(unit.data, 1)]


@pytest.mark.parametrize(
    "film",
    [
        Film(codec="hevc"),
        Film(codec="hevc", b_frames=2),
        Film(codec="hevc", pixels="yuv420p10le"),
        Film(b_frames=2),
        Film(pixels="yuv420p10le"),
        Film(pixels="yuv422p"),
        Film(pixels="yuv422p10le", b_frames=3),
        Film(pixels="yuv444p", width=321, height=193),
        Film(pixels="yuvj420p", width=322, height=190),
        Film(codec="mjpeg"),
    ],
    ids=lambda film: f"{film.codec}-{film.pixels}-{film.b_frames}b-{film.width}x{film.height}",
)
def test_every_picture_comes_out_in_order_with_the_wall_time_of_its_packet(film: Film, tmp_path: Path) -> None:
    video, packets = packets_of(make_film(tmp_path / "film.mkv", film))
    units, stats = transcode(video, packets)
    shown = sorted(packet.at for packet in packets)
    # What a decoder holds back for B-frames at the end of a film would be followed by more from a camera.
    assert len(units) >= len(packets) - 4
    assert [unit.at for unit in units] == shown[: len(units)]
    assert [unit.at_90k for unit in units] == [rtp_time(at) for at in shown[: len(units)]]
    assert numbers_in(units) == list(range(len(units)))
    assert (stats.encoded, stats.skipped, stats.dropped, stats.broken) == (len(units), 0, 0, 0)


def test_what_comes_out_is_what_every_browser_plays(tmp_path: Path) -> None:
    video, packets = packets_of(make_film(tmp_path / "film.mkv", Film(b_frames=2, pixels="yuv422p10le", frames=150)))
    units, _ = transcode(video, packets)
    assert types_in(units[0])[:2] == [SPS, PPS]
    assert IDR in types_in(units[0])
    sps = next(nal for nal in nal_units(units[0].data, 64) if nal[0] & 31 == SPS)
    assert (sps[1], bool(sps[2] & 0x40)) == (66, True), "constrained baseline"
    frames = frames_of(units)
    assert {frame.format.name for frame in frames} == {"yuv420p"}
    assert {PictureType(frame.pict_type) for frame in frames} == {PictureType.I, PictureType.P}
    for unit in units:
        assert unit.is_key == (IDR in types_in(unit)) == (SPS in types_in(unit)) == (PPS in types_in(unit))


def test_a_key_frame_comes_every_two_seconds_whatever_the_camera_does(tmp_path: Path) -> None:
    video, packets = packets_of(make_film(tmp_path / "film.mkv", Film(codec="hevc", frames=200, gop=200)))
    units, _ = transcode(video, packets)
    keys = [unit.at for unit in units if unit.is_key]
    assert keys[0] == START
    assert [later - earlier for earlier, later in pairwise(keys)] == [timedelta(seconds=GOP_S)] * 3


@pytest.mark.parametrize(
    ("film", "size"),
    [
        (Film(frames=3, width=2560, height=1440), (MAX_WIDTH, 720)),
        (Film(frames=3, width=1920, height=1080), (MAX_WIDTH, 720)),
        (Film(frames=3, width=1602, height=1202), (MAX_WIDTH, 960)),
        (Film(frames=3, width=640, height=360), (640, 360)),
        (Film(frames=3, width=704, height=576, pixel_shape="12/11"), (768, 576)),
        (Film(frames=3, width=960, height=1080, pixel_shape="2"), (MAX_WIDTH, 720)),
    ],
    ids=lambda value: f"{value.width}x{value.height}" if isinstance(value, Film) else None,
)
def test_large_pictures_are_scaled_down_and_pixels_made_square(
    film: Film, size: tuple[int, int], tmp_path: Path
) -> None:
    video, packets = packets_of(make_film(tmp_path / "film.mkv", film))
    units, _ = transcode(video, packets)
    assert {(frame.width, frame.height) for frame in frames_of(units)} == {size}


def test_noise_stays_within_the_bit_rate(tmp_path: Path) -> None:
    video, packets = packets_of(make_noise(tmp_path / "noise.mkv", frames=100))
    units, _ = transcode(video, packets)
    bits_per_s = sum(len(unit.data) for unit in units) * 8 / 4
    assert bits_per_s < 1.3 * 640 * 360 * 25 * 0.11
    assert max(len(unit.data) for unit in units) < 70_000, "a key frame comes through a link of 5 Mb/s in 0.1 s"


def test_the_last_gop_is_caught_up_without_showing_all_of_it(tmp_path: Path) -> None:
    """A viewer's channel begins with a GOP that lies in the past: its newest pictures are what matters."""
    video, packets = packets_of(make_film(tmp_path / "film.mkv", Film(codec="hevc", frames=100, gop=100)))
    units, stats = transcode(video, packets, keep_all=False)
    assert units[0].is_key
    assert numbers_in(units)[-1] == 99
    assert units[-1].at == packets[-1].at
    assert stats.decoded == 100
    assert stats.dropped == 0
    assert stats.encoded + stats.skipped == 100
    assert stats.encoded <= 30


def test_who_is_late_goes_on_with_the_newest_key_frame(tmp_path: Path) -> None:
    video, packets = packets_of(make_film(tmp_path / "film.mkv", Film(codec="hevc", frames=100, gop=25)))
    receiver = Held()
    transcoder = Transcoder(video, receiver, clock=SystemClock())
    receiver.hold(transcoder, packets[0])
    for packet in packets[1:]:
        transcoder.offer(packet)
    receiver.let_go()
    settle(transcoder)
    numbers = numbers_in(receiver.units)
    assert numbers[0] == 0
    assert numbers[-1] == 99
    assert set(numbers[1:]) <= set(range(75, 100))
    assert transcoder.stats.dropped == 74


def test_when_decoding_is_too_slow_pictures_are_dropped_and_the_delay_does_not_grow(tmp_path: Path) -> None:
    video, packets = packets_of(make_film(tmp_path / "film.mkv", Film(codec="hevc", frames=151, gop=150)))
    receiver, clock = Held(), MovedClock()
    transcoder = Transcoder(video, receiver, clock=clock)
    receiver.hold(transcoder, packets[0])
    for packet in packets[1:150]:
        clock.moved_s += 0.04
        transcoder.offer(packet)
        assert transcoder.waiting <= GIVE_UP_S / 0.04 + 1
    assert transcoder.waiting == 0, "nothing is kept that refers to what was dropped"
    transcoder.offer(packets[150])
    receiver.let_go()
    settle(transcoder)
    assert transcoder.stats.dropped == 149
    assert numbers_in(receiver.units) == [0, 150]


def test_what_waits_is_bounded_in_number_and_in_size(tmp_path: Path) -> None:
    video, packets = packets_of(make_film(tmp_path / "film.mkv", Film(codec="hevc", frames=25)))
    receiver = Held()
    transcoder = Transcoder(video, receiver, clock=SystemClock())
    receiver.hold(transcoder, packets[0])
    for number in range(1, 3 * MAX_PACKETS):
        transcoder.offer(packets[number % 25])
        assert transcoder.waiting <= MAX_PACKETS
    large = replace(packets[0], data=packets[0].data + bytes(MAX_BYTES // 3))
    for _ in range(9):
        transcoder.offer(large)
        assert transcoder._backlog._bytes <= MAX_BYTES
    assert 1 <= transcoder.waiting <= 2
    transcoder.close()
    receiver.let_go()
    assert transcoder.join(ENDS_WITHIN_S)
    assert transcoder.stats.dropped > 2 * MAX_PACKETS


def test_a_camera_that_comes_back_with_another_picture_size_is_followed(tmp_path: Path) -> None:
    video, small = packets_of(make_film(tmp_path / "small.mkv", Film(codec="hevc", frames=10)))
    _, large = packets_of(
        make_film(tmp_path / "large.mkv", Film(codec="hevc", frames=10, first=10, width=640, height=384)),
        START + timedelta(seconds=10),
    )
    units, _ = transcode(video, small + large)
    assert numbers_in(units) == list(range(20))
    assert [unit.is_key for unit in units] == [n in (0, 10) for n in range(20)]


def test_broken_packets_cost_pictures_and_nothing_else(tmp_path: Path) -> None:
    video, packets = packets_of(make_film(tmp_path / "film.mkv", Film(codec="hevc", frames=75)))
    packets[30] = replace(packets[30], data=b"\0\0\0\1" + bytes(range(60, 90)))
    units, stats = transcode(video, packets)
    numbers = numbers_in(units)
    assert numbers[-25:] == list(range(50, 75))
    assert numbers[:30] == list(range(30))
    assert stats.decoded == len(units)


def test_what_cannot_be_decoded_is_said(tmp_path: Path) -> None:
    video, packets = packets_of(make_film(tmp_path / "film.mkv", Film(codec="hevc", frames=10, gop=1)))
    failures: queue.Queue[UnplayableError] = queue.Queue()
    units: list[AccessUnit] = []
    transcoder = Transcoder(video, units.append, clock=SystemClock(), failed=failures.put)
    for packet in packets:
        transcoder.offer(replace(packet, data=b"\0\0\0\1" + bytes(range(60, 90))))
    failure = failures.get(timeout=ENDS_WITHIN_S)
    assert transcoder.failure is failure
    assert "no picture could be decoded" in str(failure)
    assert units == []
    assert transcoder.join(ENDS_WITHIN_S)
    transcoder.offer(packets[0])
    with pytest.raises(UnplayableError, match="nosuch"):
        Transcoder(VideoParameters("nosuch", 320, 192, b""), units.append, clock=SystemClock())


def test_a_failure_of_the_receiver_ends_the_transcoder_and_is_said(tmp_path: Path) -> None:
    video, packets = packets_of(make_film(tmp_path / "film.mkv", Film(codec="hevc", frames=10)))

    def refuse(_: AccessUnit) -> None:
        raise RuntimeError("the receiver is gone")

    transcoder = Transcoder(video, refuse, clock=SystemClock())
    for packet in packets:
        transcoder.offer(packet)
    assert transcoder.join(ENDS_WITHIN_S)
    assert "the receiver is gone" in str(transcoder.failure)


def test_closing_ends_the_thread_and_nothing_is_delivered_any_more(tmp_path: Path) -> None:
    video, packets = packets_of(make_film(tmp_path / "film.mkv", Film(codec="hevc")))
    units: list[AccessUnit] = []
    transcoder = Transcoder(video, units.append, clock=SystemClock())
    for packet in packets:
        transcoder.offer(packet)
    wait_until(lambda: bool(units), ENDS_WITHIN_S, "the first picture")
    transcoder.close()
    transcoder.close()
    assert transcoder.join(ENDS_WITHIN_S)
    count = len(units)
    transcoder.offer(packets[0])
    time.sleep(0.1)
    assert len(units) == count
    assert not any(thread.name == "transcode" for thread in threading.enumerate())


def test_in_real_time_it_adds_little_delay_and_leaves_no_picture_out(tmp_path: Path) -> None:
    video, packets = packets_of(
        make_film(tmp_path / "film.mkv", Film(codec="hevc", frames=75, gop=50, width=1280, height=720))
    )
    came: dict[datetime, float] = {}
    given: dict[datetime, float] = {}

    def note(unit: AccessUnit) -> None:
        came[unit.at] = time.monotonic()

    transcoder = Transcoder(video, note, clock=SystemClock())
    begin = time.monotonic()
    for number, packet in enumerate(packets):
        time.sleep(max(0.0, begin + number * 0.04 - time.monotonic()))
        given[packet.at] = time.monotonic()
        transcoder.offer(packet)
    settle(transcoder)
    delays = sorted(came[at] - given[at] for at in came)
    assert len(came) >= 0.9 * len(packets), "a machine in use by others may leave out a few"
    assert delays[len(delays) // 2] < 0.08


def make_noise(path: Path, frames: int) -> Path:
    """What no encoder can compress."""
    random = np.random.default_rng(1)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25, options={"preset": "ultrafast", "crf": "20", "bf": "2"})
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = 640, 360, "yuv420p"
        for number in range(frames):
            image = random.integers(0, 255, (360, 640, 3)).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    return path


class MovedClock(SystemClock):
    """Moves when told."""

    def __init__(self) -> None:
        self.moved_s = 1000.0

    def monotonic_s(self) -> float:
        return self.moved_s


class Held:
    """A receiver that stands still over its first picture until it is let go: meanwhile packets wait."""

    def __init__(self) -> None:
        self.units: list[AccessUnit] = []
        self._go = threading.Event()

    def __call__(self, unit: AccessUnit) -> None:
        self.units.append(unit)
        assert self._go.wait(ENDS_WITHIN_S)

    def hold(self, transcoder: Transcoder, first: Packet) -> None:
        transcoder.offer(first)
        wait_until(lambda: len(self.units) == 1, ENDS_WITHIN_S, "the first picture")

    def let_go(self) -> None:
        self._go.set()
