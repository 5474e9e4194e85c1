"""Tables of how accounts prove who they are, beyond a password."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from camsvc.db.models.base import Base


class SecondFactorRow(Base):
    __tablename__ = "second_factors"
    __table_args__ = (
        {"comment": "One-time codes (TOTP, RFC 6238) of accounts that have set them up, or are about to."},
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True, comment="Whose.")
    sealed_secret: Mapped[bytes] = mapped_column(
        comment="What codes are computed from, encrypted (Fernet) with the installation's key."
    )
    begun_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When the secret was made.")
    confirmed_at: Mapped[datetime | None] = mapped_column(
        comment="When a first code was given; null: not yet, so that none is asked for."
    )
    last_step: Mapped[int | None] = mapped_column(
        BigInteger,
        comment="Number of the half minute (since 1970) of the last code that was taken: neither it nor an older one is"
        " taken again; null: none yet.",
    )
    wrong_codes: Mapped[int] = mapped_column(server_default="0", comment="In a row, since the last that was right.")
    refused_until: Mapped[datetime | None] = mapped_column(
        comment="Until when no code is looked at, after too many wrong ones; null: they are. Recovery codes always are."
    )


class RecoveryCodeRow(Base):
    __tablename__ = "recovery_codes"
    __table_args__ = (
        {"comment": "Codes that stand in, once each, for a second factor that was lost. Shown when made, never again."},
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True, comment="Whose.")
    hash: Mapped[bytes] = mapped_column(primary_key=True, comment="SHA-256 of the code, which is 80 random bits.")
    used_at: Mapped[datetime | None] = mapped_column(comment="When it was used up; null: it is good.")


class ProviderIdentityRow(Base):
    __tablename__ = "provider_identities"
    __table_args__ = (
        Index("ix_provider_identities_user_id", "user_id", info={"serves": "link(): whom an account belongs to"}),
        {"comment": "Which account is whose at a sign-in provider (OpenID Connect)."},
    )

    issuer: Mapped[str] = mapped_column(primary_key=True, comment="URL of the provider.")
    subject: Mapped[str] = mapped_column(
        primary_key=True, comment="The provider's own name of the person; never given to another."
    )
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), comment="Their account here.")
    linked_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When they first came.")
    last_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When they last came.")


class LogInFailuresRow(Base):
    __tablename__ = "log_in_failures"
    __table_args__ = (
        CheckConstraint("level >= 0", name="level"),
        Index("ix_log_in_failures_at", "at", info={"serves": "purge(): what has drained"}),
        {
            "comment": "Failed log-ins of late, by where they came from, counted for all servers together. Drains with"
            " time: level is as of at. Not logged: after a crash it begins anew.",
            "prefixes": ["UNLOGGED"],
        },
    )

    source: Mapped[str] = mapped_column(
        primary_key=True,
        comment="address: and an IPv4 address or the first half of an IPv6 one; device: and the hash of a browser's"
        " mark that it logged in before.",
    )
    level: Mapped[float] = mapped_column(comment="How many failures had not drained yet then.")
    at: Mapped[datetime] = mapped_column(comment="When it was last counted.")
