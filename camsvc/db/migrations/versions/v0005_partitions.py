"""Incidents in partitions by month

The rows move into new tables, within the one transaction of the migration: about a minute for each million.
"""

# ruff: noqa: E501  texts stand on the line that the server gets them from
from __future__ import annotations

import itertools
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_OLD = "incidents_of_0004"
_COLUMNS = (
    "id, viewpoint_id, kind, severity, state, started_at, last_observed_at, ended_at, zone, objects, classes, colours,"
    " clip, thumbnail, tracks, model, worker, epoch, revision, change_seq, published_at"
)
_NO_MONTHS = datetime(2000, 1, 1, tzinfo=UTC)
_MONTHS_MAX = 120
"""Ten years; what began before, by a camera's clock that was wrong, is in the open end."""


def upgrade() -> None:
    for index in ("alarm", "change_seq", "kind_time", "open", "time", "viewpoint_time"):
        op.drop_index(f"ix_incidents_{index}", "incidents")
    for constraint in ("pk_incidents", "fk_incidents_viewpoint_id"):
        op.drop_constraint(constraint, "incidents")
    op.rename_table("incidents", _OLD)
    _table()
    _partitions()
    op.execute(f"INSERT INTO incidents ({_COLUMNS}) SELECT {_COLUMNS} FROM {_OLD}")  # noqa: S608  our own words
    op.drop_table(_OLD)
    _indexes()


def _partitions() -> None:
    """A month for each that has rows, and what lies between; the rest is made by whoever publishes."""
    last = op.get_bind().scalar(sa.text(f"SELECT max(started_at) FROM {_OLD}"))  # noqa: S608
    months: list[datetime] = []
    if last is not None:
        last = min(last, datetime.now(UTC))  # a start in the future is a wrong clock's
        months = [_month(last, -back) for back in range(_MONTHS_MAX)]
        first = op.get_bind().scalar(
            sa.text(f"SELECT min(started_at) FROM {_OLD} WHERE started_at >= :bound"),  # noqa: S608
            {"bound": months[-1]},
        )
        months = [each for each in reversed(months) if first is not None and each >= _month(first, 0)]
    edges = [*months, _month(months[-1], 1)] if months else [_NO_MONTHS]
    _partition("incidents_earlier", "MINVALUE", f"'{edges[0].isoformat()}'")
    for start, end in itertools.pairwise(edges):
        _partition(f"incidents_{start:%Y_%m}", f"'{start.isoformat()}'", f"'{end.isoformat()}'")
    _partition("incidents_later", f"'{edges[-1].isoformat()}'", "MAXVALUE")


def _partition(name: str, start: str, end: str) -> None:
    op.execute(f"CREATE TABLE {name} PARTITION OF incidents FOR VALUES FROM ({start}) TO ({end})")


def _month(moment: datetime, further: int) -> datetime:
    number = moment.astimezone(UTC).year * 12 + moment.astimezone(UTC).month - 1 + further
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)


