"""An incident and its clip: what a rule concluded, and the footage of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from camsvc.domain.camera import Severity
from camsvc.domain.geo import Location
from camsvc.domain.track import ObjectClass


class IncidentState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    """Its end was observed."""
    INTERRUPTED = "interrupted"
    """Its end was not observed (crash, camera lost): it ends at the last observed moment (invariant 3)."""


class GapReason(StrEnum):
    """Why footage is missing, or why time was not analysed."""

    RECONNECT = "reconnect"
    STALL = "stall"
    JUMP = "jump"
    PARAMETERS = "parameters"
    """The camera changed codec or picture size."""
    CORRUPT = "corrupt"
    OVERFLOW = "overflow"
    """A bounded queue was full: disk or processor too slow."""
    CRASH = "crash"
    DISK_FULL = "disk_full"
    DETECTOR = "detector"
    """Detector failed, hung or was overloaded: not analysed."""


@dataclass(frozen=True, slots=True)
class Gap:
    started_at: datetime
    ended_at: datetime
    reason: GapReason


@dataclass(frozen=True, slots=True)
class ClipPart:
    """One MP4 file: packets of one session, bit for bit as the camera sent them (invariant 5)."""

    index: int
    key: str
    """Object key in the store."""
    session: str
    started_at: datetime
    """Wall time of the first packet, which is a key frame."""
    ended_at: datetime
    start_pts_90k: int
    """Media time of the first picture: player time 0."""
    duration_s: float
    size_bytes: int
    sha256: str
    codec: str
    """``h264`` or ``hevc``."""
    width: int
    height: int
    audio: str | None
    """Codec of the audio in the file; None: the file has none."""
    audio_note: str | None
    """Why the camera's audio is not in the file, if it has any."""
    clock_error_ms: float
    camera_clock_offset_ms: float | None


@dataclass(frozen=True, slots=True)
class Clip:
    """Never empty. Parts in order of time."""

    parts: tuple[ClipPart, ...]
    gaps: tuple[Gap, ...] = ()

    @property
    def started_at(self) -> datetime:
        return self.parts[0].started_at

    @property
    def ended_at(self) -> datetime:
        return self.parts[-1].ended_at

    @property
    def duration_s(self) -> float:
        return sum(part.duration_s for part in self.parts)

    @property
    def clock_error_ms(self) -> float:
        return max(part.clock_error_ms for part in self.parts)


@dataclass(frozen=True, slots=True)
class IncidentObject:
    """One track that took part. Attributes are None when not known, never guessed."""

    track: int
    object_class: ObjectClass
    confidence: float
    """Highest seen."""
    colour: str | None = None
    direction_deg: float | None = None
    speed_kmh: float | None = None
    speed_error_kmh: float | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    id: UUID
    camera: str
    area: str
    location: Location | None
    """Where the camera stood then."""
    kind: str
    severity: Severity
    state: IncidentState
    started_at: datetime
    last_observed_at: datetime
    ended_at: datetime | None
    """None while open."""
    zone: str | None
    objects: tuple[IncidentObject, ...]
    revision: int
    """Rises by one with every change; the row with the highest wins."""
    epoch: int
    """Of the camera's lease under which it was opened (invariant 7)."""
    worker: str
    model: str
    clip: Clip | None = None
    thumbnail: str | None = None
    """Object key."""
    tracks: str | None = None
    """Object key of the tracks' JSON."""
    footage_expired_at: datetime | None = None
    """When retention gave up its clip, thumbnail and tracks, which are None since; None: it did not."""

    @property
    def until(self) -> datetime:
        """Its end; of one that is open, when it was last observed."""
        return self.ended_at or self.last_observed_at


def new_incident_id(at: datetime) -> UUID:
    """UUIDv7 (RFC 9562 §5.7): 48 bits of Unix milliseconds of ``at``, then random."""
    unix_ms = int(at.timestamp() * 1000)
    value = (unix_ms & (1 << 48) - 1) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)
