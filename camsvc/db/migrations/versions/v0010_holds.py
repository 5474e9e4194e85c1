"""Holds and retention"""

# ruff: noqa: E501  texts stand on the line that the server gets them from
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "deletions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="In the order of marking."),
        sa.Column("incident", sa.Uuid(), nullable=False, comment="Whose files."),
        sa.Column(
            "marked_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When they were given up.",
        ),
        sa.Column(
            "attempts",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="How often the store refused.",
        ),
        sa.Column("error", sa.Text(), nullable=True, comment="What it said last; null: it was not asked yet."),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deletions")),
        comment="Files that are to be deleted from the object store: written with the mark that they are gone, removed when they are. What a crash leaves behind is done by the next run.",
    )
    op.create_index("ix_deletions_incident", "deletions", ["incident"], unique=False)
    op.create_table(
        "hold_locks",
        sa.Column("incident", sa.Uuid(), nullable=False, comment="Whose files."),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False, comment="Start of the incident."),
        sa.Column(
            "revision",
            sa.Integer(),
            nullable=False,
            comment="Of the incident when they were locked; -1: not locked yet.",
        ),
        sa.Column("files", sa.Integer(), nullable=False, comment="How many were locked."),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False, comment="When the store was last asked."),
        sa.Column("error", sa.Text(), nullable=True, comment="What the store said against it; null: it did as asked."),
        sa.PrimaryKeyConstraint("incident", name=op.f("pk_hold_locks")),
        comment="The mirror of legal holds in the object store: incidents whose files are locked there, or are to be. A row goes once they are unlocked again.",
    )
    op.create_table(
        "retention_marks",
        sa.Column("term", sa.Text(), nullable=False, comment="Policy and days; another policy has other marks."),
        sa.Column(
            "done_before",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Of incidents that started before it, all that may go are marked. Set back when a hold is released.",
        ),
        sa.PrimaryKeyConstraint("term", name=op.f("pk_retention_marks")),
        comment="How far retention has come, so that it need not walk all of the index each time.",
    )
    op.create_table(
        "retention_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="No meaning."),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False, comment="When it began."),
        sa.Column(
            "ended_at", sa.DateTime(timezone=True), nullable=True, comment="When it ended; null: it goes on, or died."
        ),
        sa.Column("incidents", sa.Integer(), nullable=False, comment="Incidents whose footage was given up."),
        sa.Column("files", sa.Integer(), nullable=False, comment="Files deleted from the store."),
        sa.Column("bytes", sa.BigInteger(), nullable=False, comment="Their size."),
        sa.Column("months", sa.Integer(), nullable=False, comment="Months taken out of the index."),
        sa.Column(
            "left", sa.Integer(), nullable=False, comment="Incidents whose files were still to be deleted at its end."
        ),
        sa.Column(
            "pressure",
            sa.Boolean(),
            nullable=False,
            comment="Whether the disk had less free than retention.min_free_bytes.",
        ),
        sa.Column("exhausted", sa.Boolean(), nullable=False, comment="Whether nothing was left then that may go."),
        sa.Column(
            "free_bytes", sa.BigInteger(), nullable=True, comment="On the store's disk; null: the store is elsewhere."
        ),
        sa.Column("error", sa.Text(), nullable=True, comment="Why it ended before its time; null: it did not."),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_runs")),
        comment="What each run of retention did, for some months. Of those that found nothing to do only the last one.",
    )
    op.create_index("ix_retention_runs_time", "retention_runs", ["started_at"], unique=False)
    op.create_table(
        "storage_tallies",
        sa.Column("month", sa.Date(), nullable=False, comment="First day of the month, UTC."),
        sa.Column("area", sa.Text(), nullable=False, comment="Path of the area of the incidents, without those below."),
        sa.Column("incidents", sa.BigInteger(), nullable=False, comment="Rows in the index."),
        sa.Column("with_footage", sa.BigInteger(), nullable=False, comment="Of them, whose clip is stored."),
        sa.Column("bytes", sa.BigInteger(), nullable=False, comment="Size of their clips."),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False, comment="When."),
        sa.PrimaryKeyConstraint("month", "area", name=op.f("pk_storage_tallies")),
        comment="How much is stored by month and area, counted by retention now and then: for people.",
    )
    op.create_table(
        "holds",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="No meaning."),
        sa.Column(
            "kind",
            sa.Enum("incident", "camera", "case", name="kind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
            comment="What is held: an incident, a camera's span of time, or all that was ever held under a case number.",
        ),
        sa.Column("incident", sa.Uuid(), nullable=True, comment="Id of the incident; null: none is named."),
        sa.Column(
            "incident_started_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Its start, which with the id is its key; null as incident.",
        ),
        sa.Column("camera", sa.Text(), nullable=True, comment="Id of the camera; null: no span of a camera is held."),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=True, comment="Start of the span; null as camera."),
        sa.Column(
            "to_at", sa.DateTime(timezone=True), nullable=True, comment="End of the span, exclusive; null as camera."
        ),
        sa.Column(
            "area",
            sa.Text(),
            nullable=True,
            comment="Path of the area that it belonged to when it was placed: whose right it needs; null: of a case.",
        ),
        sa.Column("case_number", sa.Text(), nullable=True, comment="The case that it is for; null: none was said."),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why, in the words of who placed it."),
        sa.Column(
            "legal",
            sa.Boolean(),
            nullable=False,
            comment="Mirrored as legal hold of the object store; false: it stands in this database alone.",
        ),
        sa.Column(
            "placed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When, by the database's clock.",
        ),
        sa.Column(
            "placed_by",
            sa.Text(),
            nullable=False,
            comment="Account, or account of the operating system (command line).",
        ),
        sa.Column(
            "placed_by_id", sa.Integer(), nullable=True, comment="The account; null: placed on the command line."
        ),
        sa.Column(
            "requested_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When somebody asked for its release; null: nobody does.",
        ),
        sa.Column("requested_by", sa.Text(), nullable=True, comment="Who asked; null as requested_at."),
        sa.Column(
            "requested_by_id", sa.Integer(), nullable=True, comment="The account that asked; null as requested_at."
        ),
        sa.Column("request_reason", sa.Text(), nullable=True, comment="Why it may go; null as requested_at."),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True, comment="When it ended; null: it stands."),
        sa.Column("released_by", sa.Text(), nullable=True, comment="The second person; null as released_at."),
        sa.Column(
            "released_by_id",
            sa.Integer(),
            nullable=True,
            comment="The account of the second person; null as released_at.",
        ),
        sa.Column(
            "release_reason", sa.Text(), nullable=True, comment="What the second person said; null as released_at."
        ),
        sa.CheckConstraint("(kind = 'camera') = (camera IS NOT NULL AND from_at < to_at)", name=op.f("ck_holds_span")),
        sa.CheckConstraint(
            "(kind = 'incident') = (incident IS NOT NULL) AND (incident IS NULL) = (incident_started_at IS NULL)",
            name=op.f("ck_holds_incident"),
        ),
        sa.CheckConstraint("kind <> 'case' OR case_number IS NOT NULL", name=op.f("ck_holds_case")),
        sa.CheckConstraint(
            "released_at IS NULL OR (requested_at IS NOT NULL AND released_by_id <> requested_by_id)",
            name=op.f("ck_holds_second_person"),
        ),
        sa.ForeignKeyConstraint(["placed_by_id"], ["users.id"], name=op.f("fk_holds_placed_by_id")),
        sa.ForeignKeyConstraint(["released_by_id"], ["users.id"], name=op.f("fk_holds_released_by_id")),
        sa.ForeignKeyConstraint(["requested_by_id"], ["users.id"], name=op.f("fk_holds_requested_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
        comment="What must not be deleted, by whose word. Beats retention, a full disk and administrators. Never deleted: a released one stays as history.",
    )
    op.create_index(
        "ix_holds_camera", "holds", ["camera"], unique=False, postgresql_where=sa.text("camera IS NOT NULL")
    )
    op.create_index(
        "ix_holds_case", "holds", ["case_number"], unique=False, postgresql_where=sa.text("case_number IS NOT NULL")
    )
    op.create_index(
        "ix_holds_incident", "holds", ["incident"], unique=False, postgresql_where=sa.text("incident IS NOT NULL")
    )
    op.create_table(
        "hold_events",
        sa.Column("hold", sa.BigInteger(), nullable=False, comment="Which hold."),
        sa.Column("number", sa.Integer(), nullable=False, comment="1, 2, 3, … within the hold."),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When, by the database's clock.",
        ),
        sa.Column(
            "deed",
            sa.Enum(
                "placed",
                "release_requested",
                "release_refused",
                "release_withdrawn",
                "released",
                name="deed",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="What was done.",
        ),
        sa.Column("user_name", sa.Text(), nullable=False, comment="Who did it, by the name of then."),
        sa.Column("user_id", sa.Integer(), nullable=True, comment="The account; null: done on the command line."),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why, in their words."),
        sa.ForeignKeyConstraint(["hold"], ["holds.id"], name=op.f("fk_hold_events_hold")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_hold_events_user_id")),
        sa.PrimaryKeyConstraint("hold", "number", name=op.f("pk_hold_events")),
        comment="The history of each hold. Only added to.",
    )
    op.add_column(
        "incidents",
        sa.Column(
            "footage_expired_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When retention gave up its files, which clip, thumbnail and tracks still name; null: it did not.",
        ),
    )
