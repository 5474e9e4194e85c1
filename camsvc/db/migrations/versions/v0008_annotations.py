"""Tags, notes, assignments and dispositions of incidents

The two indexes on incidents read each partition once: about ten seconds for each million incidents.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_REFUSE_CHANGE = """
CREATE FUNCTION annotations_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of annotations is refused: what was said is only added to', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END $$
"""
_REFUSE_REMOVAL = """
CREATE FUNCTION annotations_stay() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    known boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %I.incidents WHERE id = $1 AND started_at = $2)', TG_TABLE_SCHEMA)
        INTO known USING OLD.incident_id, OLD.started_at;
    IF known THEN
        RAISE EXCEPTION 'annotation % stays as long as its incident', OLD.id USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN OLD;
END $$
"""
_TRIGGERS = (
    "CREATE TRIGGER annotations_refuse BEFORE UPDATE OR TRUNCATE ON annotations"
    " FOR EACH STATEMENT EXECUTE FUNCTION annotations_refuse()",
    "CREATE TRIGGER annotations_stay BEFORE DELETE ON annotations FOR EACH ROW EXECUTE FUNCTION annotations_stay()",
)


def upgrade() -> None:
    _history()
    _marks()


def _history() -> None:
    op.create_table(
        "annotations",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Rises in the order in which things were said.",
        ),
        sa.Column(
            "incident_id",
            sa.Uuid(),
            nullable=False,
            comment="Of which incident. No foreign key: incidents are taken out by the month.",
        ),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When that incident began: which partition it is in.",
        ),
        sa.Column("area", sa.Text(), nullable=False, comment="Path of the area where it was seen."),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
            comment="When it was said, by the database's clock.",
        ),
        sa.Column("user_id", sa.Integer(), nullable=True, comment="Who said it; null: the command line."),
        sa.Column(
            "user_name",
            sa.Text(),
            nullable=False,
            comment="Name of the account then; of the command line, of the account of the operating system.",
        ),
        sa.Column(
            "what",
            _one_of(
                "what",
                "tagged",
                "untagged",
                "noted",
                "note_edited",
                "note_withdrawn",
                "assigned",
                "done",
                "unassigned",
                "judged",
            ),
            nullable=False,
            comment="tagged, untagged, noted, note_edited, note_withdrawn, assigned, done, unassigned or judged.",
        ),
        sa.Column("tag", sa.Text(), nullable=True, comment="NFC, lower case; null: not about a tag."),
        sa.Column(
            "note",
            sa.BigInteger(),
            nullable=True,
            comment="Of an edit or a withdrawal, the id of the row that began the note; null: neither.",
        ),
        sa.Column("text", sa.Text(), nullable=True, comment="Of a note, as it then was; null: not the text of a note."),
        sa.Column(
            "assignee_id",
            sa.Integer(),
            nullable=True,
            comment="Who is to look after it, or did; null: not about that.",
        ),
        sa.Column(
            "disposition",
            _one_of("disposition", "none", "true", "false_alarm"),
            nullable=True,
            comment="true, false_alarm, or none: a judgement is taken back; null: not a judgement.",
        ),
        sa.Column("reason", sa.Text(), nullable=True, comment="Why it was judged so; null: not said."),
        sa.CheckConstraint("(what IN ('tagged', 'untagged')) = (tag IS NOT NULL)", name=op.f("ck_annotations_tag")),
        sa.CheckConstraint(
            "(what IN ('note_edited', 'note_withdrawn')) = (note IS NOT NULL)", name=op.f("ck_annotations_note")
        ),
        sa.CheckConstraint("(what IN ('noted', 'note_edited')) = (text IS NOT NULL)", name=op.f("ck_annotations_text")),
        sa.CheckConstraint(
            "(what IN ('assigned', 'done')) = (assignee_id IS NOT NULL)", name=op.f("ck_annotations_assignee")
        ),
        sa.CheckConstraint("(what = 'judged') = (disposition IS NOT NULL)", name=op.f("ck_annotations_judged")),
        sa.ForeignKeyConstraint(["assignee_id"], ["users.id"], name=op.f("fk_annotations_assignee_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_annotations_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_annotations")),
        comment="What people said of incidents: each row is one thing that somebody said. Triggers refuse to"
        " change a row, and to remove one while its incident is in the index. What is said goes with the month of"
        " its incident (db/partitions.py, forget).",
    )
    op.create_index("ix_annotations_incident_id", "annotations", ["incident_id", "id"], unique=False)
    op.create_index(
        "ix_annotations_tagged",
        "annotations",
        ["id"],
        unique=False,
        postgresql_include=["tag", "area"],
        postgresql_where=sa.text("what = 'tagged'"),
    )
    for statement in (_REFUSE_CHANGE, _REFUSE_REMOVAL, *_TRIGGERS):
        op.execute(statement)


def _marks() -> None:
    op.add_column(
        "incidents",
        sa.Column(
            "marks",
            postgresql.ARRAY(sa.Text()),
            nullable=True,
            comment="What people said of it, as search looks at it (camsvc.domain.marks); made from annotations, which"
            " are the record; null: nobody said anything.",
        ),
    )
    op.create_index(
        "ix_incidents_marks",
        "incidents",
        ["marks"],
        unique=False,
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
        postgresql_where=sa.text("marks IS NOT NULL"),
    )
    op.create_index(
        "ix_incidents_marked_sample",
        "incidents",
        ["started_at"],
        unique=False,
        postgresql_where=sa.text("get_byte(uuid_send(id), 15) < 4 AND marks IS NOT NULL"),
    )


def _one_of(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)
