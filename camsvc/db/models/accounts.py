"""Tables of who may ask, what they may do, and of the tokens that prove it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from camsvc.db.models.base import Base, one_of
from camsvc.domain.account import Role


class TokenKind(StrEnum):
    BEARER = "bearer"
    """For programs: sent in the Authorization header."""
    SESSION = "session"
    """For the page: sent in a cookie."""


class UserRow(Base):
    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("name", info={"serves": "login(): the account of a name"}),
        CheckConstraint("name = lower(name)", name="lower"),
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


class TokenRow(Base):
    __tablename__ = "tokens"
    __table_args__ = (
        Index("ix_tokens_user_id", "user_id", info={"serves": "revoke_all(): the tokens of an account"}),
        Index("ix_tokens_expires_at", "expires_at", info={"serves": "purge(): what expired"}),
        {
            "comment": "Bearer tokens and page sessions that are in force. Only hashes:"
            " a stolen copy of the table opens nothing."
        },
    )

    hash: Mapped[bytes] = mapped_column(primary_key=True, comment="SHA-256 of the token, which is 256 random bits.")
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), comment="Whose.")
    kind: Mapped[TokenKind] = mapped_column(
        one_of(TokenKind, "kind"), comment="bearer: for programs; session: for the page."
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When it was issued.")
    expires_at: Mapped[datetime] = mapped_column(comment="From when it is refused.")
