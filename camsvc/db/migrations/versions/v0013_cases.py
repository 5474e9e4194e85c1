"""Cases, what is in them, who is on them, footage asked for from other agencies"""

# ruff: noqa: E501  texts stand on the line that the server gets them from
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_REFUSE = """
CREATE FUNCTION cases_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: cases and their history are kept', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$
"""
_ONLY_ADDED_TO = ("case_events", "case_note_texts")
_NEVER_DELETED = ("cases", "case_items", "case_notes", "footage_requests")


def upgrade() -> None:
    _cases()
    _case_agencies()
    _case_events()
    _case_items()
    _case_notes()
    _case_people()
    _case_note_texts()
    _footage_requests()
    op.execute(_REFUSE)
    for table in _ONLY_ADDED_TO:
        _refuse(table, "UPDATE OR DELETE OR TRUNCATE")
    for table in _NEVER_DELETED:
        _refuse(table, "DELETE OR TRUNCATE")


def _refuse(table: str, deeds: str) -> None:
    op.execute(
        f"CREATE TRIGGER {table}_refuse BEFORE {deeds} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION cases_refuse()"
    )


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="No meaning."),
        sa.Column("number", sa.Text(), nullable=False, comment="As the agency writes it; names one case only."),
        sa.Column("title", sa.Text(), nullable=False, comment="What it is about, in a line."),
        sa.Column("description", sa.Text(), nullable=False, comment="The same at length; may be empty."),
        sa.Column(
            "state",
            sa.Enum("open", "closed", name="state", native_enum=False, create_constraint=True, length=32),
            nullable=False,
            comment="open; closed: nothing is added or changed until it is opened again.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was made.",
        ),
        sa.Column(
            "created_by", sa.Text(), nullable=False, comment="By which account, or account of the operating system."
        ),
        sa.Column("created_by_id", sa.Integer(), nullable=True, comment="The account; null: the command line."),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When something was last done to it or in it (case_events).",
        ),
        sa.Column(
            "closed_at", sa.DateTime(timezone=True), nullable=True, comment="When it was closed; null: it is open."
        ),
        sa.Column(
            "revision",
            sa.Integer(),
            server_default=sa.text("1"),
            nullable=False,
            comment="Rises with every change of number, title, description, state.",
        ),
        sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_cases_closed")),
        sa.ForeignKeyConstraint(["created_by_id"], ["users.id"], name=op.f("fk_cases_created_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("number", name=op.f("uq_cases_number")),
        comment="Cases: what investigators collect. Never deleted.",
    )
    op.create_index("ix_cases_changed", "cases", ["changed_at", "id"], unique=False)


def _case_agencies() -> None:
    op.create_table(
        "case_agencies",
        sa.Column("case_id", sa.BigInteger(), nullable=False, comment="Which case."),
        sa.Column("agency_id", sa.Integer(), nullable=False, comment="Which agency."),
        sa.Column(
            "role",
            sa.Enum("lead", "member", "reader", name="role", native_enum=False, create_constraint=True, length=32),
            nullable=False,
            comment="Of each of its accounts.",
        ),
        sa.Column(
            "added_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="Since when.",
        ),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agencies.id"], name=op.f("fk_case_agencies_agency_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_agencies_case_id")),
        sa.PrimaryKeyConstraint("case_id", "agency_id", name=op.f("pk_case_agencies")),
        comment="Agencies that a case is shared with: all their accounts that may export somewhere are on it. Goes with the agency.",
    )
    op.create_index("ix_case_agencies_agency_id", "case_agencies", ["agency_id"], unique=False)


def _case_events() -> None:
    op.create_table(
        "case_events",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Rises in the order in which things were done.",
        ),
        sa.Column("case_id", sa.BigInteger(), nullable=False, comment="To which case."),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
            comment="When, by the database's clock.",
        ),
        sa.Column("user_name", sa.Text(), nullable=False, comment="Who did it, by the name of then."),
        sa.Column(
            "user_id", sa.Integer(), nullable=True, comment="The account; null: the command line, or the system."
        ),
        sa.Column("what", sa.Text(), nullable=False, comment="Thing and verb: case.opened, item.added, …"),
        sa.Column("facts", postgresql.JSONB(), nullable=False, comment="What else matters, JSON."),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_events_case_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_case_events_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_events")),
        comment="All that was ever done to a case. A trigger refuses to change or remove a row. Names no camera and no incident: who is on a case may not know of them all.",
    )
    op.create_index("ix_case_events_case_id", "case_events", ["case_id", "id"], unique=False)


