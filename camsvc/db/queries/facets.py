"""How many of what was searched have each value of each condition: what stands beside the choices of a form.

For a condition that is asked itself its values are counted without it: beside "truck" stands what choosing cars as well
would add, not nothing. As exact as a count (``tallies``): beyond some thousands told from the sample.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Select, Subquery, func, select
from sqlalchemy.orm import Session

from camsvc.db.models import ViewpointRow
from camsvc.db.queries.tallies import Counted, Tally, counted
from camsvc.domain.search import IncidentFilter

Values = Mapping[str, int]
"""Value → number of incidents; those that none has are left out."""
COLUMNS: Mapping[str, str] = {
    "kinds": "kind",
    "severities": "severity",
    "states": "state",
    "objects": "classes",
    "colours": "colours",
}
"""Members of IncidentFilter, and the columns that hold their values."""
_LISTS = {"objects", "colours"}


@dataclass(frozen=True, slots=True)
class Facets:
    total: Tally
    values: Mapping[str, Values]
    """By member of IncidentFilter (``COLUMNS``)."""
    cameras: Values
    areas: Values
    """By path, each with all below it."""
    has_directions: bool
    """Whether it is known of any which way an object went: else to ask for a direction finds nothing."""


def facets(session: Session, asked: IncidentFilter) -> Facets:
    """One statement for what is not asked, and one for each condition that is. Raises InputError as ``search``."""
    base = _by_columns(session, asked)
    values = {}
    for member in COLUMNS:
        found = _by_columns(session, _without(asked, member)) if getattr(asked, member) else base
        values[member] = _values(found, member)
    cameras, areas = _places(session, _without(asked, "cameras", "areas"))
    total = Tally(sum(row[-1] for row in base.rows) * base.each, base.exact)
    return Facets(total, values, cameras, areas, any(row[-2] for row in base.rows))


def _without(asked: IncidentFilter, *members: str) -> IncidentFilter:
    nothing: dict[str, Any] = dict.fromkeys(members, ())
    return replace(asked, **nothing)


def _by_columns(session: Session, asked: IncidentFilter) -> Counted:
    """By all columns at once: few combinations occur, whatever the number of incidents."""

    def combinations(matching: Subquery) -> Select[Any]:
        columns = [*(matching.c[name] for name in COLUMNS.values()), func.cardinality(matching.c.winds) > 0]
        return select(*columns, func.count()).group_by(*columns)

    return counted(session, asked, combinations)


def _values(found: Counted, member: str) -> Values:
    at = list(COLUMNS).index(member)
    numbers: Counter[str] = Counter()
    for row in found.rows:
        for value in set(row[at]) if member in _LISTS else (row[at],):
            numbers[str(value)] += row[-1] * found.each
    return numbers


def _places(session: Session, asked: IncidentFilter) -> tuple[Values, Values]:
    aggregate: Callable[[Subquery], Any] = _by_viewpoint
    found = counted(session, asked, aggregate)
    cameras: Counter[str] = Counter()
    areas: Counter[str] = Counter()
    for camera, area, number in found.rows:
        cameras[camera] += number * found.each
        for end in (at for at, letter in enumerate(f"{area}/") if letter == "/"):
            areas[area[:end]] += number * found.each
    return cameras, areas


def _by_viewpoint(matching: Subquery) -> Select[Any]:
    numbers = (
        select(matching.c.viewpoint_id, func.count().label("number"))
        .group_by(matching.c.viewpoint_id)
        .subquery("numbers")
    )
    return select(ViewpointRow.camera, ViewpointRow.area, numbers.c.number).join(
        numbers, numbers.c.viewpoint_id == ViewpointRow.id
    )
