from __future__ import annotations

import pytest

from camsvc.db.database import Database
from camsvc.db.queries import accounts, areas, audit
from camsvc.db.queries.audit import Wanted
from camsvc.domain.account import Action, Role
from tests.cli.console import Run

AREA = "bac-ninh/yen-phong"


@pytest.fixture
def officer(database: Database) -> str:
    with database.session() as session:
        accounts.create(session, "officer", "a long password", [Role.POLICE])
        areas.ensure(session, AREA)
    return "officer"


def test_an_agency_bounds_what_its_accounts_may(camsvc: Run, database: Database, officer: str) -> None:
    assert camsvc("agencies", "add", "Yên Phong", "--area", AREA).status == 0
    assert camsvc("agencies", "join", officer, "Yên Phong").status == 0
    with database.session() as session:
        assert accounts.find(session, officer).reach(Action.SEARCH).areas == (AREA,)
    [listed] = camsvc("agencies", "list", "--json").json
    assert (listed["agency"], listed["areas"], listed["accounts"]) == ("Yên Phong", [AREA], 1)
    assert AREA in camsvc("agencies", "list").out
    refused = camsvc("agencies", "remove", "Yên Phong")
    assert refused.status == 2
    assert "1 accounts are of" in refused.err
    assert camsvc("agencies", "change", "Yên Phong", "--rename", "Huyện", "--everywhere").status == 0
    assert camsvc("agencies", "join", officer).status == 0
    assert camsvc("agencies", "remove", "Huyện").status == 0
    with database.session() as session:
        assert accounts.find(session, officer).reach(Action.SEARCH).is_everywhere
        done = [each.deed.what for each in reversed(audit.entries(session, Wanted(), limit=10))]
    assert done == ["agency.added", "agency.joined", "agency.changed", "agency.joined", "agency.removed"]


@pytest.mark.parametrize("options", [(), ("--area", AREA, "--everywhere"), ("--area", "no/where")])
def test_an_agency_needs_areas_that_there_are(camsvc: Run, officer: str, options: tuple[str, ...]) -> None:
    assert camsvc("agencies", "add", "x", *options).status == 2
