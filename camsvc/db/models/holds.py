"""Tables of what must stay and of what goes: holds, and the work of retention."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Identity, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from camsvc.db.models.base import Base, Big, one_of
from camsvc.domain.hold import HoldDeed, HoldKind


class HoldRow(Base):
    __tablename__ = "holds"
    __table_args__ = (
        CheckConstraint(
            "(kind = 'incident') = (incident IS NOT NULL) AND (incident IS NULL) = (incident_started_at IS NULL)",
            name="incident",
        ),
        CheckConstraint("(kind = 'camera') = (camera IS NOT NULL AND from_at < to_at)", name="span"),
        CheckConstraint("kind <> 'case' OR case_number IS NOT NULL", name="case"),
        CheckConstraint(
            "released_at IS NULL OR (requested_at IS NOT NULL AND released_by_id <> requested_by_id)",
            name="second_person",
        ),
        {
            "comment": "What must not be deleted, by whose word. Beats retention, a full disk and administrators. Never"
            " deleted: a released one stays as history."
        },
    )

    id: Mapped[int] = mapped_column(Big, Identity(always=True), primary_key=True, comment="No meaning.")
    kind: Mapped[HoldKind] = mapped_column(
        one_of(HoldKind, "kind"),
        comment="What is held: an incident, a camera's span of time, or all that was ever held under a case number.",
    )
    incident: Mapped[UUID | None] = mapped_column(comment="Id of the incident; null: none is named.")
    incident_started_at: Mapped[datetime | None] = mapped_column(
        comment="Its start, which with the id is its key; null as incident."
    )
    camera: Mapped[str | None] = mapped_column(comment="Id of the camera; null: no span of a camera is held.")
    from_at: Mapped[datetime | None] = mapped_column(comment="Start of the span; null as camera.")
    to_at: Mapped[datetime | None] = mapped_column(comment="End of the span, exclusive; null as camera.")
    area: Mapped[str | None] = mapped_column(
        comment="Path of the area that it belonged to when it was placed: whose right it needs; null: of a case."
    )
    case_number: Mapped[str | None] = mapped_column(comment="The case that it is for; null: none was said.")
    reason: Mapped[str] = mapped_column(comment="Why, in the words of who placed it.")
    legal: Mapped[bool] = mapped_column(
        comment="Mirrored as legal hold of the object store; false: it stands in this database alone."
    )
    placed_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When, by the database's clock.")
    placed_by: Mapped[str] = mapped_column(comment="Account, or account of the operating system (command line).")
    placed_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id"), comment="The account; null: placed on the command line."
    )
    requested_at: Mapped[datetime | None] = mapped_column(
        comment="When somebody asked for its release; null: nobody does."
    )
    requested_by: Mapped[str | None] = mapped_column(comment="Who asked; null as requested_at.")
    requested_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id"), comment="The account that asked; null as requested_at."
    )
    request_reason: Mapped[str | None] = mapped_column(comment="Why it may go; null as requested_at.")
    released_at: Mapped[datetime | None] = mapped_column(comment="When it ended; null: it stands.")
    released_by: Mapped[str | None] = mapped_column(comment="The second person; null as released_at.")
    released_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id"), comment="The account of the second person; null as released_at."
    )
    release_reason: Mapped[str | None] = mapped_column(comment="What the second person said; null as released_at.")


Index(
    "ix_holds_incident",
    HoldRow.incident,
    postgresql_where=text("incident IS NOT NULL"),
    info={"serves": "of_incident(), held_ids(): holds that name an incident"},
)
Index(
    "ix_holds_camera",
    HoldRow.camera,
    postgresql_where=text("camera IS NOT NULL"),
    info={"serves": "of_incident(), held_ids(): held spans of a camera"},
)
Index(
    "ix_holds_case",
    HoldRow.case_number,
    postgresql_where=text("case_number IS NOT NULL"),
    info={"serves": "held_ids(): what was held under the number of a held case"},
)


class HoldEventRow(Base):
    __tablename__ = "hold_events"
    __table_args__ = ({"comment": "The history of each hold. Only added to."},)

    hold: Mapped[int] = mapped_column(Big, ForeignKey("holds.id"), primary_key=True, comment="Which hold.")
    number: Mapped[int] = mapped_column(primary_key=True, comment="1, 2, 3, … within the hold.")
    at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When, by the database's clock.")
    deed: Mapped[HoldDeed] = mapped_column(one_of(HoldDeed, "deed"), comment="What was done.")
    user_name: Mapped[str] = mapped_column(comment="Who did it, by the name of then.")
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id"), comment="The account; null: done on the command line."
    )
    reason: Mapped[str] = mapped_column(comment="Why, in their words.")


class HoldLockRow(Base):
    __tablename__ = "hold_locks"
    __table_args__ = (
        {
            "comment": "The mirror of legal holds in the object store: incidents whose files are locked there, or are"
            " to be. A row goes once they are unlocked again."
        },
    )

    incident: Mapped[UUID] = mapped_column(primary_key=True, comment="Whose files.")
    started_at: Mapped[datetime] = mapped_column(comment="Start of the incident.")
    revision: Mapped[int] = mapped_column(comment="Of the incident when they were locked; -1: not locked yet.")
    files: Mapped[int] = mapped_column(comment="How many were locked.")
    tried_at: Mapped[datetime] = mapped_column(comment="When the store was last asked.")
    error: Mapped[str | None] = mapped_column(comment="What the store said against it; null: it did as asked.")


class DeletionRow(Base):
    __tablename__ = "deletions"
    __table_args__ = (
        Index(
            "ix_deletions_incident",
            "incident",
            info={"serves": "is_going(): whether files in the store are about to be deleted (fsck)"},
        ),
        {
            "comment": "Files that are to be deleted from the object store: written with the mark that they are gone,"
            " removed when they are. What a crash leaves behind is done by the next run."
        },
    )

    id: Mapped[int] = mapped_column(Big, Identity(always=True), primary_key=True, comment="In the order of marking.")
    incident: Mapped[UUID] = mapped_column(comment="Whose files.")
    marked_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When they were given up.")
    attempts: Mapped[int] = mapped_column(server_default=text("0"), comment="How often the store refused.")
    error: Mapped[str | None] = mapped_column(comment="What it said last; null: it was not asked yet.")


class RetentionMarkRow(Base):
    __tablename__ = "retention_marks"
    __table_args__ = ({"comment": "How far retention has come, so that it need not walk all of the index each time."},)

    term: Mapped[str] = mapped_column(primary_key=True, comment="Policy and days; another policy has other marks.")
    done_before: Mapped[datetime] = mapped_column(
        comment="Of incidents that started before it, all that may go are marked. Set back when a hold is released."
    )


class RetentionRunRow(Base):
    __tablename__ = "retention_runs"
    __table_args__ = (
        Index(
            "ix_retention_runs_time",
            "started_at",
            info={"serves": "runs(): the last ones"},
        ),
        {
            "comment": "What each run of retention did, for some months. Of those that found nothing to do only the"
            " last one."
        },
    )

    id: Mapped[int] = mapped_column(Big, Identity(always=True), primary_key=True, comment="No meaning.")
    started_at: Mapped[datetime] = mapped_column(comment="When it began.")
    ended_at: Mapped[datetime | None] = mapped_column(comment="When it ended; null: it goes on, or died.")
    incidents: Mapped[int] = mapped_column(comment="Incidents whose footage was given up.")
    files: Mapped[int] = mapped_column(comment="Files deleted from the store.")
    bytes: Mapped[int] = mapped_column(Big, comment="Their size.")
    months: Mapped[int] = mapped_column(comment="Months taken out of the index.")
    left: Mapped[int] = mapped_column(comment="Incidents whose files were still to be deleted at its end.")
    pressure: Mapped[bool] = mapped_column(comment="Whether the disk had less free than retention.min_free_bytes.")
    exhausted: Mapped[bool] = mapped_column(comment="Whether nothing was left then that may go.")
    free_bytes: Mapped[int | None] = mapped_column(Big, comment="On the store's disk; null: the store is elsewhere.")
    error: Mapped[str | None] = mapped_column(comment="Why it ended before its time; null: it did not.")


class StorageTallyRow(Base):
    __tablename__ = "storage_tallies"
    __table_args__ = (
        {"comment": "How much is stored by month and area, counted by retention now and then: for people."},
    )

    month: Mapped[date] = mapped_column(Date, primary_key=True, comment="First day of the month, UTC.")
    area: Mapped[str] = mapped_column(
        primary_key=True, comment="Path of the area of the incidents, without those below."
    )
    incidents: Mapped[int] = mapped_column(Big, comment="Rows in the index.")
    with_footage: Mapped[int] = mapped_column(Big, comment="Of them, whose clip is stored.")
    bytes: Mapped[int] = mapped_column(Big, comment="Size of their clips.")
    counted_at: Mapped[datetime] = mapped_column(comment="When.")
