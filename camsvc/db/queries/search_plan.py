"""The statements of a search: first the viewpoints of the places asked for, then short walks of one index.

See ``models.incidents.SPANS`` for why time is walked once for each span.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    FromClause,
    Integer,
    Select,
    SmallInteger,
    Text,
    and_,
    bindparam,
    case,
    column,
    false,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
    values,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from camsvc.db.cursor import Position
from camsvc.db.models import AreaRow, CameraRow, IncidentRow, ViewpointRow
from camsvc.db.models.incidents import SPAN_OPEN, SPANS
from camsvc.db.queries.cameras import within
from camsvc.domain.account import Reach
from camsvc.domain.geo import EARTH_RADIUS_M, Box, Point, box_around
from camsvc.domain.search import IncidentFilter
from camsvc.errors import InputError

WALKS_MAX = 64
"""Up to so many viewpoints each has walks of its own; beyond, walking by time and leaving out other viewpoints is
cheaper: every so-manieth incident is a match then."""
MARGIN_DEG = 1e-9
"""0.1 mm: the box around a circle is computed with rounding; the exact distance decides, the box must not."""
TINY_RAD = 1e-12
_ALWAYS = datetime(1, 1, 1, tzinfo=UTC)
_NEWEST_FIRST = (IncidentRow.started_at.desc(), IncidentRow.id.desc())
_OLDEST_FIRST = (IncidentRow.started_at, IncidentRow.id)


def viewpoints(session: Session, asked: IncidentFilter) -> list[int] | None:
    """Those of the cameras, areas and places asked for, within the reach of who asks; None: any, also one without a
    place. Who may search everywhere costs nothing: no condition is added.

    Raises InputError for a camera or area that never was: a misspelt name must not look like "nothing happened". One
    out of reach is refused in the same words.
    """
    conditions: list[ColumnElement[bool]] = []
    reach = asked.reach
    if asked.cameras:
        known = set(session.scalars(_cameras(asked.cameras, reach)))
        _require(asked.cameras, known, "camera", "camera", "`camsvc cameras list` names all cameras")
        conditions.append(ViewpointRow.camera.in_(asked.cameras))
    if asked.areas:
        paths = session.scalars(select(AreaRow.path).where(AreaRow.path.in_(asked.areas)))
        known = {path for path in paths if reach.touches(path)}
        _require(asked.areas, known, "area", "area", "give the whole path, like 'bac-ninh/yen-phong/tam-giang'")
        conditions.append(within(ViewpointRow.area, asked.areas))
    if asked.bbox is not None:
        conditions.append(_inside(asked.bbox))
    if asked.near is not None and asked.radius_m is not None:
        conditions.append(_inside(box_around(asked.near, asked.radius_m), MARGIN_DEG))
        conditions.append(_distance_m(asked.near) <= asked.radius_m)
    if reach.is_nowhere:
        return []
    if reach.areas is not None:
        conditions.append(within(ViewpointRow.area, reach.areas))
    if not conditions:
        return None
    return list(session.scalars(select(ViewpointRow.id).where(*conditions).order_by(ViewpointRow.id)))


def _cameras(ids: tuple[str, ...], reach: Reach) -> Select[str]:
    """Which of ``ids`` the asker may know of: cameras that stand within reach, or once saw something there."""
    known = select(CameraRow.id).where(CameraRow.id.in_(ids))
    if reach.areas is None:
        return known
    if reach.is_nowhere:
        return known.where(false())
    seen = select(ViewpointRow.id).where(ViewpointRow.camera == CameraRow.id, within(ViewpointRow.area, reach.areas))
    return known.where(or_(within(CameraRow.area, reach.areas), seen.exists()))


def page(
    asked: IncidentFilter, seen_from: list[int] | None, after: Position | None, limit: int, *, upwards: bool = False
) -> Select[IncidentRow, ViewpointRow]:
    """The first ``limit`` matches below ``after``, newest first; ``upwards``: the ones next above it, oldest first."""
    keys: list[ColumnElement[Any]] = [column("started_at"), column("id")]
    order = keys if upwards else [key.desc() for key in keys]
    walks = _walks(asked, seen_from, after, limit, upwards=upwards).order_by(*order)
    found = walks.limit(limit).subquery("found")
    return (
        select(IncidentRow, ViewpointRow)
        .join(found, found.c.id == IncidentRow.id)
        .join(ViewpointRow, ViewpointRow.id == IncidentRow.viewpoint_id)
        .order_by(*(_OLDEST_FIRST if upwards else _NEWEST_FIRST))
    )


def number(asked: IncidentFilter, seen_from: list[int] | None, at_most: int) -> Select[int]:
    found = _walks(asked, seen_from, None, at_most).limit(at_most).subquery("found")
    return select(func.count()).select_from(found)


def _walks(
    asked: IncidentFilter,
    seen_from: list[int] | None,
    after: Position | None,
    limit: int,
    *,
    upwards: bool = False,
) -> Select[Any]:
    """Keys of the first ``limit`` matches of each walk: every span, and every viewpoint while they are few."""
    spans = _spans(asked.from_)
    conditions = [
        IncidentRow.span == spans.c.span,
        IncidentRow.started_at >= spans.c.earliest,
        *_conditions(asked),
    ]
    if after is not None:
        key, bound = tuple_(IncidentRow.started_at, IncidentRow.id), tuple_(after.started_at, after.id)
        conditions.append(key > bound if upwards else key < bound)
    walks: FromClause = spans
    if seen_from is not None:
        ids = bindparam("viewpoints", seen_from, ARRAY(Integer))
        if len(seen_from) <= WALKS_MAX:
            viewpoint = func.unnest(ids).table_valued(column("id", Integer), name="viewpoint").render_derived()
            walks = walks.join(viewpoint, true())
            conditions.append(IncidentRow.viewpoint_id == viewpoint.c.id)
        else:
            conditions.append(IncidentRow.viewpoint_id == func.any(ids))
    if asked.kinds and (seen_from is None or len(seen_from) > WALKS_MAX):
        kinds = bindparam("kinds", list(dict.fromkeys(asked.kinds)), ARRAY(Text))
        kind = func.unnest(kinds).table_valued(column("name", Text), name="kind").render_derived()
        walks = walks.join(kind, true())
        conditions.append(IncidentRow.kind == kind.c.name)
    elif asked.kinds:
        conditions.append(IncidentRow.kind.in_(asked.kinds))
    walk = (
        select(IncidentRow.id, IncidentRow.started_at)
        .where(*conditions)
        .order_by(*(_OLDEST_FIRST if upwards else _NEWEST_FIRST))
        .limit(limit)
        .lateral("walk")
    )
    return select(walk.c.id, walk.c.started_at).select_from(walks.join(walk, true()))


def _spans(from_: datetime | None) -> FromClause:
    """Each span, with the earliest start that an incident of it can have if it ended at or after ``from_``."""
    rows = []
    for span in range(SPAN_OPEN + 1):
        bounded = from_ is not None and span < SPAN_OPEN and from_ > _ALWAYS + SPANS[span]
        rows.append((span, from_ - SPANS[span] if bounded and from_ is not None else _ALWAYS))
    return values(column("span", SmallInteger), column("earliest", DateTime(timezone=True)), name="spans").data(rows)


def _conditions(asked: IncidentFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if asked.from_ is not None:
        found.append(or_(IncidentRow.ended_at.is_(None), IncidentRow.ended_at >= asked.from_))
    if asked.to is not None:
        found.append(IncidentRow.started_at < asked.to)
    if asked.severities:
        found.append(IncidentRow.severity.in_(asked.severities))
    if asked.states:
        found.append(IncidentRow.state.in_(asked.states))
    if asked.objects:
        found.append(IncidentRow.classes.overlap([each.value for each in asked.objects]))
    if asked.colours:
        found.append(IncidentRow.colours.overlap(list(asked.colours)))
    return found


def _inside(box: Box, margin_deg: float = 0.0) -> ColumnElement[bool]:
    lat, lon = ViewpointRow.lat, ViewpointRow.lon
    west, east = box.west - margin_deg, box.east + margin_deg
    across = box.west > box.east
    longitudes = or_(lon >= west, lon <= east) if across else and_(lon >= west, lon <= east)
    return and_(lat >= box.south - margin_deg, lat <= box.north + margin_deg, longitudes)


def _distance_m(centre: Point) -> ColumnElement[float]:
    """``domain.geo.distance_m`` in SQL, step by step."""
    phi, lat = func.radians(literal(centre.lat)), func.radians(ViewpointRow.lat)
    half_phi = _flushed((lat - phi) / 2)
    half_lambda = _flushed(func.radians(ViewpointRow.lon - centre.lon) / 2)
    h = func.power(func.sin(half_phi), 2) + func.cos(phi) * func.cos(lat) * func.power(func.sin(half_lambda), 2)
    return 2 * EARTH_RADIUS_M * func.asin(func.least(1.0, func.sqrt(h)))


def _flushed(angle_rad: ColumnElement[Any]) -> ColumnElement[float]:
    """PostgreSQL refuses to square what is too small for it; below a hundredth of a millimetre it is nothing."""
    return case((func.abs(angle_rad) < TINY_RAD, 0.0), else_=angle_rad)


def _require(names: tuple[str, ...], known: set[str], what: str, parameter: str, cure: str) -> None:
    for name in names:
        if name not in known:
            raise InputError(f"there is no {what} {name!r}, and never was", parameter=parameter, cure=cure)
