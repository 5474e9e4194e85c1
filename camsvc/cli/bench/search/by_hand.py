"""The same questions in SQL as somebody writes it who knows the schema and this one question: the bare limit.

Several ways are tried for each shape and the fastest counts; each is one statement with its constants in it, sent by
psycopg without anything between.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from camsvc.cli.bench.search.shapes import Answer, Question
from camsvc.db.queries.incidents import COUNT_AT_MOST
from camsvc.domain.incident import IncidentState
from camsvc.domain.search import IncidentFilter

LIMIT = 50
PATIENCE_MS = 1500
"""A way that takes longer is not the best one."""
SPANS: tuple[tuple[int, LiteralString], ...] = ((0, "15 minutes"), (1, "4 hours"), (2, "3 days"), (3, "45 days"))
LAST_SPAN = 4

_COLUMNS: LiteralString = (
    "incidents.*, viewpoints.camera, viewpoints.area, viewpoints.lat, viewpoints.lon, viewpoints.heading_deg,"
    " viewpoints.fov_deg, viewpoints.range_m"
)


@dataclass(frozen=True, slots=True)
class Way:
    name: str
    statement: sql.Composed


def ways(question: Question, connection: psycopg.Connection[Any]) -> list[Way]:
    """``connection``: to look up viewpoints beforehand; that is not part of what is timed."""
    where = _where(question.asked, connection)
    if question.answer is not Answer.PAGE:
        return [
            Way("plain", _aggregate(question, where)),
            Way("facets", _aggregate(question, _facets(question.asked, where))),
        ]
    return [
        Way("plain", _page(where, question)),
        Way("facets", _page(_facets(question.asked, where), question)),
        Way("spans", _by_span(question, where)),
    ]


def ask(connection: psycopg.Connection[Any], way: Way) -> list[tuple[Any, ...]]:
    return connection.execute(way.statement).fetchall()


def _where(asked: IncidentFilter, connection: psycopg.Connection[Any]) -> list[sql.Composable]:
    found: list[sql.Composable] = []
    places = _viewpoints(asked, connection)
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
    return found


def _viewpoints(asked: IncidentFilter, connection: psycopg.Connection[Any]) -> list[int] | None:
    conditions: list[LiteralString] = []
    values: list[Any] = []
    if asked.cameras:
        conditions.append("camera = ANY(%s)")
        values.append(list(asked.cameras))
    if asked.areas:
        conditions.append("(area = %s OR starts_with(area, %s))")
        values += [asked.areas[0], f"{asked.areas[0]}/"]
    if asked.bbox is not None:
        conditions.append("lat BETWEEN %s AND %s AND lon BETWEEN %s AND %s")
        values += [asked.bbox.south, asked.bbox.north, asked.bbox.west, asked.bbox.east]
    if asked.near is not None and asked.radius_m is not None:
        reach = asked.radius_m / 100_000
        conditions.append(
            "lat BETWEEN %s AND %s AND lon BETWEEN %s AND %s AND 12742017.6 * asin(sqrt("
            "power(sin(radians(lat - %s) / 2), 2) + cos(radians(lat)) * cos(radians(%s))"
            " * power(sin(radians(lon - %s) / 2), 2))) <= %s"
        )
        near = asked.near
        values += [near.lat - reach, near.lat + reach, near.lon - reach * 1.2, near.lon + reach * 1.2]
        values += [near.lat, near.lat, near.lon, asked.radius_m]
    if not conditions:
        return None
    wanted = sql.SQL("SELECT id FROM viewpoints WHERE ") + sql.SQL(" AND ").join(map(sql.SQL, conditions))
    return [id_ for (id_,) in connection.execute(wanted, values)]


def _facets(asked: IncidentFilter, where: list[sql.Composable]) -> list[sql.Composable]:
    """Also by the index of facets, as far as it goes."""
    found = list(where)
    if asked.kinds:
        found.append(sql.SQL("(ARRAY[kind]) && {}").format(sql.Literal(list(asked.kinds))))
    if asked.severities:
        found.append(sql.SQL("(ARRAY[severity::text]) && {}").format(sql.Literal([asked.severities[0].value])))
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
    spans = [] if asked.states == (IncidentState.OPEN,) else list(SPANS)
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
