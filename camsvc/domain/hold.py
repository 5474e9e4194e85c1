"""A hold: what must not be deleted, by whose word, and how it ends (invariant 6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

REASON_MAX = 1000
"""Characters: a paragraph, not a file."""
CASE_MAX = 100
SPAN_MAX = timedelta(days=366)
"""Of a camera's footage under one hold: whoever needs more says so twice."""
MARGIN = timedelta(minutes=2)
"""A clip begins before its incident and goes on after it (pre-roll and post-roll are a minute at most, a key frame is
some seconds further): an incident this near to a held span may have footage of it."""


class HoldKind(StrEnum):
    INCIDENT = "incident"
    CAMERA = "camera"
    """All footage that one camera has of a span of time, also what is published later."""
    CASE = "case"
    """All that was ever held under a case number, as long as this stands, whoever releases the single holds."""


class HoldState(StrEnum):
    ACTIVE = "active"
    RELEASE_REQUESTED = "release_requested"
    """One person asked for its end; it stands until a second one agrees."""
    RELEASED = "released"


class HoldDeed(StrEnum):
    """What happens to a hold: its history."""

    PLACED = "placed"
    RELEASE_REQUESTED = "release_requested"
    RELEASE_REFUSED = "release_refused"
    RELEASE_WITHDRAWN = "release_withdrawn"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be held: exactly one of an incident, a camera with both times, or a case number alone."""

    incident: UUID | None = None
    camera: str | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None
    """Exclusive; may lie ahead."""
    case_number: str | None = None
    """Also of the other two: the case that they belong to."""

    @property
    def kind(self) -> HoldKind:
        if self.incident is not None:
            return HoldKind.INCIDENT
        return HoldKind.CAMERA if self.camera is not None else HoldKind.CASE


@dataclass(frozen=True, slots=True)
class Hold:
    id: int
    target: Target
    area: str | None
    """Where the held thing was when it was placed; None: of a case, which is nowhere."""
    reason: str
    legal: bool
    """Mirrored as legal hold of the object store; else it stands in the database alone."""
    placed_at: datetime
    placed_by: str
    state: HoldState
    started_at: datetime | None = None
    """Of the held incident; None: none is named."""
    requested_by: str | None = None
    requested_by_id: int | None = None
    request_reason: str | None = None
    requested_at: datetime | None = None
    released_by: str | None = None
    release_reason: str | None = None
    released_at: datetime | None = None

    @property
    def is_active(self) -> bool:
        return self.state is not HoldState.RELEASED


@dataclass(frozen=True, slots=True)
class HoldEvent:
    at: datetime
    deed: HoldDeed
    user: str
    reason: str
