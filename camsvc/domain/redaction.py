"""What is made unrecognisable in a copy of an incident's clip, as a person decided it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

REGIONS_MAX, KEYS_MAX = 500, 500
"""Of one redaction; key boxes of one region."""
BOXES_MAX = 5000
"""Of all regions of one redaction: what a browser draws without a delay, and half a megabyte in the database."""
TRACKS_MAX = 2000
"""Kept and added ones together: more than a tracks.json of 8 MiB names."""
REVISIONS_MAX = 1000
"""Of one incident: far beyond what people change."""
COMMENT_MAX = 1000
"""Characters."""
SIDE_MIN = 0.002
"""Of a drawn box, as a fraction of the picture: two pixels of full HD's height. Smaller is a slip of the hand."""


class Blur(StrEnum):
    """What is blurred of everything that is not ``kept``."""

    FACES = "faces"
    """The head's part of each person's box; nothing of vehicles."""
    PEOPLE = "people"
    VEHICLES = "vehicles"
    EVERYTHING = "everything"
    """People and vehicles."""


@dataclass(frozen=True, slots=True)
class TrackRef:
    """A track of ``tracks.json``."""

    session: str
    track: int
    analysis_session: str | None = None


@dataclass(frozen=True, slots=True)
class Box:
    """Fractions of the picture, at a player time of a part."""

    at_s: float
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Region:
    """Drawn by hand: blurred from the first box's time to the last's, moving straight between them."""

    part: int
    boxes: tuple[Box, ...]
    """At least one; times rising. One alone: the whole part."""


@dataclass(frozen=True, slots=True)
class Redaction:
    incident: UUID
    blur: Blur = Blur.EVERYTHING
    kept: frozenset[TrackRef] = field(default=frozenset())
    """Tracks that stay to be seen."""
    added: frozenset[TrackRef] = field(default=frozenset())
    """Tracks that are blurred although ``blur`` does not ask for their class."""
    regions: tuple[Region, ...] = ()
    """Corrections: what the detector missed."""
    sound: bool = False
    """Whether the copy keeps the sound: voices are people too."""
    revision: int = 0
    """0: never stored. Rises with every change."""
    changed_at: datetime | None = None
    changed_by: str | None = None
    comment: str = ""
    """Why it was changed, in words; may be empty."""
