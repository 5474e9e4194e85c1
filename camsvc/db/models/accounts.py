"""Tables of who may ask, what they may do, and of the tokens that prove it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from camsvc.db.models.base import Base, Big, one_of
from camsvc.domain.account import Role


class TokenKind(StrEnum):
    BEARER = "bearer"
    """For programs: sent in the Authorization header."""
    SESSION = "session"
    """For the page: sent in a cookie."""
    API = "api"
    """For programs, made by hand: it has a name and a scope, and lasts until the day that was set."""


class UserRow(Base):
    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("name", info={"serves": "login(): the account of a name"}),
        CheckConstraint("name = lower(name)", name="lower"),
        Index(
            "ix_users_agency_id",
            "agency_id",
            postgresql_where=text("agency_id IS NOT NULL"),
            info={"serves": "agencies.all_agencies(), remove(): the accounts of an agency"},
        ),
        {"comment": "Accounts. Never deleted: what they did must stay attributable."},
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True, comment="No meaning.")
    name: Mapped[str] = mapped_column(comment="What is typed to log in; lower case.")
    password_hash: Mapped[str] = mapped_column(comment="Argon2id, with its parameters and salt (PHC string).")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When it was made.")
    password_set_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When its password was set.")
    disabled_at: Mapped[datetime | None] = mapped_column(comment="Since when it may not log in; null: it may.")
    failed_logins: Mapped[int] = mapped_column(
        server_default="0", comment="Attempts since the last that succeeded, or since the last lock-out."
    )
    locked_until: Mapped[datetime | None] = mapped_column(
        comment="Until when every attempt is refused; null: not locked."
    )
    full_name: Mapped[str | None] = mapped_column(comment="Of the person, for people; null: not said.")
    email: Mapped[str | None] = mapped_column(comment="Where the person is reached; null: not said.")
    agency_id: Mapped[int | None] = mapped_column(ForeignKey("agencies.id"), comment="Agency it is of; null: of none.")
    must_change_password: Mapped[bool] = mapped_column(
        server_default=text("false"),
        comment="True: somebody else set the password; nothing else may be done until it is changed.",
    )


class GrantRow(Base):
    __tablename__ = "grants"
    __table_args__ = (
        UniqueConstraint(
            "user_id",
            "role",
            "area",
            postgresql_nulls_not_distinct=True,
            info={"serves": "authenticate(): the grants of an account; give(): one that is given already"},
        ),
        {
            "comment": "What an account may do where: a role is a set of actions (camsvc.domain.account.ACTIONS)."
            " A grant that is taken away is deleted; the audit keeps who gave and took it."
        },
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True, comment="No meaning.")
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), comment="To whom.")
    role: Mapped[Role] = mapped_column(
        one_of(Role, "role"), comment="viewer, operator, police, investigator or administrator."
    )
    area: Mapped[str | None] = mapped_column(
        ForeignKey("areas.path"), comment="Where, with all below it; null: everywhere."
    )
    granted_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When it was given.")
    from_provider: Mapped[bool] = mapped_column(
        server_default=text("false"),
        comment="True: a group at the sign-in provider gives it, and each log-in renews or takes it; false: given"
        " here.",
    )


class TokenRow(Base):
    __tablename__ = "tokens"
    __table_args__ = (
        UniqueConstraint("id", info={"serves": "tokens.end(), touch(): one that a list named"}),
        CheckConstraint("(kind = 'api') = (name IS NOT NULL AND actions IS NOT NULL)", name="scope"),
        Index("ix_tokens_user_id", "user_id", info={"serves": "revoke_all(): the tokens of an account"}),
        Index("ix_tokens_expires_at", "expires_at", info={"serves": "purge(): what expired"}),
        {
            "comment": "Bearer tokens, API tokens and page sessions that are in force. Only hashes:"
            " a stolen copy of the table opens nothing."
        },
    )

    hash: Mapped[bytes] = mapped_column(primary_key=True, comment="SHA-256 of the token, which is 256 random bits.")
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), comment="Whose.")
    kind: Mapped[TokenKind] = mapped_column(
        one_of(TokenKind, "kind"),
        comment="bearer: for programs; session: for the page; api: for programs, made by hand.",
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When it was issued.")
    expires_at: Mapped[datetime] = mapped_column(comment="From when it is refused.")
    id: Mapped[int] = mapped_column(Big, Identity(always=True), comment="Names it in lists; opens nothing.")
    name: Mapped[str | None] = mapped_column(comment="Of an API token, chosen by who made it; null: none.")
    actions: Mapped[list[str] | None] = mapped_column(
        comment="What an API token may be used for, of what its account may; null: not narrowed."
    )
    areas: Mapped[list[str] | None] = mapped_column(
        comment="Where, each with all below it. No foreign key: an area that is gone opens nothing; null: not narrowed."
    )
    last_seen_at: Mapped[datetime | None] = mapped_column(
        comment="When it was last used, to the minute; null: not since it was issued."
    )
    source: Mapped[str | None] = mapped_column(comment="Address that it was last used from; null: not known.")
    agent: Mapped[str | None] = mapped_column(comment="Browser or program that used it last; null: not said.")
    purpose: Mapped[str | None] = mapped_column(
        comment="What its holder does their work for, recorded with all they do; null: not said."
    )
    case_number: Mapped[str | None] = mapped_column(comment="For which case, likewise; null: not said.")
