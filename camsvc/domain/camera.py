"""A camera as it is wanted (configuration) and as it is (status)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from camsvc.domain.geo import Location
from camsvc.domain.track import ObjectClass

Polygon = tuple[tuple[float, float], ...]
"""Corners as fractions (x, y) of the picture's width and height, in order; closed implicitly."""

Line = tuple[tuple[float, float], ...]
"""As a polygon, from its first point to its last; its right side is that of who walks along it."""


class StreamRole(StrEnum):
    MAIN = "main"
    """Recorded."""
    SUB = "sub"
    """Analysed and shown on walls instead of main, where present."""


class Transport(StrEnum):
    TCP = "tcp"
    UDP = "udp"


class Severity(StrEnum):
    INFO = "info"
    NOTICE = "notice"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True)
class Streams:
    """URLs with credentials. ``repr`` hides them: invariant 9."""

    main: str = field(repr=False)
    sub: str | None = field(default=None, repr=False)
    transport: Transport = Transport.TCP


@dataclass(frozen=True, slots=True)
class Detect:
    fps: float = 5.0
    classes: tuple[ObjectClass, ...] = tuple(ObjectClass)
    min_confidence: float = 0.4


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """One rule of one camera. ``settings`` holds what only this kind knows, by its documented name and unit."""

    kind: str
    zone: str | None = None
    classes: tuple[ObjectClass, ...] | None = None
    severity: Severity = Severity.INFO
    settings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Camera:
    id: str
    name: str
    area: str
    """Path in the area tree, for example ``bac-ninh/yen-phong/tam-giang``."""
    location: Location | None
    streams: Streams
    detect: Detect = Detect()
    zones: Mapping[str, Polygon] = field(default_factory=dict)
    lines: Mapping[str, Line] = field(default_factory=dict)
    rules: tuple[RuleSpec, ...] = ()
    enabled: bool = True


class CameraState(StrEnum):
    """What is true of a camera's main stream now; the worker that owns it decides."""

    DISABLED = "disabled"
    """Not wanted: nobody connects."""
    UNASSIGNED = "unassigned"
    """Wanted, but no worker holds its lease: nothing is recorded."""
    CONNECTING = "connecting"
    """A session is opening; no packet yet."""
    LIVE = "live"
    """Packets arrive and media time advances."""
    RETRYING = "retrying"
    """The last session failed; waiting to connect again. ``detail`` says why."""
    REFUSED = "refused"
    """The camera said no (credentials, path); retried slowly. ``detail`` says what to mend."""


@dataclass(frozen=True, slots=True)
class CameraStatus:
    camera: str
    state: CameraState
    since: datetime
    worker: str | None = None
    detail: str | None = None
    """One sentence for a person; never holds a credential."""
    last_packet_at: datetime | None = None
    codec: str | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    bitrate_bps: int | None = None
    clock_error_ms: float | None = None
    """Estimated bound of the error of our wall time for this camera's packets."""
    camera_clock_offset_ms: float | None = None
    """Camera's own clock (RTCP sender reports) minus ours; null when it sends none."""
    sessions: int = 0
    """Sessions opened since the worker started: 1 means no reconnect."""
    analysed_fps: float | None = None
    shed_frames: int = 0
    """Frames given up by load shedding since the worker started."""
