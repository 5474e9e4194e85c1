"""How many incidents match: in all, over time, over the map. Exact while they are few, else about, and said so.

To count millions takes seconds, and nobody needs to know whether 812,032 or 811,975 trucks passed. One incident in
SAMPLE_ONE_IN, drawn by chance, is in an index of its own that also holds all that conditions look at; it is asked
first. When it holds few that match, all are counted; when many, what it holds is multiplied. The error is that of
chance: an n that stems from k of the sample is right within n / √k two times in three (with SAMPLE_ENOUGH of them, 5 %
in all; a bar of a histogram has fewer).

An incident counts at its start; one that began before the time asked for and reached into it, at ``from``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, Subquery, and_, func, literal, select, text, union_all
from sqlalchemy.orm import Session

from camsvc.db.filters import check
from camsvc.db.models import IncidentRow, ViewpointRow
from camsvc.db.models.incidents import SAMPLE, SAMPLE_ONE_IN
from camsvc.db.queries import conditions, search_plan
from camsvc.domain.search import IncidentFilter
from camsvc.errors import InputError

SAMPLE_ENOUGH = 400
"""Of the sample that match: from here on the whole is told from them, with an error of 5 %; about 25,000 incidents."""
BARS_MAX = 1000
"""Of a histogram: more than a screen has room for."""
CELL_MIN_DEG, CELL_MAX_DEG = 0.0001, 10.0
"""Sides of the cells of a heat map: ten metres, a country."""


class Unit(StrEnum):
    """Widths of a histogram's bars, in a time zone: a day is what its calendar calls one, with 23 hours or 25."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    """From Monday."""
    MONTH = "month"


_LENGTHS = {
    Unit.MINUTE: timedelta(minutes=1),
    Unit.HOUR: timedelta(hours=1),
    Unit.DAY: timedelta(days=1),
    Unit.WEEK: timedelta(weeks=1),
    Unit.MONTH: timedelta(days=28),
}


@dataclass(frozen=True, slots=True)
class Tally:
    number: int
    exact: bool
    """False: about; told from a sample."""


@dataclass(frozen=True, slots=True)
class Bar:
    start: datetime
    """UTC; ends where the next unit of the zone begins."""
    number: int


@dataclass(frozen=True, slots=True)
class Histogram:
    bars: tuple[Bar, ...]
    """In order of time, without the empty ones."""
    exact: bool


@dataclass(frozen=True, slots=True)
class Cell:
    south: float
    west: float
    number: int


@dataclass(frozen=True, slots=True)
class Heat:
    cells: tuple[Cell, ...]
    """The fullest first. Incidents without a place are in none."""
    exact: bool


def tally(session: Session, asked: IncidentFilter) -> Tally:
    """How many match. Raises InputError as ``search``."""
    found = _matching(session, asked)
    if found is None:
        return Tally(0, True)
    if not found.exact:
        return Tally(found.sampled * SAMPLE_ONE_IN, False)
    return Tally(session.scalars(select(func.count()).select_from(found.rows)).one(), True)


def histogram(session: Session, asked: IncidentFilter, unit: Unit, zone: ZoneInfo) -> Histogram:
    """How many began when. Raises InputError as ``search``, and for more than BARS_MAX bars."""
    if asked.from_ and asked.to and (asked.to - asked.from_) / _LENGTHS[unit] > BARS_MAX:
        raise _too_fine(unit)
    found = _matching(session, asked)
    if found is None:
        return Histogram((), True)
    at = found.rows.c.started_at
    moment = func.greatest(at, asked.from_) if asked.from_ is not None else at
    start: ColumnElement[datetime] = func.date_trunc(literal(unit.value), moment, literal(zone.key)).label("start")
    rows = session.execute(
        select(start, func.count()).select_from(found.rows).group_by(text("1")).order_by(text("1")).limit(BARS_MAX + 1)
    ).all()
    if len(rows) > BARS_MAX:
        raise _too_fine(unit)
    return Histogram(tuple(Bar(at.astimezone(UTC), number * found.each) for at, number in rows), found.exact)


