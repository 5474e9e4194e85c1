"""What the journal of one incident says: its records, and the state they add up to.

The revision rises by one with every record, so the same journal always publishes the same row (invariant 2).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from camsvc.domain.incident import Clip, ClipPart, Gap, Incident, IncidentState
from camsvc.domain.seal import Seal, SealedFile, SealOf
from camsvc.media.packets import ClockReading
from camsvc.storage import keys


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rule said, whole. ``incident`` is without clip, thumbnail and tracks: those are below."""

    incident: Incident
    type: Literal["facts"] = "facts"


@dataclass(frozen=True, slots=True)
class PartClock:
    """How far the wall times of part ``index`` may be trusted: written when it starts, and again when it ends."""

    index: int
    error_ms: float
    camera_offset_ms: float | None
    type: Literal["part_clock"] = "part_clock"


@dataclass(frozen=True, slots=True)
class GapFound:
    gap: Gap
    type: Literal["gap"] = "gap"


@dataclass(frozen=True, slots=True)
class Sealing:
    """A seal that was made, with the public key that checks it: whoever publishes it may be another worker."""

    what: SealOf
    part: int | None
    """None: of tracks."""
    key: str
    signature: str
    """DER, hexadecimal."""
    worker: str
    public_pem: str
    sha256: str
    size_bytes: int

    @property
    def file(self) -> SealedFile:
        """As the index keeps it: of a part, its row has sha256 and size."""
        seal = Seal(self.key, bytes.fromhex(self.signature))
        return SealedFile(seal, self.sha256, self.size_bytes) if self.part is None else SealedFile(seal)


@dataclass(frozen=True, slots=True)
class PartFinished:
    """The MP4 file of the part is whole and on the disk; its packet log is no longer needed."""

    part: ClipPart
    seal: Sealing | None = None
    """None: written before workers sealed."""
    type: Literal["part_finished"] = "part_finished"


@dataclass(frozen=True, slots=True)
class PartDamaged:
    """The part cannot be published: no MP4 can be made of its packets, or its file is gone or altered."""

    index: int
    reason: str
    type: Literal["part_damaged"] = "part_damaged"


@dataclass(frozen=True, slots=True)
class PartStored:
    """The part is in the object store, verified by checksum; its file is no longer needed."""

    index: int
    type: Literal["part_stored"] = "part_stored"


@dataclass(frozen=True, slots=True)
class ThumbnailMade:
    """``thumbnail.jpg`` is worth publishing (again): it is now the next version."""

    type: Literal["thumbnail_made"] = "thumbnail_made"


@dataclass(frozen=True, slots=True)
class ThumbnailStored:
    version: int
    type: Literal["thumbnail_stored"] = "thumbnail_stored"


@dataclass(frozen=True, slots=True)
class ThumbnailLost:
    """What was last made of it did not survive; an earlier version may be in the object store."""

    type: Literal["thumbnail_lost"] = "thumbnail_lost"


@dataclass(frozen=True, slots=True)
class Sealed:
    """Nothing will be recorded any more. ``crashed``: said by the recovery, not by the recorder."""

    crashed: bool = False
    type: Literal["sealed"] = "sealed"


@dataclass(frozen=True, slots=True)
class Completed:
    """Every file that will ever be published exists."""

    tracks: bool
    seal: Sealing | None = None
    """Of the tracks; None: there are none, or written before workers sealed."""
    type: Literal["completed"] = "completed"


@dataclass(frozen=True, slots=True)
class TracksStored:
    type: Literal["tracks_stored"] = "tracks_stored"


@dataclass(frozen=True, slots=True)
class TracksLost:
    """Their file is gone or altered: they are not published."""

    type: Literal["tracks_lost"] = "tracks_lost"


@dataclass(frozen=True, slots=True)
class Fenced:
    """The database refuses the incident for good; see ``fenced/`` in the spool."""

    reason: str
    type: Literal["fenced"] = "fenced"


