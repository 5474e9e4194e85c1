"""Exports as jobs; notices to accounts"""

# ruff: noqa: E501  texts stand on the line that the server gets them from
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "exports",
        sa.Column("id", sa.Uuid(), nullable=False, comment="By chance (version 4): names it in a link."),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "running",
                "done",
                "failed",
                "cancelled",
                "expired",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="queued",
            nullable=False,
            comment="How far it is.",
        ),
        sa.Column(
            "subjects",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Incidents, spans of cameras and snapshots asked for.",
        ),
        sa.Column(
            "contents",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="What goes into the package of each.",
        ),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why, in the words of who asked."),
        sa.Column(
            "case_id", sa.BigInteger(), nullable=True, comment="Id of the case it is made for; null: of none here."
        ),
        sa.Column("case_number", sa.Text(), nullable=True, comment="Number of the case; null: none was said."),
        sa.Column("case_title", sa.Text(), nullable=True, comment="Title of the case then; null: of none here."),
        sa.Column(
            "recipient_pem",
            sa.Text(),
            nullable=True,
            comment="Certificate of the only one who can open the package; null: it is not encrypted.",
        ),
        sa.Column(
            "encrypted_for", sa.Text(), nullable=True, comment="Subject of that certificate; null as recipient_pem."
        ),
        sa.Column(
            "reach",
            postgresql.ARRAY(sa.Text()),
            nullable=True,
            comment="Paths of the areas where who asked might export then, as the token they came with allowed: the job never reaches beyond; null: everywhere.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was asked for.",
        ),
        sa.Column("user_id", sa.Integer(), nullable=False, comment="Who asked."),
        sa.Column("user_name", sa.Text(), nullable=False, comment="Their name then."),
        sa.Column("source", sa.Text(), nullable=True, comment="Address they asked from; null: not over the network."),
        sa.Column(
            "next_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it may be begun, or begun again after a failure.",
        ),
        sa.Column(
            "attempts", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="How often it was begun."
        ),
        sa.Column(
            "claim",
            sa.Uuid(),
            nullable=True,
            comment="By chance, of the attempt that runs: who no longer holds it has lost the job; null: nobody runs it.",
        ),
        sa.Column(
            "claimed_by", sa.Text(), nullable=True, comment="Host and process of the last attempt; null: none yet."
        ),
        sa.Column(
            "beat_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the attempt last gave a sign of life; null: none yet.",
        ),
        sa.Column(
            "cancelled_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When its end was asked for; null: it was not.",
        ),
        sa.Column("cancelled_by", sa.Text(), nullable=True, comment="Who asked for it; null as cancelled_at."),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Begin of the last attempt; null: none yet.",
        ),
        sa.Column(
            "ended_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was done, failed or cancelled; null: not yet.",
        ),
        sa.Column(
            "estimated_bytes",
            sa.BigInteger(),
            nullable=False,
            comment="Of the package, guessed before: what the quota counts.",
        ),
        sa.Column(
            "done_bytes",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Of footage, in this attempt.",
        ),
        sa.Column(
            "all_bytes",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Of footage; 0: not known yet.",
        ),
        sa.Column(
            "error", sa.Text(), nullable=True, comment="Why the last attempt failed, with the cure; null: it did not."
        ),
        sa.Column(
            "problems",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="Files of the package that are altered or missing.",
        ),
        sa.Column(
            "notes",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="What could not be done and is not needed to prove anything.",
        ),
        sa.Column("package", sa.Uuid(), nullable=True, comment="Id in the package's manifest; null: not done."),
        sa.Column(
            "key",
            sa.Text(),
            nullable=True,
            comment="Of the package in the object store; null: not made, or deleted since.",
        ),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True, comment="Of the package file; null: not done."),
        sa.Column("sha256", sa.Text(), nullable=True, comment="Of the package file, hexadecimal; null: not done."),
        sa.Column(
            "envelope_key",
            sa.Text(),
            nullable=True,
            comment="Of the .cms file that opens it, in the object store; null: not encrypted, not made, or deleted since.",
        ),
        sa.Column(
            "envelope_bytes", sa.BigInteger(), nullable=True, comment="Its size; null: not encrypted, or not done."
        ),
        sa.Column("envelope_sha256", sa.Text(), nullable=True, comment="Its SHA-256; null as envelope_bytes."),
        sa.Column("manifest_sha256", sa.Text(), nullable=True, comment="Of the package's manifest; null: not done."),
        sa.Column(
            "certificate_sha256",
            sa.Text(),
            nullable=True,
            comment="Fingerprint of the certificate that signed; null: not done.",
        ),
        sa.Column(
            "incidents",
            postgresql.ARRAY(sa.Uuid()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="Whose footage the package holds: whose rights a download needs.",
        ),
        sa.Column(
            "areas",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="Paths of the areas that they belong to, each once.",
        ),
        sa.Column(
            "expires_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the package is deleted; null: not done.",
        ),
        sa.Column(
            "warned_at", sa.DateTime(timezone=True), nullable=True, comment="When who asked was told so; null: not yet."
        ),
        sa.Column(
            "removed_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the package was deleted; null: it was not.",
        ),
        sa.Column(
            "removed_by", sa.Text(), nullable=True, comment="Who deleted it before its time; null: its time was over."
        ),
        sa.Column(
            "downloads",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="How often a download was begun.",
        ),
        sa.CheckConstraint("(state = 'running') = (claim IS NOT NULL)", name=op.f("ck_exports_claim")),
        sa.CheckConstraint(
            "state <> 'done' OR (key IS NOT NULL AND expires_at IS NOT NULL)", name=op.f("ck_exports_package")
        ),
        sa.CheckConstraint("(encrypted_for IS NULL) = (recipient_pem IS NULL)", name=op.f("ck_exports_recipient")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_exports_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
        comment="Exports: what was to be in an evidence package, and how far its making is. Never deleted: when the package has expired, that it was made stays known.",
    )
    op.create_index(
        "ix_exports_case",
        "exports",
        ["case_id", sa.literal_column("created_at DESC")],
        unique=False,
        postgresql_where=sa.text("case_id IS NOT NULL"),
    )
    op.create_index("ix_exports_created", "exports", [sa.literal_column("created_at DESC"), "id"], unique=False)
    op.create_index(
        "ix_exports_stored", "exports", ["expires_at"], unique=False, postgresql_where=sa.text("key IS NOT NULL")
    )
    op.create_index("ix_exports_user", "exports", ["user_id", sa.literal_column("created_at DESC")], unique=False)
    op.create_index(
        "ix_exports_waiting",
        "exports",
        ["next_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )
    op.create_table(
        "export_downloads",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="No meaning."),
        sa.Column("export", sa.Uuid(), nullable=False, comment="Of which."),
        sa.Column("user_id", sa.Integer(), nullable=False, comment="Who fetches it."),
        sa.Column("source", sa.Text(), nullable=True, comment="Address they fetch it to; null: not known."),
        sa.Column("file", sa.Text(), nullable=False, comment="package, or envelope: the .cms file."),
        sa.Column(
            "began_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When its first byte was asked for.",
        ),
        sa.Column(
            "last_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When a range was last asked for.",
        ),
        sa.ForeignKeyConstraint(["export"], ["exports.id"], name=op.f("fk_export_downloads_export")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_export_downloads_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_downloads")),
        comment="Downloads of packages: each is recorded once in the audit chain, however many ranges it is fetched in.",
    )
    op.create_index(
        "ix_export_downloads_export",
        "export_downloads",
        ["export", "user_id", sa.literal_column("last_at DESC")],
        unique=False,
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Rises."),
        sa.Column("user_id", sa.Integer(), nullable=False, comment="Who is told."),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When, by the database's clock.",
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "export_done",
                "export_failed",
                "export_expires",
                "footage_asked",
                "footage_decided",
                "case_shared",
                "footage_at_fault",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="What of.",
        ),
        sa.Column("path", sa.Text(), nullable=False, comment="Of the page that it leads to, on this site."),
        sa.Column(
            "facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="Texts for its sentence, by name."
        ),
        sa.Column(
            "read_at", sa.DateTime(timezone=True), nullable=True, comment="When its owner looked at it; null: not yet."
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_notices_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        comment="What an account is told beside alerts. Forgotten after some months.",
    )
    op.create_index("ix_notices_at", "notices", ["at"], unique=False)
    op.create_index(
        "ix_notices_unread", "notices", ["user_id"], unique=False, postgresql_where=sa.text("read_at IS NULL")
    )
    op.create_index("ix_notices_user_id", "notices", ["user_id", sa.literal_column("id DESC")], unique=False)
