"""Made streams for the gate: a textured wall with sensor noise, and somebody who walks by, encoded as cameras do."""

from __future__ import annotations

import fractions
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from camsvc.domain.track import Box, Moment, ObjectClass, Scene, TrackedObject
from camsvc.gate.motion import Decision, Gate
from camsvc.media.packets import CLOCK_HZ, Kind, Packet

START = datetime(2026, 1, 1, tzinfo=UTC)
WIDTH, HEIGHT, FPS = 320, 192, 10
ANALYSED_FPS = 5
NOISES = 16
"""Fields of noise, shifted at random: a new one for each picture would take longer than encoding it."""

Where = Callable[[float], Box | None]
"""Where somebody is at a time; None: nobody is there."""


def nobody(_: float) -> Box | None:
    return None


def walk(begin_s: float, end_s: float) -> Where:
    """Somebody crosses the picture from left to right between the two times."""

    def where(at_s: float) -> Box | None:
        if not begin_s <= at_s < end_s:
            return None
        return Box(0.9 * (at_s - begin_s) / (end_s - begin_s), 0.3, 0.08, 0.45)

    return where


def pictures(seconds: float, where: Where, noise: float = 1.5, seed: int = 0) -> Iterable[NDArray[np.uint8]]:
    random = np.random.default_rng(seed)
    coarse = random.integers(60, 180, (HEIGHT // 8, WIDTH // 8, 3)).astype(np.uint8)
    wall = np.kron(coarse, np.ones((8, 8, 1), np.uint8))
    sensor = [random.normal(0, noise, wall.shape).astype(np.float32) for _ in range(NOISES)]
    clothes = random.integers(0, 255, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    clothes = np.kron(clothes[::6, ::6], np.ones((6, 6, 1), np.uint8))[:HEIGHT, :WIDTH]
    for index in range(round(seconds * FPS)):
        image = wall + np.roll(sensor[int(random.integers(NOISES))], int(random.integers(HEIGHT)), 0)
        if (box := where(index / FPS)) is not None:
            x, y = round(box.left * WIDTH), round(box.top * HEIGHT)
            w, h = round(box.width * WIDTH), round(box.height * HEIGHT)
            image[y : y + h, x : x + w] = clothes[y : y + h, :w]
        yield np.clip(image, 0, 255).astype(np.uint8)


def encode(
    images: Iterable[NDArray[np.uint8]],
    *,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    gop: int = 2 * FPS,
) -> list[Packet]:
    """Annex B packets with parameter sets in front of every key frame, as RTSP cameras send them."""
    context = av.CodecContext.create(codec, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    context.framerate = fractions.Fraction(FPS)
    context.time_base = fractions.Fraction(1, FPS)
    if options is None:
        options = {"preset": "veryfast", "tune": "zerolatency", "crf": "26"}
    if codec == "libx264":
        options = {
            **options,
            "x264-params": f"keyint={gop}:min-keyint={gop}:scenecut=0:" + options.get("x264-params", ""),
        }
    else:
        options = {**options, "x265-params": f"log-level=none:keyint={gop}:min-keyint={gop}:scenecut=0"}
    context.options = options
    out: list[Packet] = []

    def take(encoded: Sequence[Any]) -> None:
        for each in encoded:
            assert each.pts is not None
            pts_90k = each.pts * CLOCK_HZ // FPS
            at = START + timedelta(seconds=each.pts / FPS)
            out.append(Packet(Kind.VIDEO, bytes(each), pts_90k, pts_90k, 0, each.is_keyframe, at))

    for index, image in enumerate(images):
        frame = av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format="yuv420p")
        frame.pts, frame.time_base = index, context.time_base
        take(context.encode(frame))
    take(context.encode(None))
    return out


@dataclass
class Run:
    decisions: list[tuple[float, Decision]] = field(default_factory=list)
    analysed_s: list[float] = field(default_factory=list)

    def share(self, decision: Decision, begin_s: float = 0.0, end_s: float = 1e9) -> float:
        within = Counter(each for at_s, each in self.decisions if begin_s <= at_s < end_s)
        return within[decision] / max(1, within.total())

    def first_analysed(self, after_s: float) -> float:
        return min((at_s for at_s in self.analysed_s if at_s >= after_s), default=float("inf"))


def drive(gate: Gate, packets: Iterable[Packet], where: Where, *, blind: Where = nobody, lag_s: float = 0.0) -> Run:
    """What the analysis does with a gate, and a tracker that sees all that is there.

    ``blind``: somebody whom the tracker sees as well but who is not in the pictures (the packets hide them).
    ``lag_s``: how late the tracker's word comes.
    """
    run = Run()
    gop: list[Packet] = []
    decoding = True
    last_90k = -CLOCK_HZ
    known: dict[str, int] = {}
    late: list[tuple[float, Scene]] = []

    def analyse(packet: Packet, *, forced: bool = False) -> None:
        nonlocal last_90k
        if packet.pts_90k <= last_90k or (not forced and packet.pts_90k - last_90k < CLOCK_HZ // ANALYSED_FPS):
            return
        last_90k = packet.pts_90k
        at_s = packet.pts_90k / CLOCK_HZ
        run.analysed_s.append(at_s)
        found = []
        for name, place in (("where", where), ("blind", blind)):
            if (box := place(at_s)) is not None:
                number = known.setdefault(f"{name}{box.width:.3f}", len(known) + 1)
                found.append(TrackedObject(number, box, ObjectClass.PERSON, 0.9))
        late.append((at_s, Scene(Moment("s", packet.pts_90k, packet.at), tuple(found))))

    for packet in packets:
        at_s = packet.pts_90k / CLOCK_HZ
        gop = [packet] if packet.is_key else [*gop, packet]
        decision = gate.observe(packet)
        run.decisions.append((at_s, decision))
        if decision is Decision.DECODE:
            for each in [packet] if decoding else gop:
                analyse(each)
        elif decision is Decision.CHECK:
            analyse(packet, forced=True)
        decoding = decision is Decision.DECODE
        while late and at_s - late[0][0] >= lag_s:
            gate.feedback(late.pop(0)[1])
    return run
