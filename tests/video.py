"""Test films whose every picture says its own number, so that a test can prove which picture it sees.

The number is drawn as a row of black and white blocks along the top: coarse enough to survive any encoder.
Below it a bright square moves, so that pictures differ and P-frames are not empty.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

BITS = 16
SAMPLE_RATE_HZ = 48_000
G711_RATE_HZ = 8_000
_ENCODERS = {"h264": "libx264", "hevc": "libx265", "mjpeg": "mjpeg"}
_AUDIO_ENCODERS = {"aac": "aac", "opus": "libopus", "pcm_mulaw": "pcm_mulaw", "mp3": "libmp3lame", "ac3": "ac3"}


@dataclass(frozen=True, slots=True)
class Film:
    """What to make. ``gop`` and ``b_frames`` are exact: scene-cut detection is off."""

    frames: int = 100
    fps: int = 25
    width: int = 320
    height: int = 192
    codec: str = "h264"
    gop: int = 25
    b_frames: int = 0
    audio: str | None = None
    first: int = 0
    """Number of the first picture."""
    pixels: str | None = None
    """FFmpeg's name of the pixel format; None: what the codec usually has."""
    pixel_shape: str | None = None
    """Width of a pixel by its height, like ``16/11``; None: says nothing."""


def make_film(path: Path, film: Film | None = None) -> Path:
    """Writes ``film`` to ``path``. The suffix says the container: ``.mkv`` for all but G.711, ``.mov`` but Opus."""
    film = film or Film()
    with av.open(str(path), "w") as container:
        video = container.add_stream(_ENCODERS[film.codec], rate=film.fps, options=_options(film))
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = film.width, film.height, _pixel_format(film)
        video.time_base = Fraction(1, film.fps)
        if film.pixel_shape:
            video.codec_context.sample_aspect_ratio = Fraction(film.pixel_shape)
        tone = _Tone(container, film.audio) if film.audio else None
        for number in range(film.frames):
            frame = av.VideoFrame.from_ndarray(draw(film.first + number, film.width, film.height), format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, film.fps)
            container.mux(video.encode(frame))
            if tone:
                tone.until((number + 1) / film.fps)
        container.mux(video.encode(None))
        if tone:
            tone.finish()
    return path


def draw(number: int, width: int, height: int) -> NDArray[np.uint8]:
    """The picture with this number, BGR."""
    image = np.full((height, width, 3), 96, np.uint8)
    band = height // 4
    for bit in range(BITS):
        left, right = bit * width // BITS, (bit + 1) * width // BITS
        image[:band, left:right] = 235 if number >> bit & 1 else 16
    side = height // 6
    left = (number * 7) % (width - side)
    image[height // 2 : height // 2 + side, left : left + side] = (40, 220, 250)
    return image


def read_number(image: NDArray[np.uint8]) -> int:
    """The number drawn in a picture of any size, BGR or grey."""
    height, width = image.shape[:2]
    number = 0
    for bit in range(BITS):
        left, right = bit * width // BITS, (bit + 1) * width // BITS
        inset = (right - left) // 4
        block = image[height // 16 : height // 6, left + inset : right - inset]
        number |= int(block.mean() > 126) << bit
    return number


def numbers_of(path: Path) -> list[int]:
    """The numbers of all pictures of a video file, in order of presentation."""
    with av.open(str(path)) as container:
        return [read_number(picture(frame)) for frame in container.decode(video=0)]


def picture(frame: av.VideoFrame) -> NDArray[np.uint8]:
    """The frame in grey."""
    return frame.to_ndarray(format="gray").astype(np.uint8, copy=False)


def _options(film: Film) -> dict[str, str]:
    gop, b_frames = str(film.gop), str(film.b_frames)
    if film.codec == "h264":
        return {"g": gop, "bf": b_frames, "preset": "ultrafast", "sc_threshold": "0", "keyint_min": gop, "crf": "30"}
    if film.codec == "hevc":
        parameters = f"keyint={gop}:min-keyint={gop}:bframes={b_frames}:scenecut=0:log-level=none:open-gop=0"
        return {"preset": "ultrafast", "x265-params": parameters, "crf": "30"}
    return {}


def _pixel_format(film: Film) -> str:
    return film.pixels or ("yuvj420p" if film.codec == "mjpeg" else "yuv420p")


class _Tone:
    """A 440 Hz tone on a stream of its own, encoded as far as it is asked for."""

    def __init__(self, container: av.container.OutputContainer, codec: str) -> None:
        rate = G711_RATE_HZ if codec == "pcm_mulaw" else SAMPLE_RATE_HZ
        stream = container.add_stream(_AUDIO_ENCODERS[codec], rate=rate, layout="mono")
        assert isinstance(stream, av.AudioStream)
        self._container, self._stream, self._rate, self._done = container, stream, rate, 0

    def until(self, seconds: float) -> None:
        # Encoders of a fixed frame size know it only once they are open; 20 ms suits the others and Opus.
        step = self._stream.codec_context.frame_size or self._rate // 50
        while self._done < seconds * self._rate:
            times = np.arange(self._done, self._done + step) / self._rate
            wave = (np.sin(2 * math.pi * 440 * times) * 8000).astype(np.int16).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(wave, format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = self._rate, self._done, Fraction(1, self._rate)
            self._container.mux(self._stream.encode(frame))
            self._done += step

    def finish(self) -> None:
        self._container.mux(self._stream.encode(None))
