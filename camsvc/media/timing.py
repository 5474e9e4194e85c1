"""From packets as a camera sends them to packets with media time and wall time: the timing of one live session."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction

from camsvc.clock import Clock
from camsvc.media.packets import CLOCK_HZ, ClockReading, Kind, Packet
from camsvc.media.timeline import EPOCH, CameraClock, DecodeOrder, Ticks, WallAnchor

RTP_TIMESTAMP_BITS = 32
DEFAULT_FPS = 25.0
"""Where a stream does not say: only the distance of pictures without a time stamp depends on it."""

AUDIO_APART_S = 3.0
"""Audio that lies further than this from the picture it arrives with has no usable clock: it is laid beside it.
Wider than the distance of two pictures of the slowest camera."""

STEPS_BACK, STEPS_BACK_WITHIN = 3, 25
"""So many within so many pictures are B-frames: encoders put one to three between others."""

LEARNT_REORDER_DEPTH = 2
"""Enough for what cameras use: up to three B-frames between two others, one of them a reference."""

FIRST_PICTURES = 16
"""Among so many the earliest is looked for: no codec reorders more (H.264 A.3.1)."""


@dataclass(slots=True)
class RawPacket:
    """One packet as demuxed, with its arrival. Not frozen, since that triples the cost of making one."""

    kind: Kind
    data: bytes
    pts: int | None
    """In the stream's time base."""
    duration: int
    is_key: bool
    arrived_s: float
    """By the monotonic clock."""
    camera_us: int | None
    """The camera's own wall clock for this picture, µs since the epoch, when it was looked at."""


_Stamps = tuple[int, int, int]
"""Presentation time, decoding time and duration, in 1/90000 s."""


class SessionTiming:
    """Used by the session's thread, in the order of arrival; any thread may call ``reading``.

    Time stamps that cannot be (missing, repeated, stepping back by less than a second without B-frames) are repaired
    and counted in ``repaired``.
    """

    def __init__(
        self, clock: Clock, *, video: Fraction, audio: Fraction | None, reorder_depth: int, fps: float | None
    ) -> None:
        self.repaired = 0
        self.undecodable = 0
        """Pictures before the first key frame in order of presentation: dropped, they refer to what never came."""
        self._frame_90k = round(CLOCK_HZ / (fps or DEFAULT_FPS))
        self._reorder_depth = reorder_depth
        self._decode_order = DecodeOrder(reorder_depth, self._frame_90k)
        self._video = Ticks(video, RTP_TIMESTAMP_BITS)
        self._audio = Ticks(audio or video, RTP_TIMESTAMP_BITS)
        self._previous_90k = 0
        self._steps_back: deque[int] = deque(maxlen=STEPS_BACK)
        """Which pictures, by count, came after one that is shown later."""
        self._pictures = 0
        self._origin_90k: int | None = None
        self._video_pts: int | None = None
        self._audio_pts: int | None = None
        self._audio_shift_90k = 0
        self._anchor = WallAnchor(clock)
        self._camera = CameraClock()

    def begin(self, head: Sequence[RawPacket]) -> Iterator[Packet]:
        """The session's first packets, the first of them its key frame, that came faster than real time."""
        stamped = [(raw, self._stamp(raw, settled=False)) for raw in self._with_first_times(head)]
        for raw, stamps in stamped:
            if stamps is not None:
                yield self._packet(raw, stamps)

    def stamped(self, raw: RawPacket) -> Packet | None:
        """None: dropped. Raises TimelineError."""
        stamps = self._stamp(raw, settled=True)
        return self._packet(raw, stamps) if stamps is not None else None

    def reading(self) -> ClockReading:
        return ClockReading(self._anchor.error_ms, self._camera.offset_ms)

    def _with_first_times(self, head: Sequence[RawPacket]) -> Iterator[RawPacket]:
        """FFmpeg gives the first RTP packets no time stamp: they lie a frame apart before the earliest that follows."""
        video = [raw.pts for raw in head if raw.kind is Kind.VIDEO]
        missing = next((index for index, pts in enumerate(video) if pts is not None), 0)
        known = [pts for pts in video[missing:] if pts is not None]
        frame = round(self._frame_90k / self._video.scale)
        pts = min(known[:FIRST_PICTURES], default=0) - missing * frame
        for raw in head:
            if raw.kind is Kind.VIDEO and missing:
                missing -= 1
                yield replace(raw, pts=pts)
                pts += frame
            else:
                yield raw

    def _stamp(self, raw: RawPacket, *, settled: bool) -> _Stamps | None:
        if raw.kind is Kind.AUDIO:
            return self._stamp_audio(raw)
        return self._stamp_video(raw, settled=settled)

    def _stamp_video(self, raw: RawPacket, *, settled: bool) -> _Stamps | None:
        pts = self._media_time(raw)
        self._anchor.observe(pts, raw.arrived_s, settled=settled)
        if pts < 0:
            self.undecodable += 1
            return None
        self._learn_reordering(pts)
        if self._reorder_depth == 0 and self._video_pts is not None and pts <= self._video_pts:
            self.repaired += 1
            pts = self._video_pts + 1
        self._video_pts = max(pts, self._video_pts or 0)
        return pts, self._decode_order.dts(pts), self._video.scaled(raw.duration)

    def _learn_reordering(self, pts_90k: int) -> None:
        """Not every camera with B-frames says so. One step back is a clock's, several close together are B-frames'."""
        self._pictures += 1
        if self._reorder_depth == 0 and pts_90k < self._previous_90k:
            self._steps_back.append(self._pictures)
            if len(self._steps_back) == STEPS_BACK and self._pictures - self._steps_back[0] < STEPS_BACK_WITHIN:
                self._reorder_depth = LEARNT_REORDER_DEPTH
                self._decode_order.deepen(LEARNT_REORDER_DEPTH)
        self._previous_90k = pts_90k

    def _media_time(self, raw: RawPacket) -> int:
        if raw.pts is None:
            self.repaired += 1
            return (self._video_pts or 0) + self._frame_90k
        ticks = self._video.to_90k(raw.pts)
        if self._origin_90k is None:
            self._origin_90k = ticks
        return ticks - self._origin_90k

    def _stamp_audio(self, raw: RawPacket) -> _Stamps | None:
        if self._origin_90k is None or self._video_pts is None:
            return None
        duration = self._audio.scaled(raw.duration)
        if raw.pts is None:
            pts = self._video_pts if self._audio_pts is None else self._audio_pts + duration
        else:
            pts = self._audio.to_90k(raw.pts) - self._origin_90k + self._audio_shift_90k
        apart = self._video_pts - pts
        if abs(apart) > AUDIO_APART_S * CLOCK_HZ:
            self._audio_shift_90k += apart
            self.repaired += 1
            pts += apart
        if self._audio_pts is not None and pts <= self._audio_pts:
            pts = self._audio_pts + 1
        self._audio_pts = pts
        return pts, pts, duration

    def _packet(self, raw: RawPacket, stamps: _Stamps) -> Packet:
        pts_90k, dts_90k, duration_90k = stamps
        at = self._anchor.at(pts_90k)
        if raw.camera_us is not None:
            self._camera.observe(EPOCH + timedelta(microseconds=raw.camera_us), at)
        return Packet(raw.kind, raw.data, pts_90k, dts_90k, duration_90k, raw.is_key, at)
