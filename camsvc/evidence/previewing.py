"""What a package would hold, before it is made: nothing of the footage is read, and nothing is recorded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from camsvc.db.queries import holds
from camsvc.domain.case import Access
from camsvc.domain.export_job import Contents, Snapshot, Span, Subjects
from camsvc.domain.fault import Fault
from camsvc.domain.incident import ClipPart, Incident, IncidentState
from camsvc.evidence.contents import Found, FoundSpan, Gathered, Hole, clip_name
from camsvc.evidence.gathering import gather
from camsvc.evidence.means import ANY_FOOTAGE, USUAL, Means
from camsvc.evidence.package import effective

VIEWING_SHARE = 1.0
"""Bytes of a copy for viewing for one of the original's: made at the same size of picture, with the encoder's constant
quality, which came out near the cameras' own rate. An estimate for people; the package may be smaller or larger."""
EACH_BYTES = 64 * 1024
"""Of an incident beside its footage: thumbnail, tracks, C2PA manifests, its share of reports and manifest."""
FIXED_BYTES = 256 * 1024
"""Of a package: two PDFs with their letters, certificate, read-me."""


class WarningKind(StrEnum):
    GAPS = "gaps"
    """Footage is missing within the time of ``count`` incidents or spans."""
    EXPIRED = "expired"
    """Retention gave up the footage of ``count`` incidents."""
    NO_FOOTAGE = "no_footage"
    """``count`` incidents or spans have no footage."""
    OPEN = "open"
    """``count`` incidents go on: what comes after this is not in the package."""
    AT_FAULT = "at_fault"
    """Files of ``count`` incidents are known to be altered, missing or forged."""
    UNSEALED = "unsealed"
    """Footage of ``count`` incidents bears no worker's signature: it was recorded before there were any."""
    UNDECIDED = "undecided"
    """Nobody decided what to hide in ``count`` incidents: all people and vehicles will be."""
    SNAPSHOTS_LEFT_OUT = "snapshots_left_out"
    """``count`` snapshots stay out of a package of redacted copies: they may show what those hide."""


@dataclass(frozen=True, slots=True)
class PreviewIncident:
    number: int
    """In the package."""
    incident: Incident
    camera_name: str | None
    area_names: tuple[str, ...]
    parts: tuple[ClipPart, ...]
    """That go in."""
    holes: tuple[Hole, ...]
    size_bytes: int
    """Of its parts."""
    is_held: bool
    faults: tuple[Fault, ...]
    is_sealed: bool
    """Each of its parts bears a worker's signature."""


@dataclass(frozen=True, slots=True)
class PreviewSpan:
    number: int
    span: Span
    """As far as who asks may have it."""
    camera_name: str | None
    incidents: tuple[int, ...]
    footage: tuple[tuple[datetime, datetime], ...]
    holes: tuple[Hole, ...]


@dataclass(frozen=True, slots=True)
class PreviewSnapshot:
    number: int
    snapshot: Snapshot
    camera_name: str | None


@dataclass(frozen=True, slots=True)
class PreviewWarning:
    kind: WarningKind
    count: int = 1


@dataclass(frozen=True, slots=True)
class Preview:
    incidents: tuple[PreviewIncident, ...]
    spans: tuple[PreviewSpan, ...]
    snapshots: tuple[PreviewSnapshot, ...]
    footage_bytes: int
    """Of the originals that are read, whether or not they go in themselves."""
    duration_s: float
    """Of that footage."""
    package_bytes: int
    """Estimated: exact for originals, a guess for copies."""
    warnings: tuple[PreviewWarning, ...] = field(default=())


def preview(means: Means, subjects: Subjects, contents: Contents = USUAL, access: Access = ANY_FOOTAGE) -> Preview:
    """Raises as ``package.export`` before it writes: NotFoundError, InputError, DatabaseUnavailableError."""
    with means.database.session() as session:
        found = gather(session, subjects, access)
        held = holds.held_ids(session, [each.incident.id for each in found.incidents])
    contents = effective(contents)
    incidents = tuple(_incident(each, held) for each in found.incidents)
    footage_bytes = sum(each.size_bytes for each in incidents)
    return Preview(
        incidents,
        tuple(_span(each) for each in found.spans),
        tuple(PreviewSnapshot(each.number, each.snapshot, each.camera.name) for each in found.snapshots),
        footage_bytes,
        sum(part.duration_s for each in incidents for part in each.parts),
        _estimate(found, footage_bytes, contents),
        tuple(_warnings(found, incidents, contents)),
    )


def _warnings(found: Gathered, incidents: tuple[PreviewIncident, ...], contents: Contents) -> Iterator[PreviewWarning]:
    """What whoever asks should know before; in the order of WarningKind."""
    expired = [each for each in incidents if each.incident.footage_expired_at is not None]
    empty = [each for each in incidents if not each.parts and each.incident.footage_expired_at is None]
    counts = {
        WarningKind.GAPS: sum(bool(each.holes) for each in incidents) + sum(bool(each.holes) for each in found.spans),
        WarningKind.EXPIRED: len(expired),
        WarningKind.NO_FOOTAGE: len(empty) + sum(not each.footage for each in found.spans),
        WarningKind.OPEN: sum(each.incident.state is IncidentState.OPEN for each in incidents),
        WarningKind.AT_FAULT: sum(bool(each.faults) for each in incidents),
        WarningKind.UNSEALED: sum(bool(each.parts) and not each.is_sealed for each in incidents),
        WarningKind.UNDECIDED: sum(
            contents.redacted and bool(each.parts) and each.redaction is None for each in found.incidents
        ),
        WarningKind.SNAPSHOTS_LEFT_OUT: len(found.snapshots) if contents.redacted else 0,
    }
    yield from (PreviewWarning(kind, count) for kind, count in counts.items() if count)


def _estimate(found: Gathered, footage_bytes: int, contents: Contents) -> int:
    shares = contents.originals + (contents.viewing + contents.redacted) * VIEWING_SHARE
    others = len(found.incidents) + len(found.snapshots)
    return round(footage_bytes * shares) + others * EACH_BYTES + FIXED_BYTES


def _incident(found: Found, held: set[UUID]) -> PreviewIncident:
    incident = found.incident
    return PreviewIncident(
        found.number,
        incident,
        found.camera.name,
        found.camera.area_names,
        found.parts,
        found.holes,
        sum(part.size_bytes for part in found.parts),
        incident.id in held,
        found.faults,
        all(clip_name(part.index) in found.seals for part in found.parts),
    )


def _span(found: FoundSpan) -> PreviewSpan:
    return PreviewSpan(found.number, found.span, found.camera.name, found.incidents, found.footage, found.holes)
