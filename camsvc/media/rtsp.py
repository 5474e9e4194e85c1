"""One RTSP session, from connection to end (RFC 2326), through FFmpeg.

Demuxing happens in the thread that made the object, and that thread closes it: FFmpeg's contexts are not shared.
Blocking calls are bounded by FFmpeg's own socket time-out; PyAV's would take the GIL at every poll.
"""

from __future__ import annotations

import secrets
import struct
import threading
from collections.abc import Generator, Iterator
from datetime import datetime
from types import TracebackType
from typing import Self, cast

import av
from av import AudioStream, VideoStream
from av.container import Flags, InputContainer
from av.error import FFmpegError
from av.packet import Packet as AvPacket
from av.stream import Stream

from camsvc import __version__
from camsvc.clock import Clock
from camsvc.domain.camera import Transport
from camsvc.errors import (
    MediaError,
    ParametersChangedError,
    SourceError,
    StallError,
    UnplayableError,
)
from camsvc.log import redact
from camsvc.media.decode import examine
from camsvc.media.libav import TIME_BASE
from camsvc.media.nal import ParameterSets, is_annex_b
from camsvc.media.packets import (
    AudioParameters,
    ClockReading,
    Kind,
    Packet,
    Parameters,
    VideoParameters,
)
from camsvc.media.rtsp_errors import translated, userinfo
from camsvc.media.timing import RawPacket, SessionTiming

STALL_S = 6.0
"""No camera in use sends fewer pictures than one in two seconds; Wi-Fi and WAN links recover within four."""

KEY_FRAME_TIMEOUT_S = 60.0
"""Cameras with "smart" codecs send a key frame every 10 to 20 s, some once a minute."""

SETTLE_S = 0.5
"""For so long packets are held at the start: what the camera had in store and what FFmpeg read ahead arrives faster
than real time, and only then is it known where media time lies on our clock."""

ANALYSE_US = 1_500_000
"""How long FFmpeg may look for the parameters of a track that the session description promises but nobody sends."""

REORDER_US = 200_000
"""How long a lost UDP packet is waited for: twice the jitter of a bad LAN."""

SETTLE_BYTES = 16 * 1024 * 1024
"""Bound of what is held meanwhile, for a server that sends a file as fast as it can."""

UDP_BUFFER_BYTES = 2 * 1024 * 1024
"""A key frame of an 8 MP camera arrives as one burst of up to 1 MB."""

VIDEO_CODECS = frozenset({"h264", "hevc"})
MAX_FPS = 240
"""Beyond it a declared rate is a mistake: some cameras declare the 90 kHz of their clock."""

CAMERA_CLOCK_INTERVAL_S = 1.0
"""Reading side data costs more than the rest of a packet; the camera's clock does not move faster."""

PRODUCER_REFERENCE_TIME = struct.Struct("<q")
"""AVProducerReferenceTime begins with the wall clock in µs since the epoch."""


