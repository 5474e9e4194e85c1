"""What is sent and answered about redactions, for the OpenAPI document."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from camsvc.domain.redaction import (
    COMMENT_MAX,
    KEYS_MAX,
    REGIONS_MAX,
    SIDE_MIN,
    TRACKS_MAX,
    Blur,
    Box,
    Redaction,
    Region,
    TrackRef,
)

SESSION_MAX = 200
"""Characters; ours are UUIDs."""
NUMBER_MAX = 2**31 - 1
PART_MAX = 100_000
_Session = Annotated[str, Field(min_length=1, max_length=SESSION_MAX)]
_Place = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_Side = Annotated[float, Field(ge=SIDE_MIN, le=1, allow_inf_nan=False)]


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Track(_Given):
    """As tracks.json names it."""

    session: _Session
    track: int = Field(ge=0, le=NUMBER_MAX)
    analysis_session: _Session | None = Field(default=None, description="Only where tracks.json has it")


class DrawnBox(_Given):
    at_s: float = Field(ge=0, allow_inf_nan=False, description="Player time of the part, seconds")
    left: _Place = Field(description="Fraction of the picture's width")
    top: _Place = Field(description="Fraction of the picture's height")
    width: _Side
    height: _Side


class DrawnRegion(_Given):
    """Hidden from the first box's time to the last's, moving straight between them; one box alone: the whole part."""

    part: int = Field(ge=0, le=PART_MAX, description="index of one of clip.parts")
    boxes: list[DrawnBox] = Field(min_length=1, max_length=KEYS_MAX, description="Their times rise")


class Choices(_Given):
    blur: Blur = Field(description="What is hidden of everything that is not kept")
    kept: list[Track] = Field(default=[], max_length=TRACKS_MAX, description="Stay to be seen")
    added: list[Track] = Field(default=[], max_length=TRACKS_MAX, description="Are hidden besides")
    regions: list[DrawnRegion] = Field(default=[], max_length=REGIONS_MAX, description="Drawn by hand")
    sound: bool = Field(default=False, description="Whether copies keep the sound")

    def of(self, incident: UUID, *, revision: int = 0, comment: str = "") -> Redaction:
        return Redaction(
            incident,
            self.blur,
            frozenset(TrackRef(**each.model_dump()) for each in self.kept),
            frozenset(TrackRef(**each.model_dump()) for each in self.added),
            tuple(Region(each.part, tuple(Box(**box.model_dump()) for box in each.boxes)) for each in self.regions),
            self.sound,
            revision=revision,
            comment=comment,
        )


class RedactionWish(Choices):
    revision: int = Field(ge=0, le=NUMBER_MAX, description="That it was made from; 0 when there was none")
    comment: str = Field(default="", max_length=COMMENT_MAX, description="Why, in words; kept in the history")


class PreviewWish(Choices):
    part: int = Field(ge=0, le=PART_MAX, description="index of one of clip.parts")
    at_s: float = Field(ge=0, allow_inf_nan=False, description="Player time of the part, seconds")


class StoredRedaction(BaseModel):
    incident: UUID
    blur: Blur
    kept: list[Track]
    added: list[Track]
    regions: list[DrawnRegion]
    sound: bool
    revision: int = Field(description="0: nobody decided anything; what is told are the defaults")
    changed_at: datetime | None
    changed_by: str | None
    comment: str


class Revision(BaseModel):
    revision: int
    changed_at: datetime
    changed_by: str
    comment: str
    blur: Blur
    kept: int = Field(description="How many tracks")
    added: int = Field(description="How many tracks")
    regions: int
    sound: bool


class Revisions(BaseModel):
    items: list[Revision] = Field(description="The newest first")
