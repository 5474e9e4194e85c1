"""A street as a camera sends it: a grainy picture that moves a little, a fixed bit rate, a key frame every 2 s."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

FPS, GOP, SECONDS = 25, 50, 6
GRAIN = 6.0
"""Standard deviation of the sensor's noise, of 255: it is what a camera's bits go into between key frames."""


@dataclass(frozen=True, slots=True)
class Size:
    width: int
    height: int
    bits_per_s: int


SIZES = {"360p": Size(640, 360, 500_000), "1080p": Size(1920, 1080, 4_000_000)}


def made(folder: Path, size: str) -> Path:
    """The film of that name of ``SIZES``; made when it is not there yet."""
    path = folder / f"{size}.mp4"
    return path if path.exists() else make(path, SIZES[size])


def make(path: Path, size: Size) -> Path:
    """H.264 main profile, one slice a picture, without B-frames."""
    random = np.random.default_rng(1)
    coarse = random.integers(0, 256, (size.height // 40, size.width // 20), np.uint8)
    street = cv2.resize(coarse, (size.width * 2, size.height), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    with av.open(str(path), "w") as container:
        options = {"preset": "veryfast", "profile": "main", "g": str(GOP), "bf": "0", "sc_threshold": "0"}
        options |= {"maxrate": str(size.bits_per_s), "bufsize": str(size.bits_per_s // 2)}
        stream = container.add_stream("libx264", rate=FPS, options=options)
        assert isinstance(stream, av.VideoStream)  # noqa: S101  libx264 encodes video
        stream.width, stream.height, stream.pix_fmt = size.width, size.height, "yuv420p"
        stream.bit_rate, stream.thread_count = size.bits_per_s, 1
        for number in range(FPS * SECONDS):
            seen = street[:, number : number + size.width]
            grain = random.standard_normal(seen.shape, np.float32) * GRAIN
            shown = np.clip(seen + grain, 0, 255).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(shown, format="gray")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame.reformat(format="yuv420p")))
        container.mux(stream.encode(None))
    return path
