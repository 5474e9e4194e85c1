from __future__ import annotations

from datetime import timedelta

import pytest

from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.queries import accounts, audit, incidents, leases
from camsvc.db.queries.audit import Wanted
from camsvc.domain.account import Role
from camsvc.domain.incident import Incident
from camsvc.domain.incident_json import time_json
from tests.cli.console import Run
from tests.db import examples

NUMBER = "17/2026-PC02"


@pytest.fixture
def incident(database: Database, cipher: Cipher) -> Incident:
    examples.put(database, cipher, examples.camera("gate"))
    found = examples.incident("gate")
    with database.session() as session:
        leases.claim(session, examples.WORKER, 10, 3600)
        incidents.publish(session, found)
        accounts.create(session, "lan", "a long password", [Role.INVESTIGATOR])
        accounts.create(session, "minh", "a long password", [Role.INVESTIGATOR])
    return found


def test_a_case_is_begun_filled_shown_and_closed(camsvc: Run, database: Database, incident: Incident) -> None:
    assert camsvc("cases", "add", NUMBER, "Trộm xe máy", "--lead", "lan").status == 0
    taken = camsvc("cases", "add", NUMBER, "x", "--lead", "lan")
    assert (taken.status, "is taken" in taken.err) == (2, True)
    assert camsvc("cases", "put", NUMBER, "--incident", str(incident.id), "--comment", "the thief").status == 0
    until = time_json(incident.started_at + timedelta(hours=1))
    span = ("--camera", "gate", "--from", time_json(incident.started_at), "--to", until)
    assert camsvc("cases", "put", NUMBER, *span).status == 0
    assert camsvc("cases", "person", NUMBER, "minh", "--role", "reader").status == 0
    shown = camsvc("cases", "show", NUMBER, "--json").json
    assert [(each["user"], each["role"]) for each in shown["people"]] == [("lan", "lead"), ("minh", "reader")]
    assert sorted(each["kind"] for each in shown["items"]) == ["incident", "span"]
    assert "the thief" in camsvc("cases", "show", NUMBER).out
    (item, _) = [each["id"] for each in shown["items"]]
    assert camsvc("cases", "remove", NUMBER, str(item)).status == 0
    assert camsvc("cases", "close", NUMBER, "--reason", "sentenced").status == 0
    assert camsvc("cases", "put", NUMBER, *span).status == 2
    assert camsvc("cases", "reopen", NUMBER, "--reason", "appeal").status == 0
    (listed,) = camsvc("cases", "list", "--text", "xe máy", "--json").json
    assert (listed["number"], listed["items"], listed["state"]) == (NUMBER, 1, "open")
    deeds = ["case.opened", "item.added", "item.added", "person.added", "item.removed", "case.closed", "case.reopened"]
    history = camsvc("cases", "history", NUMBER).out.splitlines()
    assert [deed for deed, line in zip(deeds, history, strict=True) if f'"{deed}"' in line] == deeds
    with database.session() as session:
        found = audit.entries(session, Wanted(case_number=NUMBER), limit=20)
    assert [each.deed.what for each in reversed(found)] == deeds


def test_what_is_not_there_is_not_put_into_a_case(camsvc: Run, incident: Incident) -> None:
    assert camsvc("cases", "show", NUMBER).status == 2
    assert camsvc("cases", "add", NUMBER, "x", "--lead", "nobody").status == 2
    assert camsvc("cases", "add", NUMBER, "x", "--lead", "lan").status == 0
    for what in (("--incident", "no-id"), ("--incident", str(incident.id).replace("0", "1")), ("--camera", "gate"), ()):
        assert camsvc("cases", "put", NUMBER, *what).status == 2
