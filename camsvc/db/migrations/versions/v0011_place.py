"""Directions and durations in the index of incidents

Two of its indexes are built anew: about a minute for each million incidents.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP INDEX ix_incidents_facets")
    op.execute("DROP INDEX ix_incidents_sample")
    op.add_column(
        "incidents",
        sa.Column(
            "winds",
            postgresql.ARRAY(sa.Text()),
            server_default="{}",
            nullable=False,
            comment="Distinct known directions of the objects, in eighths of the compass (n, ne, …), for filters.",
        ),
    )
    op.execute(
        "UPDATE incidents SET winds = ARRAY("
        " SELECT DISTINCT (ARRAY['n','ne','e','se','s','sw','w','nw'])"
        " [mod(mod(floor(((each->>'direction_deg')::float8 + 22.5) / 45)::int, 8) + 8, 8) + 1] AS wind"
        " FROM jsonb_array_elements(objects) AS each WHERE each->>'direction_deg' IS NOT NULL ORDER BY wind)"
        """ WHERE jsonb_path_exists(objects, '$[*].direction_deg ? (@ != null)')"""
    )
    op.alter_column("incidents", "winds", server_default=None)
    op.execute(
        "CREATE INDEX ix_incidents_facets ON incidents USING gin (classes, colours, (ARRAY[kind]),"
        " (ARRAY[severity::text]), (ARRAY[state::text]), (ARRAY[viewpoint_id]), (ARRAY[span]), winds,"
        " (ARRAY[width_bucket(coalesce(ended_at, last_observed_at) - started_at, '{00:00:05,00:00:10,00:00:15,00:00:20,"
        "00:00:30,00:00:45,00:01:00,00:01:30,00:02:00,00:03:00,00:04:00,00:05:00,00:07:00,00:10:00,00:15:00,00:30:00,"
        "01:00:00,02:00:00,04:00:00,12:00:00}'::interval[])]))"
        " WITH (fastupdate = off)"
    )
    op.execute(
        "CREATE INDEX ix_incidents_sample ON incidents (started_at)"
        " INCLUDE (span, ended_at, last_observed_at, viewpoint_id, kind, severity, state, classes, colours, winds)"
        " WHERE get_byte(uuid_send(id), 15) < 4"
    )
