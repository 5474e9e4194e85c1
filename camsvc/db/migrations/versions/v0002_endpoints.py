"""Where workers and live processes are reached"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "endpoints",
        sa.Column(
            "kind",
            sa.Enum("tap", "live", name="kind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
            comment="tap: a worker; live: a live process.",
        ),
        sa.Column("name", sa.Text(), nullable=False, comment="Of the process, kept over its restarts."),
        sa.Column("host", sa.Text(), nullable=False, comment="Name or address that the others connect to."),
        sa.Column("port", sa.Integer(), nullable=False, comment="TCP port."),
        sa.Column(
            "certificate",
            sa.Text(),
            nullable=False,
            comment="PEM; whoever connects takes this one and no other. Public.",
        ),
        sa.Column(
            "load", sa.Integer(), nullable=False, comment="Viewers, or watched streams, at the time of the report."
        ),
        sa.Column("capacity", sa.Integer(), nullable=False, comment="The most that it serves."),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False, comment="When, by the database's clock."),
        sa.PrimaryKeyConstraint("kind", "name", name=op.f("pk_endpoints")),
        comment="Where workers and live processes are reached by the others. Stale when reported_at is old.",
        postgresql_with={"fillfactor": "50"},
    )
