"""A recorded file as a source: the same packets as from a camera, as fast as the disk allows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
from av import AudioStream, VideoStream
from av.bitstream import BitStreamFilterContext
from av.error import FFmpegError
from av.packet import Packet as AvPacket
from av.stream import Stream

from camsvc.clock import require_utc
from camsvc.errors import SourceError, TimelineError, UnplayableError
from camsvc.media.libav import TIME_BASE, scrub
from camsvc.media.nal import ParameterSets, is_annex_b
from camsvc.media.packets import (
    CLOCK_HZ,
    AudioParameters,
    ClockReading,
    Kind,
    Packet,
    Parameters,
    VideoParameters,
)
from camsvc.media.rtsp import MAX_FPS, session_id
from camsvc.media.timeline import BACKWARD_S, DecodeOrder, Ticks

DEFAULT_FPS = 25.0
"""Where a file does not say; only pictures without a time stamp are laid by it."""

_TO_ANNEX_B = {"h264": "h264_mp4toannexb", "hevc": "hevc_mp4toannexb"}


class FileSource:
    """Implements ``media.packets.Source``. ``start`` is the wall time of the first picture, to which media time adds.

    Any codec that FFmpeg decodes will do for analysis; H.264 and H.265 come out as Annex B, as from a camera, so that
    clips can be cut from them. The constructor raises SourceError (cannot be read) or UnplayableError (no video).
    """

    def __init__(self, path: Path, *, start: datetime) -> None:
        self._path, self._start = path, require_utc(start)
        self.session = session_id(self._start)
        self.corrupt_packets = 0
        self.repaired_timestamps = 0
        try:
            self._container = av.open(str(path))
        except (FFmpegError, OSError, ValueError) as error:
            raise self._unreadable(error, "cannot be opened as a video") from error
        try:
            self._video, self._audio = self._choose_streams()
            self._filter = self._to_annex_b()
            self.parameters = Parameters(self._describe_video(), self._describe_audio())
        except BaseException:
            self._container.close()
            raise

    @property
    def duration_s(self) -> float | None:
        """As the file states it; for progress only."""
        if self._container.duration:
            return self._container.duration / av.time_base
        return None

    def packets(self) -> Iterator[Packet]:
        """From the first key frame to the end of the file. Raises TimelineError, and SourceError for damage."""
        rate = self.parameters.video.nominal_fps or DEFAULT_FPS
        clock = _FileClock(self._video, self._audio, round(CLOCK_HZ / rate))
        started = False
        for packet in self._demuxed():
            is_video = packet.stream_index == self._video.index
            started = started or (is_video and packet.is_keyframe)
            if not started or not packet.size:
                continue
            stamps = clock.video(packet, self._path) if is_video else clock.audio(packet)
            if stamps is None:
                continue
            pts_90k, dts_90k, duration_90k = stamps
            self.repaired_timestamps = clock.repaired
            yield Packet(
                Kind.VIDEO if is_video else Kind.AUDIO,
                bytes(packet),
                pts_90k,
                dts_90k,
                duration_90k,
                packet.is_keyframe,
                self._start + timedelta(seconds=pts_90k / CLOCK_HZ),
            )

    def clock(self) -> ClockReading:
        """The start is taken on trust; relative to it nothing is lost."""
        return ClockReading(error_ms=0.0, camera_offset_ms=None)

    def close(self) -> None:
        self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _choose_streams(self) -> tuple[VideoStream, AudioStream | None]:
        if not self._container.streams.video or not self._container.streams.video[0].codec_context:
            raise UnplayableError(f"{self._path}: no video that can be decoded in this file")
        audio = next((stream for stream in self._container.streams.audio if stream.codec_context), None)
        return self._container.streams.video[0], audio

    def _to_annex_b(self) -> BitStreamFilterContext | None:
        context = self._video.codec_context
        name = _TO_ANNEX_B.get(context.name)
        if name is None or is_annex_b(context.extradata or b""):
            return None
        return BitStreamFilterContext(name, self._video)

    def _describe_video(self) -> VideoParameters:
        context, rate = self._video.codec_context, self._video.average_rate or self._video.guessed_rate
        fps = float(rate) if rate and 0 < rate <= MAX_FPS else None
        extradata = context.extradata or b""
        if context.name in _TO_ANNEX_B:
            extradata = self._first_parameter_sets().annex_b or extradata
        return VideoParameters(context.name, context.width, context.height, extradata, fps)

    def _first_parameter_sets(self) -> ParameterSets:
        """From a second look at the head of the file: only the filter turns what MP4 holds into Annex B."""
        codec = self._video.codec_context.name
        try:
            with av.open(str(self._path)) as container:
                video = container.streams.video[0]
                convert = BitStreamFilterContext(_TO_ANNEX_B[codec], video) if self._filter else None
                for packet in container.demux(video):
                    if packet.size and packet.is_keyframe:
                        for converted in convert.filter(packet) if convert else [packet]:
                            return ParameterSets.of(codec, bytes(converted))
        except FFmpegError:
            return ParameterSets()
        return ParameterSets()

    def _describe_audio(self) -> AudioParameters | None:
        if self._audio is None:
            return None
        context = self._audio.codec_context
        return AudioParameters(
            context.codec.canonical_name, context.sample_rate, context.channels, context.extradata or b""
        )

    def _demuxed(self) -> Iterator[AvPacket[Stream]]:
        streams = [self._video, *([self._audio] if self._audio else [])]
        packets = self._container.demux(*streams)
        while True:
            try:
                packet = next(packets, None)
            except FFmpegError as error:
                raise self._unreadable(error, "damaged") from error
            if packet is None:
                return
            yield from self._converted(packet)

    def _converted(self, packet: AvPacket[Stream]) -> list[AvPacket[Stream]]:
        if self._filter is None or packet.stream_index != self._video.index or not packet.size:
            return [packet]
        is_key, duration = packet.is_keyframe, packet.duration
        try:
            converted = self._filter.filter(packet)
        except FFmpegError:
            self.corrupt_packets += 1
            return []
        for fresh in converted:
            fresh.is_keyframe, fresh.duration = is_key, duration
        return converted

    def _unreadable(self, error: Exception, what: str) -> SourceError:
        if isinstance(error, FFmpegError):
            scrub(error)
        return SourceError(f"{self._path}: {what}: {getattr(error, 'strerror', None) or error}")


class _FileClock:
    """Media time of a file's packets: since its first picture, strictly rising where there are no B-frames."""

    def __init__(self, video: VideoStream, audio: AudioStream | None, frame_90k: int) -> None:
        self.repaired = 0
        self._frame_90k = frame_90k
        self._has_b_frames = bool(video.codec_context.reorder_depth)
        self._decode_order = DecodeOrder(int(video.codec_context.reorder_depth), frame_90k)
        self._video = Ticks(video.time_base or TIME_BASE)
        self._audio = Ticks((audio.time_base if audio else None) or Fraction(1, CLOCK_HZ))
        self._origin: int | None = None
        self._newest = 0

    def video(self, packet: AvPacket[Stream], path: Path) -> tuple[int, int, int] | None:
        """None: a picture that refers to what lies before the first key frame."""
        raw = packet.pts if packet.pts is not None else packet.dts
        if raw is None:
            pts = self._newest + self._frame_90k if self._origin is not None else 0
            self.repaired += 1
        else:
            pts = self._video.to_90k(raw)
            self._origin = pts if self._origin is None else self._origin
            pts -= self._origin
        self._origin = self._origin or 0
        if pts < self._newest - BACKWARD_S * CLOCK_HZ:
            raise TimelineError(
                f"{path}: time stamps jump back at {self._newest / CLOCK_HZ:.1f} s: split the file there"
            )
        if pts < 0:
            return None
        if not self._has_b_frames and pts <= self._newest and self._newest:
            pts = self._newest + 1
            self.repaired += 1
        self._newest = max(self._newest, pts)
        return pts, self._decode_order.dts(pts), self._video.scaled(packet.duration or 0)

    def audio(self, packet: AvPacket[Stream]) -> tuple[int, int, int] | None:
        if packet.pts is None or self._origin is None:
            return None
        pts = self._audio.to_90k(packet.pts) - self._origin
        return pts, pts, self._audio.scaled(packet.duration or 0)
