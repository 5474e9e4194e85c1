"""The immutable packet, and what a stream is made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import TracebackType
from typing import Protocol, Self

from camsvc.domain.incident import GapReason
from camsvc.errors import MediaError, ParametersChangedError, StallError, TimelineError, UnplayableError

CLOCK_HZ = 90_000
"""Media time unit of RTP video (RFC 3551 §5); audio is rescaled to it as well."""


class Kind(StrEnum):
    VIDEO = "video"
    AUDIO = "audio"


@dataclass(frozen=True, slots=True)
class VideoParameters:
    codec: str
    """FFmpeg's name: ``h264`` or ``hevc``."""
    width: int
    height: int
    extradata: bytes = field(repr=False)
    """Parameter sets, Annex B."""
    nominal_fps: float | None = None


@dataclass(frozen=True, slots=True)
class AudioParameters:
    codec: str
    """FFmpeg's name: ``aac``, ``opus``, ``pcm_mulaw``…"""
    sample_rate_hz: int
    channels: int
    extradata: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Parameters:
    """What one session carries from its first packet to its last; a change ends the session."""

    video: VideoParameters
    audio: AudioParameters | None = None


@dataclass(frozen=True, slots=True)
class Packet:
    """One encoded access unit. Shared freely between threads; build a fresh ``av.Packet`` for each use of it."""

    kind: Kind
    data: bytes = field(repr=False)
    """Video: Annex B."""
    pts_90k: int
    """Since the session's first video packet, unwrapped. Audio may start slightly below 0."""
    dts_90k: int
    duration_90k: int
    """0 when the stream does not say."""
    is_key: bool
    at: datetime
    """Wall time (UTC) of the packet's media time, anchored to monotonic arrival."""


@dataclass(frozen=True, slots=True)
class ClockReading:
    """How far a session's wall times may be trusted; grows better with time."""

    error_ms: float
    camera_offset_ms: float | None
    """Camera's clock minus ours, from its sender reports; None when it sends none."""


def gap_reason(error: MediaError) -> GapReason:
    """What the record says of footage that is missing because a session ended with ``error``."""
    for kind, reason in _GAP_REASONS:
        if isinstance(error, kind):
            return reason
    return GapReason.RECONNECT


_GAP_REASONS = (
    (StallError, GapReason.STALL),
    (TimelineError, GapReason.JUMP),
    (ParametersChangedError, GapReason.PARAMETERS),
    (UnplayableError, GapReason.CORRUPT),
)


class Source(Protocol):
    """One opened stream, lived once: iterate to the end or to an error, then close. Used by one thread only."""

    session: str
    """Unique, sortable by time."""
    parameters: Parameters

    def packets(self) -> Iterator[Packet]:
        """Blocks for at most a few seconds a packet. Ends at the end of a file.

        Raises SourceError, StallError, TimelineError, ParametersChangedError.
        """
        ...

    def clock(self) -> ClockReading: ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
