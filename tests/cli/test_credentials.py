"""API tokens and log-ins on the command line, and what it says that it is for."""

from __future__ import annotations

import pytest

from camsvc.db.database import Database
from camsvc.db.models import TokenKind
from camsvc.db.queries import accounts, areas, audit, tokens
from camsvc.db.queries.audit import Wanted
from camsvc.domain.account import Action, Role, User
from camsvc.domain.audit import Record
from tests.cli.console import Run


@pytest.fixture
def lan(database: Database) -> User:
    with database.session() as session:
        areas.ensure(session, "bac-ninh/yen-phong")
        return accounts.create(session, "lan", "correct horse battery", [Role.POLICE])


def newest(database: Database) -> Record:
    with database.session() as session:
        return audit.entries(session, Wanted(), limit=1)[0]


def test_a_token_is_printed_alone_opens_what_it_is_for_and_is_revoked(
    camsvc: Run, database: Database, lan: User
) -> None:
    area = ["--area", "bac-ninh/yen-phong"]
    made = camsvc("tokens", "add", "lan", "--name", "traffic", "--action", "search", *area, "--days", "3")
    token = made.out.strip()
    assert made.status == 0, made.err
    with database.session() as session:
        user = tokens.recognise(session, token)
    assert user is not None
    assert user.may(Action.SEARCH, "bac-ninh/yen-phong/cho")
    assert not user.may(Action.SEARCH, "bac-ninh")
    assert not user.may(Action.REPLAY, "bac-ninh/yen-phong")
    [listed] = camsvc("tokens", "list", "lan", "--json").json
    assert (listed["name"], listed["actions"], listed["user"]) == ("traffic", ["search"], "lan")
    assert "traffic" in camsvc("tokens", "list").out
    assert token not in repr(newest(database))
    assert camsvc("tokens", "revoke", str(listed["id"])).status == 0
    assert newest(database).deed.what == "token.revoked"
    with database.session() as session:
        assert tokens.recognise(session, token) is None
    assert camsvc("tokens", "revoke", str(listed["id"])).status == 2


@pytest.mark.parametrize(
    "wrong", [["--days", "400"], ["--area", "bac-ninh/never"], ["--action", "fly"], ["--name", " "]]
)
def test_a_token_that_cannot_be_is_refused(camsvc: Run, lan: User, wrong: list[str]) -> None:
    assert camsvc("tokens", "add", "lan", "--name", "x", "--action", "search", *wrong).status == 2


def test_log_ins_are_listed_and_ended_one_or_all(camsvc: Run, database: Database, lan: User) -> None:
    with database.session() as session:
        for kind in (TokenKind.SESSION, TokenKind.BEARER, TokenKind.SESSION):
            accounts.issue(session, lan, kind, 60, source="192.0.2.7", agent="Firefox/1")
    found = camsvc("sessions", "list", "lan", "--json").json
    assert [each["kind"] for each in found] == ["session", "bearer", "session"]
    assert (found[0]["source"], found[0]["agent"]) == ("192.0.2.7", "Firefox/1")
    assert camsvc("sessions", "end", str(found[0]["id"])).status == 0
    assert "2 ended" in camsvc("sessions", "end", "--account", "lan").out
    assert newest(database).deed.details["ended"] == 2
    assert camsvc("sessions", "list", "--json").json == []
    assert camsvc("sessions", "end").status == 2


class TestReason:
    def test_what_is_said_is_recorded_and_forgotten_with_the_next_command(
        self, camsvc: Run, database: Database
    ) -> None:
        said = ["--purpose", "điều tra", "--case", "12/2026"]
        assert camsvc("incidents", "search", *said).status == 0
        assert (newest(database).deed.purpose, newest(database).deed.case_number) == ("điều tra", "12/2026")
        assert camsvc(*said, "incidents", "search").status == 0
        assert newest(database).deed.case_number == "12/2026"
        assert camsvc("incidents", "search").status == 0
        assert newest(database).deed.purpose is None

    def test_where_policy_asks_nothing_is_done_without(
        self, camsvc: Run, database: Database, lan: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CAMSVC_POLICY__PURPOSE", "search,administer")
        refused = camsvc("incidents", "search")
        assert refused.status == 2
        assert "--purpose" in refused.err
        assert refused.out == ""
        assert camsvc("accounts", "disable", "lan").status == 2
        with database.session() as session:
            assert not accounts.find(session, "lan").disabled
        assert camsvc("--purpose", "left us", "accounts", "disable", "lan").status == 0
        assert newest(database).deed.purpose == "left us"
