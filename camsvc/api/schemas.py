"""What answers look like, for the OpenAPI document. A test holds real answers to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from camsvc.config import AreaPath, CameraId, DetectConfig, LocationConfig, PresenceRule
from camsvc.domain.account import Action, Role
from camsvc.domain.camera import CameraState, Severity, Transport
from camsvc.domain.fault import FaultKind, Finder
from camsvc.domain.incident import GapReason, IncidentState
from camsvc.domain.track import ObjectClass
from camsvc.domain.wall import CAMERAS_MAX, CYCLE_MAX_S, CYCLE_MIN_S


class Problem(BaseModel):
    """RFC 9457, with ``parameter``, ``cure``, ``errors`` and ``id`` where they apply."""

    type: str
    title: str
    status: int
    detail: str
    parameter: str | None = None
    cure: str | None = None
    errors: list[dict[str, str]] | None = None
    id: str | None = Field(default=None, description="Under it the server's log says more")


class Token(BaseModel):
    access_token: str
    token_type: Literal["bearer"]
    expires_in: int = Field(description="Seconds")


class Grant(BaseModel):
    role: Role
    area: str | None = Field(description="With all below it; null: everywhere")


class Me(BaseModel):
    name: str
    roles: list[Role]
    grants: list[Grant]
    actions: dict[Action, list[str] | None] = Field(
        description="What may be done, and in which areas with all below them; null: everywhere"
    )


class PasswordAgain(BaseModel):
    model_config = {"extra": "forbid"}
    password: str = Field(max_length=1000, description="One's own, again", json_schema_extra={"format": "password"})


class PasswordChange(BaseModel):
    model_config = {"extra": "forbid"}
    old: str = Field(max_length=1000, json_schema_extra={"format": "password"})
    new: str = Field(max_length=1000, json_schema_extra={"format": "password"})


class CodeGiven(BaseModel):
    model_config = {"extra": "forbid"}
    code: str = Field(max_length=100, description="Six figures, as the authenticator shows them")


class PasswordAndCode(PasswordAgain):
    code: str = Field(max_length=100, description="Of the second factor, or a recovery code")


class SecondFactor(BaseModel):
    since: datetime | None = Field(description="When it was set up; null: it is not")
    required: bool = Field(description="Policy wants one of this account")
    recovery_codes: int = Field(description="That are still good")


class SecondFactorBegun(BaseModel):
    secret: str = Field(description="Base 32, to type into an authenticator")
    uri: str = Field(description="The same for a QR code (otpauth://…)")


class RecoveryCodes(BaseModel):
    recovery_codes: list[str] = Field(description="Each takes the place of one code, once")


class CameraStatus(BaseModel):
    state: CameraState
    since: datetime
    detail: str | None
    worker: str | None
    last_packet_at: datetime | None
    codec: str | None
    width: int | None
    height: int | None
    fps: float | None
    bitrate_bps: int | None
    clock_error_ms: float | None
    camera_clock_offset_ms: float | None
    sessions: int
    analysed_fps: float | None
    shed_frames: int


class Streams(BaseModel):
    main: str = Field(description="Credentials are replaced by ***")
    sub: str | None
    transport: Transport


class Camera(BaseModel):
    id: str
    name: str
    area: str
    location: LocationConfig | None
    streams: Streams
    detect: DetectConfig
    zones: dict[str, list[tuple[float, float]]]
    lines: dict[str, list[tuple[float, float]]]
    rules: list[PresenceRule]
    enabled: bool
    has_credentials: bool
    status: CameraStatus


class CameraPage(BaseModel):
    items: list[Camera]
    next_cursor: str | None


class CameraChange(BaseModel):
    member: str = Field(description="Dotted, like location.lat; streams.credentials for what is never shown")
    before: Any
    after: Any


class ImportFault(BaseModel):
    column: str | None
    code: str
    detail: str
    cure: str | None


class ImportRow(BaseModel):
    row: int = Field(description="Line of the file, from 1; of YAML the number of the camera")
    id: str | None
    name: str | None
    outcome: Literal["added", "changed", "unchanged", "refused"]
    changes: list[CameraChange]
    faults: list[ImportFault]


class CameraImport(BaseModel):
    applied: bool
    counts: dict[str, int]
    new_areas: list[str] = Field(description="Areas that are not there yet, and are made with it")
    digest: str = Field(description="As If-Match of the import itself: it does what this said, or nothing")
    rows: list[ImportRow]


class Area(BaseModel):
    path: str
    name: str
    parent: str | None
    cameras: int = Field(description="In it and in all areas below it")


class AreaNode(Area):
    areas: list[AreaNode]


class AreaTree(BaseModel):
    items: list[AreaNode]


class AreaName(BaseModel):
    """What PUT takes."""

    model_config = {"extra": "forbid"}
    name: str = Field(min_length=1, max_length=200)


class AreaMove(BaseModel):
    model_config = {"extra": "forbid"}
    to: AreaPath = Field(description="Area that is there already")


class AreaMoved(BaseModel):
    moved: int = Field(description="Cameras")


class Probe(BaseModel):
    codec: str
    profile: str | None
    width: int
    height: int
    fps: float
    gop_s: float | None
    has_b_frames: bool
    audio_codec: str | None
    audio_sample_rate_hz: int | None
    bitrate_bps: int
    clock_offset_ms: float | None
    opened_in_s: float
    watched_s: float
    corrupt_packets: int
    repaired_timestamps: int
    advice: list[str] = Field(description="What to change on the camera and why; empty: leave it as it is")
    picture_jpeg: str | None = Field(description="Its first picture, base64")


class TestedIncident(BaseModel):
    id: UUID
    kind: str
    zone: str | None
    started_at: datetime
    ended_at: datetime | None
    outcome: Literal["kept", "gone", "unknown"]


class ConcludedObject(BaseModel):
    class_: ObjectClass = Field(alias="class")
    confidence: float


class ConcludedIncident(BaseModel):
    rule: int = Field(description="Its place among the rules, from 0")
    kind: str
    zone: str | None
    severity: Severity
    started_at: datetime
    ended_at: datetime
    open: bool
    objects: list[ConcludedObject]
    incidents: list[UUID] = Field(description="Stored incidents of the same time")


class NotAnalysed(BaseModel):
    started_at: datetime
    ended_at: datetime
    reason: GapReason


class RuleTest(BaseModel):
    from_: datetime = Field(alias="from")
    to: datetime
    limits: list[str] = Field(description="What the stored hour cannot answer: see docs/reference/rules.md")
    incidents: list[TestedIncident]
    concluded: list[ConcludedIncident]
    not_analysed: list[NotAnalysed]


class RuleTrial(BaseModel):
    """What is tried; what is left out is as it is stored."""

    model_config = {"extra": "forbid"}
    zones: dict[str, list[tuple[float, float]]] | None = None
    lines: dict[str, list[tuple[float, float]]] | None = None
    rules: list[PresenceRule] | None = None
    detect: DetectConfig | None = None


class IncidentObject(BaseModel):
    track: int
    class_: ObjectClass = Field(alias="class")
    confidence: float
    colour: str | None
    direction_deg: float | None
    speed_kmh: float | None
    speed_error_kmh: float | None


class Gap(BaseModel):
    started_at: datetime
    ended_at: datetime
    reason: GapReason


class ClipPart(BaseModel):
    index: int
    url: str
    session: str
    started_at: datetime
    ended_at: datetime
    start_pts_90k: int
    duration_s: float
    size_bytes: int
    sha256: str
    codec: str
    width: int
    height: int
    audio: str | None
    audio_note: str | None
    clock_error_ms: float
    camera_clock_offset_ms: float | None


class Clip(BaseModel):
    """``codec``, ``sha256`` and ``size_bytes`` are those of the first part."""

    started_at: datetime
    ended_at: datetime
    duration_s: float
    codec: str
    sha256: str
    size_bytes: int
    clock_error_ms: float
    gaps: list[Gap]
    parts: list[ClipPart]


class Incident(BaseModel):
    id: UUID
    camera: str
    area: str
    location: LocationConfig | None
    kind: str
    severity: Severity
    state: IncidentState
    started_at: datetime
    last_observed_at: datetime
    ended_at: datetime | None
    zone: str | None
    objects: list[IncidentObject]
    clip: Clip | None
    thumbnail: str | None
    tracks: str | None
    footage_expired_at: datetime | None = Field(
        description="When retention gave up its clip, thumbnail and tracks; null: it did not"
    )
    model: str
    worker: str
    epoch: int
    revision: int


class Fault(BaseModel):
    file: str = Field(description="Name of the stored file, like clip-0000.mp4")
    what: FaultKind = Field(description="missing; altered: other bytes; forged: the worker's seal does not fit")
    found_at: datetime
    found_by: Finder
    detail: str = Field(description="For an administrator")


class IncidentAndFaults(Incident):
    faults: list[Fault] = Field(description="Stored files that are not what was recorded: they are not shown")


class IncidentPage(BaseModel):
    items: list[Incident]
    next_cursor: str | None


class IncidentCount(BaseModel):
    count: int
    exact: bool = Field(description="False: about; told from a sample")


class IncidentBar(BaseModel):
    start: str = Field(description="UTC; the bar ends where the next unit of the zone begins")
    count: int


class IncidentHistogram(BaseModel):
    unit: str
    zone: str
    exact: bool = Field(description="False: about; told from a sample")
    bars: list[IncidentBar] = Field(description="In order of time, without the empty ones")


class IncidentCell(BaseModel):
    south: float
    west: float
    count: int


class IncidentHeat(BaseModel):
    cell_deg: float
    exact: bool = Field(description="False: about; told from a sample")
    cells: list[IncidentCell] = Field(description="The fullest first; incidents without a place are in none")


class WallLayout(BaseModel):
    """What PUT takes."""

    model_config = {"extra": "forbid"}
    tiles: Literal[1, 4, 9, 16, 25]
    cameras: list[CameraId | None] = Field(
        max_length=CAMERAS_MAX, description="In reading order; null: an empty tile. More than tiles: they take turns"
    )
    cycle_s: int | None = Field(
        default=None, ge=CYCLE_MIN_S, le=CYCLE_MAX_S, description="Seconds until the next cameras; null: they stay"
    )
    name: str | None = Field(default=None, description="As in the path, if given")


class Wall(BaseModel):
    name: str
    tiles: Literal[1, 4, 9, 16, 25]
    cameras: list[str | None]
    cycle_s: int | None


class Walls(BaseModel):
    items: list[Wall]


class Making(BaseModel):
    """A rendition that is being made."""

    stage: Literal["waiting", "fetching", "converting", "storing"]
    elapsed_s: float
    retry_after_s: int


class IceServer(BaseModel):
    urls: list[str]
    username: str | None = None
    credential: str | None = None


class IceServers(BaseModel):
    """Names as ``RTCPeerConnection`` takes them."""

    ice_servers: list[IceServer] = Field(alias="iceServers")


class Health(BaseModel):
    status: Literal["ok"]


class Readiness(BaseModel):
    status: Literal["ready", "not ready"]
    parts: dict[str, Literal["ready", "not ready"]]


PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "What is wrong with the request", "content": {"application/problem+json": {}}},
    "5XX": {"description": "What is wrong with the server", "content": {"application/problem+json": {}}},
}
"""For ``responses=`` of a router. The schema is put in by ``app.describe``."""
