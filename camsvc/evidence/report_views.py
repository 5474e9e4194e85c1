"""What is to be seen in a report, in one language: what the page and the PDF are made from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from camsvc.evidence.drawing import Drawing
from camsvc.evidence.words import Words

Facts = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Tile:
    number: str
    picture: str
    caption: str
    anchor: str


@dataclass(frozen=True, slots=True)
class PartView:
    """A file, which is played unless something is wrong with it."""

    heading: str
    file: str
    plays: bool
    """False: it is not what was recorded, or not there."""
    lines: tuple[str, ...]
    warning: str | None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    """Of originals: of the footage; None: a copy."""


@dataclass(frozen=True, slots=True)
class GapView:
    text: str
    started_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Section:
    """One incident."""

    number: int
    heading: str
    facts: Facts
    picture: str | None
    """Name in the package."""
    timeline: Drawing
    holes: tuple[str, ...]
    """What is missing, in whole sentences."""
    faults: tuple[str, ...]
    copies: tuple[PartView, ...]
    footage: tuple[PartView | GapView, ...]
    """Originals in order of time, with the gaps where they are."""
    note: str | None
    """Why there is no footage."""


@dataclass(frozen=True, slots=True)
class SpanView:
    number: int
    heading: str
    facts: Facts
    holes: tuple[str, ...]
    incidents: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SnapshotView:
    heading: str
    facts: Facts
    picture: str | None
    warning: str | None


@dataclass(frozen=True, slots=True)
class Report:
    words: Words
    other: str | None
    """The other language's code, if its report is in the package."""
    facts: Facts
    summary: Facts
    """What is in it."""
    fingerprint: str
    is_sound: bool
    verdict: str
    problems: tuple[tuple[str, str, str], ...]
    """File, state, detail."""
    tiles: tuple[Tile, ...]
    map: Drawing | None
    stretches: tuple[tuple[str, Drawing], ...]
    stretches_note: str
    spans: tuple[SpanView, ...]
    sections: tuple[Section, ...]
    snapshots: tuple[SnapshotView, ...]
    custody: tuple[tuple[str, str, str, str], ...]
    """When, who, what, why; the newest."""
    custody_note: str
