"""Keys that sign evidence packages"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "signing_identities",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False, comment="No meaning."),
        sa.Column(
            "fingerprint",
            sa.Text(),
            nullable=False,
            comment="SHA-256 of the certificate (DER), in hex: what people compare.",
        ),
        sa.Column(
            "certificate",
            sa.Text(),
            nullable=False,
            comment="PEM: the certificate, then those of its issuers. Public.",
        ),
        sa.Column(
            "sealed_key",
            sa.LargeBinary(),
            nullable=False,
            comment="The private key (PKCS #8), encrypted (Fernet) with the installation's key. Emptied when retired.",
        ),
        sa.Column(
            "brought", sa.Boolean(), nullable=False, comment="False: made here; true: an administrator brought it."
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was first in use.",
        ),
        sa.Column(
            "retired_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When another took its place; null: in use.",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_identities")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_signing_identities_fingerprint")),
        comment="Keys that sign evidence packages, with their certificates. Never deleted: packages that were"
        " handed out name them.",
    )
    op.create_index(
        "ix_signing_identities_in_use",
        "signing_identities",
        [sa.literal_column("(true)")],
        unique=True,
        postgresql_where=sa.text("retired_at IS NULL"),
    )
