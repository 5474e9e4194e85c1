"""What annotations of incidents look like, asked and answered, for the OpenAPI document."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from camsvc.api.services.annotating import AT_ONCE_MAX
from camsvc.domain.annotation import NOTE_MAX, REASON_MAX, Disposition, What

_Tag = Annotated[str, Field(min_length=1, max_length=200)]
_Account = Annotated[str, Field(min_length=1, max_length=100)]


class Tag(BaseModel):
    tag: str
    by: str
    at: datetime


class Note(BaseModel):
    id: int
    text: str
    by: str
    at: datetime
    edited_at: datetime | None


class Assignment(BaseModel):
    assignee: str
    by: str
    at: datetime
    done_by: str | None
    done_at: datetime | None


class Judgement(BaseModel):
    disposition: Disposition
    reason: str | None
    by: str | None = Field(description="null: nobody has judged it")
    at: datetime | None


class Entry(BaseModel):
    id: int
    at: datetime
    by: str = Field(description="Name of the account then; of the command line, of the operating system's account")
    what: What
    tag: str | None
    note: int | None = Field(description="Of an edit or a withdrawal: id of the note")
    text: str | None
    assignee: str | None
    disposition: Disposition | None
    reason: str | None


class Annotations(BaseModel):
    incident: UUID
    tags: list[Tag]
    notes: list[Note] = Field(description="Without those withdrawn")
    assignment: Assignment | None
    disposition: Judgement
    history: list[Entry] = Field(description="All that was ever said, in order")


class Summary(BaseModel):
    incident: UUID
    tags: list[str]
    disposition: Disposition
    assignee: str | None
    done: bool = Field(description="Whoever it was assigned to has looked after it")
    notes: int


class Summaries(BaseModel):
    items: list[Summary]


class TagUse(BaseModel):
    tag: str
    count: int = Field(description="How often it was given lately")


class TagUses(BaseModel):
    items: list[TagUse]


class Accounts(BaseModel):
    items: list[str]


class _Body(BaseModel):
    model_config = {"extra": "forbid"}


class NoteText(_Body):
    text: str = Field(min_length=1, max_length=NOTE_MAX)


class Assignee(_Body):
    assignee: _Account
    done: bool = False


class Judging(_Body):
    disposition: Disposition
    reason: str | None = Field(default=None, max_length=REASON_MAX)


class Wishes(_Body):
    """What is left out is not said."""

    incidents: list[UUID] = Field(min_length=1, max_length=AT_ONCE_MAX)
    add_tags: list[_Tag] = Field(default=[], max_length=50)
    remove_tags: list[_Tag] = Field(default=[], max_length=50)
    note: str | None = Field(default=None, min_length=1, max_length=NOTE_MAX)
    disposition: Disposition | None = None
    reason: str | None = Field(default=None, max_length=REASON_MAX)
    assignee: _Account | None = None
    unassign: bool = False
    done: bool = Field(default=False, description="With assignee: it has been looked after")
