"""What the gate leaves out, what it misses, and what that saves, on real footage.

``pytest -m bench -s tests/bench/bench_gate.py``. Each clip is gated as recorded, and re-encoded between two stretches
of its own idle time (played to and fro, with fresh sensor noise) by x264 and x265 set like a camera: no B-frames, a key
frame every two seconds, constant quality under a cap, or constant bit rate. The tracker runs on the detector's answers
to the frames that the gate lets through, at 5 a second, as the analysis does.
"""

from __future__ import annotations

import fractions
import json
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from camsvc.config import DetectorSettings
from camsvc.domain.track import Detection, Moment
from camsvc.gate.motion import Decision, Gate
from camsvc.media.packets import CLOCK_HZ, Kind, Packet
from camsvc.vision.detector import open_detector
from camsvc.vision.tracker import Tracker

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]

START = datetime(2026, 1, 1, tzinfo=UTC)
IDLE_S = {"ped_onebyone_indoor": (0.5, 5.0), "veh_overhead_4cars": (9.6, 14.0), "veh_street_8cars": (32.0, 37.0)}
"""Stretches of each clip in which nobody is there."""
AS_RECORDED = (*IDLE_S, "night_dark_person_1080p", "night_wet_billboards", "veh_highway_uk")
IDLE_EACH_S = 45.0
NOISE = 2.0
"""Grey levels, standard deviation: a camera's own; footage has lost its noise to its first encoder."""
ANALYSED_FPS = 5
CODECS = {"x264 capped quality": "libx264", "x264 constant rate": "libx264", "x265 constant rate": "libx265"}


@dataclass
class Film:
    name: str
    fps: float
    images: list[NDArray[np.uint8]]
    """YUV 4:2:0, as the decoder gives it; only of films that are encoded anew."""
    width: int
    height: int
    found: list[list[Detection]]
    present: list[tuple[float, float]]


@dataclass
class Stream:
    packets: list[Packet]
    frame_of: dict[int, int]
    """Media time to frame of the film."""
    present: list[tuple[float, float]]


def film(footage: Path, name: str, models: Path) -> Film:
    detector = open_detector(DetectorSettings(), models)
    events = json.loads((footage / "events.json").read_text()).get(f"{name}.mp4", {})
    present = [(begin, end) for begin, end, *_ in events.get("present", [])]
    present += [(max(0.0, at_s - 1.0), at_s + 0.3) for at_s in events.get("crossing_s", [])]
    images, found, batch = [], [], []
    with av.open(str(footage / f"{name}.mp4")) as container:
        stream = container.streams.video[0]
        size = detector.input_size(stream.width, stream.height)
        for frame in container.decode(stream):
            if name in IDLE_S:
                images.append(frame.to_ndarray(format="yuv420p"))
            batch.append(frame.reformat(*size, format="bgr24").to_ndarray())
            if len(batch) == 8:
                found += detector.detect(batch)  # type: ignore[arg-type]
                batch.clear()
        found += detector.detect(batch)  # type: ignore[arg-type]
        fps = float(stream.average_rate or 25)
        return Film(name, fps, images, stream.width, stream.height, found, present)  # type: ignore[arg-type]


def recorded(footage: Path, film: Film) -> Stream:
    packets = []
    with av.open(str(footage / f"{film.name}.mp4")) as container:
        stream = container.streams.video[0]
        annex_b = av.BitStreamFilterContext("h264_mp4toannexb", stream)
        for demuxed in container.demux(stream):
            for each in annex_b.filter(demuxed) if demuxed.size else []:
                pts_90k = round(float((each.pts or 0) * (stream.time_base or 0)) * CLOCK_HZ)
                packets.append(Packet(Kind.VIDEO, bytes(each), pts_90k, pts_90k, 0, each.is_keyframe, START))
    frame_of = {pts: index for index, pts in enumerate(sorted(packet.pts_90k for packet in packets))}
    return Stream(packets, frame_of, film.present)


