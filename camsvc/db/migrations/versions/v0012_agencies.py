"""Agencies that share an installation"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agencies",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False, comment="No meaning."),
        sa.Column("name", sa.Text(), nullable=False, comment="As people call it."),
        sa.Column(
            "areas",
            postgresql.ARRAY(sa.Text()),
            nullable=True,
            comment="Paths of the areas it is responsible for, each with all below it; null: everywhere.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was added.",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agencies")),
        sa.UniqueConstraint("name", name=op.f("uq_agencies_name")),
        comment="Agencies that share this installation. What their accounts are granted ends at their areas.",
    )
    op.add_column(
        "users", sa.Column("agency_id", sa.Integer(), nullable=True, comment="Agency it is of; null: of none.")
    )
    op.create_foreign_key(op.f("fk_users_agency_id"), "users", "agencies", ["agency_id"], ["id"])
    op.create_index(
        "ix_users_agency_id", "users", ["agency_id"], unique=False, postgresql_where=sa.text("agency_id IS NOT NULL")
    )