def _table() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.Uuid(), nullable=False, comment="UUIDv7 (RFC 9562): its first 48 bits are a time in ms."),
        sa.Column("viewpoint_id", sa.Integer(), nullable=False, comment="Camera, area and place at that time."),
        sa.Column("kind", sa.Text(), nullable=False, comment="Kind of the rule that concluded it."),
        sa.Column(
            "severity",
            sa.String(32),
            nullable=False,
            comment="As the rule was configured.",
        ),
        sa.Column(
            "state",
            sa.String(32),
            nullable=False,
            comment="open; closed: its end was observed; interrupted: it was not.",
        ),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Wall time of its first observed moment. Never changes: it chooses the partition.",
        ),
        sa.Column(
            "last_observed_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Wall time of its last observed moment so far.",
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True, comment="Wall time of its end; null: open."),
        sa.Column(
            "span",
            sa.SmallInteger(),
            sa.Computed(
                "CASE WHEN ended_at IS NULL THEN 4 WHEN ended_at - started_at <= interval '15 minutes' THEN 0 WHEN ended_at - started_at <= interval '4 hours' THEN 1 WHEN ended_at - started_at <= interval '3 days' THEN 2 WHEN ended_at - started_at <= interval '45 days' THEN 3 ELSE 4 END",
                persisted=True,
            ),
            nullable=False,
            comment="Duration, coarsely: 0 to 15 min, 1 to 4 h, 2 to 3 days, 3 to 45 days, 4 longer or open.",
        ),
        sa.Column("zone", sa.Text(), nullable=True, comment="Zone of the rule; null: the whole picture."),
        sa.Column(
            "objects",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Tracks that took part: class, confidence, colour, direction_deg, speed_kmh and its error.",
        ),
        sa.Column(
            "classes",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="Distinct classes of the objects, for filters.",
        ),
        sa.Column(
            "colours",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="Distinct known colours of the objects, for filters.",
        ),
        sa.Column(
            "clip",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="Parts (object key, times, sha256, codec, …) and gaps of the footage; null: none yet.",
        ),
        sa.Column("thumbnail", sa.Text(), nullable=True, comment="Object key of the best picture; null: none yet."),
        sa.Column("tracks", sa.Text(), nullable=True, comment="Object key of the boxes by media time; null: none yet."),
        sa.Column("model", sa.Text(), nullable=False, comment="Name and version of the detection model."),
        sa.Column("worker", sa.Text(), nullable=False, comment="Who recorded it."),
        sa.Column(
            "epoch", sa.BigInteger(), nullable=False, comment="Epoch of the camera's lease under which it was opened."
        ),
        sa.Column(
            "revision",
            sa.Integer(),
            nullable=False,
            comment="Of the worker's record: rises with every change; the highest wins.",
        ),
        sa.Column(
            "change_seq",
            sa.BigInteger(),
            nullable=False,
            comment="Rises with every change of any incident. Follow it only through changes_since().",
        ),
        sa.Column(
            "published_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
            comment="When this revision arrived, by the database's clock.",
        ),
        sa.CheckConstraint("severity IN ('info', 'notice', 'alarm')", name=op.f("ck_incidents_severity")),
        sa.CheckConstraint("state IN ('open', 'closed', 'interrupted')", name=op.f("ck_incidents_state")),
        sa.ForeignKeyConstraint(["viewpoint_id"], ["viewpoints.id"], name=op.f("fk_incidents_viewpoint_id")),
        sa.PrimaryKeyConstraint("id", "started_at", name=op.f("pk_incidents")),
        comment="What rules concluded: the index that is searched. Partitioned by month (db/partitions.py). An id occurs once: publish() refuses it with another start, which the key alone would let pass.",
        postgresql_partition_by="RANGE (started_at)",
    )


def _indexes() -> None:
    op.create_index(
        "ix_incidents_alarm",
        "incidents",
        ["span", sa.literal_column("started_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("severity = 'alarm'"),
    )
    op.create_index("ix_incidents_change_seq", "incidents", ["change_seq"], unique=False)
    op.execute(
        "CREATE INDEX ix_incidents_facets ON incidents USING gin (classes, colours, (ARRAY[kind]),"
        " (ARRAY[severity::text]), (ARRAY[state::text]), (ARRAY[viewpoint_id]), (ARRAY[span])) WITH (fastupdate = off)"
    )
    op.execute(
        "CREATE INDEX ix_incidents_sample ON incidents (started_at)"
        " INCLUDE (span, ended_at, viewpoint_id, kind, severity, state, classes, colours)"
        " WHERE get_byte(uuid_send(id), 15) < 4"
    )
    op.create_index(
        "ix_incidents_kind_time",
        "incidents",
        ["kind", "span", sa.literal_column("started_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_incidents_open",
        "incidents",
        [sa.literal_column("started_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(
        "ix_incidents_time",
        "incidents",
        ["span", sa.literal_column("started_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_incidents_viewpoint_time",
        "incidents",
        ["viewpoint_id", "span", sa.literal_column("started_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
