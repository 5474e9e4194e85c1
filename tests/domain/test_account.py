"""What a token's scope leaves of what its account may: never more, and exactly what both allow."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from camsvc.domain.account import ACTIONS, EVERYWHERE, NOWHERE, Action, Grant, Reach, Role, Scope, User

PATHS = ("a", "a/b", "a/b/c", "a/bc", "b", "b/a")
"""Some below others, and some whose names only begin alike."""
paths = st.sampled_from(PATHS)
grants = st.frozensets(st.builds(Grant, st.sampled_from(Role), st.none() | paths), max_size=4)
scopes = st.builds(
    Scope,
    st.frozensets(st.sampled_from(Action), min_size=1),
    st.none() | st.lists(paths, min_size=1, max_size=3).map(tuple),
)


def lies_in(area: str, areas: tuple[str, ...] | None) -> bool:
    return areas is None or any(f"{area}/".startswith(f"{each}/") for each in areas)


@settings(deadline=None)
@given(grants, scopes, st.sampled_from(Action), paths)
def test_a_scope_allows_what_the_account_may_and_it_is_for(
    held: frozenset[Grant], scope: Scope, action: Action, area: str
) -> None:
    account = User(1, "lan", held)
    token = replace(account, scope=scope)
    both = account.may(action, area) and action in scope.actions and lies_in(area, scope.areas)
    assert token.may(action, area) == both


@settings(deadline=None)
@given(grants, scopes, paths)
def test_what_no_action_of_the_scope_reaches_is_not_even_seen(held: frozenset[Grant], scope: Scope, area: str) -> None:
    token = User(1, "lan", held, scope=scope)
    assert token.sees().covers(area) == any(token.may(action, area) for action in Action)


@settings(deadline=None)
@given(grants, scopes)
def test_reaches_name_no_area_twice_and_none_below_another(held: frozenset[Grant], scope: Scope) -> None:
    areas = User(1, "lan", held, scope=scope).sees().areas
    for each in areas or ():
        assert not any(f"{each}/".startswith(f"{other}/") for other in areas or () if other != each)


@settings(deadline=None)
@given(st.lists(paths).map(tuple), st.lists(paths).map(tuple), paths)
def test_what_lies_within_lies_in_both(one: tuple[str, ...], other: tuple[str, ...], area: str) -> None:
    both = Reach.over(one).within(other)
    assert both.covers(area) == (lies_in(area, one) and lies_in(area, other))
    assert EVERYWHERE.within(other).covers(area) == lies_in(area, other)
    assert Reach.over(one).within(None).covers(area) == lies_in(area, one)


def test_administering_counts_only_everywhere_and_a_scope_with_areas_is_not() -> None:
    chief = User(1, "chief", frozenset({Grant(Role.ADMINISTRATOR)}))
    whole = replace(chief, scope=Scope(frozenset({Action.ADMINISTER})))
    assert whole.reach(Action.ADMINISTER) == EVERYWHERE
    assert whole.reach(Action.SEARCH) == NOWHERE
    assert replace(chief, scope=Scope(ACTIONS[Role.ADMINISTRATOR], ("a",))).reach(Action.ADMINISTER) == Reach(("a",))
