"""How many incidents match: in all, over time, over the map. Exact while they are few, else about, and said so.

To count millions takes seconds, and nobody needs to know whether 812,032 or 811,975 trucks passed. One incident in
SAMPLE_ONE_IN, drawn by chance, is in an index of its own that also holds all that conditions look at; it is asked
first. When it holds few that match, all are counted; when many, what it holds is multiplied. The error is that of
chance: an n that stems from k of the sample is right within n / √k two times in three (with SAMPLE_ENOUGH of them, 7 %
in all; a bar of a histogram has fewer).

An incident counts at its start; one that began before the time asked for and reached into it, at ``from``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Subquery,
    and_,
    cast,
    func,
    literal,
    select,
    text,
    true,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from camsvc.db.filters import check
from camsvc.db.models import IncidentRow, ViewpointRow
from camsvc.db.models.incidents import SAMPLE, SAMPLE_ONE_IN, SPAN_OPEN
from camsvc.db.queries import conditions, search_plan
from camsvc.domain.annotation import Disposition
from camsvc.domain.marks import required
from camsvc.domain.search import IncidentFilter
from camsvc.errors import InputError

SAMPLE_ENOUGH = 200
"""Of the sample that match: from here on the whole is told from them, with an error of 7 %; about 13,000 incidents."""
STEP = timedelta(minutes=15)
"""Zones differ from UTC by multiples of it: a histogram counts by it first, and asks the calendar once for each."""
BARS_MAX = 1000
"""Of a histogram: more than a screen has room for."""
CELL_MIN_DEG, CELL_MAX_DEG = 0.0001, 10.0
"""Sides of the cells of a heat map: ten metres, a country."""
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_SAMPLED: tuple[str, ...] = (
    *("started_at", "span", "ended_at", "last_observed_at", "viewpoint_id", "kind", "severity", "state"),
    *("classes", "colours", "winds"),
)


COUNTED = ("started_at", "viewpoint_id", "kind", "severity", "state", "classes", "colours", "winds")
"""Columns that an aggregate may count by."""


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
    found = counted(session, asked, lambda matching: select(func.count()).select_from(matching))
    return Tally(sum(number for (number,) in found.rows) * found.each, found.exact)


def histogram(session: Session, asked: IncidentFilter, unit: Unit, zone: ZoneInfo) -> Histogram:
    """How many began when. Raises InputError as ``search``, and for more than BARS_MAX bars."""
    if asked.from_ and asked.to and (asked.to - asked.from_) / _LENGTHS[unit] > BARS_MAX:
        raise _too_fine(unit)
    step = timedelta(minutes=1) if unit is Unit.MINUTE else STEP

    def bars(matching: Subquery) -> Select[datetime, int]:
        at = matching.c.started_at
        moment = func.greatest(at, asked.from_) if asked.from_ is not None else at
        steps = (
            select(func.date_bin(step, moment, _EPOCH).label("at"), func.count().label("number"))
            .select_from(matching)
            .group_by(text("1"))
            .subquery("steps")
        )
        start: ColumnElement[datetime] = func.date_trunc(literal(unit.value), steps.c.at, literal(zone.key))
        number = cast(func.sum(steps.c.number), BigInteger)
        return select(start.label("start"), number).group_by(text("1")).order_by(text("1")).limit(BARS_MAX + 1)

    found = counted(session, asked, bars)
    if len(found.rows) > BARS_MAX:
        raise _too_fine(unit)
    return Histogram(tuple(Bar(at.astimezone(UTC), number * found.each) for at, number in found.rows), found.exact)


def heat(session: Session, asked: IncidentFilter, cell_deg: float) -> Heat:
    """How many were seen where, in cells of a grid from 0,0. Raises InputError as ``search``, and for ``cell_deg``."""
    if not CELL_MIN_DEG <= cell_deg <= CELL_MAX_DEG:
        raise InputError(
            f"{cell_deg:g} is no side of a cell",
            parameter="cell_deg",
            cure=f"give {CELL_MIN_DEG:g} to {CELL_MAX_DEG:g} degrees",
        )

    def places(matching: Subquery) -> Select[Any]:
        counted = (
            select(matching.c.viewpoint_id, func.count().label("number"))
            .group_by(matching.c.viewpoint_id)
            .subquery("counted")
        )
        return select(ViewpointRow.lat, ViewpointRow.lon, counted.c.number).join(
            counted, counted.c.viewpoint_id == ViewpointRow.id
        )

    found = counted(session, asked, places)
    placed = ((lat, lon, number * found.each) for lat, lon, number in found.rows if lat is not None and lon is not None)
    return Heat(_cells(placed, cell_deg), found.exact)


@dataclass(frozen=True, slots=True)
class Counted:
    rows: Sequence[Any]
    """Each with its count at the end."""
    exact: bool
    each: int
    """How many each that was counted stands for."""


def counted(session: Session, asked: IncidentFilter, aggregate: Callable[[Subquery], Any]) -> Counted:
    """``aggregate`` over the sample, if enough of it match; else over all."""
    check(asked)
    seen_from = search_plan.viewpoints(session, asked)
    if seen_from == []:
        return Counted((), True, 1)
    rows = _sampled(session, asked, seen_from, aggregate)
    if sum(row[-1] for row in rows) >= SAMPLE_ENOUGH:
        return Counted(rows, False, SAMPLE_ONE_IN)
    return Counted(session.execute(aggregate(_all(asked, seen_from).subquery("matching"))).all(), True, 1)


def _sampled(
    session: Session, asked: IncidentFilter, seen_from: list[int] | None, aggregate: Callable[[Subquery], Any]
) -> Sequence[Any]:
    """Of what must not have been judged: all less those that were, as their index holds nothing of what people said."""
    without = Disposition.NONE in asked.dispositions
    whole = replace(asked, dispositions=()) if without else asked
    rows = session.execute(aggregate(_sample(whole, seen_from).subquery("matching"))).all()
    judged = tuple(each for each in Disposition if each not in asked.dispositions)
    if not without or not judged:
        return rows
    less = replace(asked, dispositions=judged)
    taken = {_key(row): row[-1] for row in session.execute(aggregate(_sample(less, seen_from).subquery("matching")))}
    left = ((*row[:-1], row[-1] - taken.get(_key(row), 0)) for row in rows)
    return [row for row in left if row[-1] > 0]


def _key(row: Any) -> tuple[Any, ...]:  # noqa: ANN401  a row with its count at the end
    return tuple(tuple(each) if isinstance(each, list) else each for each in row[:-1])


def _sample(asked: IncidentFilter, seen_from: list[int] | None) -> Any:  # noqa: ANN401  a select, or several
    """Its index alone is read: behind a fence the planner sees nothing else to use another one for."""
    row = IncidentRow
    wanted: list[Any] = [text(SAMPLE)]
    if asked.to is not None:
        wanted.append(row.started_at < asked.to)
    columns: tuple[str, ...] = _SAMPLED
    if required(asked):  # they are few, and have an index of their own
        wanted.append(row.marks.is_not(None))
        columns = (*_SAMPLED, "marks")

    def fenced(bounds: list[Any]) -> Select[Any]:
        inner = select(*(getattr(row, name) for name in columns)).where(*wanted, *bounds).offset(literal(0))
        here = aliased(row, inner.subquery("sampled"))
        place = [conditions.of_viewpoints(seen_from, here)] if seen_from is not None else []
        conditions_ = [*conditions.in_time(asked, here), *conditions.by_column(asked, here), *place]
        return select(*(getattr(here, name) for name in COUNTED)).where(and_(true(), *conditions_))

    if asked.from_ is None:
        return fenced([])
    spans = conditions.spans(asked)
    short = [earliest for span, earliest in spans if span != SPAN_OPEN]
    edge = min(short, default=asked.from_)
    return union_all(
        fenced([row.started_at >= edge]),
        fenced([row.started_at < edge, row.span == SPAN_OPEN]),
    )


def _all(asked: IncidentFilter, seen_from: list[int] | None) -> Any:  # noqa: ANN401  a select, or several
    lasting = [span for span, _ in conditions.spans(asked)]
    place = [conditions.of_viewpoints(seen_from)] if seen_from is not None else []
    time = conditions.in_time(asked)
    if conditions.has_facets(asked):
        wanted = [*conditions.by_facet(asked, seen_from, lasting), *time]
    else:
        wanted = [IncidentRow.span.in_(lasting), *conditions.by_column(asked), *place, *time]
    if asked.from_ is None:
        return _rows(wanted)
    # What began at or after ``from``; and, span by span, what began before and may reach into it.
    lead = [*conditions.by_column(asked), *place, *time, IncidentRow.started_at < asked.from_]
    return union_all(
        _rows([*wanted, IncidentRow.started_at >= asked.from_]),
        *(
            _rows([*lead, IncidentRow.span == span, IncidentRow.started_at >= earliest])
            for span, earliest in conditions.spans(asked)
        ),
    )


def _rows(wanted: list[Any]) -> Select[Any]:
    return select(*(getattr(IncidentRow, name) for name in COUNTED)).where(and_(*wanted))


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
