from __future__ import annotations

import pytest

from camsvc.db.database import Database
from camsvc.db.queries import accounts, areas, audit
from camsvc.db.queries.audit import Wanted
from camsvc.domain.account import Action, Grant, Reach, Role
from camsvc.errors import AccessError
from tests.cli.console import Run

OLD, NEW = "an old long password", "a new long password"


@pytest.fixture
def officer(database: Database) -> str:
    with database.session() as session:
        accounts.create(session, "officer", OLD, [Role.POLICE])
        areas.ensure(session, "bac-ninh/yen-phong")
    return "officer"


def recorded(database: Database) -> list[tuple[str, object]]:
    """What was done, and to whom; oldest first."""
    with database.session() as session:
        found = audit.entries(session, Wanted(), limit=100)
    assert all(each.deed.details["command_line_of"] for each in found)
    return [(each.deed.what, each.deed.details["account"]) for each in reversed(found)]


def test_accounts_are_listed_without_anything_secret(camsvc: Run, officer: str) -> None:
    listed = camsvc("accounts", "list", "--json")
    grants = [{"role": "police", "area": None}]
    assert listed.json == [{"name": officer, "roles": ["police"], "grants": grants, "disabled": False}]
    assert "police everywhere" in camsvc("accounts", "list").out


def test_what_each_role_may_is_told(camsvc: Run) -> None:
    told = camsvc("accounts", "roles", "--json").json
    assert set(told) == {role.value for role in Role}
    assert told["police"] == ["replay", "search"]
    assert "investigator" in camsvc("accounts", "roles").out


def test_a_forgotten_password_is_replaced(
    camsvc: Run, database: Database, officer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMSVC_NEW_PASSWORD", NEW)
    changed = camsvc("accounts", "password", officer)
    assert changed.status == 0
    assert NEW not in changed.out + changed.err
    assert accounts.login(database, officer, NEW).name == officer
    with pytest.raises(AccessError):
        accounts.login(database, officer, OLD)
    assert recorded(database) == [("password.set", "officer")]


@pytest.mark.parametrize(
    ("name", "password", "word"), [("nobody", NEW, "accounts list"), ("officer", "short", "password")]
)
def test_what_will_not_do_names_the_cure(
    camsvc: Run, officer: str, monkeypatch: pytest.MonkeyPatch, name: str, password: str, word: str
) -> None:
    monkeypatch.setenv("CAMSVC_NEW_PASSWORD", password)
    refused = camsvc("accounts", "password", name)
    assert refused.status == 2
    assert word in refused.err
    assert officer


def test_an_account_is_made_for_areas_given_more_and_less(
    camsvc: Run, database: Database, officer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMSVC_NEW_PASSWORD", NEW)
    area = "bac-ninh/yen-phong"
    made = camsvc("accounts", "add", "Lan", "--role", "operator", "--role", "police", "--area", area)
    assert made.status == 0, made.err
    assert "operator in bac-ninh/yen-phong" in made.out
    user = accounts.login(database, "lan", NEW)
    assert user.grants == {Grant(Role.OPERATOR, area), Grant(Role.POLICE, area)}
    assert user.reach(Action.LIVE) == Reach((area,))

    assert "investigator everywhere" in camsvc("accounts", "grant", "lan", "--role", "investigator").out
    assert "had that already" in camsvc("accounts", "grant", "lan", "--role", "investigator").out
    assert "taken away" in camsvc("accounts", "revoke", "lan", "--role", "police", "--area", area).out
    assert "had none" in camsvc("accounts", "revoke", "lan", "--role", "police").out
    assert accounts.login(database, "lan", NEW).grants == {Grant(Role.OPERATOR, area), Grant(Role.INVESTIGATOR)}

    assert camsvc("accounts", "disable", "lan").status == 0
    with pytest.raises(AccessError):
        accounts.login(database, "lan", NEW)
    assert camsvc("accounts", "enable", "lan").status == 0
    assert accounts.login(database, "lan", NEW)
    whats = ["account.added", "grant.given", "grant.taken", "account.disabled", "account.enabled"]
    assert recorded(database) == [(what, "lan") for what in whats]


@pytest.mark.parametrize("what", ["revoke", "disable"])
def test_the_last_administrator_stays(camsvc: Run, database: Database, officer: str, what: str) -> None:
    with database.session() as session:
        accounts.create(session, "chief", OLD, [Role.ADMINISTRATOR])
        accounts.create(session, "elsewhere", OLD, [Grant(Role.ADMINISTRATOR, "bac-ninh")])
    options = ["--role", "administrator"] if what == "revoke" else []
    refused = camsvc("accounts", what, "chief", *options)
    assert refused.status == 2
    assert "last account" in refused.err
    assert accounts.login(database, "chief", OLD).reach(Action.ADMINISTER).is_everywhere
    assert recorded(database) == []
    assert camsvc("accounts", "grant", officer, "--role", "administrator").status == 0
    assert camsvc("accounts", what, "chief", *options).status == 0


def test_an_area_that_is_none_and_a_name_that_is_taken_are_refused(
    camsvc: Run, database: Database, officer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMSVC_NEW_PASSWORD", NEW)
    assert "no area" in camsvc("accounts", "add", "lan", "--role", "police", "--area", "bac-nin").err
    assert "officer" in camsvc("accounts", "add", officer, "--role", "police").err
    assert camsvc("accounts", "add", "lan", "--role", "chief").status == 2
    assert camsvc("accounts", "add", "lan").status == 2
    with database.session() as session:
        assert [user.name for user in accounts.all_users(session)] == [officer]
    assert recorded(database) == []
