"""What goes into a package, as plain values: asked for, found, and packed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from camsvc.domain.coverage import Coverage, MissingSpan
from camsvc.domain.export_job import Contents, Snapshot, Span, Subjects
from camsvc.domain.fault import Fault
from camsvc.domain.geo import Location
from camsvc.domain.incident import ClipPart, Gap, Incident
from camsvc.domain.redaction import Redaction
from camsvc.domain.seal import SealedFile, WorkerKey
from camsvc.evidence.ground import Line

Times = tuple[datetime, datetime]
"""From, to."""

INCIDENTS_MAX = 1000
"""Of one package: its manifest and reports are made in memory, some kilobytes an incident."""
TOLERANCE = timedelta(milliseconds=500)
"""Between two pictures, or two parts: less is no hole in the footage of a camera that sends two pictures a second."""
README, CERTIFICATE, SUMS = "README.txt", "certificate.pem", "SHA256SUMS"
MANIFEST, SIGNATURE, TIME_STAMP = "manifest.json", "manifest.json.sig", "manifest.json.sig.tsr"
TRACKS, THUMBNAIL = "tracks.json", "thumbnail.jpg"
"""In an incident's folder."""
WORKERS = "workers/"
"""Folder of the workers' public keys: ``workers/ID.pem``, the id being the SHA-256 of the key."""
SEAL, SEAL_SIGNATURE = ".seal", ".seal.sig"
"""Suffixes of the two files of a seal."""
UNLISTED = (SUMS, MANIFEST, SIGNATURE, TIME_STAMP)
"""Files that ``SHA256SUMS`` does not name: the manifest vouches for it, the signature for the manifest."""
FORMAT, VERSION = "camsvc-evidence", 1
UNRECORDED = "unrecorded"
"""In the place of a reason: none is known."""


class Role(StrEnum):
    ORIGINAL = "original"
    """Footage bit for bit as the camera sent it."""
    THUMBNAIL = "thumbnail"
    TRACKS = "tracks"
    PROVENANCE = "c2pa"
    """C2PA manifest of an original or a snapshot, beside it."""
    SEAL = "seal"
    """What the worker signed when it had written the file of the same name."""
    SEAL_SIGNATURE = "seal_signature"
    WORKER_KEY = "worker_key"
    """Public key that checks seals."""
    VIEWING = "viewing"
    """A copy for viewing: text and boxes burnt in, gaps as slates."""
    REDACTED = "redacted"
    """A copy in which people and vehicles are unrecognisable, as was decided."""
    PICTURE = "picture"
    """From a redacted copy: what reports show of it."""
    SNAPSHOT = "snapshot"
    NOTE = "note"
    """Says that the file of the same name is altered or missing."""
    REPORT = "report"
    README = "readme"
    CERTIFICATE = "certificate"


class FileState(StrEnum):
    INTACT = "intact"
    """Its sha256 is the one that was recorded when it was written."""
    ALTERED = "altered"
    """It is not what was written. It is in the package as it was found, marked as such."""
    FORGED = "forged"
    """It fits the record of it, but the record is not the one that the worker signed: both were changed. As
    ``storage.proofs`` judges it."""
    MISSING = "missing"
    """The store does not have it. It is not in the package."""
    UNRECORDED = "unrecorded"
    """No sha256 was recorded for it: nobody can tell."""
    MADE = "made"
    """Made for the package."""


@dataclass(frozen=True, slots=True)
class Request:
    """Who asked for what, and why."""

    subjects: Subjects
    reason: str
    by: str
    """For people: an account, or who sat at the command line."""
    case_number: str | None = None
    case_title: str | None = None
    case_people: tuple[str, ...] = ()
    """Names, with their roles. A case's notes are its people's own: they never go out with a package."""
    user_id: int | None = None
    user_name: str | None = None
    """Of an account."""
    source: str | None = None
    """Address that it came from; None: the command line."""


@dataclass(frozen=True, slots=True)
class CameraFacts:
    id: str
    name: str | None
    """None: the camera's record is gone."""
    area_names: tuple[str, ...]
    """Of its area then, from the root."""
    area: str = ""
    """Path of that area."""
    location: Location | None = None
    """Where it stands now; an incident keeps where it stood then."""

    @property
    def title(self) -> str:
        """Name and id."""
        return f"{self.name} ({self.id})" if self.name else self.id


