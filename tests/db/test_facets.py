"""Numbers beside the choices of a search form, against a plain scan in Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camsvc.db.database import Database
from camsvc.db.models.incidents import SAMPLE_ONE_IN
from camsvc.db.queries import facets, tallies
from camsvc.db.queries.tallies import Tally
from camsvc.domain.account import Reach
from camsvc.domain.incident import Incident
from camsvc.domain.matching import matches
from camsvc.domain.search import IncidentFilter
from tests.db.examples import incident
from tests.db.strategies import filters, incidents
from tests.db.test_search import IN_DATABASE, _refill, full
from tests.db.test_tallies import _many

__all__ = ["full"]

VALUES: dict[str, Callable[[Incident], Iterable[str]]] = {
    "kinds": lambda one: {one.kind},
    "severities": lambda one: {one.severity.value},
    "states": lambda one: {one.state.value},
    "objects": lambda one: {each.object_class.value for each in one.objects},
    "colours": lambda one: {each.colour for each in one.objects if each.colour},
    "cameras": lambda one: {one.camera},
    "areas": lambda one: {one.area[:at] for at, letter in enumerate(f"{one.area}/") if letter == "/"},
}


def _counts(items: list[Incident], asked: IncidentFilter, member: str, without: Iterable[str]) -> dict[str, int]:
    nothing: dict[str, Any] = dict.fromkeys(without, ())
    found = [item for item in items if matches(replace(asked, **nothing), item)]
    return dict(Counter(value for item in found for value in VALUES[member](item)))


@IN_DATABASE
@given(items=st.lists(incidents(), max_size=25), asked=st.lists(filters(), min_size=2, max_size=3))
def test_each_value_has_the_number_that_a_scan_finds_without_the_condition_itself(
    full: Database, items: list[Incident], asked: list[IncidentFilter]
) -> None:
    _refill(full, items)
    for each in asked:
        with full.session() as session:
            found = facets.facets(session, each)
        matching = [item for item in items if matches(each, item)]
        assert found.total == Tally(len(matching), True)
        assert found.has_directions == any(one.direction_deg is not None for item in matching for one in item.objects)
        for member in facets.COLUMNS:
            assert dict(found.values[member]) == _counts(items, each, member, [member]), member
        assert dict(found.cameras) == _counts(items, each, "cameras", ["cameras", "areas"])
        assert dict(found.areas) == _counts(items, each, "areas", ["cameras", "areas"])


def test_numbers_are_told_from_the_sample_when_many_match(full: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallies, "SAMPLE_ENOUGH", 10)
    _refill(full, _many(40))
    with full.session() as session:
        found = facets.facets(session, IncidentFilter())
    assert found.total == Tally(10 * SAMPLE_ONE_IN, False)
    assert found.cameras == {"north-1": 10 * SAMPLE_ONE_IN}


def test_areas_out_of_reach_are_not_counted(full: Database) -> None:
    _refill(full, [incident("north-1", area="bac/yen-phong"), incident("date-line-1", area="fiji/east")])
    with full.session() as session:
        found = facets.facets(session, IncidentFilter().under(Reach(("bac",))))
    assert found.areas == {"bac": 1, "bac/yen-phong": 1}
    assert found.total.number == 1
