"""What is sent and answered about exports and notices, for the OpenAPI document."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from camsvc.api.services.exports.orders import RECIPIENT_MAX_BYTES, QuotaKind
from camsvc.config import CameraId
from camsvc.domain.case import ITEMS_MAX
from camsvc.domain.export_job import ExportState
from camsvc.domain.hold import CASE_MAX, REASON_MAX
from camsvc.domain.notice import NoticeKind
from camsvc.evidence.previewing import WarningKind

IDS_MAX = 200


class SpanWish(BaseModel):
    model_config = {"extra": "forbid"}
    camera: CameraId
    from_: AwareDatetime = Field(alias="from")
    to: AwareDatetime = Field(description="Exclusive; at most a day later")


class ContentsWish(BaseModel):
    """What goes into the package beside its manifest, signature, reports and instructions."""

    model_config = {"extra": "forbid"}
    originals: bool = Field(default=True, description="Clips bit for bit, with seals and C2PA manifests")
    thumbnails: bool = True
    tracks: bool = True
    viewing: bool = Field(
        default=False, description="A copy for viewing of each incident: place, times, boxes burnt in"
    )
    redacted: bool = Field(default=False, description="A copy of each incident with its redaction applied")
    provenance: bool = Field(default=True, description="C2PA manifests")
    time_stamp: bool = Field(default=True, description="RFC 3161, where the settings name an authority")
    languages: Annotated[list[Literal["vi", "en"]], Field(min_length=1, max_length=2)] = ["vi", "en"]


class PreviewWish(BaseModel):
    """Incidents and spans, or a case."""

    model_config = {"extra": "forbid"}
    incidents: list[UUID] = Field(default=[], max_length=ITEMS_MAX)
    spans: list[SpanWish] = Field(default=[], max_length=ITEMS_MAX)
    case: int | None = Field(default=None, ge=0, le=2**63 - 1, description="Id of a case: then nothing else is named")
    items: list[Annotated[int, Field(ge=0, le=2**63 - 1)]] | None = Field(
        default=None, max_length=ITEMS_MAX, description="Of the case; null: all that you may export"
    )
    case_number: str | None = Field(
        default=None, min_length=1, max_length=CASE_MAX, description="Of a case that is kept elsewhere"
    )
    contents: ContentsWish = ContentsWish()
    recipient: str | None = Field(
        default=None,
        max_length=RECIPIENT_MAX_BYTES,
        description="Certificate (PEM, RSA) of the only one who is to open the package; null: not encrypted",
    )


class ExportWish(PreviewWish):
    reason: str = Field(min_length=1, max_length=REASON_MAX, description="In the package, the audit and the list")


class Progress(BaseModel):
    done_bytes: int = Field(description="Of footage")
    all_bytes: int | None = Field(description="null: not known yet")
    rate_bytes_s: int | None
    left_s: float | None = Field(description="Until it is done, at that rate; null: nobody can say")


class Export(BaseModel):
    id: UUID
    state: ExportState
    subjects: dict[str, Any] = Field(description="incidents, spans, snapshots")
    contents: ContentsWish
    reason: str
    case_id: int | None
    case_number: str | None
    encrypted_for: str | None
    created_at: datetime
    created_by: str
    started_at: datetime | None
    ended_at: datetime | None
    expires_at: datetime | None = Field(description="Then the package is deleted; null: there is none")
    cancelling: bool
    attempts: int
    progress: Progress
    estimated_bytes: int
    error: str | None
    problems: list[str] = Field(description="Files in the package that are altered or missing")
    notes: list[str]
    package: UUID | None = Field(description="As the manifest names it")
    size_bytes: int | None
    sha256: str | None = Field(description="Of the file that is fetched")
    envelope_bytes: int | None
    envelope_sha256: str | None
    manifest_sha256: str | None
    certificate_sha256: str | None = Field(description="Tell it to the recipient by another way than the package")
    downloads: int


class Exports(BaseModel):
    items: list[Export]
    next_before: UUID | None = Field(description="Ask again with it as 'before'; null: no more")


class Quota(BaseModel):
    """Bytes. Exports that are still to be made count as what they are expected to take."""

    account_used: int
    account_max: int
    total_used: int
    total_max: int
    disk_free: int | None = Field(description="Beside what recording needs; null: the store lies elsewhere")
    left: int
    waiting: int
    waiting_max: int
    keep_days: float


class Hole(BaseModel):
    from_: datetime = Field(alias="from")
    to: datetime
    reason: str


class PreviewIncident(BaseModel):
    number: int
    incident: UUID
    camera: str
    camera_name: str | None
    area_names: list[str]
    started_at: datetime
    ended_at: datetime | None
    parts: list[dict[str, Any]]
    holes: list[Hole]
    size_bytes: int
    held: bool
    sealed: bool
    faults: list[dict[str, Any]]


class PreviewSpan(BaseModel):
    number: int
    camera: str
    camera_name: str | None
    from_: datetime = Field(alias="from")
    to: datetime
    incidents: list[int]
    footage: list[dict[str, datetime]]
    holes: list[Hole]


class PreviewWarning(BaseModel):
    kind: WarningKind
    count: int


class Refusal(BaseModel):
    kind: QuotaKind
    detail: str
    cure: str | None


class Preview(BaseModel):
    incidents: list[PreviewIncident]
    spans: list[PreviewSpan]
    snapshots: list[dict[str, Any]]
    footage_bytes: int
    duration_s: float
    package_bytes: int = Field(description="Expected")
    expected_s: float | None = Field(description="To make it, once begun; null: nobody can say")
    warnings: list[PreviewWarning]
    quota: Quota
    refusal: Refusal | None = Field(description="Why it would be refused; null: it would not")


class Notice(BaseModel):
    id: int
    at: datetime
    kind: NoticeKind
    path: str = Field(description="Of the page it leads to")
    facts: dict[str, str]
    read_at: datetime | None


class Notices(BaseModel):
    items: list[Notice]
    unread: int
    next_before: int | None = Field(description="Ask again with it as 'before' for what came earlier; null: no more")


class Read(BaseModel):
    """Either ``up_to``, or ``ids``."""

    model_config = {"extra": "forbid"}
    up_to: int | None = Field(default=None, ge=0, le=2**63 - 1, description="Id of the newest that was looked at")
    ids: list[Annotated[int, Field(ge=0, le=2**63 - 1)]] = Field(default=[], max_length=IDS_MAX)