@dataclass(frozen=True, slots=True)
class Hole:
    """Time without footage."""

    started_at: datetime
    ended_at: datetime
    reason: str
    """``domain.incident.GapReason``, or ``unrecorded``."""


@dataclass(frozen=True, slots=True)
class Found:
    """An incident with all that is known around it."""

    number: int
    """In the package, from 1."""
    incident: Incident
    camera: CameraFacts
    missing: tuple[MissingSpan, ...]
    """Within its time and clip: what was not recorded, and what was not analysed."""
    only: frozenset[int] | None = None
    """Parts of the clip that are asked for, by index: those that a span of time touches. None: all."""
    seals: Mapping[str, SealedFile] = field(default_factory=dict)
    """By the name of what they are of: ``clip-0000.mp4``, ``tracks.json``. What is not in it is unsealed."""
    forged: Mapping[str, str] = field(default_factory=dict)
    """By the same names: why what the index says of a file is not what its worker sealed."""
    faults: tuple[Fault, ...] = ()
    """Known before: files that are not what was recorded."""
    redaction: Redaction | None = None
    """What is hidden in a redacted copy; None: nobody decided anything."""

    @property
    def parts(self) -> tuple[ClipPart, ...]:
        """Of the clip, as far as they go into the package."""
        parts = self.incident.clip.parts if self.incident.clip else ()
        return parts if self.only is None else tuple(part for part in parts if part.index in self.only)

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Of the clip, as far as they lie between parts that go into the package."""
        gaps, parts = (self.incident.clip.gaps if self.incident.clip else ()), self.parts
        if self.only is None or not parts:
            return gaps
        return tuple(
            gap for gap in gaps if parts[0].ended_at <= gap.started_at and gap.ended_at <= parts[-1].started_at
        )

    @property
    def uncovered(self) -> tuple[Times, ...]:
        """Time of the incident that neither its footage covers nor a gap with a reason; oldest first."""
        incident, clip = self.incident, self.incident.clip
        spans = [(part.started_at, part.ended_at) for part in clip.parts] if clip else []
        spans += [(each.started_at, each.ended_at) for each in _told(self.missing, clip.gaps if clip else ())]
        return uncovered(spans, incident.started_at, incident.until)

    @property
    def holes(self) -> tuple[Hole, ...]:
        """As the clip tells them, and the camera's record of what it missed, and ``uncovered``; each once, oldest
        first."""
        clip = self.incident.clip
        return _holes(_told(self.missing, clip.gaps if clip else ()), self.uncovered)

    @property
    def folder(self) -> str:
        return f"incidents/{self.number:04d}_{self.incident.camera}_{self.incident.started_at:%Y%m%dT%H%M%SZ}"


@dataclass(frozen=True, slots=True)
class FoundSpan:
    """A span of time of a camera: what there is of it, and what there is not."""

    number: int
    span: Span
    """As far as who asked may have it."""
    camera: CameraFacts
    incidents: tuple[int, ...]
    """Numbers of those whose footage touches it."""
    footage: tuple[Times, ...]
    """Within the span; oldest first, apart from each other."""
    missing: tuple[MissingSpan, ...]

    @property
    def uncovered(self) -> tuple[Times, ...]:
        """Without footage, for no recorded reason: no incident kept it, or it has expired."""
        told = [(each.started_at, each.ended_at) for each in _told(self.missing)]
        return uncovered([*self.footage, *told], self.span.from_at, self.span.to_at)

    @property
    def holes(self) -> tuple[Hole, ...]:
        """Within the span: what the camera missed, and ``uncovered``; oldest first."""
        from_at, to_at = self.span.from_at, self.span.to_at
        told = {
            Hole(max(each.started_at, from_at), min(each.ended_at, to_at), each.reason)
            for each in _told(self.missing)
            if each.ended_at > from_at
        }
        return _holes(told, self.uncovered)


@dataclass(frozen=True, slots=True)
class FoundSnapshot:
    number: int
    snapshot: Snapshot
    camera: CameraFacts

    @property
    def name(self) -> str:
        """In the package."""
        return f"snapshots/{self.number:04d}_{self.snapshot.camera}_{self.snapshot.at:%Y%m%dT%H%M%SZ}.jpg"


@dataclass(frozen=True, slots=True)
class Gathered:
    """All that a package is of. Incidents are in order of time, each once."""

    incidents: tuple[Found, ...]
    spans: tuple[FoundSpan, ...] = ()
    snapshots: tuple[FoundSnapshot, ...] = ()


def clip_name(part: int) -> str:
    """Of an original, in its incident's folder."""
    return f"clip-{part:04d}.mp4"


