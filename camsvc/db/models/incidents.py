"""Tables of what happened: incidents, and from where they were seen."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    DDL,
    Computed,
    ForeignKey,
    Identity,
    Index,
    Sequence,
    SmallInteger,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from camsvc.db.models.base import Base, Big, one_of
from camsvc.domain.camera import Severity
from camsvc.domain.incident import IncidentState

SPANS = (timedelta(minutes=15), timedelta(hours=4), timedelta(days=3), timedelta(days=45))
"""Longest duration of an incident of span 0, 1, 2, 3; span 4 is what is longer, or still open.

"What overlaps [from, to)?" has no useful order of its own: an incident that began long before ``from`` may still
overlap. But one of span k that ended at or after ``from`` began no earlier than ``from - SPANS[k]``, so five short
walks of an index ordered by start, one for each span, find all of them and stop at the page's end. Most incidents are
of span 0; each longer span is rarer about as much as its walk is longer; span 4 is a handful.
Part of the schema: a change needs a migration.
"""
SPAN_OPEN = len(SPANS)

_SPAN = Computed(
    "CASE"
    " WHEN ended_at IS NULL THEN 4"
    " WHEN ended_at - started_at <= interval '15 minutes' THEN 0"
    " WHEN ended_at - started_at <= interval '4 hours' THEN 1"
    " WHEN ended_at - started_at <= interval '3 days' THEN 2"
    " WHEN ended_at - started_at <= interval '45 days' THEN 3"
    " ELSE 4 END",
    persisted=True,
)

LASTED_FROM_S = (5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 420, 600, 900, 1800, 3600, 7200, 14400, 43200)
"""Seconds from which an incident's observed duration is of class 1, 2, …; what is shorter is of class 0. In
``ix_incidents_facets``: those that lasted 10 to 15 minutes are one in some hundreds, and no span.
Part of the schema: a change needs a migration.
"""
_EDGES = ",".join(f"{each // 3600:02}:{each % 3600 // 60:02}:{each % 60:02}" for each in LASTED_FROM_S)
LASTED = f"width_bucket(coalesce(ended_at, last_observed_at) - started_at, '{{{_EDGES}}}'::interval[])"

incident_change_seq = Sequence("incident_change_seq", data_type=Big, metadata=Base.metadata)
"""Numbers of incidents.change_seq. Drawn only by ``publish``, under the lock that makes it safe to follow."""


class ViewpointRow(Base):
    __tablename__ = "viewpoints"
    __table_args__ = (
        UniqueConstraint(
            "camera",
            "area",
            "lat",
            "lon",
            "heading_deg",
            "fov_deg",
            "range_m",
            postgresql_nulls_not_distinct=True,
            info={"serves": "publish(): the viewpoint of an incident; search(): viewpoints of the cameras asked for"},
        ),
        Index(
            "ix_viewpoints_place",
            "lat",
            "lon",
            info={"serves": "in_place(): viewpoints near a circle, route, box or polygon (exactly is then computed)"},
        ),
        {
            "comment": "From where incidents were seen: one row for each place, direction and area that a camera had"
            " when it saw one. Rows never change: an incident's place is where its camera stood then. A few"
            " thousand rows, so place, area and camera are resolved here, incidents then found by viewpoint and time."
        },
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True, comment="No meaning.")
    camera: Mapped[str] = mapped_column(ForeignKey("cameras.id"), comment="Which camera.")
    area: Mapped[str] = mapped_column(comment="Path of the area that the camera belonged to.")
    lat: Mapped[float | None] = mapped_column(comment="Latitude, degrees, WGS 84; null: no place was configured.")
    lon: Mapped[float | None] = mapped_column(comment="Longitude, degrees, WGS 84; null as lat.")
    heading_deg: Mapped[float | None] = mapped_column(comment="Degrees clockwise from true north; null: not known.")
    fov_deg: Mapped[float | None] = mapped_column(comment="Horizontal angle of view in degrees; null: not known.")
    range_m: Mapped[float | None] = mapped_column(comment="How far it sees, in metres; null: not known.")


class IncidentRow(Base):
    __tablename__ = "incidents"
    __table_args__ = (
        {
            "comment": "What rules concluded: the index that is searched. Partitioned by month (db/partitions.py)."
            " An id occurs once: publish() refuses it with another start, which the key alone would let pass.",
            "postgresql_partition_by": "RANGE (started_at)",
        },
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, comment="UUIDv7 (RFC 9562): its first 48 bits are a time in ms.")
    viewpoint_id: Mapped[int] = mapped_column(
        ForeignKey("viewpoints.id"), comment="Camera, area and place at that time."
    )
    kind: Mapped[str] = mapped_column(comment="Kind of the rule that concluded it.")
    severity: Mapped[Severity] = mapped_column(one_of(Severity, "severity"), comment="As the rule was configured.")
    state: Mapped[IncidentState] = mapped_column(
        one_of(IncidentState, "state"), comment="open; closed: its end was observed; interrupted: it was not."
    )
    started_at: Mapped[datetime] = mapped_column(
        primary_key=True, comment="Wall time of its first observed moment. Never changes: it chooses the partition."
    )
    last_observed_at: Mapped[datetime] = mapped_column(comment="Wall time of its last observed moment so far.")
    ended_at: Mapped[datetime | None] = mapped_column(comment="Wall time of its end; null: open.")
    span: Mapped[int] = mapped_column(
        SmallInteger,
        _SPAN,
        comment="Duration, coarsely: 0 to 15 min, 1 to 4 h, 2 to 3 days, 3 to 45 days, 4 longer or open.",
    )
    zone: Mapped[str | None] = mapped_column(comment="Zone of the rule; null: the whole picture.")
    objects: Mapped[list[dict[str, Any]]] = mapped_column(
        comment="Tracks that took part: class, confidence, colour, direction_deg, speed_kmh and its error."
    )
    classes: Mapped[list[str]] = mapped_column(comment="Distinct classes of the objects, for filters.")
    colours: Mapped[list[str]] = mapped_column(comment="Distinct known colours of the objects, for filters.")
    winds: Mapped[list[str]] = mapped_column(
        comment="Distinct known directions of the objects, in eighths of the compass (n, ne, …), for filters."
    )
    clip: Mapped[dict[str, Any] | None] = mapped_column(
        comment="Parts (object key, times, sha256, codec, …) and gaps of the footage; null: none yet."
    )
    thumbnail: Mapped[str | None] = mapped_column(comment="Object key of the best picture; null: none yet.")
    tracks: Mapped[str | None] = mapped_column(comment="Object key of the boxes by media time; null: none yet.")
    footage_expired_at: Mapped[datetime | None] = mapped_column(
        comment="When retention gave up its files, which clip, thumbnail and tracks still name; null: it did not."
    )
    model: Mapped[str] = mapped_column(comment="Name and version of the detection model.")
    worker: Mapped[str] = mapped_column(comment="Who recorded it.")
    epoch: Mapped[int] = mapped_column(Big, comment="Epoch of the camera's lease under which it was opened.")
    revision: Mapped[int] = mapped_column(comment="Of the worker's record: rises with every change; the highest wins.")
    change_seq: Mapped[int] = mapped_column(
        Big, comment="Rises with every change of any incident. Follow it only through changes_since()."
    )
    published_at: Mapped[datetime] = mapped_column(
        server_default=text("clock_timestamp()"), comment="When this revision arrived, by the database's clock."
    )
    marks: Mapped[list[str] | None] = mapped_column(
        deferred=True,
        comment="What people said of it, as search looks at it (camsvc.domain.marks); made from annotations, which are"
        " the record; null: nobody said anything.",
    )


_NEWEST_FIRST = (IncidentRow.started_at.desc(), IncidentRow.id.desc())
Index(
    "ix_incidents_time",
    IncidentRow.span,
    *_NEWEST_FIRST,
    info={"serves": "search() by time, newest first: one walk for each span (see SPANS)"},
)
Index(
    "ix_incidents_viewpoint_time",
    IncidentRow.viewpoint_id,
    IncidentRow.span,
    *_NEWEST_FIRST,
    info={"serves": "search() by camera, area or place, and time: one walk for each viewpoint and span"},
)
Index(
    "ix_incidents_kind_time",
    IncidentRow.kind,
    IncidentRow.span,
    *_NEWEST_FIRST,
    info={"serves": "search() by kind and time, everywhere: also a kind that is rare, or never occurs"},
)
Index(
    "ix_incidents_alarm",
    IncidentRow.span,
    *_NEWEST_FIRST,
    postgresql_where=text("severity = 'alarm'"),
    info={"serves": "search(severities=alarm), everywhere: few among all"},
)
Index(
    "ix_incidents_open",
    *_NEWEST_FIRST,
    postgresql_where=text("state = 'open'"),
    info={"serves": "search(states=open): what happens now; also which open incidents a dead worker left behind"},
)
Index(
    "ix_incidents_change_seq",
    IncidentRow.change_seq,  # unique because its sequence is; an index of partitions by time cannot say so
    info={"serves": "changes_since(): what changed after a number, in order"},
)

Index(
    "ix_incidents_facets",
    IncidentRow.classes,
    IncidentRow.colours,
    text("(ARRAY[kind])"),
    text("(ARRAY[severity::text])"),
    text("(ARRAY[state::text])"),
    text("(ARRAY[viewpoint_id])"),
    text("(ARRAY[span])"),
    IncidentRow.winds,
    text(f"(ARRAY[{LASTED}])"),
    postgresql_using="gin",
    postgresql_with={"fastupdate": "off"},  # else what is new waits in a list that every search reads through
    info={"serves": "search() and tally() for what is rare: conditions that hardly ever meet (see queries/walks.py)"},
)
SAMPLE_ONE_IN = 64
"""One incident in so many, by chance (the random bits at the end of its id), is in the index of the sample."""
SAMPLE = "get_byte(uuid_send(id), 15) < 4"
Index(
    "ix_incidents_sample",
    IncidentRow.started_at,
    postgresql_include=[
        *("span", "ended_at", "last_observed_at", "viewpoint_id", "kind", "severity", "state"),
        *("classes", "colours", "winds"),
    ],
    postgresql_where=text(SAMPLE),
    info={"serves": "tally(), histogram(), heat(): how many match, about; all that conditions look at is in it"},
)
Index(
    "ix_incidents_marks",
    IncidentRow.marks,
    postgresql_using="gin",
    postgresql_with={"fastupdate": "off"},
    postgresql_where=text("marks IS NOT NULL"),
    info={"serves": "search() and tally() by tags, dispositions, assignees and words of notes"},
)
Index(
    "ix_incidents_marked_sample",
    IncidentRow.started_at,
    postgresql_where=text(f"{SAMPLE} AND marks IS NOT NULL"),
    info={"serves": "tally(), histogram(), heat() by what people said: which of the sample they said anything of"},
)

EARLIER, LATER = "incidents_earlier", "incidents_later"
"""The open ends of the partitions by month: every moment has a place at any time, so no row is ever lost.

Not PostgreSQL's DEFAULT partition: beside one, partitions are no longer read in order of time, and every page of a
search would look into all of them instead of stopping at its end.
"""
BEFORE_MONTHS = "2000-01-01 00:00:00+00"
"""Where the two ends meet while there is no month between them."""
for _name, _from, _to in ((EARLIER, "MINVALUE", f"'{BEFORE_MONTHS}'"), (LATER, f"'{BEFORE_MONTHS}'", "MAXVALUE")):
    event.listen(
        IncidentRow.__table__,
        "after_create",
        DDL(f"CREATE TABLE {_name} PARTITION OF incidents FOR VALUES FROM ({_from}) TO ({_to})"),  # type: ignore[no-untyped-call]
    )
