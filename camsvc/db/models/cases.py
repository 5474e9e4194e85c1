"""Tables of cases: what is in them, who is on them, what was done, and footage asked for from other agencies."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from camsvc.db.models.base import Base, Big, one_of
from camsvc.domain.case import CaseRole, CaseState, ItemKind, RequestState


class CaseRow(Base):
    __tablename__ = "cases"
    __table_args__ = (
        UniqueConstraint("number", info={"serves": "of_number(): the case of a number; add(): one case a number"}),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed"),
        Index(
            "ix_cases_changed",
            "changed_at",
            "id",
            info={"serves": "listed(): cases by their last change"},
        ),
        {"comment": "Cases: what investigators collect. Never deleted."},
    )

    id: Mapped[int] = mapped_column(Big, Identity(always=True), primary_key=True, comment="No meaning.")
    number: Mapped[str] = mapped_column(comment="As the agency writes it; names one case only.")
    title: Mapped[str] = mapped_column(comment="What it is about, in a line.")
    description: Mapped[str] = mapped_column(comment="The same at length; may be empty.")
    state: Mapped[CaseState] = mapped_column(
        one_of(CaseState, "state"), comment="open; closed: nothing is added or changed until it is opened again."
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When it was made.")
    created_by: Mapped[str] = mapped_column(comment="By which account, or account of the operating system.")
    created_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id"), comment="The account; null: the command line."
    )
    changed_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When something was last done to it or in it (case_events)."
    )
    closed_at: Mapped[datetime | None] = mapped_column(comment="When it was closed; null: it is open.")
    revision: Mapped[int] = mapped_column(
        server_default=text("1"), comment="Rises with every change of number, title, description, state."
    )


class CasePersonRow(Base):
    __tablename__ = "case_people"
    __table_args__ = (
        Index(
            "ix_case_people_user_id",
            "user_id",
            info={"serves": "role(), listed(), shares.of_user(): the cases of an account"},
        ),
        {"comment": "Accounts that are on a case. It gives no right to footage. Who is taken off is in case_events."},
    )

    case_id: Mapped[int] = mapped_column(Big, ForeignKey("cases.id"), primary_key=True, comment="Which case.")
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True, comment="Who.")
    role: Mapped[CaseRole] = mapped_column(one_of(CaseRole, "role"), comment="lead, member or reader.")
    added_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="Since when.")


class CaseAgencyRow(Base):
    __tablename__ = "case_agencies"
    __table_args__ = (
        Index(
            "ix_case_agencies_agency_id",
            "agency_id",
            info={"serves": "role(), listed(), shares.of_user(): the cases that are shared with an agency"},
        ),
        {
            "comment": "Agencies that a case is shared with: all their accounts that may export somewhere are on it."
            " Goes with the agency."
        },
    )

    case_id: Mapped[int] = mapped_column(Big, ForeignKey("cases.id"), primary_key=True, comment="Which case.")
    agency_id: Mapped[int] = mapped_column(
        ForeignKey("agencies.id", ondelete="CASCADE"), primary_key=True, comment="Which agency."
    )
    role: Mapped[CaseRole] = mapped_column(one_of(CaseRole, "role"), comment="Of each of its accounts.")
    added_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="Since when.")


class CaseItemRow(Base):
    __tablename__ = "case_items"
    __table_args__ = (
        CheckConstraint(
            "kind NOT IN ('incident', 'clip') OR incident IS NOT NULL AND (kind = 'clip') = (part IS NOT NULL)",
            name="incident",
        ),
        CheckConstraint("kind <> 'span' OR incident IS NULL AND from_at < to_at", name="span"),
        CheckConstraint("(incident IS NULL) = (incident_started_at IS NULL)", name="started"),
        CheckConstraint(
            "(kind = 'snapshot') = (snapshot IS NOT NULL AND snapshot_sha256 IS NOT NULL"
            " AND snapshot_bytes IS NOT NULL)",
            name="snapshot",
        ),
        CheckConstraint("(removed_at IS NULL) = (removed_by IS NULL)", name="removed"),
        Index(
            "uq_case_items_thing",
            "case_id",
            "kind",
            "camera",
            "incident",
            "part",
            "from_at",
            "to_at",
            "snapshot",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("removed_at IS NULL"),
            info={"serves": "add(): a thing is in a case once; of_case(): what is in a case"},
        ),
        Index(
            "ix_case_items_incident",
            "incident",
            postgresql_where=text("incident IS NOT NULL AND removed_at IS NULL"),
            info={"serves": "cases_of(): the cases that an incident is on"},
        ),
        Index(
            "ix_case_items_snapshot",
            "case_id",
            "id",
            postgresql_where=text("snapshot IS NOT NULL"),
            info={"serves": "pictures_to_lock(), pictures_to_unlock(): of held cases; snapshots(): for fsck"},
        ),
        {
            "comment": "What is in a case: references to footage, and pictures. Never deleted: a removed one stays as"
            " history, and can be put back."
        },
    )

    id: Mapped[int] = mapped_column(Big, Identity(always=True), primary_key=True, comment="No meaning.")
    case_id: Mapped[int] = mapped_column(Big, ForeignKey("cases.id"), comment="Which case.")
    kind: Mapped[ItemKind] = mapped_column(
        one_of(ItemKind, "kind"),
        comment="incident; clip: one part of an incident's clip; span: of a camera; snapshot: a picture.",
    )
    incident: Mapped[UUID | None] = mapped_column(
        comment="Id of the incident. No foreign key: incidents are taken out by the month; null: of none."
    )
    incident_started_at: Mapped[datetime | None] = mapped_column(
        comment="Its start, which with the id is its key; null as incident."
    )
    part: Mapped[int | None] = mapped_column(comment="Index of the part of a clip; null: no clip.")
    camera: Mapped[str] = mapped_column(comment="Id of the camera.")
    area: Mapped[str] = mapped_column(comment="Path of the area where it was then: whose right it needs.")
    from_at: Mapped[datetime] = mapped_column(comment="Its start, as known when it was added.")
    to_at: Mapped[datetime] = mapped_column(
        comment="Its end, as known when it was added; exclusive of a span; of a snapshot its start."
    )
    snapshot: Mapped[str | None] = mapped_column(comment="Object key of the picture (JPEG); null: no snapshot.")
    snapshot_sha256: Mapped[str | None] = mapped_column(
        comment="Of the picture, hexadecimal, when it was taken in; null as snapshot."
    )
    snapshot_bytes: Mapped[int | None] = mapped_column(comment="Size of the picture in bytes; null as snapshot.")
    snapshot_locked: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="True: the object store holds the picture (legal hold of the case)."
    )
    clock_error_ms: Mapped[float | None] = mapped_column(
        comment="Of a snapshot's time, a bound in ms; null: not known, or no snapshot."
    )
    comment: Mapped[str] = mapped_column(comment="What it shows, in somebody's words; may be empty.")
    added_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When.")
    added_by: Mapped[str] = mapped_column(comment="By which account, or account of the operating system.")
    added_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id"), comment="The account; null: the command line."
    )
    removed_at: Mapped[datetime | None] = mapped_column(comment="When it was taken out; null: it is in the case.")
    removed_by: Mapped[str | None] = mapped_column(comment="By whom; null as removed_at.")


class CaseNoteRow(Base):
    __tablename__ = "case_notes"
    __table_args__ = (
        Index("ix_case_notes_case_id", "case_id", "id", info={"serves": "of_case(): the notes of a case, in order"}),
        {"comment": "Notes of a case; what each says is in case_note_texts. Never deleted."},
    )

    id: Mapped[int] = mapped_column(Big, Identity(always=True), primary_key=True, comment="No meaning.")
    case_id: Mapped[int] = mapped_column(Big, ForeignKey("cases.id"), comment="Of which case.")
    at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When it was written.")
    user_name: Mapped[str] = mapped_column(comment="Who wrote it, by the name of then.")
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), comment="The account; null: the command line.")
    withdrawn_at: Mapped[datetime | None] = mapped_column(comment="When it was withdrawn; null: it holds.")


class CaseNoteTextRow(Base):
    __tablename__ = "case_note_texts"
    __table_args__ = ({"comment": "What a note said, each time that it was written or edited. Only added to."},)

    note: Mapped[int] = mapped_column(Big, ForeignKey("case_notes.id"), primary_key=True, comment="Which note.")
    number: Mapped[int] = mapped_column(primary_key=True, comment="1, 2, 3, …: the highest is what it says now.")
    at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When.")
    text: Mapped[str] = mapped_column(comment="What it said from then on.")


class CaseEventRow(Base):
    __tablename__ = "case_events"
    __table_args__ = (
        Index("ix_case_events_case_id", "case_id", "id", info={"serves": "history(): what was done to a case"}),
        {
            "comment": "All that was ever done to a case. A trigger refuses to change or remove a row. Names no camera"
            " and no incident: who is on a case may not know of them all."
        },
    )

    id: Mapped[int] = mapped_column(
        Big, Identity(always=True), primary_key=True, comment="Rises in the order in which things were done."
    )
    case_id: Mapped[int] = mapped_column(Big, ForeignKey("cases.id"), comment="To which case.")
    at: Mapped[datetime] = mapped_column(
        server_default=text("clock_timestamp()"), comment="When, by the database's clock."
    )
    user_name: Mapped[str] = mapped_column(comment="Who did it, by the name of then.")
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id"), comment="The account; null: the command line, or the system."
    )
    what: Mapped[str] = mapped_column(comment="Thing and verb: case.opened, item.added, …")
    facts: Mapped[dict[str, Any]] = mapped_column(comment="What else matters, JSON.")


class FootageRequestRow(Base):
    __tablename__ = "footage_requests"
    __table_args__ = (
        CheckConstraint(
            "CASE WHEN incident IS NOT NULL THEN camera IS NULL AND area IS NULL AND from_at IS NULL AND to_at IS NULL"
            " ELSE (camera IS NULL) <> (area IS NULL) AND from_at IS NOT NULL AND from_at < to_at END",
            name="wanted",
        ),
        CheckConstraint(
            "(state IN ('approved', 'refused')) = (decided_at IS NOT NULL)"
            " AND (decided_at IS NULL OR decided_by_id IS DISTINCT FROM asked_by_id)",
            name="second_person",
        ),
        CheckConstraint("state <> 'approved' OR place IS NOT NULL", name="place"),
        CheckConstraint(
            "(until IS NULL AND ended_at IS NULL) OR state = 'approved'",
            name="approved",
        ),
        Index(
            "ix_footage_requests_case_id",
            "case_id",
            "id",
            info={"serves": "listed(): what a case asks for; shares.of_user(): what was given for a case"},
        ),
        Index(
            "ix_footage_requests_asked",
            "id",
            postgresql_where=text("state = 'asked'"),
            info={"serves": "to_decide(): what nobody has decided yet"},
        ),
        {
            "comment": "Footage that people of a case ask for from where they may not look. An approved one is the"
            " share itself: it gives the footage to the people of the case until it ends. Never deleted."
        },
    )

    id: Mapped[int] = mapped_column(Big, Identity(always=True), primary_key=True, comment="No meaning.")
    case_id: Mapped[int] = mapped_column(Big, ForeignKey("cases.id"), comment="For which case.")
    incident: Mapped[UUID | None] = mapped_column(
        comment="Id of the incident asked for, as it was given; null: none is named."
    )
    camera: Mapped[str | None] = mapped_column(
        comment="Id of the camera asked for, as it was given; null: none is named."
    )
    area: Mapped[str | None] = mapped_column(
        comment="Path of the area asked for, as it was given, with all below it; null: none is named."
    )
    from_at: Mapped[datetime | None] = mapped_column(comment="Start of the time asked for; null: an incident is.")
    to_at: Mapped[datetime | None] = mapped_column(comment="End of it, exclusive; null as from_at.")
    place: Mapped[str | None] = mapped_column(
        comment="Path of the area whose right decides; null: it names nothing that exists, administrators see that."
    )
    item: Mapped[int | None] = mapped_column(
        Big,
        ForeignKey("case_items.id"),
        comment="Row of the case that it was asked for by: who asks may not know what it is of; null: it was named.",
    )
    reason: Mapped[str] = mapped_column(comment="Why, in the words of who asks.")
    state: Mapped[RequestState] = mapped_column(
        one_of(RequestState, "state"), comment="asked, approved, refused or withdrawn."
    )
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When.")
    asked_by: Mapped[str] = mapped_column(comment="Who asks, by the name of then.")
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"), comment="The account.")
    decided_at: Mapped[datetime | None] = mapped_column(comment="When somebody decided; null: nobody did.")
    decided_by: Mapped[str | None] = mapped_column(comment="Who decided; null as decided_at.")
    decided_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id"), comment="The account that decided, another one; null as decided_at."
    )
    decision: Mapped[str | None] = mapped_column(comment="What who decided said; null as decided_at.")
    until: Mapped[datetime | None] = mapped_column(comment="When the approval ends; null: never, or not approved.")
    ended_at: Mapped[datetime | None] = mapped_column(
        comment="When somebody ended the approval before its time; null: nobody did."
    )
    ended_by: Mapped[str | None] = mapped_column(comment="Who ended it; null as ended_at.")
    end_reason: Mapped[str | None] = mapped_column(comment="Why it was ended, in their words; null as ended_at.")
