"""The table of what people say of incidents."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from camsvc.db.models.base import Base, Big, one_of
from camsvc.domain.annotation import Disposition, What


class AnnotationRow(Base):
    __tablename__ = "annotations"
    __table_args__ = (
        CheckConstraint("(what IN ('tagged', 'untagged')) = (tag IS NOT NULL)", name="tag"),
        CheckConstraint("(what IN ('note_edited', 'note_withdrawn')) = (note IS NOT NULL)", name="note"),
        CheckConstraint("(what IN ('noted', 'note_edited')) = (text IS NOT NULL)", name="text"),
        CheckConstraint("(what IN ('assigned', 'done')) = (assignee_id IS NOT NULL)", name="assignee"),
        CheckConstraint("(what = 'judged') = (disposition IS NOT NULL)", name="judged"),
        Index(
            "ix_annotations_incident_id",
            "incident_id",
            "id",
            info={"serves": "history(): what was said of an incident, in order"},
        ),
        Index(
            "ix_annotations_tagged",
            "id",
            postgresql_include=["tag", "area"],
            postgresql_where=text("what = 'tagged'"),
            info={"serves": "tags_in_use(): those that were given lately"},
        ),
        {
            "comment": "What people said of incidents: each row is one thing that somebody said. Triggers refuse to"
            " change a row, and to remove one while its incident is in the index. What is said goes with the month of"
            " its incident (db/partitions.py, forget)."
        },
    )

    id: Mapped[int] = mapped_column(
        Big, Identity(always=True), primary_key=True, comment="Rises in the order in which things were said."
    )
    incident_id: Mapped[UUID] = mapped_column(
        comment="Of which incident. No foreign key: incidents are taken out by the month."
    )
    started_at: Mapped[datetime] = mapped_column(comment="When that incident began: which partition it is in.")
    area: Mapped[str] = mapped_column(comment="Path of the area where it was seen.")
    at: Mapped[datetime] = mapped_column(
        server_default=text("clock_timestamp()"), comment="When it was said, by the database's clock."
    )
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), comment="Who said it; null: the command line.")
    user_name: Mapped[str] = mapped_column(
        comment="Name of the account then; of the command line, of the account of the operating system."
    )
    what: Mapped[What] = mapped_column(
        one_of(What, "what"),
        comment="tagged, untagged, noted, note_edited, note_withdrawn, assigned, done, unassigned or judged.",
    )
    tag: Mapped[str | None] = mapped_column(comment="NFC, lower case; null: not about a tag.")
    note: Mapped[int | None] = mapped_column(
        Big, comment="Of an edit or a withdrawal, the id of the row that began the note; null: neither."
    )
    text: Mapped[str | None] = mapped_column(comment="Of a note, as it then was; null: not the text of a note.")
    assignee_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id"), comment="Who is to look after it, or did; null: not about that."
    )
    disposition: Mapped[Disposition | None] = mapped_column(
        one_of(Disposition, "disposition"),
        comment="true, false_alarm, or none: a judgement is taken back; null: not a judgement.",
    )
    reason: Mapped[str | None] = mapped_column(comment="Why it was judged so; null: not said.")
