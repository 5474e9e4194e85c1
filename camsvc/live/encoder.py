"""H.264 that every browser plays over WebRTC, made picture by picture without delay."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import av
from av.error import FFmpegError
from av.video.frame import PictureType
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

from camsvc.errors import UnplayableError
from camsvc.media.libav import TIME_BASE, scrub
from camsvc.media.packets import CLOCK_HZ

MAX_WIDTH = 1280
"""A transcoded picture costs the server a tenth of a core at this size and twice that at 1920."""

PRESET = "superfast"
"""Measured at 1280x720, one core: ultrafast 2.4 ms a picture, superfast 3.9 ms and visibly better at the same bits,
veryfast 6.6 ms."""

CRF = "25"
"""Where the bit rate does not bind: a little below x264's own default, as the source was compressed once already."""

BITS_PER_PIXEL = 0.11
"""The bound on the bit rate: 2.5 Mb/s for 1280x720 at 25 pictures a second."""

MIN_BITS_PER_S = 300_000
"""A small picture needs this for its key frames."""

BUFFER_S = 0.5
"""So much of the bit rate may come at once: it bounds a key frame, which a viewer's link must carry in time."""

RATE_FPS = 25
"""For the bit-rate bound alone; pictures are encoded with their own times."""

GOP_S = 2.0
"""A viewer who joins or has lost a packet begins with the last key frame; an older one means more to catch up."""

_UNSPECIFIED = 2
"""AVCOL_SPC_UNSPECIFIED: players then take what is usual for the size."""


@dataclass(frozen=True, slots=True)
class Encoded:
    data: bytes
    """Annex B; SPS and PPS in front of every key frame."""
    is_key: bool
    time_90k: int
    """Of the picture it was made of."""


class Encoder:
    """Constrained baseline, 4:2:0, no B-frames, one picture in, one out. Belongs to one thread.

    Pictures of any format and size go in, and may change in mid-stream (a key frame follows); what comes out is at most
    ``max_width`` wide, never larger than the source, even, with square pixels.
    """

    def __init__(self, max_width: int = MAX_WIDTH) -> None:
        self._max_width = max_width
        self._scaler = VideoReformatter()
        self._context: av.VideoCodecContext | None = None
        self._source: tuple[int, int, Fraction] | None = None
        self._last_key_90k = 0

    def encode(self, picture: av.VideoFrame, time_90k: int, pixel_shape: Fraction = Fraction(1)) -> list[Encoded]:
        """``picture`` encoded; ``time_90k`` must rise. ``pixel_shape``: width of a pixel by its height.

        Raises UnplayableError when it cannot be.
        """
        try:
            context = self._context_for(picture, pixel_shape)
            fitted = self._scaler.reformat(
                picture,
                context.width,
                context.height,
                format="yuv420p",
                interpolation=Interpolation.BILINEAR,
                dst_color_range=ColorRange.MPEG,
                threads=1,
            )
            fitted.pts, fitted.time_base = time_90k, TIME_BASE
            fitted.pict_type = self._type_at(time_90k)
            return [
                Encoded(bytes(made), made.is_keyframe, made.pts if made.pts is not None else time_90k)
                for made in context.encode(fitted)
            ]
        except (FFmpegError, ValueError) as error:
            cause = scrub(error).strerror if isinstance(error, FFmpegError) else error
            raise UnplayableError(
                f"a picture of {picture.width}x{picture.height} {picture.format.name} could not be encoded: {cause}"
            ) from error

    def _type_at(self, time_90k: int) -> PictureType:
        """By time, not by count: pictures are left out when the machine is busy, and cameras change their rate."""
        if time_90k - self._last_key_90k < GOP_S * CLOCK_HZ:
            return PictureType.NONE
        self._last_key_90k = time_90k
        return PictureType.I

    def _context_for(self, picture: av.VideoFrame, pixel_shape: Fraction) -> av.VideoCodecContext:
        source = (picture.width, picture.height, pixel_shape)
        if self._context is None or source != self._source:
            width, height = _size(picture.width * pixel_shape, picture.height, self._max_width)
            self._context, self._source = _open(width, height, picture), source
            self._last_key_90k = 0
        return self._context


def _size(width: Fraction, height: int, max_width: int) -> tuple[int, int]:
    scale = min(Fraction(1), Fraction(max_width) / width)
    return _even(width * scale), _even(height * scale)


def _even(size: Fraction) -> int:
    """4:2:0 halves the colour planes; x264 takes nothing smaller than a macroblock here."""
    return max(16, round(size / 2) * 2)


def _open(width: int, height: int, picture: av.VideoFrame) -> av.VideoCodecContext:
    context = av.CodecContext.create("libx264", "w")
    if not isinstance(context, av.VideoCodecContext):
        raise TypeError("libx264 is no video codec to PyAV")
    bits_per_s = max(MIN_BITS_PER_S, round(width * height * RATE_FPS * BITS_PER_PIXEL))
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate = TIME_BASE, Fraction(RATE_FPS)
    # What the numbers mean as colours stays as it was; only their range is narrowed, which all players expect.
    context.colorspace = picture.colorspace or _UNSPECIFIED  # 0 is RGB, which it is not any more
    context.color_primaries = picture.color_primaries
    context.color_trc, context.color_range = picture.color_trc, ColorRange.MPEG
    context.thread_count = 1
    context.options = {
        "preset": PRESET,
        "tune": "zerolatency",
        "profile": "baseline",
        "crf": CRF,
        "maxrate": str(bits_per_s),
        "bufsize": str(round(bits_per_s * BUFFER_S)),
        "forced-idr": "1",
        "g": str(10 * RATE_FPS),  # key frames are forced by time; this is only the encoder's own bound
        "sc_threshold": "0",
    }
    context.open()
    return context