class RtspSource:
    """A camera's stream; implements ``media.packets.Source``.

    The constructor connects and waits for the first key frame. It raises SourceError, SourceRefusedError (the camera
    said no), StallError (it went silent) or UnplayableError (not H.264 or H.265). No message, and no error chained to
    it, holds the credentials of ``url``.
    """

    def __init__(
        self,
        url: str,
        *,
        transport: Transport = Transport.TCP,
        clock: Clock,
        stop: threading.Event,
        stall_s: float = STALL_S,
    ) -> None:
        self._secret = userinfo(url)
        self._address = redact(url)
        self._clock, self._stop, self._stall_s = clock, stop, stall_s
        self._progress_s = clock.monotonic_s()
        self.session = session_id(clock.now())
        self.corrupt_packets = 0
        """Dropped: not a picture at all."""
        self.reorder_depth: int
        """How many pictures a decoder holds back; more than 0 means B-frames."""
        self._camera_clock_due_s = 0.0
        self._container = self._open(url, transport)
        try:
            self._video, self._audio = self._choose_streams()
            self._packets = self._demuxed()
            self._sets = ParameterSets.of(self._video.codec.name, self._video.codec_context.extradata or b"")
            described = self._sets
            self._first = self._await_key_frame()
            self._sets = described.updated(ParameterSets.of(self._video.codec.name, self._first.data))
            self._size, self.reorder_depth = self._measure(trust=not described.contradicts(self._sets))
            self.parameters = Parameters(self._describe_video(), self._describe_audio())
        except BaseException:
            self._container.close()
            raise
        self._timing = SessionTiming(
            clock,
            video=self._video.time_base or TIME_BASE,
            audio=self._audio.time_base if self._audio else None,
            reorder_depth=self.reorder_depth,
            fps=self.parameters.video.nominal_fps,
        )

    @property
    def profile(self) -> str | None:
        return self._video.profile

    @property
    def repaired_timestamps(self) -> int:
        return self._timing.repaired

    def packets(self) -> Iterator[Packet]:
        """Begins with a key frame, half a second late and then in real time. Ends only when ``stop`` is set.

        Raises SourceError, StallError, TimelineError, ParametersChangedError.
        """
        yield from self._timing.begin(self._settle())
        for raw in self._packets:
            if raw.kind is Kind.VIDEO and raw.is_key:
                self._check_parameters(raw.data)
            packet = self._timing.stamped(raw)
            if packet is not None:
                yield packet

    def clock(self) -> ClockReading:
        """Any thread may call it."""
        return self._timing.reading()

    def close(self) -> None:
        """By the thread that made the object."""
        self._packets.close()
        self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self, url: str, transport: Transport) -> InputContainer:
        options = {
            "rtsp_transport": transport.value,
            "timeout": str(int(self._stall_s * 1e6)),
            "user_agent": f"camsvc/{__version__}",
            # ONVIF metadata tracks would only delay the start.
            "allowed_media_types": "video+audio",
            "analyzeduration": str(ANALYSE_US),
            "fpsprobesize": "0",
            "max_delay": str(REORDER_US),
            "buffer_size": str(UDP_BUFFER_BYTES),
        }
        try:
            container = av.open(url, format="rtsp", options=options)
        except (FFmpegError, OSError, ValueError) as error:
            raise self._translated(error, "cannot be opened") from error
        # PyAV asks for made-up time stamps, for which FFmpeg would hold packets back. Ours are better.
        container.flags &= ~cast(int, Flags.gen_pts.value)
        return container

    def _choose_streams(self) -> tuple[VideoStream, AudioStream | None]:
        if not self._container.streams.video:
            raise UnplayableError(f"{self._address}: no video in this stream: give the URL of a video stream")
        video = self._container.streams.video[0]
        codec = video.codec_context.name if video.codec_context else "an unknown codec"
        if codec not in VIDEO_CODECS:
            raise UnplayableError(f"{self._address}: the camera sends {codec}: set its video codec to H.264 or H.265")
        audio = next((stream for stream in self._container.streams.audio if stream.codec_context), None)
        return video, audio if audio and audio.codec_context.sample_rate else None

    def _measure(self, *, trust: bool) -> tuple[tuple[int, int], int]:
        """Picture size and reorder depth.

        FFmpeg has both, unless the camera was silent when it looked, or described another video than it sends.
        """
        context = self._video.codec_context
        if trust and context.width and self._sets.is_complete:
            return (context.width, context.height), int(context.reorder_depth)
        seen = examine(context.name, self._sets.annex_b, self._first.data) if self._sets.is_complete else None
        if seen is None:
            raise UnplayableError(
                f"{self._address}: no picture can be decoded, parameter sets (SPS, PPS) are missing or wrong: "
                "restart the camera or renew its firmware"
            )
        return seen[:2], seen[2]

    def _describe_video(self) -> VideoParameters:
        context = self._video.codec_context
        rate = self._video.average_rate or self._video.guessed_rate
        fps = float(rate) if rate and 0 < rate <= MAX_FPS else None
        return VideoParameters(context.name, *self._size, self._sets.annex_b, fps)

    def _describe_audio(self) -> AudioParameters | None:
        if self._audio is None:
            return None
        context = self._audio.codec_context
        return AudioParameters(
            context.codec.canonical_name, context.sample_rate, context.channels, context.extradata or b""
        )

    def _await_key_frame(self) -> RawPacket:
        deadline_s = self._clock.monotonic_s() + KEY_FRAME_TIMEOUT_S
        for raw in self._packets:
            if raw.kind is Kind.VIDEO and raw.is_key:
                return raw
            if raw.arrived_s > deadline_s:
                raise StallError(
                    f"{self._address}: no key frame within {KEY_FRAME_TIMEOUT_S:g} s: "
                    "set the camera's key frame interval (GOP, I-frame interval) to 1 to 2 s"
                )
        raise SourceError(f"{self._address}: opening was given up, since the service is stopping")

    def _settle(self) -> list[RawPacket]:
        """The first key frame and what follows it until packets arrive in real time."""
        head, size_bytes = [self._first], 0
        for raw in self._packets:
            head.append(raw)
            size_bytes += len(raw.data)
            if raw.kind is Kind.VIDEO and raw.is_key:
                self._check_parameters(raw.data)
            if raw.arrived_s - self._first.arrived_s >= SETTLE_S or size_bytes > SETTLE_BYTES:
                break
        return head

    def _demuxed(self) -> Generator[RawPacket]:
        """Until ``stop`` is set. Everything that comes from FFmpeg passes here."""
        streams = [self._video, *([self._audio] if self._audio else [])]
        frozen_pts: int | None = None
        self._progress_s = self._clock.monotonic_s()
        try:
            for packet in self._container.demux(*streams):
                if self._stop.is_set():
                    return
                now_s = self._clock.monotonic_s()
                is_video = packet.stream_index == self._video.index
                if is_video and packet.size and (packet.pts is None or packet.pts != frozen_pts):
                    frozen_pts, self._progress_s = packet.pts, now_s
                elif now_s - self._progress_s > self._stall_s:
                    raise self._stalled()
                if raw := self._accepted(packet, now_s, is_video=is_video):
                    yield raw
        except FFmpegError as error:
            raise self._translated(error, "failed") from error
        if not self._stop.is_set():
            raise SourceError(f"{self._address}: the camera closed the connection")

    def _accepted(self, packet: AvPacket[Stream], now_s: float, *, is_video: bool) -> RawPacket | None:
        if not packet.size:
            return None
        data = bytes(packet)
        if not is_video:
            return RawPacket(Kind.AUDIO, data, packet.pts, packet.duration or 0, True, now_s, None)
        if not is_annex_b(data):
            self.corrupt_packets += 1
            return None
        camera_us = None
        if now_s >= self._camera_clock_due_s and packet.has_sidedata("prft"):
            self._camera_clock_due_s = now_s + CAMERA_CLOCK_INTERVAL_S
            (camera_us,) = PRODUCER_REFERENCE_TIME.unpack_from(bytes(packet.get_sidedata("prft")))
        return RawPacket(Kind.VIDEO, data, packet.pts, packet.duration or 0, packet.is_keyframe, now_s, camera_us)

    def _check_parameters(self, key_frame: bytes) -> None:
        newer = ParameterSets.of(self._video.codec_context.name, key_frame)
        if not self._sets.contradicts(newer):
            return
        # A set that was only damaged on its way decodes to nothing, and the next is whole again.
        if examine(self._video.codec_context.name, self._sets.updated(newer).annex_b, key_frame):
            raise ParametersChangedError(f"{self._address}: the camera changed its codec parameters or picture size")

    def _stalled(self) -> StallError:
        return StallError(f"{self._address}: no new picture for {self._stall_s:g} s")

    def _translated(self, error: Exception, what: str) -> MediaError:
        return translated(error, f"{self._address}: {what}", secret=self._secret, stall_s=self._stall_s)


def session_id(opened_at: datetime) -> str:
    """Sorts by time; the random end tells apart what two workers opened in the same microsecond."""
    return f"{opened_at:%Y%m%dT%H%M%S.%f}Z-{secrets.token_hex(3)}"
