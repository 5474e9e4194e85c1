from __future__ import annotations

import pytest

from camsvc.db.database import Database
from camsvc.db.queries import accounts
from camsvc.domain.account import Role
from camsvc.errors import AccessError
from tests.cli.console import Run

OLD, NEW = "an old long password", "a new long password"


@pytest.fixture
def officer(database: Database) -> str:
    with database.session() as session:
        accounts.create(session, "officer", OLD, [Role.POLICE])
    return "officer"


def test_accounts_are_listed_without_anything_secret(camsvc: Run, officer: str) -> None:
    listed = camsvc("accounts", "list", "--json")
    assert listed.json == [{"name": officer, "roles": ["police"], "disabled": False}]
    assert officer in camsvc("accounts", "list").out


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
