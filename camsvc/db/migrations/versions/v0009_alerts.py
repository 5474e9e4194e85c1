"""Saved searches and alerts on them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "saved_searches",
        sa.Column("id", sa.Uuid(), nullable=False, comment="By chance (version 4): names it in a link."),
        sa.Column("user_id", sa.Integer(), nullable=False, comment="Whose."),
        sa.Column("name", sa.Text(), nullable=False, comment="Chosen by its owner."),
        sa.Column(
            "conditions",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="What is asked, by the names of the REST interface.",
        ),
        sa.Column(
            "span",
            sa.Enum(
                "hour", "today", "yesterday", "week", name="span", native_enum=False, create_constraint=True, length=32
            ),
            nullable=True,
            comment="A time that moves along, in place of from and to; null: those.",
        ),
        sa.Column(
            "alerts_since",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Incidents that begin after it raise alerts; null: none do.",
        ),
        sa.Column(
            "paused_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Since when too many alerts hold it up; null: it is not.",
        ),
        sa.Column(
            "channels",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="Where alerts go besides the page: webhook, mqtt.",
        ),
        sa.Column(
            "sealed_webhook",
            sa.LargeBinary(),
            nullable=True,
            comment="URL and signing secret of the webhook, encrypted (Fernet); null: none.",
        ),
        sa.Column(
            "alert_begin_min",
            sa.SmallInteger(),
            nullable=True,
            comment="Local minute of the day from which alerts are wanted; null: always.",
        ),
        sa.Column(
            "alert_end_min",
            sa.SmallInteger(),
            nullable=True,
            comment="Until which; before begin: next day's; null as begin.",
        ),
        sa.Column(
            "alert_days",
            postgresql.ARRAY(sa.SmallInteger()),
            nullable=True,
            comment="Days of the week of begin, 1 Monday to 7 Sunday; null: all.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was first saved.",
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was last changed.",
        ),
        sa.CheckConstraint(
            "alert_begin_min BETWEEN 0 AND 1439 AND alert_end_min BETWEEN 0 AND 1439",
            name=op.f("ck_saved_searches_hours"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_saved_searches_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_searches")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_saved_searches_user_id_name")),
        comment="Searches that people saved, and whether they raise alerts. Each belongs to one account.",
    )
    op.create_table(
        "alerts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="Rises."),
        sa.Column("search_id", sa.Uuid(), nullable=False, comment="Which search it answered."),
        sa.Column("user_id", sa.Integer(), nullable=False, comment="Who is told."),
        sa.Column("incident", sa.Uuid(), nullable=False, comment="Which; it may be gone from the index by now."),
        sa.Column("camera", sa.Text(), nullable=False, comment="Where it was seen."),
        sa.Column("area", sa.Text(), nullable=False, comment="Path of the area where the camera stood."),
        sa.Column("kind", sa.Text(), nullable=False, comment="Of the incident, as are severity and start."),
        sa.Column(
            "severity",
            sa.Enum("info", "notice", "alarm", name="severity", native_enum=False, create_constraint=True, length=32),
            nullable=False,
            comment="When it was raised.",
        ),
        sa.Column(
            "incident_started_at", sa.DateTime(timezone=True), nullable=False, comment="When the incident began."
        ),
        sa.Column(
            "raised_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it first answered.",
        ),
        sa.Column(
            "seen_at", sa.DateTime(timezone=True), nullable=True, comment="When its owner looked at it; null: not yet."
        ),
        sa.ForeignKeyConstraint(
            ["search_id"], ["saved_searches.id"], name=op.f("fk_alerts_search_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_alerts_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sa.UniqueConstraint("search_id", "incident", name=op.f("uq_alerts_search_id_incident")),
        comment="An incident answered a saved search. Forgotten after some months; the incident stays.",
    )
    op.create_index("ix_alerts_raised_at", "alerts", ["raised_at"], unique=False)
    op.create_index("ix_alerts_search_id_raised_at", "alerts", ["search_id", "raised_at"], unique=False)
    op.create_index(
        "ix_alerts_unseen",
        "alerts",
        ["user_id", "search_id"],
        unique=False,
        postgresql_where=sa.text("seen_at IS NULL"),
    )
    op.create_index("ix_alerts_user_id", "alerts", ["user_id", sa.literal_column("id DESC")], unique=False)
    op.create_table(
        "alert_deliveries",
        sa.Column("alert_id", sa.BigInteger(), nullable=False, comment="Which alert."),
        sa.Column(
            "channel",
            sa.Enum("webhook", "mqtt", name="channel", native_enum=False, create_constraint=True, length=32),
            nullable=False,
            comment="webhook or mqtt.",
        ),
        sa.Column(
            "state",
            sa.Enum("pending", "sent", "failed", name="state", native_enum=False, create_constraint=True, length=32),
            server_default="pending",
            nullable=False,
            comment="pending, sent, or failed: given up.",
        ),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False, comment="Made so far."),
        sa.Column(
            "next_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the next attempt is due.",
        ),
        sa.Column(
            "ended_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was sent or given up; null: pending.",
        ),
        sa.Column(
            "error", sa.Text(), nullable=True, comment="Why the last attempt failed, without secrets; null: it did not."
        ),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alerts.id"], name=op.f("fk_alert_deliveries_alert_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("alert_id", "channel", name=op.f("pk_alert_deliveries")),
        comment="An alert on its way out of the system, until it arrived or was given up.",
    )
    op.create_index(
        "ix_alert_deliveries_due",
        "alert_deliveries",
        ["next_at"],
        unique=False,
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "alert_position",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False, comment="Always 1."),
        sa.Column("change_seq", sa.BigInteger(), nullable=False, comment="Of incidents: all up to it are done."),
        sa.CheckConstraint("id = 1", name=op.f("ck_alert_position_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_position")),
        comment="One row: how far the changes of incidents were held against saved searches.",
    )