def joined(spans: Iterable[Times], pause: timedelta = timedelta()) -> list[Times]:
    """Sorted spans, with those that are no further than ``pause`` apart made one."""
    found: list[Times] = []
    for started_at, ended_at in spans:
        if found and started_at - found[-1][1] <= pause:
            found[-1] = (found[-1][0], max(found[-1][1], ended_at))
        else:
            found.append((started_at, ended_at))
    return found


def uncovered(spans: Iterable[Times], from_at: datetime, to_at: datetime) -> tuple[Times, ...]:
    """What of [from_at, to_at) none of ``spans`` covers; oldest first; nothing shorter than TOLERANCE."""
    holes, place = [], from_at
    for started_at, ended_at in sorted(spans):
        if min(started_at, to_at) - place > TOLERANCE:
            holes.append((place, min(started_at, to_at)))
        place = max(place, ended_at)
    if to_at - place > TOLERANCE:
        holes.append((place, to_at))
    return tuple(holes)


@dataclass(frozen=True, slots=True)
class Packed:
    """A file of the package; a missing one is named too."""

    name: str
    role: Role
    state: FileState
    size_bytes: int = 0
    sha256: str | None = None
    """Of what is in the package; None: missing."""
    incident: UUID | None = None
    part: int | None = None
    recorded_sha256: str | None = None
    recorded_in: str | None = None
    """``index``: the database; ``store``: the store's own note of what was uploaded."""
    detail: str | None = None
    key: str | None = None
    """Of a seal: the id of the worker's key."""

    @property
    def is_sound(self) -> bool:
        return self.state in {FileState.INTACT, FileState.MADE}


@dataclass(slots=True)
class Package:
    """What is known of a package while it is made; the reports and the manifest are made from it."""

    id: UUID
    created_at: datetime
    request: Request
    organisation: str
    installation: dict[str, Any]
    """Of the manifest: who signs."""
    timezone: str
    contents: Contents
    found: Gathered
    custody: dict[str, Any]
    keys: Mapping[str, WorkerKey] = field(default_factory=dict)
    """Of the workers whose seals are in the package, by id."""
    ground: Sequence[Line] = ()
    """What maps are drawn on."""
    copies: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Of the manifest: how each copy was made, by its name."""
    files: list[Packed] = field(default_factory=list)
    pictures: dict[str, bytes] = field(default_factory=dict)
    """Thumbnails by name, as far as the PDF shows them."""

    @property
    def problems(self) -> list[Packed]:
        """Files that are altered, forged, missing or vouched for by nobody."""
        return [each for each in self.files if not each.is_sound]

    def of(self, found: Found, *roles: Role) -> list[Packed]:
        return [each for each in self.files if each.incident == found.incident.id and each.role in roles]


def _told(missing: Iterable[MissingSpan], gaps: Iterable[Gap] = ()) -> set[Hole]:
    """With a reason."""
    told = {Hole(each.started_at, each.ended_at, each.reason.value) for each in gaps}
    lost = (each for each in missing if each.what is Coverage.FOOTAGE)
    return told | {Hole(each.started_at, each.ended_at, each.reason.value) for each in lost}


def _holes(told: set[Hole], unknown: Iterable[Times]) -> tuple[Hole, ...]:
    everything = told | {Hole(*each, UNRECORDED) for each in unknown}
    return tuple(sorted(everything, key=lambda each: (each.started_at, each.ended_at, each.reason)))
