"""The table of what people decided to hide in copies of clips."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from camsvc.db.models.base import Base, one_of
from camsvc.domain.redaction import Blur


class RedactionRow(Base):
    __tablename__ = "redactions"
    __table_args__ = (
        CheckConstraint("revision > 0", name="revision"),
        {
            "comment": "What people decided to make unrecognisable in copies of incidents' clips: each row is one"
            " decision, the one with the highest revision holds. Triggers refuse to change a row, and to remove one"
            " while its incident is in the index; it goes with the month of its incident (db/partitions.py, forget)."
        },
    )

    incident_id: Mapped[UUID] = mapped_column(
        primary_key=True, comment="Of which incident. No foreign key: incidents are taken out by the month."
    )
    revision: Mapped[int] = mapped_column(
        primary_key=True, autoincrement=False, comment="1, 2, 3, … within the incident."
    )
    started_at: Mapped[datetime] = mapped_column(comment="When that incident began: which partition it is in.")
    at: Mapped[datetime] = mapped_column(
        server_default=text("clock_timestamp()"), comment="When it was decided, by the database's clock."
    )
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id"), comment="Who decided it; null: the command line."
    )
    user_name: Mapped[str] = mapped_column(
        comment="Name of the account then; of the command line, of the account of the operating system."
    )
    blur: Mapped[Blur] = mapped_column(
        one_of(Blur, "blur"),
        comment="What is hidden of everything that is not kept: faces, people, vehicles, everything.",
    )
    kept: Mapped[list[dict[str, Any]]] = mapped_column(
        comment="Tracks that stay to be seen: session, track, analysis_session as tracks.json names them."
    )
    added: Mapped[list[dict[str, Any]]] = mapped_column(comment="Tracks that are hidden besides; form as kept.")
    regions: Mapped[list[dict[str, Any]]] = mapped_column(
        comment="Drawn by hand: part of the clip, and boxes (fractions of the picture) at player times in seconds."
    )
    sound: Mapped[bool] = mapped_column(comment="Whether copies keep the sound.")
    comment: Mapped[str] = mapped_column(comment="Why it was changed, in words; may be empty.")
