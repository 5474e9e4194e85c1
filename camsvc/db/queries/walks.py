"""A page of a search, month by month from the newest, and no further than the page's end.

Within a window of months there are two ways:

*walks*: one index in order of time, once for each span (see ``models.incidents.SPANS``), for each viewpoint while they
are few, or for each kind. Where conditions are left that this order does not serve, a walk looks at some hundred
incidents and tells where it stopped; if so many fitted that ten times as many fill the page, it goes on from there.

*facets*: else matches are rare. Then all of a window that match are found through ``ix_incidents_facets`` and put in
order.

So a page costs what its walks cost when matches are common, and what the matches of a month cost when they are rare,
and no estimate of the planner's decides which. Windows grow with the distance, so that years without a match are three
statements; each names its months, so that the planner looks at no other partition.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

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
    column,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from camsvc.db.cursor import Position
from camsvc.db.models import IncidentRow, ViewpointRow
from camsvc.db.models.incidents import SPAN_OPEN
from camsvc.db.partitions import month
from camsvc.db.queries import conditions
from camsvc.domain.camera import Severity
from camsvc.domain.search import IncidentFilter

BUDGETS = (600, 6000)
"""Incidents that walks look at, all together, before facets are asked: a millisecond. The second only where the first
promises that it will fill the page."""
BUDGET_MIN = 40
"""Of one walk, when there are many."""
LONGER = 8
"""A walk of what lasts longer than the first span gets this part of a budget: it is rarer by more."""
MONTHS = 3
"""Of the second window, after the month in which the search begins; the third is all that is left."""
_NEWEST_FIRST = (IncidentRow.started_at.desc(), IncidentRow.id.desc())
_OLDEST_FIRST = (IncidentRow.started_at, IncidentRow.id)


@dataclass(frozen=True, slots=True)
class Window:
    """Of starts. None: without a bound."""

    start: datetime | None
    end: datetime | None
    """Exclusive."""


def find(
    session: Session,
    asked: IncidentFilter,
    seen_from: list[int] | None,
    after: Position | None,
    want: int,
    *,
    upwards: bool = False,
) -> list[Position]:
    """The first ``want`` matches below ``after``, newest first; ``upwards``: those next above it, oldest first."""
    found: list[Position] = []
    rare = conditions.is_rare(asked, seen_from)
    ahead = list(windows(asked, after, upwards=upwards))
    while ahead and len(found) < want:
        window = ahead.pop(0)
        for budget in BUDGETS if not rare else ():
            missing = want - len(found)
            rows = session.execute(walk(asked, seen_from, window, after, missing, upwards, budget=budget))
            edge = _take(rows, found)
            rare = edge is not None
            after = edge or after
            fitted = missing - (want - len(found))
            if not rare or fitted * BUDGETS[1] < (missing - fitted) * budget:
                break
        if rare and len(found) < want:
            few = session.execute(facets(asked, seen_from, window, after, want - len(found), upwards)).all()
            found += [Position(started_at, id_) for id_, started_at in few]
            if ahead and not few:  # hardly any at all: the rest at once
                oldest, newest = (ahead[0], ahead[-1]) if upwards else (ahead[-1], ahead[0])
                ahead = [Window(oldest.start, newest.end)]
    return found[:want]


def windows(asked: IncidentFilter, after: Position | None, *, upwards: bool = False) -> Iterator[Window]:
    """In the order in which they are to be looked at; together, all that may match."""
    if [span for span, _ in conditions.spans(asked)] == [SPAN_OPEN]:
        yield Window(None, None)  # few in all the years
    elif upwards and after is not None:
        yield from _upwards(after.started_at, asked.to)
    else:
        yield from _downwards(min(_tops(asked, after), default=datetime.now(UTC)), asked.from_)


def _tops(asked: IncidentFilter, after: Position | None) -> Iterator[datetime]:
    if asked.to is not None:
        yield asked.to - timedelta(microseconds=1)
    if after is not None:
        yield after.started_at


def _upwards(bottom: datetime, to: datetime | None) -> Iterator[Window]:
    edge = month(bottom, 1)
    yield Window(None, edge)
    for end in (month(edge, MONTHS), None):
        if to is not None and edge >= to:
            return
        yield Window(edge, end)
        edge = end or edge


def _downwards(top: datetime, from_: datetime | None) -> Iterator[Window]:
    """Below ``from``, in the last window, are only those that last; the walks know how far back each may be."""
    edge = month(top, 0)
    yield Window(edge, None)
    if from_ is None or edge > from_:
        start = month(edge, -MONTHS)
        yield Window(start, edge)
        edge = start
    yield Window(None, edge)


def walk(
    asked: IncidentFilter,
    seen_from: list[int] | None,
    window: Window,
    after: Position | None,
    want: int,
    upwards: bool = False,
    *,
    budget: int = BUDGETS[0],
) -> Select[Any]:
    """Rows (id, started_at, fits, is_edge): matches, and the last that a walk looked at before its budget ended."""
    lasting = conditions.spans(asked, window.end)
    few = conditions.each_walked(asked, seen_from)
    alarms = not few and not asked.kinds and asked.severities == (Severity.ALARM,)
    served = replace(asked, kinds=asked.kinds if few else (), severities=() if alarms else asked.severities)
    left = conditions.by_column(served)
    if seen_from is not None and not few:
        left.append(conditions.of_viewpoints(seen_from))
    kinds = list(dict.fromkeys(asked.kinds)) if not few else []
    share = budget // max(len(seen_from or ()) if few else len(kinds), 1)
    limits = [max(share if span == 0 else share // LONGER, BUDGET_MIN, want) if left else want for span, _ in lasting]
    spans = _spans(lasting, limits)
    keyed = [
        IncidentRow.span == spans.c.span,
        IncidentRow.started_at >= spans.c.earliest,
        *conditions.in_time(asked),
        *_within(window),
        *_beyond(after, upwards),
    ]
    walks: FromClause = spans
    if seen_from is not None and few:
        viewpoint = _each("viewpoint", Integer, seen_from)
        walks = walks.join(viewpoint, true())
        keyed.append(IncidentRow.viewpoint_id == viewpoint.c.id)
    if kinds:
        kind = _each("kind", Text, kinds)
        walks = walks.join(kind, true())
        keyed.append(IncidentRow.kind == kind.c.id)
    if alarms:  # as a constant: their index holds nothing else, which the planner must see
        keyed.append(IncidentRow.severity == bindparam("alarm", Severity.ALARM, literal_execute=True))
    order = _OLDEST_FIRST if upwards else _NEWEST_FIRST
    numbered = (
        select(
            IncidentRow.id,
            IncidentRow.started_at,
            (and_(*left) if left else true()).label("fits"),
            func.row_number().over(order_by=order).label("number"),
        )
        .where(*keyed)
        .order_by(*order)
        .limit(spans.c.budget)
        .lateral("walk")
    )
    is_edge: ColumnElement[bool] = numbered.c.number == spans.c.budget if left else literal(False)
    order_out = (
        (numbered.c.started_at, numbered.c.id) if upwards else (numbered.c.started_at.desc(), numbered.c.id.desc())
    )
    return (
        select(numbered.c.id, numbered.c.started_at, numbered.c.fits, is_edge.label("is_edge"))
        .select_from(walks.join(numbered, true()))
        .where(or_(numbered.c.fits, is_edge))
        .order_by(*order_out)
        .limit(want)
    )


def facets(
    asked: IncidentFilter,
    seen_from: list[int] | None,
    window: Window,
    after: Position | None,
    want: int,
    upwards: bool = False,
) -> Select[UUID, datetime]:
    """Rows (id, started_at): matches."""
    return (
        select(IncidentRow.id, IncidentRow.started_at)
        .where(*_by_facets(asked, seen_from, window, after, upwards))
        .order_by(*(_OLDEST_FIRST if upwards else _NEWEST_FIRST))
        .limit(want)
    )


def open_ones(
    asked: IncidentFilter, seen_from: list[int] | None, after: Position | None, want: int
) -> Select[IncidentRow, ViewpointRow]:
    """What ``find`` finds among those that are open, newest first, with all their columns: they are few, but of any
    month, and to look through all months for them once is half of the price of twice."""
    return (
        select(IncidentRow, ViewpointRow)
        .join(ViewpointRow, ViewpointRow.id == IncidentRow.viewpoint_id)
        .where(*_by_facets(asked, seen_from, Window(None, None), after, upwards=False))
        .order_by(*_NEWEST_FIRST)
        .limit(want)
        .execution_options(populate_existing=True)
    )


def _by_facets(
    asked: IncidentFilter, seen_from: list[int] | None, window: Window, after: Position | None, upwards: bool
) -> list[ColumnElement[bool]]:
    lasting = conditions.spans(asked, window.end)
    earliest = min(earliest for _, earliest in lasting)
    return [
        *conditions.by_facet(asked, seen_from, [span for span, _ in lasting]),
        *([IncidentRow.started_at >= earliest] if earliest > conditions.ALWAYS else []),
        *conditions.in_time(asked),
        *_within(window),
        *_beyond(after, upwards),
    ]


def _take(rows: Any, found: list[Position]) -> Position | None:  # noqa: ANN401  a result of rows as of walk()
    """Matches down to the first edge go to ``found``; the edge: beyond it another walk may have missed some."""
    for id_, started_at, fits, is_edge in rows:
        here = Position(started_at, id_)
        if fits:
            found.append(here)
        if is_edge:
            return here
    return None


def _spans(lasting: list[tuple[int, datetime]], limits: list[int]) -> Any:  # noqa: ANN401  a table of three columns
    """Not VALUES: a statement with one is compiled anew every time, which costs more than the search itself."""
    given = func.unnest(
        bindparam("spans", [span for span, _ in lasting], ARRAY(SmallInteger)),
        bindparam("earliest", [earliest for _, earliest in lasting], ARRAY(DateTime(timezone=True))),
        bindparam("budgets", limits, ARRAY(Integer)),
    )
    columns = (column("span", SmallInteger), column("earliest", DateTime(timezone=True)), column("budget", Integer))
    return given.table_valued(*columns, name="spans").render_derived()


def _each(name: str, type_: type[Integer] | type[Text], ids: list[Any]) -> Any:  # noqa: ANN401  a table of one column
    given = bindparam(f"{name}s", ids, ARRAY(type_))
    return func.unnest(given).table_valued(column("id", type_), name=name).render_derived()


def _within(window: Window) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if window.start is not None:
        found.append(IncidentRow.started_at >= window.start)
    if window.end is not None:
        found.append(IncidentRow.started_at < window.end)
    return found


def _beyond(after: Position | None, upwards: bool) -> list[ColumnElement[bool]]:
    """The time alone as well: partitions are chosen by it, not by the pair."""
    if after is None:
        return []
    key, bound = tuple_(IncidentRow.started_at, IncidentRow.id), tuple_(after.started_at, after.id)
    if upwards:
        return [key > bound, IncidentRow.started_at >= after.started_at]
    return [key < bound, IncidentRow.started_at <= after.started_at]
