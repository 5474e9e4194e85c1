"""The conditions of a search on incidents themselves, in two forms, each for the index that it is for.

As columns, beside a walk in order of time; and as the *facets* of ``ix_incidents_facets``, a GIN index: it holds, for
each class, colour, direction, kind, severity, state, viewpoint, span and class of duration, which rows have it, and so
finds the few that have several of them at once, however many there are of each.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, SmallInteger, Text, bindparam, cast, func, literal_column, not_, or_
from sqlalchemy.dialects.postgresql import ARRAY, array

from camsvc.db.models import IncidentRow
from camsvc.db.models.incidents import LASTED, LASTED_FROM_S, SPAN_OPEN, SPANS
from camsvc.domain.incident import IncidentState
from camsvc.domain.marks import forbidden, required
from camsvc.domain.search import IncidentFilter

VIEWPOINTS_MAX = 64
"""Up to so many viewpoints each has walks, or a list in the facets, of its own; beyond, to look at each incident
whether it is of one of them is cheaper: every so-manieth is."""
VIEWPOINTS_LASTING_MAX = 256
"""The same for what lasts longer than the first span: a district's cameras, a town's."""
ALWAYS = datetime(1, 1, 1, tzinfo=UTC)
SPANS_ALL = tuple(range(SPAN_OPEN + 1))


def spans(asked: IncidentFilter, end: datetime | None = None) -> list[tuple[int, datetime]]:
    """Spans that may match among incidents begun before ``end``, each with the earliest start that may match.

    See ``models.incidents.SPANS``.
    """
    if only_open(asked):
        return [(SPAN_OPEN, ALWAYS)]
    found = [(span, _before(asked.from_, lasts)) for span, lasts in enumerate(SPANS) if _may_last(asked, span)]
    return [*((span, earliest) for span, earliest in found if end is None or earliest < end), (SPAN_OPEN, ALWAYS)]


def in_time(asked: IncidentFilter, row: type[IncidentRow] = IncidentRow) -> list[ColumnElement[bool]]:
    """``row``, here and below: another source of the same columns."""
    found: list[ColumnElement[bool]] = []
    if asked.from_ is not None:
        found.append(or_(row.ended_at.is_(None), row.ended_at >= asked.from_))
    if asked.to is not None:
        found.append(row.started_at < asked.to)
    return found


def by_column(asked: IncidentFilter, row: type[IncidentRow] = IncidentRow) -> list[ColumnElement[bool]]:
    """What is asked besides time and place."""
    found: list[ColumnElement[bool]] = []
    if asked.kinds:
        found.append(row.kind.in_(asked.kinds))
    if asked.severities:
        found.append(row.severity.in_(asked.severities))
    if asked.states:
        found.append(row.state.in_(asked.states))
    if asked.objects:
        found.append(row.classes.overlap([each.value for each in asked.objects]))
    if asked.colours:
        found.append(row.colours.overlap(list(asked.colours)))
    if asked.directions:
        found.append(row.winds.overlap([each.value for each in asked.directions]))
    lasted = func.coalesce(row.ended_at, row.last_observed_at) - row.started_at
    if asked.min_duration_s is not None:
        found.append(lasted >= timedelta(seconds=asked.min_duration_s))
    if asked.max_duration_s is not None:
        found.append(lasted <= timedelta(seconds=asked.max_duration_s))
    found += by_people(asked, row)
    return found


def each_walked(asked: IncidentFilter, seen_from: list[int] | None) -> bool:
    """Whether each viewpoint is to have walks of its own. Of what is of no short span a camera sees so few that the
    walks of many more cameras are shorter than one through what all the others saw."""
    short = any(span == 0 for span, _ in spans(asked))
    return seen_from is not None and len(seen_from) <= (VIEWPOINTS_MAX if short else VIEWPOINTS_LASTING_MAX)


def by_facet(asked: IncidentFilter, seen_from: list[int] | None, lasting: list[int]) -> list[ColumnElement[bool]]:
    """The same, and the place; ``lasting``: the spans to look at."""
    found = by_column(replace(asked, kinds=(), severities=(), states=()))
    if asked.min_duration_s is not None or asked.max_duration_s is not None:
        lasted: ColumnElement[Any] = literal_column(f"(ARRAY[{LASTED}])")
        found.append(lasted.op("&&")(bindparam("lasted", _lasted(asked), ARRAY(Integer))))
    if asked.kinds:
        found.append(array([IncidentRow.kind]).overlap(_texts("kinds", asked.kinds)))
    if asked.severities:
        found.append(array([cast(IncidentRow.severity, Text)]).overlap(_texts("severities", asked.severities)))
    if only_open(asked):
        found.append(IncidentRow.state == IncidentState.OPEN)  # has an index of its own
    elif asked.states:
        found.append(array([cast(IncidentRow.state, Text)]).overlap(_texts("states", asked.states)))
    if seen_from is not None and len(seen_from) <= VIEWPOINTS_MAX:
        ids = bindparam("viewpoints", seen_from, ARRAY(Integer))
        found.append(array([IncidentRow.viewpoint_id]).overlap(ids))
    elif seen_from is not None:
        found.append(of_viewpoints(seen_from))
    if len(lasting) < len(SPANS_ALL) and not only_open(asked):
        found.append(array([IncidentRow.span]).overlap(bindparam("spans", lasting, ARRAY(SmallInteger))))
    return found


def by_people(asked: IncidentFilter, row: type[IncidentRow] = IncidentRow) -> list[ColumnElement[bool]]:
    """What is asked of what people said (``domain.marks``)."""
    found = []
    for alternatives in required(asked):
        single = sorted(mark for each in alternatives if len(each) == 1 for mark in each)
        several = [row.marks.contains(sorted(each)) for each in alternatives if len(each) > 1]
        found.append(or_(*([row.marks.overlap(single)] if single else []), *several))
    if without := forbidden(asked):
        found.append(or_(row.marks.is_(None), not_(row.marks.overlap(sorted(without)))))
    return found


def of_viewpoints(seen_from: list[int], row: type[IncidentRow] = IncidentRow) -> ColumnElement[bool]:
    return row.viewpoint_id == func.any(bindparam("viewpoints", seen_from, ARRAY(Integer)))


def only_open(asked: IncidentFilter) -> bool:
    return set(asked.states) == {IncidentState.OPEN}


def has_facets(asked: IncidentFilter) -> bool:
    """Whether anything but time, place and open ones is asked."""
    states = asked.states and not only_open(asked)
    lasts = asked.min_duration_s is not None or asked.max_duration_s is not None
    several = (
        required(asked),
        asked.kinds,
        asked.objects,
        asked.colours,
        asked.severities,
        asked.directions,
        states,
        lasts,
    )
    return any(map(bool, several))


def is_rare(asked: IncidentFilter, seen_from: list[int] | None) -> bool:
    """Whether so few match that facets are best from the start: what is open, or several conditions in few places."""
    if only_open(asked):
        return True
    several = sum(map(bool, (asked.kinds, asked.objects, asked.colours, asked.directions))) > 1
    return several and seen_from is not None and len(seen_from) <= VIEWPOINTS_MAX


def _texts(name: str, values: tuple[Any, ...]) -> Any:  # noqa: ANN401  an operand
    return bindparam(name, [str(each) for each in values], ARRAY(Text))


def _may_last(asked: IncidentFilter, span: int) -> bool:
    """Whether an incident of ``span``, but the last, may have lasted as long as is asked."""
    shortest, longest = asked.min_duration_s, asked.max_duration_s
    if shortest is not None and timedelta(seconds=shortest) > SPANS[span]:
        return False
    return longest is None or span == 0 or timedelta(seconds=longest) > SPANS[span - 1]


def _lasted(asked: IncidentFilter) -> list[int]:
    """Classes of duration, all of those that may hold what is asked."""
    shortest, longest = asked.min_duration_s, asked.max_duration_s
    first = 0 if shortest is None else bisect_right(LASTED_FROM_S, shortest)
    last = len(LASTED_FROM_S) if longest is None else bisect_right(LASTED_FROM_S, longest)
    return list(range(first, last + 1))


def _before(moment: datetime | None, lasts: timedelta) -> datetime:
    if moment is None:
        return ALWAYS
    return moment - lasts if moment > ALWAYS + lasts else ALWAYS
