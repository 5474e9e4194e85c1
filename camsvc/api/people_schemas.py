"""What is said of accounts, tokens, sessions and the audit chain, for the OpenAPI document and for what is taken."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from camsvc.api.schemas import Grant
from camsvc.db.queries.people import EMAIL_MAX, FULL_NAME_MAX
from camsvc.db.queries.tokens import NAME_MAX
from camsvc.domain.account import Action, Role


class _Held(BaseModel):
    id: int
    user: str
    created_at: datetime
    last_seen_at: datetime | None = Field(description="To the minute")
    expires_at: datetime
    source: str | None = Field(description="Address that it was last used from")
    agent: str | None = Field(description="Browser or program that used it last")
    current: bool = Field(description="Whether this request came with it")


class ApiToken(_Held):
    name: str
    actions: list[Action] = Field(description="What it may be used for, of what its account may")
    areas: list[str] | None = Field(description="Where, each with all below it; null: wherever its account may")


class ApiTokens(BaseModel):
    items: list[ApiToken]


class NewApiToken(ApiToken):
    token: str = Field(description="Shown here and never again")


class TokenWish(BaseModel):
    """What POST takes."""

    model_config = {"extra": "forbid"}
    name: str = Field(min_length=1, max_length=NAME_MAX)
    actions: list[Action] = Field(min_length=1, max_length=len(Action))
    areas: list[str] | None = Field(default=None, min_length=1, max_length=100)
    days: float | None = Field(default=None, gt=0, le=3650, description="Default: as long as policy allows")


class LogInSession(_Held):
    kind: Literal["session", "bearer"]
    purpose: str | None
    case_number: str | None


class LogInSessions(BaseModel):
    items: list[LogInSession]


class Ended(BaseModel):
    ended: int


class AccountAgency(BaseModel):
    id: int
    name: str


class Account(BaseModel):
    name: str
    full_name: str | None
    email: str | None
    disabled: bool
    disabled_at: datetime | None
    locked_until: datetime | None = Field(description="After too many wrong passwords")
    must_change_password: bool
    second_factor: bool
    roles: list[Role]
    grants: list[Grant]
    agency: AccountAgency | None = Field(description="What is granted ends at its areas; null: of none")
    created_at: datetime
    password_set_at: datetime
    last_seen_at: datetime | None = Field(description="Of sessions and tokens in force")
    sessions: int


class AccountPage(BaseModel):
    items: list[Account]
    next_cursor: str | None


class NewAccount(Account):
    password: str | None = Field(description="Temporary; shown here and never again. Null: it was given")


class TemporaryPassword(BaseModel):
    password: str = Field(description="Shown here and never again; to be changed at the next log-in")


class GivenGrant(BaseModel):
    model_config = {"extra": "forbid"}
    role: Role
    area: str | None = None


class AccountChange(BaseModel):
    """What PATCH takes; a member that is left out stays."""

    model_config = {"extra": "forbid"}
    full_name: str | None = Field(default=None, max_length=FULL_NAME_MAX)
    email: str | None = Field(default=None, max_length=EMAIL_MAX)
    disabled: bool | None = None
    agency: int | None = Field(default=None, ge=1, le=2**31 - 1, description="Id of its agency; null: of none")


class AccountWish(BaseModel):
    """What POST takes."""

    model_config = {"extra": "forbid"}
    name: str = Field(min_length=1, max_length=64)
    full_name: str | None = Field(default=None, max_length=FULL_NAME_MAX)
    email: str | None = Field(default=None, max_length=EMAIL_MAX)
    grants: list[GivenGrant] = Field(default=[], max_length=100)
    password: str | None = Field(default=None, max_length=1000, description="Null: a temporary one is made")
    must_change_password: bool = Field(default=True, description="At the first log-in; false for programs")


class AuditRecord(BaseModel):
    seq: int
    at: datetime
    kind: str
    what: str
    outcome: str
    user: str | None
    source: str | None
    camera: str | None
    area: str | None
    incident: str | None
    purpose: str | None
    case_number: str | None
    details: dict[str, Any]
    hash: str


class AuditPage(BaseModel):
    items: list[AuditRecord]
    next_cursor: str | None


class AuditHead(BaseModel):
    head: str = Field(description="SEQ:HASH, as `camsvc audit verify --anchor` takes it")
    seq: int
    hash: str


class BrokenRecord(BaseModel):
    seq: int
    fault: Literal["altered", "missing", "moved", "foreign", "rewritten"]
    detail: str


class AuditVerdict(BaseModel):
    ok: bool
    records: int = Field(description="Proved, from the first on")
    head: str
    broken: BrokenRecord | None
