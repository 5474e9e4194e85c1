from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text

from camsvc.db import partitions
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.filters import LIMIT_MAX
from camsvc.db.models.incidents import SPANS
from camsvc.db.queries import conditions, walks
from camsvc.db.queries import incidents as queries
from camsvc.db.queries.neighbours import neighbours
from camsvc.domain.account import Grant, Reach, Role
from camsvc.domain.geo import Location, Point
from camsvc.domain.incident import Incident, IncidentState
from camsvc.domain.matching import matches
from camsvc.domain.search import IncidentFilter
from camsvc.errors import InputError, NotFoundError
from tests.db.examples import NOON, camera, incident, owned
from tests.db.strategies import AREAS, PLACES, filters, incidents, reaches

IN_DATABASE = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
"""Each example empties and fills the database that the test has."""


@pytest.fixture
def full(database: Database, cipher: Cipher) -> Database:
    """The cameras of ``strategies`` under one worker, and months around the time of their incidents."""
    owned(database, cipher, *(camera(id_, area=AREAS[id_]) for id_ in PLACES))
    with database.session() as session:
        partitions.extend(session, NOON, since=NOON - timedelta(days=40))
    return database


def _refill(database: Database, items: list[Incident]) -> None:
    with database.session() as session:
        session.execute(text("DELETE FROM incidents"))
        assert all(queries.publish_all(session, items))


def _newest_first(items: list[Incident]) -> list[UUID]:
    return [item.id for item in sorted(items, key=lambda each: (each.started_at, each.id), reverse=True)]


def _all(database: Database, asked: IncidentFilter, limit: int) -> list[UUID]:
    """Every page, each in a transaction of its own, as a client does."""
    found: list[UUID] = []
    cursor = None
    while True:
        with database.session() as session:
            page = queries.search(session, asked, cursor=cursor, limit=limit)
        assert len(page.items) <= limit
        found += [item.id for item in page.items]
        if page.next_cursor is None:
            return found
        assert len(page.items) == limit
        cursor = page.next_cursor


@IN_DATABASE
@given(
    items=st.lists(incidents(), max_size=25), asked=st.lists(filters(), min_size=3, max_size=3), limit=st.integers(1, 7)
)
@example(items=[], asked=[IncidentFilter()], limit=1)
def test_search_finds_what_a_scan_in_python_finds_in_the_same_order(
    full: Database, items: list[Incident], asked: list[IncidentFilter], limit: int
) -> None:
    _refill(full, items)
    for each in asked:
        wanted = _newest_first([item for item in items if matches(each, item)])
        assert _all(full, each, limit) == wanted
        with full.session() as session:
            assert queries.count(session, each) == len(wanted)
            assert queries.count(session, each, at_most=2) == min(2, len(wanted))


@IN_DATABASE
@given(
    items=st.lists(incidents(), max_size=25),
    asked=st.lists(filters(), min_size=2, max_size=3),
    budgets=st.tuples(st.integers(1, 3), st.integers(1, 8)),
    limit=st.integers(1, 3),
)
def test_walks_that_stop_early_and_facets_together_find_the_same(
    full: Database, items: list[Incident], asked: list[IncidentFilter], budgets: tuple[int, int], limit: int
) -> None:
    _refill(full, items)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(walks, "BUDGETS", budgets)
        patch.setattr(walks, "BUDGET_MIN", 1)
        for each in asked:
            wanted = _newest_first([item for item in items if matches(each, item)])
            assert _all(full, each, limit) == wanted
            for item in items[:2]:
                order = _newest_first([other for other in items if matches(each, other) or other is item])
                at = order.index(item.id)
                with full.session() as session:
                    found = neighbours(session, each, item)
                assert found.newer == (order[at - 1] if at else None)
                assert found.older == (order[at + 1] if at + 1 < len(order) else None)


@IN_DATABASE
@given(items=st.lists(incidents(), max_size=15), asked=filters())
def test_places_beyond_the_number_of_walks_are_found_as_well(
    full: Database, items: list[Incident], asked: IncidentFilter
) -> None:
    _refill(full, items)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conditions, "VIEWPOINTS_MAX", 1)
        patch.setattr(conditions, "VIEWPOINTS_LASTING_MAX", 1)
        assert _all(full, asked, 4) == _newest_first([item for item in items if matches(asked, item)])


