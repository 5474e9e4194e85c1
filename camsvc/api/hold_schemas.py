"""What is sent and answered about holds and storage, for the OpenAPI document."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from camsvc.config import CameraId
from camsvc.domain.hold import CASE_MAX, REASON_MAX, HoldDeed, HoldKind, HoldState

Words = Annotated[str, Field(min_length=1, max_length=REASON_MAX)]


class HoldWish(BaseModel):
    """One of ``incident``, ``camera`` with ``from`` and ``to``, or ``case_number`` alone: all ever held under it."""

    model_config = {"extra": "forbid"}
    incident: UUID | None = None
    camera: CameraId | None = None
    from_: AwareDatetime | None = Field(default=None, alias="from")
    to: AwareDatetime | None = Field(default=None, description="Exclusive; may lie ahead")
    case_number: str | None = Field(default=None, min_length=1, max_length=CASE_MAX)
    reason: Words
    legal: bool = Field(
        default=True, description="Also as legal hold of the object store; refused where that enforces none"
    )


class Because(BaseModel):
    model_config = {"extra": "forbid"}
    reason: Words


class Hold(BaseModel):
    id: int
    kind: HoldKind
    incident: UUID | None
    camera: str | None
    from_: datetime | None = Field(alias="from")
    to: datetime | None
    case_number: str | None
    area: str | None
    reason: str
    legal: bool
    state: HoldState
    placed_at: datetime
    placed_by: str
    requested_at: datetime | None
    requested_by: str | None
    request_reason: str | None
    released_at: datetime | None
    released_by: str | None
    release_reason: str | None


class HoldEvent(BaseModel):
    at: datetime
    deed: HoldDeed
    user: str
    reason: str


class HoldWithHistory(Hold):
    history: list[HoldEvent]


class Holds(BaseModel):
    items: list[Hold]


class Enforcement(BaseModel):
    enforced: bool | None = Field(
        description="Whether the object store refuses to delete what is held; null: it is away"
    )
    locked_incidents: int
    failed_incidents: int = Field(description="That the store did not lock or unlock as asked; tried again")
    error: str | None


class IncidentHold(BaseModel):
    held: bool
    locked: bool = Field(description="Its files are held in the object store as well")
    holds: list[Hold] = Field(description="Those that you may know of")


class Month(BaseModel):
    month: date
    incidents: int
    with_footage: int
    bytes: int


class AreaShare(BaseModel):
    area: str
    incidents: int
    bytes: int


class Run(BaseModel):
    started_at: datetime
    ended_at: datetime | None
    incidents: int = Field(description="Whose footage was given up")
    files: int
    bytes: int
    months: int = Field(description="Taken out of the index")
    left: int = Field(description="Incidents whose files were still to be deleted")
    pressure: bool
    exhausted: bool
    free_bytes: int | None
    error: str | None


class Storage(BaseModel):
    free_bytes: int | None = Field(description="On the disk of the embedded store; null: the store is elsewhere")
    total_bytes: int | None
    min_free_bytes: int
    bytes_per_day: int = Field(description="Of the last week")
    lasts_days: float | None = Field(description="Until the disk is full at this rate, deleting nothing")
    counted_at: datetime | None
    months: list[Month]
    areas: list[AreaShare]
    runs: list[Run]
    enforced: bool | None
