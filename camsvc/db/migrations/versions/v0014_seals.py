"""Workers' keys and seals; faults of stored files"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_KEYS_STAY = """
CREATE FUNCTION worker_keys_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.ended_at IS NULL AND (OLD.number, OLD.id, OLD.worker, OLD.public_pem, OLD.registered_at)
            = (NEW.number, NEW.id, NEW.worker, NEW.public_pem, NEW.registered_at) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% of worker_keys is refused: a key is only added, and ended once', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END $$
"""
_SEALS_STAY = """
CREATE FUNCTION seals_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of seals is refused: a seal is only added', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$
"""
_TRIGGERS = (
    "CREATE TRIGGER worker_keys_stay BEFORE UPDATE OR DELETE ON worker_keys"
    " FOR EACH ROW EXECUTE FUNCTION worker_keys_stay()",
    "CREATE TRIGGER worker_keys_whole BEFORE TRUNCATE ON worker_keys"
    " FOR EACH STATEMENT EXECUTE FUNCTION worker_keys_stay()",
    "CREATE TRIGGER seals_stay BEFORE UPDATE OR TRUNCATE ON seals FOR EACH STATEMENT EXECUTE FUNCTION seals_stay()",
)


def upgrade() -> None:
    _keys()
    _seals()
    _faults()
    for statement in (_KEYS_STAY, _SEALS_STAY, *_TRIGGERS):
        op.execute(statement)


def _keys() -> None:
    op.create_table(
        "worker_keys",
        sa.Column("number", sa.Integer(), sa.Identity(always=True), nullable=False, comment="Short name, for seals."),
        sa.Column(
            "id",
            sa.Text(),
            nullable=False,
            comment="SHA-256 of the public key (DER SubjectPublicKeyInfo), hexadecimal.",
        ),
        sa.Column("worker", sa.Text(), nullable=False, comment="Which worker made it."),
        sa.Column("public_pem", sa.Text(), nullable=False, comment="ECDSA over P-256, PEM."),
        sa.Column(
            "registered_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was first heard of, by the database's clock.",
        ),
        sa.Column(
            "ended_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When an administrator said that it is used no more: what is sealed with it later is not trusted;"
            " null: it is in use.",
        ),
        sa.Column("ended_by", sa.Text(), nullable=True, comment="Who said so; null as ended_at."),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name=op.f("ck_worker_keys_ended")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_worker_keys")),
        sa.UniqueConstraint("id", name=op.f("uq_worker_keys_id")),
        comment="Public keys of workers, by which their seals are checked. A trigger refuses to change or remove"
        " one; it may only be ended, once: an ended key still checks what it sealed.",
    )


def _seals() -> None:
    op.create_table(
        "seals",
        sa.Column(
            "incident",
            sa.Uuid(),
            nullable=False,
            comment="Of which incident. No foreign key: incidents are taken out by the month.",
        ),
        sa.Column(
            "what",
            sa.Enum("clip", "tracks", name="what", native_enum=False, create_constraint=True, length=32),
            nullable=False,
            comment="clip: a part of the clip; tracks: the boxes.",
        ),
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False, comment="Index of the part; 0 of tracks."),
        sa.Column("key", sa.Integer(), nullable=False, comment="Which key made it."),
        sa.Column("signature", sa.LargeBinary(), nullable=False, comment="ECDSA with SHA-256 over the statement, DER."),
        sa.Column(
            "sha256",
            sa.LargeBinary(),
            nullable=True,
            comment="Of the tracks file, when it was written; null: of a part, whose row keeps it.",
        ),
        sa.Column("size_bytes", sa.Integer(), nullable=True, comment="Of the tracks file; null as sha256."),
        sa.ForeignKeyConstraint(["key"], ["worker_keys.number"], name=op.f("fk_seals_key")),
        sa.PrimaryKeyConstraint("incident", "what", "part", name=op.f("pk_seals")),
        comment="Workers' signatures over what they recorded (camsvc.domain.seal). Added with the row that names"
        " the file, never changed; goes with the incident's row. Beside the index and not in it: no search reads it.",
    )


def _faults() -> None:
    op.create_table(
        "faults",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Rises with time."),
        sa.Column("key", sa.Text(), nullable=False, comment="Object key of the file."),
        sa.Column("incident", sa.Uuid(), nullable=True, comment="Whose file it is; null: of no incident."),
        sa.Column(
            "what",
            sa.Enum("missing", "altered", "forged", name="what", native_enum=False, create_constraint=True, length=32),
            nullable=False,
            comment="missing: not there; altered: other bytes; forged: the seal does not fit.",
        ),
        sa.Column(
            "found_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When, by the database's clock.",
        ),
        sa.Column(
            "found_by",
            sa.Enum("reader", "fsck", "export", name="found_by", native_enum=False, create_constraint=True, length=32),
            nullable=False,
            comment="What looked.",
        ),
        sa.Column("detail", sa.Text(), nullable=False, comment="What was expected and what was found, in words."),
        sa.Column(
            "seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was last found still so.",
        ),
        sa.Column(
            "cleared_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the file was found whole again, or went by retention; null: it is at fault.",
        ),
        sa.Column("cleared_by", sa.Text(), nullable=True, comment="What found so; null as cleared_at."),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_faults")),
        comment="Stored files that are not what was recorded. A row for each time that one was found so; it is"
        " cleared when the file is found whole again, and stays as history.",
    )
    op.create_index(
        "ix_faults_open_key", "faults", ["key"], unique=True, postgresql_where=sa.text("cleared_at IS NULL")
    )
    op.create_index(
        "ix_faults_open_incident",
        "faults",
        ["incident"],
        unique=False,
        postgresql_where=sa.text("cleared_at IS NULL"),
    )
