"""An export: what is to be in an evidence package, and how far the making of it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class ExportState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    """The package was deleted after its time; the record stays."""


@dataclass(frozen=True, slots=True)
class Span:
    """All footage that a camera has of a span of time."""

    camera: str
    from_at: datetime
    to_at: datetime
    """Exclusive."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A picture of a case."""

    item: int
    key: str
    sha256: str
    camera: str
    area: str
    at: datetime
    by: str
    comment: str = ""
    clock_error_ms: float | None = None
    incident: UUID | None = None
    """That it was taken from; None: of a live picture."""


@dataclass(frozen=True, slots=True)
class Subjects:
    """What a package is of. Not all empty."""

    incidents: tuple[UUID, ...] = ()
    spans: tuple[Span, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()


@dataclass(frozen=True, slots=True)
class Contents:
    """What goes into a package beside the manifest, its signature, the reports and the instructions."""

    originals: bool = True
    """Clips bit for bit, with the worker's seals and C2PA manifests. False for what is shared redacted."""
    thumbnails: bool = True
    tracks: bool = True
    viewing: bool = False
    """One MP4 an incident for viewing: burnt-in camera, UTC and local time, boxes; gaps as slates; C2PA embedded."""
    redacted: bool = False
    """One MP4 an incident with its stored redaction (``domain.redaction``) applied; an incident without one, all people
    and vehicles blurred. Together with ``originals`` it makes no sense: InputError."""
    provenance: bool = True
    """C2PA."""
    time_stamp: bool = True
    """RFC 3161, if the settings name an authority."""
    languages: tuple[str, ...] = ("vi", "en")
    """Of the reports."""


@dataclass(frozen=True, slots=True)
class Export:
    """A job as it is shown. Times UTC."""

    id: UUID
    state: ExportState
    subjects: Subjects
    contents: Contents
    reason: str
    case_number: str | None
    encrypted_for: str | None
    """Subject of the recipient's certificate; None: not encrypted."""
    created_at: datetime
    created_by: str
    created_by_id: int | None
    done_bytes: int = 0
    all_bytes: int = 0
    """0: not known yet."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    error: str | None = None
    """For people, with the cure."""
    problems: tuple[str, ...] = ()
    """Files in the package that are altered or missing."""
    size_bytes: int | None = None
    sha256: str | None = None
    """Of the package file."""
    manifest_sha256: str | None = None
    certificate_sha256: str | None = None
    expires_at: datetime | None = None
    downloads: int = 0
    case_id: int | None = None
    """The case it was made for; None: of none here (``case_number`` may name one elsewhere)."""
    package: UUID | None = None
    """As its manifest names it; None: not made yet."""
    estimated_bytes: int = 0
    """Of the package, before it is made: what the quota counts until then."""
    attempts: int = 0
    """Begun so often: a server may die, a store be away."""
    is_cancelling: bool = False
    """Somebody wants it to stop; it does within seconds."""
    notes: tuple[str, ...] = ()
    """What could not be done and is not needed to prove anything."""
    envelope_bytes: int | None = None
    """Of the ``.cms`` file, which opens the package for its recipient; None: not encrypted."""
    envelope_sha256: str | None = None

    @property
    def is_waiting(self) -> bool:
        """Queued or running: it will come to something."""
        return self.state in {ExportState.QUEUED, ExportState.RUNNING}