def _case_items() -> None:
    op.create_table(
        "case_items",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="No meaning."),
        sa.Column("case_id", sa.BigInteger(), nullable=False, comment="Which case."),
        sa.Column(
            "kind",
            sa.Enum(
                "incident",
                "clip",
                "span",
                "snapshot",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="incident; clip: one part of an incident's clip; span: of a camera; snapshot: a picture.",
        ),
        sa.Column(
            "incident",
            sa.Uuid(),
            nullable=True,
            comment="Id of the incident. No foreign key: incidents are taken out by the month; null: of none.",
        ),
        sa.Column(
            "incident_started_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Its start, which with the id is its key; null as incident.",
        ),
        sa.Column("part", sa.Integer(), nullable=True, comment="Index of the part of a clip; null: no clip."),
        sa.Column("camera", sa.Text(), nullable=False, comment="Id of the camera."),
        sa.Column(
            "area", sa.Text(), nullable=False, comment="Path of the area where it was then: whose right it needs."
        ),
        sa.Column(
            "from_at", sa.DateTime(timezone=True), nullable=False, comment="Its start, as known when it was added."
        ),
        sa.Column(
            "to_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Its end, as known when it was added; exclusive of a span; of a snapshot its start.",
        ),
        sa.Column("snapshot", sa.Text(), nullable=True, comment="Object key of the picture (JPEG); null: no snapshot."),
        sa.Column(
            "snapshot_sha256",
            sa.Text(),
            nullable=True,
            comment="Of the picture, hexadecimal, when it was taken in; null as snapshot.",
        ),
        sa.Column(
            "snapshot_bytes", sa.Integer(), nullable=True, comment="Size of the picture in bytes; null as snapshot."
        ),
        sa.Column(
            "snapshot_locked",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="True: the object store holds the picture (legal hold of the case).",
        ),
        sa.Column(
            "clock_error_ms",
            sa.Double(),
            nullable=True,
            comment="Of a snapshot's time, a bound in ms; null: not known, or no snapshot.",
        ),
        sa.Column("comment", sa.Text(), nullable=False, comment="What it shows, in somebody's words; may be empty."),
        sa.Column(
            "added_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False, comment="When."
        ),
        sa.Column(
            "added_by", sa.Text(), nullable=False, comment="By which account, or account of the operating system."
        ),
        sa.Column("added_by_id", sa.Integer(), nullable=True, comment="The account; null: the command line."),
        sa.Column(
            "removed_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was taken out; null: it is in the case.",
        ),
        sa.Column("removed_by", sa.Text(), nullable=True, comment="By whom; null as removed_at."),
        sa.CheckConstraint(
            "(kind = 'snapshot') = (snapshot IS NOT NULL AND snapshot_sha256 IS NOT NULL AND snapshot_bytes IS NOT NULL)",
            name=op.f("ck_case_items_snapshot"),
        ),
        sa.CheckConstraint("kind <> 'span' OR incident IS NULL AND from_at < to_at", name=op.f("ck_case_items_span")),
        sa.CheckConstraint(
            "kind NOT IN ('incident', 'clip') OR incident IS NOT NULL AND (kind = 'clip') = (part IS NOT NULL)",
            name=op.f("ck_case_items_incident"),
        ),
        sa.CheckConstraint("(incident IS NULL) = (incident_started_at IS NULL)", name=op.f("ck_case_items_started")),
        sa.CheckConstraint("(removed_at IS NULL) = (removed_by IS NULL)", name=op.f("ck_case_items_removed")),
        sa.ForeignKeyConstraint(["added_by_id"], ["users.id"], name=op.f("fk_case_items_added_by_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_items_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_items")),
        comment="What is in a case: references to footage, and pictures. Never deleted: a removed one stays as history, and can be put back.",
    )
    op.create_index(
        "ix_case_items_incident",
        "case_items",
        ["incident"],
        unique=False,
        postgresql_where=sa.text("incident IS NOT NULL AND removed_at IS NULL"),
    )
    op.create_index(
        "ix_case_items_snapshot",
        "case_items",
        ["case_id", "id"],
        unique=False,
        postgresql_where=sa.text("snapshot IS NOT NULL"),
    )
    op.create_index(
        "uq_case_items_thing",
        "case_items",
        ["case_id", "kind", "camera", "incident", "part", "from_at", "to_at", "snapshot"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )


def _case_notes() -> None:
    op.create_table(
        "case_notes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="No meaning."),
        sa.Column("case_id", sa.BigInteger(), nullable=False, comment="Of which case."),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was written.",
        ),
        sa.Column("user_name", sa.Text(), nullable=False, comment="Who wrote it, by the name of then."),
        sa.Column("user_id", sa.Integer(), nullable=True, comment="The account; null: the command line."),
        sa.Column(
            "withdrawn_at", sa.DateTime(timezone=True), nullable=True, comment="When it was withdrawn; null: it holds."
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_notes_case_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_case_notes_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_notes")),
        comment="Notes of a case; what each says is in case_note_texts. Never deleted.",
    )
    op.create_index("ix_case_notes_case_id", "case_notes", ["case_id", "id"], unique=False)


def _case_people() -> None:
    op.create_table(
        "case_people",
        sa.Column("case_id", sa.BigInteger(), nullable=False, comment="Which case."),
        sa.Column("user_id", sa.Integer(), nullable=False, comment="Who."),
        sa.Column(
            "role",
            sa.Enum("lead", "member", "reader", name="role", native_enum=False, create_constraint=True, length=32),
            nullable=False,
            comment="lead, member or reader.",
        ),
        sa.Column(
            "added_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="Since when.",
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_people_case_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_case_people_user_id")),
        sa.PrimaryKeyConstraint("case_id", "user_id", name=op.f("pk_case_people")),
        comment="Accounts that are on a case. It gives no right to footage. Who is taken off is in case_events.",
    )
    op.create_index("ix_case_people_user_id", "case_people", ["user_id"], unique=False)


def _case_note_texts() -> None:
    op.create_table(
        "case_note_texts",
        sa.Column("note", sa.BigInteger(), nullable=False, comment="Which note."),
        sa.Column("number", sa.Integer(), nullable=False, comment="1, 2, 3, …: the highest is what it says now."),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False, comment="When."),
        sa.Column("text", sa.Text(), nullable=False, comment="What it said from then on."),
        sa.ForeignKeyConstraint(["note"], ["case_notes.id"], name=op.f("fk_case_note_texts_note")),
        sa.PrimaryKeyConstraint("note", "number", name=op.f("pk_case_note_texts")),
        comment="What a note said, each time that it was written or edited. Only added to.",
    )


def _footage_requests() -> None:
    op.create_table(
        "footage_requests",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="No meaning."),
        sa.Column("case_id", sa.BigInteger(), nullable=False, comment="For which case."),
        sa.Column(
            "incident",
            sa.Uuid(),
            nullable=True,
            comment="Id of the incident asked for, as it was given; null: none is named.",
        ),
        sa.Column(
            "camera",
            sa.Text(),
            nullable=True,
            comment="Id of the camera asked for, as it was given; null: none is named.",
        ),
        sa.Column(
            "area",
            sa.Text(),
            nullable=True,
            comment="Path of the area asked for, as it was given, with all below it; null: none is named.",
        ),
        sa.Column(
            "from_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Start of the time asked for; null: an incident is.",
        ),
        sa.Column("to_at", sa.DateTime(timezone=True), nullable=True, comment="End of it, exclusive; null as from_at."),
        sa.Column(
            "place",
            sa.Text(),
            nullable=True,
            comment="Path of the area whose right decides; null: it names nothing that exists, administrators see that.",
        ),
        sa.Column(
            "item",
            sa.BigInteger(),
            nullable=True,
            comment="Row of the case that it was asked for by: who asks may not know what it is of; null: it was named.",
        ),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why, in the words of who asks."),
        sa.Column(
            "state",
            sa.Enum(
                "asked",
                "approved",
                "refused",
                "withdrawn",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="asked, approved, refused or withdrawn.",
        ),
        sa.Column(
            "asked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False, comment="When."
        ),
        sa.Column("asked_by", sa.Text(), nullable=False, comment="Who asks, by the name of then."),
        sa.Column("asked_by_id", sa.Integer(), nullable=False, comment="The account."),
        sa.Column(
            "decided_at", sa.DateTime(timezone=True), nullable=True, comment="When somebody decided; null: nobody did."
        ),
        sa.Column("decided_by", sa.Text(), nullable=True, comment="Who decided; null as decided_at."),
        sa.Column(
            "decided_by_id",
            sa.Integer(),
            nullable=True,
            comment="The account that decided, another one; null as decided_at.",
        ),
        sa.Column("decision", sa.Text(), nullable=True, comment="What who decided said; null as decided_at."),
        sa.Column(
            "until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the approval ends; null: never, or not approved.",
        ),
        sa.Column(
            "ended_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When somebody ended the approval before its time; null: nobody did.",
        ),
        sa.Column("ended_by", sa.Text(), nullable=True, comment="Who ended it; null as ended_at."),
        sa.Column(
            "end_reason", sa.Text(), nullable=True, comment="Why it was ended, in their words; null as ended_at."
        ),
        sa.CheckConstraint(
            "(state IN ('approved', 'refused')) = (decided_at IS NOT NULL) AND (decided_at IS NULL OR decided_by_id IS DISTINCT FROM asked_by_id)",
            name=op.f("ck_footage_requests_second_person"),
        ),
        sa.CheckConstraint(
            "(until IS NULL AND ended_at IS NULL) OR state = 'approved'", name=op.f("ck_footage_requests_approved")
        ),
        sa.CheckConstraint("state <> 'approved' OR place IS NOT NULL", name=op.f("ck_footage_requests_place")),
        sa.CheckConstraint(
            "CASE WHEN incident IS NOT NULL THEN camera IS NULL AND area IS NULL AND from_at IS NULL AND to_at IS NULL ELSE (camera IS NULL) <> (area IS NULL) AND from_at IS NOT NULL AND from_at < to_at END",
            name=op.f("ck_footage_requests_wanted"),
        ),
        sa.ForeignKeyConstraint(["asked_by_id"], ["users.id"], name=op.f("fk_footage_requests_asked_by_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_footage_requests_case_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["users.id"], name=op.f("fk_footage_requests_decided_by_id")),
        sa.ForeignKeyConstraint(["item"], ["case_items.id"], name=op.f("fk_footage_requests_item")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_footage_requests")),
        comment="Footage that people of a case ask for from where they may not look. An approved one is the share itself: it gives the footage to the people of the case until it ends. Never deleted.",
    )
    op.create_index(
        "ix_footage_requests_asked",
        "footage_requests",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state = 'asked'"),
    )
    op.create_index("ix_footage_requests_case_id", "footage_requests", ["case_id", "id"], unique=False)
