"""Tables of the audit chain (invariant 8). Triggers of the migration keep them append-only."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from camsvc.db.models.base import Base, Big


class AuditRow(Base):
    __tablename__ = "audit"
    __table_args__ = (
        CheckConstraint("octet_length(hash) = 32", name="hash"),
        CheckConstraint("outcome IN ('allowed', 'refused', 'failed')", name="outcome"),
        CheckConstraint("at >= '2000-01-01 00:00:00+00' AND at < '9999-01-01 00:00:00+00'", name="at"),
        Index(
            "ix_audit_user_name",
            "user_name",
            "seq",
            postgresql_where=text("user_name IS NOT NULL"),
            info={"serves": "entries(user): what somebody did, newest first"},
        ),
        Index(
            "ix_audit_camera",
            "camera",
            "seq",
            postgresql_where=text("camera IS NOT NULL"),
            info={"serves": "entries(camera): who saw or changed a camera, newest first"},
        ),
        Index(
            "ix_audit_incident",
            "incident",
            "seq",
            postgresql_where=text("incident IS NOT NULL"),
            info={"serves": "entries(incident): who saw, held or exported an incident, newest first"},
        ),
        Index("ix_audit_at", "at", info={"serves": "entries(from_, to): what was done in a time"}),
        {
            "comment": "Who did what (invariant 8). Append-only: triggers refuse every change and removal, and each"
            " record's hash covers the one before it. `camsvc audit verify` proves the chain."
        },
    )

    seq: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False, comment="1, 2, 3, … without a hole.")
    at: Mapped[datetime] = mapped_column(comment="When, by the database's clock.")
    # Text, not one of Kind: a newer program may say what this one does not know, and a proof must read it all the same.
    kind: Mapped[str] = mapped_column(
        comment="live, search, replay, export, hold, configure, administer or sign-in.",
    )
    what: Mapped[str] = mapped_column(comment="Thing and verb, like clip.played.")
    outcome: Mapped[str] = mapped_column(comment="allowed; refused: who asked may not; failed: allowed, but not done.")
    user_id: Mapped[int | None] = mapped_column(
        comment="Who: users.id; null: nobody known, or the command line. No foreign key: nothing may stop a record."
    )
    user_name: Mapped[str | None] = mapped_column(
        comment="Name of the account then, or the one tried; null: the system."
    )
    source: Mapped[str | None] = mapped_column(comment="Address that it came from; null: the command line, the system.")
    camera: Mapped[str | None] = mapped_column(comment="Which camera; null: not about one.")
    area: Mapped[str | None] = mapped_column(comment="Of what it is about; null: not about one.")
    incident: Mapped[UUID | None] = mapped_column(comment="Which incident; null: not about one.")
    purpose: Mapped[str | None] = mapped_column(comment="Why, in the words of who did it; null: not asked.")
    case_number: Mapped[str | None] = mapped_column(comment="For which case; null: not asked.")
    details: Mapped[dict[str, Any]] = mapped_column(comment="What else matters, like the filters of a search.")
    format: Mapped[int] = mapped_column(SmallInteger, comment="Of the canonical JSON that was hashed.")
    hash: Mapped[bytes] = mapped_column(
        LargeBinary, comment="SHA-256 of the hash before it (32 zero bytes for the first) and of its canonical JSON."
    )


class AuditHeadRow(Base):
    __tablename__ = "audit_head"
    __table_args__ = (
        CheckConstraint("single", name="single"),
        {
            "comment": "One row: the end of the audit chain, so that a last record that is gone is missed. Moved by the"
            " trigger of an insertion into audit; another trigger lets it move by one record at a time, never back.",
            # Rewritten with every record: room on the page keeps the updates in place.
            "postgresql_with": {"fillfactor": "10"},
        },
    )

    single: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"), comment="Always true.")
    seq: Mapped[int] = mapped_column(Big, comment="Of the last record; 0: there is none.")
    hash: Mapped[bytes] = mapped_column(LargeBinary, comment="Of the last record; 32 zero bytes: there is none.")