def heat(session: Session, asked: IncidentFilter, cell_deg: float) -> Heat:
    """How many were seen where, in cells of a grid from 0,0. Raises InputError as ``search``, and for ``cell_deg``."""
    if not CELL_MIN_DEG <= cell_deg <= CELL_MAX_DEG:
        raise InputError(
            f"{cell_deg:g} is no side of a cell",
            parameter="cell_deg",
            cure=f"give {CELL_MIN_DEG:g} to {CELL_MAX_DEG:g} degrees",
        )
    found = _matching(session, asked)
    if found is None:
        return Heat((), True)
    counted = (
        select(found.rows.c.viewpoint_id, func.count().label("number"))
        .select_from(found.rows)
        .group_by(found.rows.c.viewpoint_id)
        .subquery("counted")
    )
    rows = session.execute(
        select(ViewpointRow.lat, ViewpointRow.lon, counted.c.number)
        .join(counted, counted.c.viewpoint_id == ViewpointRow.id)
        .where(ViewpointRow.lat.is_not(None), ViewpointRow.lon.is_not(None))
    )
    cells = _cells(((lat, lon, number * found.each) for lat, lon, number in rows), cell_deg)
    return Heat(cells, found.exact)


@dataclass(frozen=True, slots=True)
class _Matching:
    rows: Subquery
    """(started_at, viewpoint_id) of all that match, or of those of the sample."""
    exact: bool
    sampled: int
    each: int
    """How many each row stands for."""


def _matching(session: Session, asked: IncidentFilter) -> _Matching | None:
    """None: nothing can match, for no camera is where it is asked for."""
    check(asked)
    seen_from = search_plan.viewpoints(session, asked)
    if seen_from == []:
        return None
    sample = _sample(asked, seen_from).subquery("sampled")
    sampled = session.scalars(select(func.count()).select_from(sample)).one()
    if sampled >= SAMPLE_ENOUGH:
        return _Matching(sample, False, sampled, SAMPLE_ONE_IN)
    return _Matching(_all(asked, seen_from).subquery("matching"), True, sampled, 1)


def _sample(asked: IncidentFilter, seen_from: list[int] | None) -> Any:  # noqa: ANN401  a select, or several
    place = [conditions.of_viewpoints(seen_from)] if seen_from is not None else []
    wanted = [text(SAMPLE), *conditions.in_time(asked), *conditions.by_column(asked), *place]
    return _parts(asked, wanted, wanted)


def _all(asked: IncidentFilter, seen_from: list[int] | None) -> Any:  # noqa: ANN401  a select, or several
    lasting = [span for span, _ in conditions.spans(asked)]
    place = [conditions.of_viewpoints(seen_from)] if seen_from is not None else []
    time = conditions.in_time(asked)
    if conditions.has_facets(asked):
        wanted = [*conditions.by_facet(asked, seen_from, lasting), *time]
    else:
        wanted = [IncidentRow.span.in_(lasting), *conditions.by_column(asked), *place, *time]
    return _parts(asked, wanted, [*conditions.by_column(asked), *place, *time])


def _parts(asked: IncidentFilter, wanted: list[Any], lead: list[Any]) -> Any:  # noqa: ANN401  a select, or several
    """What began at or after ``from``; and, span by span, what began before and may reach into it."""
    if asked.from_ is None:
        return _rows(wanted)
    before = IncidentRow.started_at < asked.from_
    return union_all(
        _rows([*wanted, IncidentRow.started_at >= asked.from_]),
        *(
            _rows([*lead, IncidentRow.span == span, IncidentRow.started_at >= earliest, before])
            for span, earliest in conditions.spans(asked)
        ),
    )


def _rows(wanted: list[Any]) -> Select[datetime, int]:
    return select(IncidentRow.started_at, IncidentRow.viewpoint_id).where(and_(*wanted))


def _cells(places: Iterable[tuple[float, float, int]], cell_deg: float) -> tuple[Cell, ...]:
    counts: Counter[tuple[int, int]] = Counter()
    for lat, lon, number in places:
        counts[cell_of(lat, cell_deg), cell_of(lon, cell_deg)] += number
    fullest = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return tuple(Cell(y * cell_deg, x * cell_deg, number) for (y, x), number in fullest)


def cell_of(degrees: float, cell_deg: float) -> int:
    """Number of the cell along one axis, from 0 at 0°."""
    return int(degrees // cell_deg)


def _too_fine(unit: Unit) -> InputError:
    return InputError(
        f"more than {BARS_MAX} bars of a {unit.value} each",
        parameter="unit",
        cure="give a longer unit, or a shorter time",
    )