@dataclass(frozen=True, slots=True)
class EntryState:
    """The sum of an incident's records."""

    incident: Incident
    revision: int = 1
    clocks: tuple[PartClock, ...] = ()
    parts: tuple[ClipPart, ...] = ()
    """Finished, in order of their index."""
    stored: frozenset[int] = frozenset()
    damaged: frozenset[int] = frozenset()
    gaps: tuple[Gap, ...] = ()
    """In order of time."""
    thumbnail: int = 0
    """Version made; 0: none yet."""
    thumbnail_stored: int = 0
    sealed: bool = False
    crashed: bool = False
    completed: bool = False
    tracks: bool = False
    tracks_stored: bool = False
    fenced: str | None = None
    seals: tuple[Sealing, ...] = ()

    @property
    def is_open(self) -> bool:
        return self.incident.state is IncidentState.OPEN

    @property
    def unstored(self) -> tuple[ClipPart, ...]:
        return tuple(part for part in self.parts if part.index not in self.stored)

    @property
    def is_stored(self) -> bool:
        """Everything there will ever be is in the object store."""
        return (
            self.completed
            and not self.unstored
            and self.thumbnail == self.thumbnail_stored
            and self.tracks == self.tracks_stored
        )

    @property
    def footage_ended_at(self) -> datetime | None:
        return self.parts[-1].ended_at if self.parts else None

    @property
    def stored_seals(self) -> tuple[Sealing, ...]:
        """Of what is in the object store: what may be published now."""
        return tuple(
            each
            for each in self.seals
            if (
                each.part in self.stored and each.part not in self.damaged
                if each.part is not None
                else self.tracks_stored
            )
        )

    def seal(self, what: SealOf, part: int | None = None) -> Sealing | None:
        return next((each for each in self.seals if (each.what, each.part) == (what, part)), None)

    def clock(self, index: int) -> ClockReading | None:
        for clock in self.clocks:
            if clock.index == index:
                return ClockReading(clock.error_ms, clock.camera_offset_ms)
        return None

    def row(self) -> Incident:
        """The incident as it may be published now: it names only what is in the object store, verified."""
        parts = tuple(part for part in self.parts if part.index in self.stored)
        return replace(
            self.incident,
            revision=self.revision,
            clip=Clip(parts, self.gaps) if parts else None,
            thumbnail=keys.thumbnail(self.incident.id) if self.thumbnail_stored else None,
            tracks=keys.tracks(self.incident.id) if self.tracks_stored else None,
        )

    def after(self, record: Change) -> EntryState:
        """The state once ``record`` is written; one change, one revision."""
        return replace(_apply(self, record), revision=self.revision + 1)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All records before it in one, revision included: keeps the journal of a long incident short."""

    state: EntryState
    type: Literal["snapshot"] = "snapshot"


Change = (
    Facts
    | PartClock
    | GapFound
    | PartFinished
    | PartDamaged
    | PartStored
    | ThumbnailMade
    | ThumbnailStored
    | ThumbnailLost
    | Sealed
    | Completed
    | TracksStored
    | TracksLost
    | Fenced
)
Record = Change | Snapshot

_RECORD: TypeAdapter[Record] = TypeAdapter(Annotated[Record, Field(discriminator="type")])


def encode(record: Record) -> bytes:
    return _RECORD.dump_json(record)


def decode(line: bytes) -> Record:
    """Raises ValueError when it is not a record of this version."""
    return _RECORD.validate_json(line)


def fold(records: Iterable[Record]) -> EntryState | None:
    """None when no record says what the incident is."""
    state: EntryState | None = None
    for record in records:
        if isinstance(record, Snapshot):
            state = record.state
        elif state is not None:
            state = state.after(record)
        elif isinstance(record, Facts):
            state = EntryState(record.incident)
    return state


def _apply(state: EntryState, record: Change) -> EntryState:
    match record:
        case Facts():
            return replace(state, incident=record.incident)
        case PartClock():
            others = tuple(clock for clock in state.clocks if clock.index != record.index)
            return replace(state, clocks=(*others, record))
        case GapFound():
            gaps = sorted((*state.gaps, record.gap), key=lambda gap: gap.started_at)
            return replace(state, gaps=tuple(gaps))
        case PartFinished():
            others_ = (part for part in state.parts if part.index != record.part.index)
            parts = sorted((*others_, record.part), key=lambda part: part.index)
            clocks = tuple(clock for clock in state.clocks if clock.index != record.part.index)
            return replace(state, parts=tuple(parts), clocks=clocks, seals=_with(state.seals, record.seal))
        case PartDamaged():
            sound = tuple(part for part in state.parts if part.index != record.index)
            return replace(state, parts=sound, damaged=state.damaged | {record.index})
        case PartStored():
            return replace(state, stored=state.stored | {record.index})
        case ThumbnailMade():
            return replace(state, thumbnail=state.thumbnail + 1)
        case ThumbnailStored():
            return replace(state, thumbnail_stored=record.version)
        case ThumbnailLost():
            return replace(state, thumbnail=state.thumbnail_stored)
        case Sealed():
            return replace(state, sealed=True, crashed=record.crashed)
        case Completed():
            return replace(state, completed=True, tracks=record.tracks, seals=_with(state.seals, record.seal))
        case TracksStored():
            return replace(state, tracks_stored=True)
        case TracksLost():
            return replace(state, tracks=False)
        case Fenced():
            return replace(state, fenced=record.reason)


def _with(seals: tuple[Sealing, ...], made: Sealing | None) -> tuple[Sealing, ...]:
    """What is made anew after a crash takes the place of what was made before."""
    if made is None:
        return seals
    return (*(each for each in seals if (each.what, each.part) != (made.what, made.part)), made)
