"""Conditions one by one."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given

from camsvc.domain.search import IncidentFilter
from camsvc.web.conditions import conditions, groups, without_group
from camsvc.web.directory import Directory
from camsvc.web.language import LANGUAGES, LanguageCode, language
from camsvc.web.moments import Wall
from camsvc.web.words import Words
from tests.db.strategies import filters
from tests.web.test_spoken import ZONE


def words(code: LanguageCode = "en") -> Words:
    return Words(language(code), Wall(ZONE, code))


@given(filters())
def test_letting_go_of_all_conditions_leaves_none(wanted: IncidentFilter) -> None:
    rest = replace(wanted)
    for _ in range(100):
        found = conditions(rest, words(), Directory())
        if not found:
            break
        assert len({each.key for each in found}) == len(found)
        assert found[0].without != rest
        rest = found[0].without
    assert replace(rest, sees=True, reach=IncidentFilter().reach) == IncidentFilter()


@given(filters())
def test_letting_go_of_a_group_lets_go_of_nothing_else(wanted: IncidentFilter) -> None:
    for group, found in groups(conditions(wanted, words(), Directory())):
        rest = without_group(wanted, group)
        left = {each.key for each in conditions(rest, words(), Directory())}
        gone = {each.key for each in conditions(wanted, words(), Directory())} - left
        assert {each.key for each in found} <= gone
        assert gone - {each.key for each in found} <= {"sees"}


@pytest.mark.parametrize("code", LANGUAGES)
@given(wanted=filters())
def test_every_condition_is_said(code: LanguageCode, wanted: IncidentFilter) -> None:
    said = words(code).searched(wanted, Directory())
    for each in conditions(wanted, words(code), Directory()):
        assert each.text in said


def test_every_member_of_the_filter_is_a_condition() -> None:
    known = {"from_", "to", "near", "route", "radius_m", "bbox", "polygon", "sees", "text", "reach"}
    known |= {"min_duration_s", "max_duration_s", "areas", "cameras", "kinds", "objects", "colours", "directions"}
    known |= {"severities", "states", "tags", "dispositions", "assignees"}
    assert {each.name for each in fields(IncidentFilter)} == known
