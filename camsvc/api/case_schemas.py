"""What is sent and answered about cases and requests for footage, for the OpenAPI document."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from camsvc.api.schemas import Incident
from camsvc.api.services.cases.items import AT_ONCE_MAX
from camsvc.config import CameraId
from camsvc.db.queries.case_items import COMMENT_MAX
from camsvc.db.queries.case_notes import TEXT_MAX
from camsvc.db.queries.cases import DESCRIPTION_MAX
from camsvc.domain.case import NUMBER_MAX, TITLE_MAX, CaseRole, CaseState, ItemKind, RequestState
from camsvc.domain.hold import REASON_MAX, HoldState

ID_MAX = 2**63 - 1
PART_MAX = 100_000
AREA_MAX = 1000
Words = Annotated[str, Field(min_length=1, max_length=REASON_MAX)]
Comment = Annotated[str, Field(max_length=COMMENT_MAX)]


class CaseWish(BaseModel):
    model_config = {"extra": "forbid"}
    number: str = Field(min_length=1, max_length=NUMBER_MAX, description="As the agency writes it; names one case only")
    title: str = Field(min_length=1, max_length=TITLE_MAX)
    description: str = Field(default="", max_length=DESCRIPTION_MAX)


class CaseChange(BaseModel):
    """What is left out stays."""

    model_config = {"extra": "forbid"}
    revision: int = Field(ge=1, le=2**31 - 1, description="As read: 409 when somebody changed it meanwhile")
    number: str | None = Field(default=None, min_length=1, max_length=NUMBER_MAX)
    title: str | None = Field(default=None, min_length=1, max_length=TITLE_MAX)
    description: str | None = Field(default=None, max_length=DESCRIPTION_MAX)


class Because(BaseModel):
    model_config = {"extra": "forbid"}
    reason: Words


class CaseBase(BaseModel):
    id: int
    number: str
    title: str
    description: str
    state: CaseState
    created_at: datetime
    created_by: str
    changed_at: datetime = Field(description="When something was last done to it or in it")
    closed_at: datetime | None
    revision: int
    role: CaseRole = Field(description="Yours")
    items: int
    hold: HoldState | None = Field(description="Of the hold on the whole case; null: there is none")


class CaseInList(CaseBase):
    asked: int = Field(description="Requests for footage that nobody has decided")


class Cases(BaseModel):
    items: list[CaseInList]
    next_cursor: str | None


class CasePerson(BaseModel):
    user: str
    role: CaseRole


class CaseAgency(BaseModel):
    id: int
    name: str
    role: CaseRole


class Case(CaseBase):
    people: list[CasePerson]
    agencies: list[CaseAgency]


class RoleWish(BaseModel):
    model_config = {"extra": "forbid"}
    role: CaseRole = CaseRole.MEMBER


class CasePeople(BaseModel):
    items: list[CasePerson]


class CaseAgencies(BaseModel):
    items: list[CaseAgency]


class AgencyName(BaseModel):
    id: int
    name: str


class Candidates(BaseModel):
    people: list[str]
    agencies: list[AgencyName]


class ItemWish(BaseModel):
    """One of ``incident`` (with ``part``: that clip of it), or ``camera`` with ``from`` and ``to``."""

    model_config = {"extra": "forbid"}
    incident: UUID | None = None
    part: int | None = Field(default=None, ge=0, le=PART_MAX, description="index of one of clip.parts")
    camera: CameraId | None = None
    from_: AwareDatetime | None = Field(default=None, alias="from")
    to: AwareDatetime | None = Field(default=None, description="Exclusive; a day later at most")
    comment: Comment = ""


class ItemWishes(BaseModel):
    model_config = {"extra": "forbid"}
    items: list[ItemWish] = Field(min_length=1, max_length=AT_ONCE_MAX)


class ItemComment(BaseModel):
    model_config = {"extra": "forbid"}
    comment: Comment


class CaseItem(BaseModel):
    id: int
    kind: ItemKind
    open: bool = Field(description="false: outside of your areas and not given to the case; only its times are told")
    from_: datetime = Field(alias="from")
    to: datetime
    added_at: datetime
    added_by: str
    removed_at: datetime | None
    removed_by: str | None
    camera: str | None
    area: str | None
    incident: UUID | None
    part: int | None
    comment: str | None
    snapshot_sha256: str | None
    snapshot_bytes: int | None
    clock_error_ms: float | None = Field(description="Bound of the error of a snapshot's time; null: not known")
    held: bool
    expired: bool = Field(description="Its footage is gone")
    may_replay: bool
    may_export: bool
    picture: str | None = Field(description="Path of a snapshot's bytes")
    incident_now: Incident | None = Field(description="As it is now; null: of none, not open, or gone")


class CaseItems(BaseModel):
    items: list[CaseItem]


class NoteText(BaseModel):
    model_config = {"extra": "forbid"}
    text: str = Field(min_length=1, max_length=TEXT_MAX)


class NoteVersion(BaseModel):
    at: datetime
    text: str


class CaseNote(BaseModel):
    id: int
    at: datetime
    by: str
    text: str
    edited_at: datetime | None
    withdrawn_at: datetime | None
    versions: list[NoteVersion] = Field(description="All that it ever said, the first first")


class CaseNotes(BaseModel):
    items: list[CaseNote]


class CaseEvent(BaseModel):
    at: datetime
    by: str
    what: str
    facts: dict[str, Any]


class CaseHistory(BaseModel):
    items: list[CaseEvent]
    next_before: int | None = Field(description="Ask again with it as 'before' for what came earlier; null: no more")


class CaseHold(BaseModel):
    model_config = {"extra": "forbid"}
    reason: Words
    legal: bool = Field(default=True, description="Also as legal hold of the object store")


class CaseHeld(BaseModel):
    placed: int = Field(description="Items that are held since")
    elsewhere: int = Field(description="Items where you may not hold")
    gone: int = Field(description="Items whose footage is not there any more")
    whole: int | None = Field(description="Id of the hold on the whole case; null: not yours to place")


class Released(BaseModel):
    holds: int = Field(description="How many")


class FootageWish(BaseModel):
    """One of ``incident``, ``camera`` or ``area`` with ``from`` and ``to``, or ``item``: a closed row of the case."""

    model_config = {"extra": "forbid"}
    case: int = Field(ge=0, le=ID_MAX)
    incident: UUID | None = None
    camera: str | None = Field(default=None, min_length=1, max_length=100)
    area: str | None = Field(default=None, min_length=1, max_length=AREA_MAX)
    from_: AwareDatetime | None = Field(default=None, alias="from")
    to: AwareDatetime | None = Field(default=None, description="Exclusive; a day later at most")
    item: int | None = Field(default=None, ge=0, le=ID_MAX)
    reason: Words


class Decision(BaseModel):
    model_config = {"extra": "forbid"}
    approve: bool
    reason: Words
    until: AwareDatetime | None = Field(default=None, description="The approval ends then; null: never")


class Wanted(BaseModel):
    incident: UUID | None
    camera: str | None
    area: str | None
    from_: datetime | None = Field(alias="from")
    to: datetime | None


class FootageRequest(BaseModel):
    id: int
    case: int
    case_number: str
    item: int | None = Field(description="Row of the case that it was asked for by; else it was named")
    wanted: Wanted = Field(description="Of a row only the times, until it is given: who asks may not know the rest")
    reason: str
    state: RequestState
    live: bool = Field(description="It gives footage now")
    asked_at: datetime
    asked_by: str
    decided_at: datetime | None
    decided_by: str | None
    decision: str | None
    until: datetime | None
    ended_at: datetime | None
    ended_by: str | None
    end_reason: str | None
    may_decide: bool
    place: str | None = Field(description="Area whose right decides; only for who may decide")
    names_nothing: bool | None = Field(description="There is no such thing; only for who may decide")


class FootageRequests(BaseModel):
    items: list[FootageRequest]


class GivenIncidents(BaseModel):
    items: list[Incident]
    next_cursor: str | None
