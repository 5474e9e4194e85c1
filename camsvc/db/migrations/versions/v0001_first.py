"""Cameras, leases, incidents, accounts"""

# ruff: noqa: E501  texts stand on the line that the server gets them from
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SEQUENCE incident_change_seq AS bigint")
    op.create_table(
        "areas",
        sa.Column(
            "path",
            sa.Text(),
            nullable=False,
            comment="Names from the root joined by '/', like bac-ninh/yen-phong/tam-giang.",
        ),
        sa.Column("parent", sa.Text(), nullable=True, comment="Path of the area above; null at the root."),
        sa.Column(
            "name",
            sa.Text(),
            nullable=False,
            comment="For people. The last part of the path while nobody has given another name.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was first named.",
        ),
        sa.ForeignKeyConstraint(["parent"], ["areas.path"], name=op.f("fk_areas_parent")),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_areas")),
        comment="The administrative tree: provinces, districts, communes. Never deleted.",
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False, comment="No meaning."),
        sa.Column("name", sa.Text(), nullable=False, comment="What is typed to log in; lower case."),
        sa.Column(
            "password_hash", sa.Text(), nullable=False, comment="Argon2id, with its parameters and salt (PHC string)."
        ),
        sa.Column(
            "roles",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="Of: viewer, operator, police, investigator, administrator.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was made.",
        ),
        sa.Column(
            "password_set_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When its password was set.",
        ),
        sa.Column(
            "disabled_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Since when it may not log in; null: it may.",
        ),
        sa.Column(
            "failed_logins",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="Attempts since the last that succeeded, or since the last lock-out.",
        ),
        sa.Column(
            "locked_until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Until when every attempt is refused; null: not locked.",
        ),
        sa.CheckConstraint("name = lower(name)", name=op.f("ck_users_lower")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("name", name=op.f("uq_users_name")),
        comment="Accounts. Never deleted: what they did must stay attributable.",
    )
    op.create_table(
        "worker_status",
        sa.Column("worker", sa.Text(), nullable=False, comment="Which worker."),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False, comment="When, by the database's clock."),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When the process started, by its own clock.",
        ),
        sa.Column("cameras", sa.Integer(), nullable=False, comment="Cameras that it runs."),
        sa.Column("detector", sa.Text(), nullable=True, comment="Name of the model that runs; null: none does."),
        sa.Column(
            "detector_detail", sa.Text(), nullable=True, comment="Why the detector does not work; null: it does."
        ),
        sa.Column("analysed_frames", sa.BigInteger(), nullable=False, comment="Frames analysed since the start."),
        sa.Column(
            "shed_frames", sa.BigInteger(), nullable=False, comment="Frames given up for newer ones since the start."
        ),
        sa.Column("published", sa.BigInteger(), nullable=False, comment="Incidents published whole since the start."),
        sa.Column("spool_entries", sa.Integer(), nullable=False, comment="Incidents not yet published whole."),
        sa.Column("spool_bytes", sa.BigInteger(), nullable=False, comment="Size of the spool, in bytes."),
        sa.Column(
            "spool_oldest_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the oldest incident on the spool started; null: it is empty.",
        ),
        sa.Column("spool_refused", sa.Text(), nullable=True, comment="Why no footage is recorded; null: it is."),
        sa.Column(
            "spool_aside",
            sa.Integer(),
            nullable=False,
            comment="Incidents set aside, damaged or refused: a person must look.",
        ),
        sa.Column(
            "store_away_since",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Since when the object store does not answer this worker; null: it does.",
        ),
        sa.PrimaryKeyConstraint("worker", name=op.f("pk_worker_status")),
        comment="The last report of each worker. Stale when reported_at is old: then nothing in it is now.",
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "cameras",
        sa.Column("id", sa.Text(), nullable=False, comment="Chosen by the administrator; never reused."),
        sa.Column("name", sa.Text(), nullable=False, comment="For people."),
        sa.Column("area", sa.Text(), nullable=False, comment="Where it belongs in the tree now."),
        sa.Column("enabled", sa.Boolean(), nullable=False, comment="False: kept, but nobody connects."),
        sa.Column(
            "config",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="CameraConfig as JSON, without its streams (they hold credentials) and without id, name, area, enabled.",
        ),
        sa.Column(
            "streams",
            sa.LargeBinary(),
            nullable=False,
            comment="The stream URLs, encrypted (Fernet) together with the camera's id. Emptied on removal.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was first added.",
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was last changed.",
        ),
        sa.Column(
            "removed_at", sa.DateTime(timezone=True), nullable=True, comment="When it was removed; null: it is wanted."
        ),
        sa.ForeignKeyConstraint(["area"], ["areas.path"], name=op.f("fk_cameras_area")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cameras")),
        comment="Desired cameras. A removed one keeps its row, so that its id never comes back.",
    )
    op.create_table(
        "tokens",
        sa.Column("hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the token, which is 256 random bits."),
        sa.Column("user_id", sa.Integer(), nullable=False, comment="Whose."),
        sa.Column(
            "kind",
            sa.String(32),
            nullable=False,
            comment="bearer: for programs; session: for the page.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was issued.",
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False, comment="From when it is refused."),
        sa.CheckConstraint("kind IN ('bearer', 'session')", name=op.f("ck_tokens_kind")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_tokens_user_id")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_tokens")),
        comment="Bearer tokens and page sessions that are in force. Only hashes: a stolen copy of the table opens nothing.",
    )
    op.create_index("ix_tokens_expires_at", "tokens", ["expires_at"], unique=False)
    op.create_index("ix_tokens_user_id", "tokens", ["user_id"], unique=False)
    op.create_table(
        "camera_status",
        sa.Column("camera", sa.Text(), nullable=False, comment="Whose status."),
        sa.Column("worker", sa.Text(), nullable=False, comment="Who reported."),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False, comment="When, by the database's clock."),
        sa.Column(
            "state",
            sa.String(32),
            nullable=False,
            comment="State of the main stream.",
        ),
        sa.Column(
            "since",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Since when in that state, by the worker's clock.",
        ),
        sa.Column(
            "detail",
            sa.Text(),
            nullable=True,
            comment="One sentence for a person, free of credentials; null: nothing to say.",
        ),
        sa.Column(
            "last_packet_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Wall time of the last packet; null: none yet.",
        ),
        sa.Column("codec", sa.Text(), nullable=True, comment="h264 or hevc; null: not known yet."),
        sa.Column("width", sa.Integer(), nullable=True, comment="Of the picture, in pixels; null: not known yet."),
        sa.Column("height", sa.Integer(), nullable=True, comment="Of the picture, in pixels; null: not known yet."),
        sa.Column("fps", sa.Double(), nullable=True, comment="Pictures per second received; null: not known yet."),
        sa.Column(
            "bitrate_bps", sa.BigInteger(), nullable=True, comment="Bits per second received; null: not known yet."
        ),
        sa.Column(
            "clock_error_ms",
            sa.Double(),
            nullable=True,
            comment="Bound of the error of our wall time for its packets, in ms; null: no session.",
        ),
        sa.Column(
            "camera_clock_offset_ms",
            sa.Double(),
            nullable=True,
            comment="The camera's clock minus ours, in ms; null: it sends none.",
        ),
        sa.Column(
            "sessions",
            sa.Integer(),
            nullable=False,
            comment="Sessions opened since the worker started: 1 means no reconnect.",
        ),
        sa.Column("analysed_fps", sa.Double(), nullable=True, comment="Pictures per second analysed; null: none."),
        sa.Column(
            "shed_frames",
            sa.BigInteger(),
            nullable=False,
            comment="Frames given up by load shedding since the worker started.",
        ),
        sa.CheckConstraint(
            "state IN ('disabled', 'unassigned', 'connecting', 'live', 'retrying', 'refused')",
            name=op.f("ck_camera_status_state"),
        ),
        sa.ForeignKeyConstraint(["camera"], ["cameras.id"], name=op.f("fk_camera_status_camera")),
        sa.PrimaryKeyConstraint("camera", name=op.f("pk_camera_status")),
        comment="The last report of each camera's worker. Stale when reported_at is old: then nothing in it is now.",
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "coverage_gaps",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="No meaning."),
        sa.Column("camera", sa.Text(), nullable=False, comment="Of which camera."),
        sa.Column(
            "what",
            sa.String(32),
            nullable=False,
            comment="What is missing.",
        ),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Wall time of the last that is known before it.",
        ),
        sa.Column(
            "ended_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Wall time of the first that is known after it.",
        ),
        sa.Column(
            "reason",
            sa.String(32),
            nullable=False,
            comment="Why.",
        ),
        sa.CheckConstraint("what IN ('footage', 'analysis')", name=op.f("ck_coverage_gaps_what")),
        sa.CheckConstraint("ended_at >= started_at", name=op.f("ck_coverage_gaps_order")),
        sa.ForeignKeyConstraint(["camera"], ["cameras.id"], name=op.f("fk_coverage_gaps_camera")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coverage_gaps")),
        sa.UniqueConstraint(
            "camera", "what", "started_at", "reason", name=op.f("uq_coverage_gaps_camera_what_started_at_reason")
        ),
        comment="Time of which there is no footage, or which nobody analysed (invariant 3).",
    )
    op.create_table(
        "lease_grants",
        sa.Column("camera", sa.Text(), nullable=False, comment="Which camera."),
        sa.Column(
            "epoch", sa.BigInteger(), autoincrement=False, nullable=False, comment="Number of the grant, from 1."
        ),
        sa.Column("worker", sa.Text(), nullable=False, comment="To whom."),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False, comment="When it began."),
        sa.Column(
            "ended_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was released, was taken over, or expired (set by the next grant); null: it may last.",
        ),
        sa.Column(
            "superseded_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the next epoch was granted: what this one opened from then on is refused; null: it is the last.",
        ),
        sa.ForeignKeyConstraint(["camera"], ["cameras.id"], name=op.f("fk_lease_grants_camera")),
        sa.PrimaryKeyConstraint("camera", "epoch", name=op.f("pk_lease_grants")),
        comment="Every grant ever made. An incident of an epoch that is not here, or not its worker's, is refused.",
    )
    op.create_index(
        "ix_lease_grants_worker", "lease_grants", ["worker", sa.literal_column("granted_at DESC")], unique=False
    )
    op.create_table(
        "leases",
        sa.Column("camera", sa.Text(), nullable=False, comment="Which camera."),
        sa.Column(
            "epoch",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="Number of the last grant; rises by one with each; 0: never granted.",
        ),
        sa.Column(
            "worker", sa.Text(), nullable=True, comment="Who holds it, or held it last until it expired; null: nobody."
        ),
        sa.Column(
            "granted_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the last grant began; null: never granted.",
        ),
        sa.Column(
            "expires_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Until when it is held unless renewed; null: released or never granted.",
        ),
        sa.ForeignKeyConstraint(["camera"], ["cameras.id"], name=op.f("fk_leases_camera")),
        sa.PrimaryKeyConstraint("camera", name=op.f("pk_leases")),
        comment="One row for each camera: who owns it now. All times are the database's: workers' clocks may differ.",
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "viewpoints",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False, comment="No meaning."),
        sa.Column("camera", sa.Text(), nullable=False, comment="Which camera."),
        sa.Column("area", sa.Text(), nullable=False, comment="Path of the area that the camera belonged to."),
        sa.Column(
            "lat", sa.Double(), nullable=True, comment="Latitude, degrees, WGS 84; null: no place was configured."
        ),
        sa.Column("lon", sa.Double(), nullable=True, comment="Longitude, degrees, WGS 84; null as lat."),
        sa.Column(
            "heading_deg", sa.Double(), nullable=True, comment="Degrees clockwise from true north; null: not known."
        ),
        sa.Column(
            "fov_deg", sa.Double(), nullable=True, comment="Horizontal angle of view in degrees; null: not known."
        ),
        sa.Column("range_m", sa.Double(), nullable=True, comment="How far it sees, in metres; null: not known."),
        sa.ForeignKeyConstraint(["camera"], ["cameras.id"], name=op.f("fk_viewpoints_camera")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_viewpoints")),
        sa.UniqueConstraint(
            "camera",
            "area",
            "lat",
            "lon",
            "heading_deg",
            "fov_deg",
            "range_m",
            name=op.f("uq_viewpoints_camera_area_lat_lon_heading_deg_fov_deg_range_m"),
            postgresql_nulls_not_distinct=True,
        ),
        comment="From where incidents were seen: one row for each place, direction and area that a camera had when it saw one. Rows never change: an incident's place is where its camera stood then. A few thousand rows, so place, area and camera are resolved here, incidents then found by viewpoint and time.",
    )
    op.create_index("ix_viewpoints_place", "viewpoints", ["lat", "lon"], unique=False)
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
            "started_at", sa.DateTime(timezone=True), nullable=False, comment="Wall time of its first observed moment."
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
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
        comment="What rules concluded: the index that is searched.",
    )
    op.create_index(
        "ix_incidents_alarm",
        "incidents",
        ["span", sa.literal_column("started_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("severity = 'alarm'"),
    )
    op.create_index("ix_incidents_change_seq", "incidents", ["change_seq"], unique=True)
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
