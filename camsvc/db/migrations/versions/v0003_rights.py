"""Rights over areas, the audit chain, saved walls"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_REFUSE = """
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: the audit chain is append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$
"""
_FOLLOW = """
CREATE FUNCTION audit_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    moved integer;
BEGIN
    EXECUTE format('UPDATE %I.audit_head SET seq = $1, hash = $2 WHERE seq = $1 - 1', TG_TABLE_SCHEMA)
        USING NEW.seq, NEW.hash;
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved <> 1 THEN
        RAISE EXCEPTION 'record % does not follow the end of the audit chain', NEW.seq
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$
"""
_STEP = """
CREATE FUNCTION audit_step() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    known boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %I.audit WHERE seq = $1 AND hash = $2)', TG_TABLE_SCHEMA)
        INTO known USING NEW.seq, NEW.hash;
    IF NEW.seq <> OLD.seq + 1 OR NOT known THEN
        RAISE EXCEPTION 'the end of the audit chain moves by one appended record at a time'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$
"""
# The canonical JSON of the record comes in three pieces; its time and its number, which only we know, go between them.
# What is stored is read from the very text that is hashed.
_APPEND = """
CREATE FUNCTION audit_append(
    before_at text, before_seq text, rest text, OUT new_seq bigint, OUT new_at timestamptz, OUT new_hash bytea
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    head record;
    body text;
    deed jsonb;
BEGIN
    PERFORM pg_advisory_xact_lock(1667329395, 3);
    SELECT * INTO STRICT head FROM {schema}.audit_head;
    new_seq := head.seq + 1;
    new_at := clock_timestamp();
    body := before_at || to_char(new_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')
        || before_seq || new_seq || rest;
    new_hash := sha256(head.hash || convert_to(body, 'UTF8'));
    deed := body::jsonb;
    INSERT INTO {schema}.audit (seq, at, kind, what, outcome, user_id, user_name, source, camera, area, incident,
        purpose, case_number, details, format, hash)
    VALUES (new_seq, new_at, deed->>'kind', deed->>'what', deed->>'outcome', (deed->>'user_id')::integer,
        deed->>'user_name', deed->>'source', deed->>'camera', deed->>'area', (deed->>'incident')::uuid,
        deed->>'purpose', deed->>'case_number', coalesce(deed->'details', '{{}}'), (deed->>'format')::smallint,
        new_hash);
END $$
"""
# Row triggers see each row, statement triggers also TRUNCATE; ALWAYS: also while a replica's changes are applied.
_TRIGGERS = (
    "CREATE TRIGGER audit_refuse BEFORE UPDATE OR DELETE OR TRUNCATE ON audit"
    " FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()",
    "CREATE TRIGGER audit_follow AFTER INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_follow()",
    "CREATE TRIGGER audit_refuse BEFORE INSERT OR DELETE OR TRUNCATE ON audit_head"
    " FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()",
    "CREATE TRIGGER audit_step BEFORE UPDATE ON audit_head FOR EACH ROW EXECUTE FUNCTION audit_step()",
    "ALTER TABLE audit ENABLE ALWAYS TRIGGER audit_refuse",
    "ALTER TABLE audit ENABLE ALWAYS TRIGGER audit_follow",
    "ALTER TABLE audit_head ENABLE ALWAYS TRIGGER audit_refuse",
    "ALTER TABLE audit_head ENABLE ALWAYS TRIGGER audit_step",
)


def upgrade() -> None:
    _grants()
    _audit()
    _walls()


def _grants() -> None:
    op.create_table(
        "grants",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False, comment="No meaning."),
        sa.Column("user_id", sa.Integer(), nullable=False, comment="To whom."),
        sa.Column(
            "role",
            sa.Enum(
                "viewer",
                "operator",
                "police",
                "investigator",
                "administrator",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="viewer, operator, police, investigator or administrator.",
        ),
        sa.Column("area", sa.Text(), nullable=True, comment="Where, with all below it; null: everywhere."),
        sa.Column(
            "granted_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was given.",
        ),
        sa.ForeignKeyConstraint(["area"], ["areas.path"], name=op.f("fk_grants_area")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_grants_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
        sa.UniqueConstraint(
            "user_id", "role", "area", name=op.f("uq_grants_user_id_role_area"), postgresql_nulls_not_distinct=True
        ),
        comment="What an account may do where: a role is a set of actions (camsvc.domain.account.ACTIONS)."
        " A grant that is taken away is deleted; the audit keeps who gave and took it.",
    )
    op.execute(
        "INSERT INTO grants (user_id, role) SELECT DISTINCT users.id, held FROM users, unnest(users.roles) AS held"
        " ORDER BY 1, 2"
    )
    op.drop_column("users", "roles")


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False, comment="1, 2, 3, … without a hole."),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="When, by the database's clock."),
        sa.Column(
            "kind",
            sa.Text(),
            nullable=False,
            comment="live, search, replay, export, hold, configure, administer or sign-in.",
        ),
        sa.Column("what", sa.Text(), nullable=False, comment="Thing and verb, like clip.played."),
        sa.Column(
            "outcome",
            sa.Text(),
            nullable=False,
            comment="allowed; refused: who asked may not; failed: allowed, but not done.",
        ),
        sa.Column(
            "user_id",
            sa.Integer(),
            nullable=True,
            comment="Who: users.id; null: nobody known, or the command line. No foreign key: nothing may stop a"
            " record.",
        ),
        sa.Column(
            "user_name",
            sa.Text(),
            nullable=True,
            comment="Name of the account then, or the one tried; null: the system.",
        ),
        sa.Column(
            "source",
            sa.Text(),
            nullable=True,
            comment="Address that it came from; null: the command line, the system.",
        ),
        sa.Column("camera", sa.Text(), nullable=True, comment="Which camera; null: not about one."),
        sa.Column("area", sa.Text(), nullable=True, comment="Of what it is about; null: not about one."),
        sa.Column("incident", sa.Uuid(), nullable=True, comment="Which incident; null: not about one."),
        sa.Column("purpose", sa.Text(), nullable=True, comment="Why, in the words of who did it; null: not asked."),
        sa.Column("case_number", sa.Text(), nullable=True, comment="For which case; null: not asked."),
        sa.Column(
            "details",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="What else matters, like the filters of a search.",
        ),
        sa.Column("format", sa.SmallInteger(), nullable=False, comment="Of the canonical JSON that was hashed."),
        sa.Column(
            "hash",
            sa.LargeBinary(),
            nullable=False,
            comment="SHA-256 of the hash before it (32 zero bytes for the first) and of its canonical JSON.",
        ),
        sa.CheckConstraint(
            "at >= '2000-01-01 00:00:00+00' AND at < '9999-01-01 00:00:00+00'", name=op.f("ck_audit_at")
        ),
        sa.CheckConstraint("octet_length(hash) = 32", name=op.f("ck_audit_hash")),
        sa.CheckConstraint("outcome IN ('allowed', 'refused', 'failed')", name=op.f("ck_audit_outcome")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
        comment="Who did what (invariant 8). Append-only: triggers refuse every change and removal, and each"
        " record's hash covers the one before it. `camsvc audit verify` proves the chain.",
    )
    for name in ("user_name", "camera", "incident"):
        op.create_index(
            f"ix_audit_{name}", "audit", [name, "seq"], unique=False, postgresql_where=sa.text(f"{name} IS NOT NULL")
        )
    op.create_index("ix_audit_at", "audit", ["at"], unique=False)
    op.create_table(
        "audit_head",
        sa.Column("single", sa.Boolean(), server_default=sa.text("true"), nullable=False, comment="Always true."),
        sa.Column("seq", sa.BigInteger(), nullable=False, comment="Of the last record; 0: there is none."),
        sa.Column(
            "hash",
            sa.LargeBinary(),
            nullable=False,
            comment="Of the last record; 32 zero bytes: there is none.",
        ),
        sa.CheckConstraint("single", name=op.f("ck_audit_head_single")),
        sa.PrimaryKeyConstraint("single", name=op.f("pk_audit_head")),
        comment="One row: the end of the audit chain, so that a last record that is gone is missed. Moved by the"
        " trigger of an insertion into audit; another trigger lets it move by one record at a time, never back.",
        postgresql_with={"fillfactor": "10"},
    )
    op.execute(r"INSERT INTO audit_head (seq, hash) VALUES (0, decode(repeat('00', 32), 'hex'))")
    schema = op.get_bind().scalar(sa.text("SELECT quote_ident(current_schema())"))
    for statement in (_REFUSE, _FOLLOW, _STEP, _APPEND.format(schema=schema), *_TRIGGERS):
        op.execute(statement)


def _walls() -> None:
    op.create_table(
        "walls",
        sa.Column("user_id", sa.Integer(), nullable=False, comment="Whose."),
        sa.Column("name", sa.Text(), nullable=False, comment="Chosen by its owner."),
        sa.Column("tiles", sa.SmallInteger(), nullable=False, comment="How many pictures are shown at once."),
        sa.Column(
            "cameras",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="Camera of each tile in reading order; a null in it is an empty tile. More than tiles: they take"
            " turns. An id says nothing of a right to see it, and may be of a camera that is gone.",
        ),
        sa.Column("cycle_s", sa.Integer(), nullable=True, comment="Seconds until the next cameras; null: they stay."),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was last saved.",
        ),
        sa.CheckConstraint("cycle_s > 0", name=op.f("ck_walls_cycle")),
        sa.CheckConstraint("tiles IN (1, 4, 9, 16, 25)", name=op.f("ck_walls_tiles")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_walls_user_id")),
        sa.PrimaryKeyConstraint("user_id", "name", name=op.f("pk_walls")),
        comment="Layouts of live pictures that people saved. Each belongs to one account.",
    )
