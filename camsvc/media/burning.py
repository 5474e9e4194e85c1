"""A film of drawn-on pictures: one H.264 MP4 that plays everywhere, whatever it is put together from."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
from av import AudioFrame, VideoFrame
from av.error import FFmpegError
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

from camsvc.errors import UnplayableError
from camsvc.media.canvas import BLACK, Canvas, Colour
from camsvc.media.libav import TIME_BASE, scrub
from camsvc.media.packets import CLOCK_HZ
from camsvc.media.rendition import CRF, GOP_S, MAX_HEIGHT, PRESET
from camsvc.media.soundtrack import Soundtrack

SOUND_BEHIND_S, SOUND_KEPT_BEHIND_S = 6.0, 4.0
"""Sound that is further behind the pictures than the first is silent up to the second: a muxer that waits for one of
two streams keeps all of the other in memory. Files of cameras interleave within a second."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Pixels, even."""

    width: int
    height: int
    """Of the picture, without the strip above it."""
    strip: int
    rate: Fraction
    """Pictures a second, about: what the encoder plans with. Times are those of the pictures."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a picture lies on the canvas. Pixels, even."""

    left: int
    top: int
    width: int
    height: int


def fitted_size(width: int, height: int, pixel_shape: Fraction = Fraction(1)) -> tuple[int, int]:
    """Size with square pixels, no higher than MAX_HEIGHT, even."""
    across = width * pixel_shape
    scale = min(Fraction(1), Fraction(MAX_HEIGHT, height))
    return max(2, round(across * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


class Film:
    """Being written; a context. Draw on ``canvas``, then :meth:`show` it. Times are seconds of the film. One thread.

    ``path`` appears when the context is left without an error. Raises UnplayableError (the encoder), OSError (the
    disk).
    """

    def __init__(self, path: Path, shape: Shape, metadata: dict[str, str], *, sound: bool) -> None:
        self.shape = shape
        self.canvas = Canvas(shape.width, shape.strip + shape.height)
        self.end_s = 0.0
        """Of the last picture that was shown."""
        self._path = path
        self._part = path.with_name(f".{path.name}.part")
        self._metadata = metadata
        self._has_sound = sound
        self._scaler = VideoReformatter()
        self._last_pts = -1
        self._placed: Place | None = None

    def __enter__(self) -> Self:
        options = {"movflags": "+faststart"}
        self._container = av.open(str(self._part), "w", format="mp4", container_options=options)
        try:
            self._container.metadata.update(self._metadata)
            self._video = self._open_video()
            self._sound = Soundtrack(self._container) if self._has_sound else None
        except BaseException:  # whatever it is, also who gives up: no half film stays
            self._abandon()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._abandon()
            return
        try:
            if self._sound:
                self._sound.silence(self.end_s)
                self._sound.finish()
            self._container.mux(self._video.encode(None))
            self._container.close()
            self._part.rename(self._path)
        except FFmpegError as failed:
            self._abandon()
            raise self._unwritten(failed) from failed
        finally:
            self._part.unlink(missing_ok=True)

    def place(self, frame: VideoFrame, pixel_shape: Fraction) -> Place:
        """Put ``frame`` on the canvas, as large as it fits. ``pixel_shape``: width of a pixel by its height."""
        shape = self.shape
        place = _place(shape, *fitted_size(frame.width, frame.height, pixel_shape))
        fitted = self._scaler.reformat(
            frame,
            place.width,
            place.height,
            format="yuv420p",
            interpolation=Interpolation.BICUBIC,
            dst_color_range=ColorRange.MPEG,
        )
        if place != self._placed:
            # Of another size than the picture before: what stays of that one beside it goes.
            self.canvas.fill(0, shape.strip, shape.width, shape.strip + shape.height, BLACK)
            self._placed = place
        self.canvas.paste(fitted, place.left, place.top)
        return place

    def clear(self, colour: Colour = BLACK) -> None:
        """The picture, not the strip."""
        self.canvas.fill(0, self.shape.strip, self.canvas.width, self.canvas.height, colour)
        self._placed = None

    def show(self, at_s: float) -> bool:
        """The canvas as it is now. False: it is no later than the picture before, and left out."""
        pts = round(at_s * CLOCK_HZ)
        if pts <= self._last_pts:
            return False
        frame = self.canvas.frame
        frame.pts, frame.time_base, frame.pict_type = pts, TIME_BASE, 0
        try:
            self._container.mux(self._video.encode(frame))
            if self._sound and at_s - self._sound.end_s > SOUND_BEHIND_S:
                self._sound.silence(at_s - SOUND_KEPT_BEHIND_S)
        except FFmpegError as error:
            raise self._unwritten(error) from error
        self._last_pts, self.end_s = pts, at_s
        return True

    def hear(self, frame: AudioFrame, at_s: float) -> None:
        if self._sound:
            self._sound.add(frame, at_s)

    def part_ended(self) -> None:
        if self._sound:
            self._sound.part_ended()

    def _open_video(self) -> av.VideoStream:
        shape = self.shape
        options = {"crf": CRF, "preset": PRESET, "g": str(max(1, round(shape.rate * GOP_S))), "profile": "high"}
        stream = self._container.add_stream("libx264", rate=shape.rate, options=options)
        stream.width, stream.height, stream.pix_fmt = self.canvas.width, self.canvas.height, "yuv420p"
        stream.codec_context.time_base = TIME_BASE
        return stream

    def _abandon(self) -> None:
        with suppress(FFmpegError, ValueError):  # nothing was written yet, or cannot be: the file goes anyway
            self._container.close()
        self._part.unlink(missing_ok=True)

    def _unwritten(self, error: FFmpegError) -> UnplayableError | OSError:
        said = scrub(error).strerror
        if isinstance(error, OSError):
            return OSError(error.errno, said, str(self._path))
        return UnplayableError(f"{self._path.name} cannot be written: {said}")


def _place(shape: Shape, width: int, height: int) -> Place:
    scale = min(Fraction(shape.width, width), Fraction(shape.height, height))
    width = max(2, min(round(width * scale / 2) * 2, shape.width))
    height = max(2, min(round(height * scale / 2) * 2, shape.height))
    return Place((shape.width - width) // 4 * 2, shape.strip + (shape.height - height) // 4 * 2, width, height)