@IN_DATABASE
@given(items=st.lists(incidents(), min_size=1, max_size=15), asked=filters(), data=st.data())
def test_neighbours_are_the_next_in_the_order_of_the_search(
    full: Database, items: list[Incident], asked: IncidentFilter, data: st.DataObject
) -> None:
    _refill(full, items)
    here = data.draw(st.sampled_from(items))
    order = _newest_first([item for item in items if matches(asked, item) or item is here])
    at = order.index(here.id)
    with full.session() as session:
        found = neighbours(session, asked, here)
    assert found.newer == (order[at - 1] if at else None)
    assert found.older == (order[at + 1] if at + 1 < len(order) else None)


@IN_DATABASE
@given(
    items=st.lists(incidents(), max_size=20),
    asked=filters(),
    reach=reaches,
    limit=st.integers(1, 7),
    walks=st.sampled_from([1, 64]),
)
def test_search_under_grants_finds_what_a_scan_under_grants_finds(
    full: Database, items: list[Incident], asked: IncidentFilter, reach: Reach, limit: int, walks: int
) -> None:
    _refill(full, items)
    allowed = [item for item in items if reach.covers(item.area)]
    wanted = _newest_first([item for item in allowed if matches(asked, item)])
    assert wanted == _newest_first([item for item in items if matches(asked.under(reach), item)])
    names = replace(asked, cameras=tuple(each for each in asked.cameras if reach.covers(AREAS[each])))
    names = replace(names, areas=tuple(each for each in names.areas if reach.touches(each)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conditions, "VIEWPOINTS_MAX", walks)
        patch.setattr(conditions, "VIEWPOINTS_LASTING_MAX", walks)
        if names != asked:
            hidden, parameter = _hidden(asked, names)
            with pytest.raises(InputError) as caught, full.session() as session:
                queries.search(session, asked.under(reach))
            assert caught.value.parameter == parameter
            assert str(caught.value) == f"there is no {parameter} {hidden!r}, and never was"
            return
        assert _all(full, asked.under(reach), limit) == wanted
        with full.session() as session:
            assert queries.count(session, asked.under(reach)) == len(wanted)
            for item in allowed[:3]:
                at = [each.id for each in _in_order(items, asked.under(reach), item)]
                found = neighbours(session, asked.under(reach), item)
                here = at.index(item.id)
                assert found.newer == (at[here - 1] if here else None)
                assert found.older == (at[here + 1] if here + 1 < len(at) else None)
        for item in items:
            with full.session() as session:
                if item in allowed:
                    assert queries.get(session, item.id, reach).id == item.id
                    continue
                with pytest.raises(NotFoundError, match=f"there is no incident {item.id}"):
                    queries.get(session, item.id, reach)


def _hidden(asked: IncidentFilter, visible: IncidentFilter) -> tuple[str, str]:
    """The first name out of reach, as ``viewpoints`` looks at them."""
    for parameter, given_, seen in (("camera", asked.cameras, visible.cameras), ("area", asked.areas, visible.areas)):
        for name in given_:
            if name not in seen:
                return name, parameter
    raise AssertionError("nothing is hidden")


def _in_order(items: list[Incident], asked: IncidentFilter, here: Incident) -> list[Incident]:
    found = [item for item in items if matches(asked, item) or item is here]
    return sorted(found, key=lambda each: (each.started_at, each.id), reverse=True)


def test_a_camera_that_saw_something_within_reach_may_be_asked_for_after_it_moved_away(full: Database) -> None:
    one = incident("north-1", area="bac/yen-phong")
    _refill(full, [one])
    with full.session() as session:
        session.execute(text("UPDATE cameras SET area = 'fiji' WHERE id = 'north-1'"))
    asked = IncidentFilter(cameras=("north-1",))
    assert _all(full, asked.under(Reach(("bac",))), 5) == [one.id]
    assert _all(full, asked.under(Reach(("fiji",))), 5) == []
    with pytest.raises(InputError, match="never was"):
        _all(full, asked.under(Reach(("bac-pole",))), 5)


@pytest.mark.parametrize("lasts", [timedelta(), *SPANS, *(span + timedelta(microseconds=1) for span in SPANS)])
def test_an_incident_is_found_by_each_moment_of_it_and_by_none_beside(full: Database, lasts: timedelta) -> None:
    one = incident("north-1", ended_at=NOON + lasts, last_observed_at=NOON + lasts)
    _refill(full, [one])
    tick = timedelta(microseconds=1)
    end = NOON + lasts
    for from_, to, found in [
        (end, end + tick, True),
        (end + tick, None, False),
        (None, NOON + tick, True),
        (None, NOON, False),
        (NOON - tick, NOON, False),
        (NOON, NOON + tick, True),
        (NOON + lasts / 2, NOON + lasts / 2 + tick, True),
    ]:
        assert (_all(full, IncidentFilter(from_=from_, to=to), 5) == [one.id]) is found, (from_, to)


def test_an_incident_that_is_open_since_long_ago_is_found_today(full: Database) -> None:
    one = incident("north-1", started_at=NOON - timedelta(days=400), state=IncidentState.OPEN, ended_at=None)
    _refill(full, [one])
    assert _all(full, IncidentFilter(from_=NOON, to=NOON + timedelta(seconds=1)), 5) == [one.id]


def test_an_end_before_the_start_is_stored_and_found_rather_than_lost(full: Database) -> None:
    one = incident("north-1", ended_at=NOON - timedelta(hours=1))
    _refill(full, [one])
    assert _all(full, IncidentFilter(from_=NOON - timedelta(hours=1), to=NOON + timedelta(seconds=1)), 5) == [one.id]
    assert _all(full, IncidentFilter(from_=NOON), 5) == []


def test_a_place_that_is_a_hair_from_the_centre_is_found(full: Database) -> None:
    one = incident("nowhere-1", location=Location(1e-300, -1e-300))
    _refill(full, [one])
    assert _all(full, IncidentFilter(near=Point(0.0, 0.0), radius_m=1e-3), 5) == [one.id]


def test_a_page_is_not_shifted_by_what_arrives_meanwhile(full: Database) -> None:
    old = [incident("north-1", started_at=NOON + timedelta(seconds=second)) for second in range(6)]
    _refill(full, old)
    with full.session() as session:
        first = queries.search(session, IncidentFilter(), limit=3)
        queries.publish(session, incident("north-1", started_at=NOON + timedelta(hours=1)))
        second = queries.search(session, IncidentFilter(), limit=3, cursor=first.next_cursor)
    assert [item.id for item in (*first.items, *second.items)] == _newest_first(old)
    assert second.next_cursor is None


def test_a_camera_that_moved_is_found_where_it_stood_then(full: Database) -> None:
    before = incident("north-1", location=PLACES["north-1"])
    after = incident("north-1", location=PLACES["date-line-1"])
    _refill(full, [before, after])
    north, fiji = Point(21.2417, 105.9556), Point(-17.0, 179.999)
    assert _all(full, IncidentFilter(near=north, radius_m=10), 5) == [before.id]
    assert _all(full, IncidentFilter(near=fiji, radius_m=10), 5) == [after.id]


@pytest.mark.parametrize(
    ("asked", "parameter"),
    [
        (IncidentFilter(cameras=("nort-1",)), "camera"),
        (IncidentFilter(areas=("ba",)), "area"),
        (IncidentFilter(from_=NOON, to=NOON), "from"),
        (IncidentFilter(from_=NOON.replace(tzinfo=None)), "from"),
        (IncidentFilter(near=Point(1, 2)), "radius_m"),
        (IncidentFilter(radius_m=5), "near"),
        (IncidentFilter(near=Point(1, 2), radius_m=-5), "radius_m"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused_by_its_name(
    full: Database, asked: IncidentFilter, parameter: str
) -> None:
    for ask in (queries.search, queries.count):
        with pytest.raises(InputError) as caught, full.session() as session:
            ask(session, asked)
        assert caught.value.parameter == parameter
        assert caught.value.cure


@pytest.mark.parametrize("limit", [0, -1, LIMIT_MAX + 1])
def test_a_page_of_an_impossible_size_is_refused(full: Database, limit: int) -> None:
    with pytest.raises(InputError) as caught, full.session() as session:
        queries.search(session, IncidentFilter(), limit=limit)
    assert caught.value.parameter == "limit"


def test_who_may_search_everywhere_is_asked_nothing_more_than_without_rights(full: Database) -> None:
    asked = IncidentFilter(from_=NOON)
    statements: list[str] = []
    with full.session() as session:
        event.listen(session.connection(), "before_cursor_execute", lambda *each: statements.append(each[2]))
        queries.search(session, asked)
        plain, statements[:] = list(statements), []
        queries.search(session, asked.under(Reach.of([Grant(Role.POLICE)])))
    assert statements == plain
    assert not any("viewpoints.area" in each for each in plain)
