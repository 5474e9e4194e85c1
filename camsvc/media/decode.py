"""From packets to pictures."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

import av
import numpy as np
from av.error import FFmpegError
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from camsvc.errors import UnplayableError
from camsvc.media.libav import av_packet, padded
from camsvc.media.packets import Kind, Packet, VideoParameters

MAX_IN_FLIGHT = 64
"""Pictures that a decoder may hold back; H.264 and H.265 allow 16."""

_scalers = threading.local()


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One decoded picture with the times of its packet. May pass to another thread."""

    pts_90k: int
    at: datetime
    video: av.VideoFrame

    def bgr(self, width: int | None = None, height: int | None = None) -> NDArray[np.uint8]:
        """The picture as height x width x 3 BGR, scaled to the size given (not cropped) while it is converted."""
        # One context per thread: setting one up costs as much as scaling a small picture.
        scaler: VideoReformatter | None = getattr(_scalers, "scaler", None)
        if scaler is None:
            scaler = _scalers.scaler = VideoReformatter()
        scaled = scaler.reformat(
            self.video, width, height, format="bgr24", interpolation=Interpolation.BILINEAR, threads=1
        )
        return scaled.to_ndarray().astype(np.uint8, copy=False)


def examine(codec: str, parameter_sets: bytes, key_frame: bytes) -> tuple[int, int, int] | None:
    """Width, height and how many pictures a decoder holds back, from decoding one key frame; None when it cannot be."""
    context = av.CodecContext.create(codec, "r")
    if not isinstance(context, av.VideoCodecContext):
        return None
    context.extradata = parameter_sets
    context.thread_count = 1
    try:
        pictures = [*context.decode(padded(key_frame)), *context.decode(None)]
    except FFmpegError:
        return None
    return (pictures[0].width, pictures[0].height, context.reorder_depth) if pictures else None


class Decoder:
    """Decodes the video of one session; one thread. Audio packets are ignored.

    What cannot be decoded is skipped up to the next key frame and counted, never raised: broken packets are a camera's
    everyday life. Raises UnplayableError when the codec is unknown.
    """

    def __init__(self, video: VideoParameters) -> None:
        try:
            context = av.CodecContext.create(video.codec, "r")
        except (ValueError, FFmpegError) as error:
            raise UnplayableError(f"no decoder for the video codec {video.codec!r}") from error
        if not isinstance(context, av.VideoCodecContext):
            raise UnplayableError(f"{video.codec!r} is not a video codec")
        self._context = context
        if video.extradata:
            self._context.extradata = video.extradata
        # One thread a camera: more would only fight over the same cores, and hold frames back.
        self._context.thread_count = 1
        self._times: dict[int, datetime] = {}
        self._wait_for_key = True
        self.broken_packets = 0
        """Could not be decoded."""
        self.skipped_packets = 0
        """Were not tried, as they refer to what could not be decoded."""

    @property
    def pixel_shape(self) -> Fraction:
        """Width of a pixel by its height, known once a picture was decoded; 1 until then and where nothing says."""
        return self._context.sample_aspect_ratio or Fraction(1)

    def decode(self, packet: Packet) -> list[Frame]:
        """The pictures that this packet completes, in order of presentation."""
        if packet.kind is not Kind.VIDEO:
            return []
        if self._wait_for_key and not packet.is_key:
            self.skipped_packets += 1
            return []
        self._wait_for_key = False
        self._remember(packet)
        try:
            return self._framed(self._context.decode(av_packet(packet)))
        except FFmpegError:
            self.broken_packets += 1
            self.reset()
            return []

    def flush(self) -> list[Frame]:
        """The pictures still held back; then begins anew with the next key frame."""
        try:
            return self._framed(self._context.decode(None))
        except FFmpegError:
            return []
        finally:
            self.reset()

    def reset(self) -> None:
        """Forget what came before: after a gap, or to decode a single key frame."""
        self._context.flush_buffers()
        self._times.clear()
        self._wait_for_key = True

    def _remember(self, packet: Packet) -> None:
        self._times[packet.pts_90k] = packet.at
        if len(self._times) > MAX_IN_FLIGHT:
            del self._times[next(iter(self._times))]

    def _framed(self, decoded: list[av.VideoFrame]) -> list[Frame]:
        frames = []
        for video in decoded:
            pts = video.pts
            at = self._times.pop(pts, None) if pts is not None else None
            if pts is None or at is None or video.is_corrupt:
                self.broken_packets += 1
                continue
            frames.append(Frame(pts, at, video))
        return frames
