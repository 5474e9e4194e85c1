"""Redactions of incidents"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_REFUSE_CHANGE = """
CREATE FUNCTION redactions_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of redactions is refused: what was decided is only added to', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END $$
"""
_REFUSE_REMOVAL = """
CREATE FUNCTION redactions_stay() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    known boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %I.incidents WHERE id = $1 AND started_at = $2)', TG_TABLE_SCHEMA)
        INTO known USING OLD.incident_id, OLD.started_at;
    IF known THEN
        RAISE EXCEPTION 'revision % of a redaction stays as long as its incident', OLD.revision
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN OLD;
END $$
"""
_TRIGGERS = (
    "CREATE TRIGGER redactions_refuse BEFORE UPDATE OR TRUNCATE ON redactions"
    " FOR EACH STATEMENT EXECUTE FUNCTION redactions_refuse()",
    "CREATE TRIGGER redactions_stay BEFORE DELETE ON redactions FOR EACH ROW EXECUTE FUNCTION redactions_stay()",
)


def upgrade() -> None:
    op.create_table(
        "redactions",
        sa.Column(
            "incident_id",
            sa.Uuid(),
            nullable=False,
            comment="Of which incident. No foreign key: incidents are taken out by the month.",
        ),
        sa.Column(
            "revision", sa.Integer(), autoincrement=False, nullable=False, comment="1, 2, 3, … within the incident."
        ),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When that incident began: which partition it is in.",
        ),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
            comment="When it was decided, by the database's clock.",
        ),
        sa.Column("user_id", sa.Integer(), nullable=True, comment="Who decided it; null: the command line."),
        sa.Column(
            "user_name",
            sa.Text(),
            nullable=False,
            comment="Name of the account then; of the command line, of the account of the operating system.",
        ),
        sa.Column(
            "blur",
            sa.Enum(
                "faces",
                "people",
                "vehicles",
                "everything",
                name="blur",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="What is hidden of everything that is not kept: faces, people, vehicles, everything.",
        ),
        sa.Column(
            "kept",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Tracks that stay to be seen: session, track, analysis_session as tracks.json names them.",
        ),
        sa.Column(
            "added",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Tracks that are hidden besides; form as kept.",
        ),
        sa.Column(
            "regions",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Drawn by hand: part of the clip, and boxes (fractions of the picture) at player times in seconds.",
        ),
        sa.Column("sound", sa.Boolean(), nullable=False, comment="Whether copies keep the sound."),
        sa.Column("comment", sa.Text(), nullable=False, comment="Why it was changed, in words; may be empty."),
        sa.CheckConstraint("revision > 0", name=op.f("ck_redactions_revision")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_redactions_user_id")),
        sa.PrimaryKeyConstraint("incident_id", "revision", name=op.f("pk_redactions")),
        comment="What people decided to make unrecognisable in copies of incidents' clips: each row is one"
        " decision, the one with the highest revision holds. Triggers refuse to change a row, and to remove one"
        " while its incident is in the index; it goes with the month of its incident (db/partitions.py, forget).",
    )
    for statement in (_REFUSE_CHANGE, _REFUSE_REMOVAL, *_TRIGGERS):
        op.execute(statement)
