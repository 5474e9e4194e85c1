"""How cameras do over time: what is missing of a day, when each last concluded something, its newest picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from camsvc.domain.account import Reach
from camsvc.domain.coverage import Coverage


@dataclass(frozen=True, slots=True)
class Newest:
    incident: UUID
    started_at: datetime
    area: str
    """Where the camera stood then."""
    has_picture: bool


@dataclass(frozen=True, slots=True)
class Missing:
    seconds: Mapping[Coverage, float]
    """Of the time asked for; what two gaps cover counts once."""
    until: datetime | None
    """End of the last gap in footage; None: there is none."""


NOTHING = Missing(MappingProxyType({}), None)

_NEWEST = text(
    "SELECT DISTINCT ON (v.camera) v.camera, v.area, i.id, i.started_at, i.thumbnail IS NOT NULL AS has_picture"
    " FROM viewpoints v CROSS JOIN generate_series(0, 4) AS s(span)"
    " CROSS JOIN LATERAL (SELECT id, started_at, thumbnail FROM incidents"
    " WHERE viewpoint_id = v.id AND span = s.span AND started_at >= :since"
    " ORDER BY started_at DESC, id DESC LIMIT 1) i"
    " ORDER BY v.camera, i.started_at DESC"
)
"""Five probes of ix_incidents_viewpoint_time for each viewpoint and month."""
_PICTURE = text(
    "SELECT i.id, v.area FROM viewpoints v CROSS JOIN generate_series(0, 4) AS s(span)"
    " CROSS JOIN LATERAL (SELECT id, started_at FROM incidents"
    " WHERE viewpoint_id = v.id AND span = s.span AND thumbnail IS NOT NULL"
    " ORDER BY started_at DESC, id DESC LIMIT 1) i"
    " WHERE v.camera = :camera ORDER BY i.started_at DESC"
)
_MISSING = text(
    "SELECT camera, what, max(ended_at) AS until, ("
    "  SELECT sum(extract(epoch FROM upper(one) - lower(one)))"
    "  FROM unnest(range_agg(tstzrange(greatest(started_at, :from), least(ended_at, :to)))) AS one"
    " ) AS seconds FROM coverage_gaps WHERE started_at < :to AND ended_at > :from GROUP BY camera, what"
)


def newest(session: Session, since: datetime) -> dict[str, Newest]:
    """The last incident of each camera that had one since then."""
    rows = session.execute(_NEWEST, {"since": since})
    return {row.camera: Newest(row.id, row.started_at.astimezone(UTC), row.area, row.has_picture) for row in rows}


def newest_picture(session: Session, camera: str, reach: Reach) -> str | None:
    """Id of the camera's newest incident within ``reach`` that has a thumbnail."""
    rows = session.execute(_PICTURE, {"camera": camera})
    return next((str(row.id) for row in rows if reach.covers(row.area)), None)


def missing(session: Session, from_: datetime, to: datetime) -> dict[str, Missing]:
    """What is known to be missing between the two, by camera; one without gaps is left out. An outage that still lasts
    is known only once it is over."""
    found: dict[str, tuple[dict[Coverage, float], datetime | None]] = {}
    for row in session.execute(_MISSING, {"from": from_, "to": to}):
        seconds, until = found.get(row.camera, ({}, None))
        what = Coverage(row.what)
        seconds[what] = float(row.seconds or 0.0)
        found[row.camera] = seconds, row.until.astimezone(UTC) if what is Coverage.FOOTAGE else until
    return {camera: Missing(seconds, until) for camera, (seconds, until) in found.items()}