def as_a_camera(film: Film, how: str) -> Stream:
    begin, end = (round(at_s * film.fps) for at_s in IDLE_S[film.name])
    there_and_back = [*range(begin, end), *range(end - 1, begin, -1)]
    count = round(IDLE_EACH_S * film.fps)
    idle = (there_and_back * (count // len(there_and_back) + 1))[:count]
    order = [*idle, *range(len(film.images)), *idle]
    context = encoder(film, how)
    random = np.random.default_rng(0)
    noise = [np.round(random.normal(0, NOISE, (film.height, film.width))).astype(np.int16) for _ in range(16)]
    packets: list[Packet] = []
    for index, which in enumerate([*order, None]):
        frame = None
        if which is not None:
            image = film.images[which].copy()
            grain = np.roll(noise[int(random.integers(16))], int(random.integers(film.height)), 0)
            image[: film.height] = np.clip(image[: film.height].astype(np.int16) + grain, 0, 255)
            frame = av.VideoFrame.from_ndarray(image, format="yuv420p")
            frame.pts, frame.time_base = index, context.time_base
        for each in context.encode(frame):
            pts_90k = round((each.pts or 0) * CLOCK_HZ / film.fps)
            packets.append(Packet(Kind.VIDEO, bytes(each), pts_90k, pts_90k, 0, each.is_keyframe, START))
    frame_of = {packet.pts_90k: order[index] for index, packet in enumerate(packets)}
    shift_s = len(idle) / film.fps
    return Stream(packets, frame_of, [(begin + shift_s, end + shift_s) for begin, end in film.present])


def encoder(film: Film, how: str) -> av.VideoCodecContext:
    context = av.CodecContext.create(CODECS[how], "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = film.width, film.height, "yuv420p"
    context.framerate = fractions.Fraction(film.fps).limit_denominator(1001)
    context.time_base = 1 / context.framerate
    kbps = max(256, 2000 * film.width * film.height // (1280 * 720))
    keys = round(2 * film.fps)
    common = f"scenecut=0:keyint={keys}:min-keyint={keys}:bframes=0:vbv-maxrate={kbps}:vbv-bufsize={kbps}"
    if how == "x264 capped quality":
        context.options = {"preset": "veryfast", "tune": "zerolatency", "crf": "28", "x264-params": common}
    elif how == "x264 constant rate":
        context.options = {"preset": "veryfast", "tune": "zerolatency", "x264-params": f"{common}:bitrate={kbps}"}
    else:
        context.options = {"preset": "ultrafast", "x265-params": f"log-level=none:{common}:bitrate={kbps}"}
    return context


@dataclass
class Outcome:
    skipped: float
    """Share of packets not decoded…"""
    idle_skipped: float
    """…and of those in idle time, after the first 15 s."""
    late_s: list[float | None]
    """For each true interval, how long after its begin the first frame was analysed; None: never."""
    analysed: float
    """Pictures that went to the detector, as a share of ANALYSED_FPS throughout."""
    reasons: Counter[str]
    observe_us: float
    """Processor time the gate takes for a packet."""


def gated(film: Film, stream: Stream) -> Outcome:
    gate, tracker = Gate(), Tracker()
    decoded: set[int] = set()
    analysed: list[float] = []
    reasons: Counter[str] = Counter()
    gop: list[Packet] = []
    awake, last_90k, spent_s = True, -CLOCK_HZ, 0.0

    def analyse(packet: Packet, *, forced: bool = False) -> None:
        nonlocal last_90k
        decoded.add(packet.pts_90k)
        if packet.pts_90k <= last_90k or (not forced and packet.pts_90k - last_90k < CLOCK_HZ / ANALYSED_FPS - 100):
            return
        last_90k = packet.pts_90k
        analysed.append(packet.pts_90k / CLOCK_HZ)
        found = film.found[min(stream.frame_of[packet.pts_90k], len(film.found) - 1)]
        scene = tracker.update(Moment("bench", packet.pts_90k, START), found)
        gate.feedback(scene, unsettled=tracker.unsettled)

    for packet in stream.packets:
        gop = [packet] if packet.is_key else [*gop, packet]
        began_s = time.process_time()
        decision = gate.observe(packet)
        spent_s += time.process_time() - began_s
        reasons[gate.reason] += 1
        if decision is Decision.DECODE:
            for each in [packet] if awake else gop:
                analyse(each)
        elif decision is Decision.CHECK:
            analyse(packet, forced=True)
        awake = decision is Decision.DECODE
    late: list[float | None] = []
    for begin_s, end_s in stream.present:
        seen = [at_s for at_s in analysed if begin_s - 0.3 <= at_s <= end_s]
        late.append(round(max(0.0, seen[0] - begin_s), 1) if seen else None)
    idle = [packet.pts_90k for packet in stream.packets if _is_idle(packet.pts_90k / CLOCK_HZ, stream.present)]
    return Outcome(
        1 - len(decoded) / len(stream.packets),
        sum(pts not in decoded for pts in idle) / max(1, len(idle)),
        late,
        len(analysed) / (ANALYSED_FPS * max(_seconds(stream))),
        reasons,
        1e6 * spent_s / len(stream.packets),
    )


def _seconds(stream: Stream) -> list[float]:
    return [packet.pts_90k / CLOCK_HZ for packet in stream.packets]


def _is_idle(at_s: float, present: list[tuple[float, float]]) -> bool:
    return at_s > 15 and not any(begin_s - 0.5 <= at_s <= end_s + 3 for begin_s, end_s in present)


def cpu_ms_to_decode(stream: Stream, codec: str) -> float:
    """Processor milliseconds a frame, everything decoded, one thread."""
    context = av.CodecContext.create(codec, "r")
    assert isinstance(context, av.VideoCodecContext)
    context.thread_count = 1
    began_s, count = time.process_time(), 0
    for packet in stream.packets[:500]:
        count += len(context.decode(av.Packet(packet.data)))
    return 1000 * (time.process_time() - began_s) / max(1, count)


def say(name: str, how: str, outcome: Outcome, decode_ms: float, fps: float) -> None:
    late = [each for each in outcome.late_s if each is not None]
    missed = len(outcome.late_s) - len(late)
    worst = f"{max(late):.1f} s" if late else "-"
    saved = outcome.skipped * decode_ms * fps / 1000
    reasons = ", ".join(f"{reason} {count}" for reason, count in outcome.reasons.most_common())
    gate = (
        f"analysed {outcome.analysed:.0%}, decoding saved {saved:.3f} core, gate {outcome.observe_us:.0f} µs a packet"
    )
    print(
        f"{name:24} {how:20} skipped {outcome.skipped:4.0%} (idle {outcome.idle_skipped:4.0%})  missed {missed} of "
        f"{len(outcome.late_s)}, worst {worst:>5}  {gate}  [{reasons}]"
    )


@pytest.fixture(scope="module")
def films(footage: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Film]:
    models = tmp_path_factory.mktemp("models")
    return {name: film(footage, name, models) for name in AS_RECORDED}


def test_footage_as_recorded(films: dict[str, Film], footage: Path) -> None:
    print()
    for each in films.values():
        stream = recorded(footage, each)
        outcome = gated(each, stream)
        say(each.name, "as recorded", outcome, cpu_ms_to_decode(stream, "h264"), each.fps)
        assert None not in outcome.late_s


@pytest.mark.parametrize("how", CODECS)
def test_footage_as_a_camera_sends_it(films: dict[str, Film], how: str) -> None:
    print()
    for name in IDLE_S:
        stream = as_a_camera(films[name], how)
        codec = "hevc" if "265" in how else "h264"
        outcome = gated(films[name], stream)
        say(name, how, outcome, cpu_ms_to_decode(stream, codec), films[name].fps)
        assert None not in outcome.late_s
        if how == "x264 capped quality":
            assert outcome.idle_skipped > 0.7
        assert all(later.pts_90k > packet.pts_90k for packet, later in pairwise(stream.packets))
