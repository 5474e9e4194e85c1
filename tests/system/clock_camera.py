"""A camera with a clock burnt into its picture, so that whoever sees a picture knows when it was taken.

Run by go2rtc as its source (``python clock_camera.py WIDTH HEIGHT RTSP-URL``): real time, H.264 main profile, one key
frame in two seconds, no B-frames. The time is 48 bits of UTC milliseconds as two rows of black and white squares at the
top left; ``READ_CLOCK`` reads it in a browser.
"""

from __future__ import annotations

import sys
import time
from fractions import Fraction

import av
import numpy as np
from numpy.typing import NDArray

FPS = 25
GOP_S = 2
BITS, ROWS = 48, 2
SQUARES = BITS // ROWS
CRF = "30"
"""With what moves below: some 4 Mb/s and key frames of 200 kB at 1080p, like a camera on a street."""
MOVING = 5
"""The part of the picture that moves is one of so many by so many."""

READ_CLOCK = f"""
(video) => {{
  const canvas = (window.clockCanvas ??= new OffscreenCanvas(1, 1));
  const side = Math.floor(video.videoWidth / {SQUARES + 2});
  canvas.width = video.videoWidth; canvas.height = side * {ROWS};
  const pen = (window.clockPen ??= canvas.getContext("2d", {{ willReadFrequently: true }}));
  pen.drawImage(video, 0, 0);
  const pixels = pen.getImageData(0, 0, canvas.width, canvas.height).data;
  let ms = 0;
  for (let bit = 0; bit < {BITS}; bit++) {{
    const x = Math.floor((bit % {SQUARES} + 0.5) * side), y = Math.floor((Math.floor(bit / {SQUARES}) + 0.5) * side);
    ms = ms * 2 + (pixels[4 * (y * canvas.width + x) + 1] > 127 ? 1 : 0);
  }}
  return ms;
}}
"""
"""A JavaScript function: from a video element to the UTC milliseconds burnt into the picture it shows."""


def burn(luma: NDArray[np.uint8], ms: int) -> None:
    """The bits of ``ms`` into the top left of ``luma`` (height x width)."""
    side = luma.shape[1] // (SQUARES + 2)
    for bit in range(BITS):
        row, column = divmod(bit, SQUARES)
        white = ms >> (BITS - 1 - bit) & 1
        luma[row * side : (row + 1) * side, column * side : (column + 1) * side] = 235 if white else 16


def backdrop(width: int, height: int) -> NDArray[np.uint8]:
    """Something with enough detail for a key frame of a real camera's size. Sides are multiples of 24."""
    random = np.random.default_rng(7)
    coarse = random.integers(40, 200, (height // 24, width // 24), dtype=np.uint8)
    fine = random.integers(0, 7, (height, width), dtype=np.uint8)
    return np.kron(coarse, np.ones((24, 24), dtype=np.uint8))[:height, :width] + fine


def run(width: int, height: int, url: str) -> None:
    """Until the server goes away."""
    still = np.full((height * 3 // 2, width), 128, dtype=np.uint8)
    still[:height] = backdrop(width, height)
    shape = (height // MOVING, width // MOVING)
    passing = [np.random.default_rng(seed).integers(90, 160, shape, dtype=np.uint8) for seed in range(8)]
    with av.open(url, "w", format="rtsp", options={"rtsp_transport": "tcp"}) as output:
        stream = output.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        stream.codec_context.gop_size = FPS * GOP_S
        stream.options = {
            "preset": "superfast",
            "tune": "zerolatency",
            "profile": "main",
            "bf": "0",
            "forced-idr": "1",
            "crf": CRF,
        }
        began_s = time.monotonic()
        for number in range(sys.maxsize):
            due_s = began_s + number / FPS
            time.sleep(max(0.0, due_s - time.monotonic()))
            picture = still.copy()
            top, wide = height // 2, width // MOVING
            left = number * 8 % (width - wide)
            picture[top : top + height // MOVING, left : left + wide] = passing[number % len(passing)]
            burn(picture[:height], time.time_ns() // 1_000_000)
            frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
            frame.pts = round((time.monotonic() - began_s) * 1000)
            frame.time_base = Fraction(1, 1000)
            output.mux(stream.encode(frame))


if __name__ == "__main__":
    run(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
