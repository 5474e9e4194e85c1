"""The same questions in SQL as somebody writes it who knows the schema and this one question: the bare limit.

Several ways are tried for each shape and the fastest counts; each is one statement with its constants in it, after the
one that looks up the viewpoints. It begins and ends like ours, with a session of the pool and with incidents as values:
what is compared is the search. Which viewpoints of a place are in it, it is told: by hand, a box is looked up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.orm import Session

from camsvc.cli.bench.search.shapes import Answer, Question
from camsvc.db.incident_rows import from_row
from camsvc.db.models.incidents import SPANS as LONGEST
from camsvc.db.queries.incidents import COUNT_AT_MOST
from camsvc.domain.geo import Location
from camsvc.domain.incident import IncidentState
from camsvc.domain.place import place_of
from camsvc.domain.search import IncidentFilter

LIMIT = 50
PATIENCE_MS = 1500
"""A way that takes longer is not the best one."""
SPANS: tuple[tuple[int, LiteralString], ...] = ((0, "15 minutes"), (1, "4 hours"), (2, "3 days"), (3, "45 days"))
LAST_SPAN = 4
SIGHT_DEG = 0.001
"""All cameras of the bench see for 80 m."""

_COLUMNS: LiteralString = (
    "incidents.*, viewpoints.camera, viewpoints.area, viewpoints.lat, viewpoints.lon, viewpoints.heading_deg,"
    " viewpoints.fov_deg, viewpoints.range_m"
)


@dataclass(frozen=True, slots=True)
class Way:
    name: str
    lookup: str | None
    """Of viewpoints; None: no place is asked for."""
    statement: str


def ways(question: Question, connection: psycopg.Connection[Any]) -> list[Way]:
    """``connection``: to look up viewpoints for the constants; asking does it again."""
    lookup = _lookup(question.asked)
    places = _places(question.asked, connection.execute(lookup).fetchall()) if lookup is not None else None
    where = _where(question.asked, places)
    faceted = _facets(question.asked, where)
    if question.answer is not Answer.PAGE:
        found = {"plain": _aggregate(question, where), "facets": _aggregate(question, faceted)}
    else:
        found = {
            "plain": _page(where, question),
            "facets": _page(faceted, question),
            "spans": _by_span(question, where),
        }
    first = lookup.as_string(connection) if lookup is not None else None
    return [Way(name, first, statement.as_string(connection)) for name, statement in found.items()]


def ask(session: Session, question: Question, way: Way, *, patient: bool) -> list[Any]:
    """Incidents for a page, else rows. Unless ``patient``, gives up after PATIENCE_MS: the session's block then raises
    DatabaseUnavailableError."""
    if not patient:
        session.execute(text(f"SET LOCAL statement_timeout = {PATIENCE_MS}"))
    connection = session.connection()
    if way.lookup is not None:
        connection.exec_driver_sql(way.lookup).fetchall()
    rows: list[Any] = list(connection.exec_driver_sql(way.statement).fetchall())
    return [from_row(row, row) for row in rows] if question.answer is Answer.PAGE else rows


def _places(asked: IncidentFilter, rows: list[Any]) -> list[int]:
    place = place_of(asked)
    return [id_ for id_, *location in rows if place is None or place.holds(Location(*location))]


def _where(asked: IncidentFilter, places: list[int] | None) -> list[sql.Composable]:
    found: list[sql.Composable] = []
    if places is not None:
        found.append(sql.SQL("incidents.viewpoint_id = ANY({})").format(sql.Literal(places)))
    if asked.from_ is not None:
        found.append(sql.SQL("(ended_at IS NULL OR ended_at >= {})").format(sql.Literal(asked.from_)))
    if asked.to is not None:
        found.append(sql.SQL("started_at < {}").format(sql.Literal(asked.to)))
    if asked.kinds:
        found.append(sql.SQL("kind = ANY({})").format(sql.Literal(list(asked.kinds))))
    if asked.severities:
        found.append(sql.SQL("severity = {}").format(sql.Literal(asked.severities[0].value)))
    if asked.states:
        found.append(sql.SQL("state = {}").format(sql.Literal(asked.states[0].value)))
    if asked.objects:
        found.append(sql.SQL("classes && {}").format(sql.Literal([each.value for each in asked.objects])))
    if asked.colours:
        found.append(sql.SQL("colours && {}").format(sql.Literal(list(asked.colours))))
    if asked.directions:
        found.append(sql.SQL("winds && {}").format(sql.Literal([each.value for each in asked.directions])))
    lasted: LiteralString = "coalesce(ended_at, last_observed_at) - started_at"
    if asked.min_duration_s is not None:
        found.append(sql.SQL(lasted + " >= {}").format(sql.Literal(timedelta(seconds=asked.min_duration_s))))
    if asked.max_duration_s is not None:
        found.append(sql.SQL(lasted + " <= {}").format(sql.Literal(timedelta(seconds=asked.max_duration_s))))
    return found


def _lookup(asked: IncidentFilter) -> sql.Composed | None:
    found: list[sql.Composable] = []
    if asked.cameras:
        found.append(sql.SQL("camera = ANY({})").format(sql.Literal(list(asked.cameras))))
    for area in asked.areas:
        found.append(sql.SQL("(area = {} OR starts_with(area, {}))").format(sql.Literal(area), sql.Literal(f"{area}/")))
    place = place_of(asked)
    for shape in place.shapes if place is not None else ():
        box = shape.bounds
        west, east = box.middle_lon - box.half_lon, box.middle_lon + box.half_lon
        found.append(_between(box.south - SIGHT_DEG, box.north + SIGHT_DEG, west - SIGHT_DEG, east + SIGHT_DEG))
    columns = sql.SQL("SELECT id, lat, lon, heading_deg, fov_deg, range_m FROM viewpoints WHERE ")
    return columns + sql.SQL(" AND ").join(found) if found else None


def _between(south: float, north: float, west: float, east: float) -> sql.Composed:
    return sql.SQL("lat BETWEEN {} AND {} AND lon BETWEEN {} AND {}").format(
        *map(sql.Literal, (south, north, west, east))
    )


def _facets(asked: IncidentFilter, where: list[sql.Composable]) -> list[sql.Composable]:
    """Also by the index of facets, as far as it goes."""
    found = list(where)
    if asked.kinds:
        found.append(sql.SQL("(ARRAY[kind]) && {}").format(sql.Literal(list(asked.kinds))))
    if asked.severities:
        found.append(sql.SQL("(ARRAY[severity::text]) && {}").format(sql.Literal([asked.severities[0].value])))
    if asked.min_duration_s is not None or asked.max_duration_s is not None:
        spans = [span for span, _ in SPANS if _may_last(asked, span)]
        found.append(sql.SQL("(ARRAY[span]) && {}::smallint[]").format(sql.Literal([*spans, LAST_SPAN])))
    if asked.from_ is not None:
        found.append(sql.SQL("started_at >= {}::timestamptz - interval '45 days'").format(sql.Literal(asked.from_)))
    return found


def _page(where: list[sql.Composable], question: Question) -> sql.Composed:
    return sql.SQL(
        "SELECT {columns} FROM incidents JOIN viewpoints ON viewpoints.id = viewpoint_id {where}"
        " ORDER BY started_at DESC, incidents.id DESC LIMIT {limit}"
    ).format(columns=sql.SQL(_COLUMNS), where=_all(_below(where, question)), limit=sql.Literal(LIMIT))


def _by_span(question: Question, where: list[sql.Composable]) -> sql.Composed:
    """Knows that hardly anything lasts for days: each span by itself, from where it may reach into the time."""
    asked, parts = question.asked, []
    spans = [] if asked.states == (IncidentState.OPEN,) else [each for each in SPANS if _may_last(asked, each[0])]
    bounds = [
        sql.SQL("span = {} AND started_at >= {}::timestamptz - {}::interval").format(
            sql.Literal(span), sql.Literal(asked.from_), sql.Literal(lasts)
        )
        if asked.from_ is not None
        else sql.SQL("span = {}").format(sql.Literal(span))
        for span, lasts in spans
    ]
    for bound in (*bounds, sql.SQL("span = {}").format(sql.Literal(LAST_SPAN))):
        parts.append(
            sql.SQL("(SELECT * FROM incidents {where} ORDER BY started_at DESC, id DESC LIMIT {limit})").format(
                where=_all([bound, *_below(where, question)]), limit=sql.Literal(LIMIT)
            )
        )
    return sql.SQL(
        "SELECT {columns} FROM ({parts}) AS incidents JOIN viewpoints ON viewpoints.id = viewpoint_id"
        " ORDER BY started_at DESC, incidents.id DESC LIMIT {limit}"
    ).format(columns=sql.SQL(_COLUMNS), parts=sql.SQL(" UNION ALL ").join(parts), limit=sql.Literal(LIMIT))


def _may_last(asked: IncidentFilter, span: int) -> bool:
    shortest, longest = asked.min_duration_s or 0.0, asked.max_duration_s
    within = timedelta(seconds=shortest) <= LONGEST[span]
    return within and (longest is None or span == 0 or timedelta(seconds=longest) > LONGEST[span - 1])


def _aggregate(question: Question, where: list[sql.Composable]) -> sql.Composed:
    if question.answer is Answer.COUNT:
        return sql.SQL("SELECT count(*) FROM (SELECT 1 FROM incidents {} LIMIT {}) AS found").format(
            _all(where), sql.Literal(COUNT_AT_MOST)
        )
    group: LiteralString = (
        "date_trunc('day', started_at, 'UTC')" if question.answer is Answer.HISTOGRAM else "viewpoint_id"
    )
    return sql.SQL("SELECT {group}, count(*) FROM incidents {where} GROUP BY 1").format(
        group=sql.SQL(group), where=_all(where)
    )


def _below(where: list[sql.Composable], question: Question) -> list[sql.Composable]:
    if question.after is None:
        return where
    return [*where, sql.SQL("started_at < {}").format(sql.Literal(question.after))]


def _all(where: list[sql.Composable]) -> sql.Composable:
    return sql.SQL("WHERE ") + sql.SQL(" AND ").join(where) if where else sql.SQL("")
