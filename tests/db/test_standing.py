from __future__ import annotations

import hashlib

from camsvc.db.database import Database
from camsvc.db.models import TokenKind
from camsvc.db.queries import accounts, grants, standing
from camsvc.domain.account import Action, Grant, Role


def key(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def test_who_holds_a_token_is_told_with_what_they_are_granted_now(database: Database) -> None:
    with database.session() as session:
        lan = accounts.create(session, "lan", "correct horse battery", [Role.OPERATOR])
        minh = accounts.create(session, "minh", "correct horse battery", [])
        tokens = [
            accounts.issue(session, lan, TokenKind.SESSION, 60),
            accounts.issue(session, lan, TokenKind.BEARER, 60),
            accounts.issue(session, minh, TokenKind.BEARER, 60),
            accounts.issue(session, lan, TokenKind.BEARER, -1),
        ]
    keys = [key(each) for each in [*tokens, "never issued"]]
    with database.session() as session:
        found = standing.holders(session, keys)
    assert [found[each].name for each in keys[:3]] == ["lan", "lan", "minh"]
    assert set(found) == set(keys[:3])
    assert found[keys[0]].may(Action.LIVE, "town")
    assert found[keys[2]].grants == frozenset()


def test_what_ended_is_left_out_and_what_was_taken_is_gone(database: Database) -> None:
    with database.session() as session:
        lan = accounts.create(session, "lan", "correct horse battery", [Role.OPERATOR, Role.POLICE])
        minh = accounts.create(session, "minh", "correct horse battery", [Role.OPERATOR])
        tokens = [accounts.issue(session, each, TokenKind.SESSION, 60) for each in (lan, lan, minh)]
    with database.session() as session:
        accounts.revoke(session, tokens[0])
        accounts.set_disabled(session, minh.id, disabled=True)
        grants.take(session, lan.id, Grant(Role.OPERATOR))
    with database.session() as session:
        found = standing.holders(session, [key(each) for each in tokens])
    assert list(found) == [key(tokens[1])]
    assert not found[key(tokens[1])].may(Action.LIVE, "town")
    assert found[key(tokens[1])].may(Action.SEARCH, "town")
