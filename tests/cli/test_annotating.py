from __future__ import annotations

import getpass

import pytest

from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.queries import accounts, audit, incidents
from camsvc.db.queries.audit import Wanted
from camsvc.domain.account import Role
from camsvc.domain.audit import Kind
from camsvc.domain.incident import Incident
from tests.cli.console import Run
from tests.db import examples


@pytest.fixture
def stored(database: Database, cipher: Cipher) -> Incident:
    examples.owned(database, cipher, examples.camera())
    item = examples.incident()
    with database.session() as session:
        incidents.publish(session, item)
        accounts.create(session, "lan", "a long enough password", [Role.POLICE])
        accounts.create(session, "minh", "a long enough password", [Role.VIEWER])
    return item


def _ids(camsvc: Run, *options: str) -> list[str]:
    return [each["id"] for each in camsvc("incidents", "search", "--json", *options).json["items"]]


def test_what_is_said_on_the_command_line_is_found_and_read_back(camsvc: Run, stored: Incident) -> None:
    id_ = str(stored.id)
    for words in (
        ("tag", id_, "Xe-Trộm", "bus"),
        ("tag", id_, "bus", "--remove"),
        ("note", id_, "Biển số 99A-123.45"),
        ("assign", id_, "lan"),
        ("judge", id_, "true", "--reason", "đúng xe"),
    ):
        result = camsvc("incidents", *words)
        assert result.status == 0, result.err
    for options in (
        ("--tag", "XE-TRỘM"),
        ("--text", "bien so"),
        ("--assignee", "lan"),
        ("--disposition", "true,false_alarm"),
    ):
        assert _ids(camsvc, *options) == [id_]
    assert _ids(camsvc, "--tag", "bus") == []
    assert _ids(camsvc, "--disposition", "none") == []
    told = camsvc("incidents", "said", id_, "--json").json
    assert [each["tag"] for each in told["tags"]] == ["xe-trộm"]
    assert told["disposition"]["reason"] == "đúng xe"
    assert {each["by"] for each in told["history"]} == {getpass.getuser()}
    assert "Biển số" in camsvc("incidents", "said", id_).out


def test_a_note_is_withdrawn_by_its_number(camsvc: Run, stored: Incident) -> None:
    camsvc("incidents", "note", str(stored.id), "nhầm")
    number = camsvc("incidents", "said", str(stored.id), "--json").json["notes"][0]["id"]
    assert camsvc("incidents", "note", str(stored.id), "--withdraw", str(number)).status == 0
    assert _ids(camsvc, "--text", "nhầm") == []


def test_each_thing_said_is_recorded_without_the_text_of_notes(
    camsvc: Run, stored: Incident, database: Database
) -> None:
    camsvc("incidents", "note", str(stored.id), "secret of the case")
    camsvc("incidents", "judge", str(stored.id), "false_alarm")
    with database.session() as session:
        records = audit.entries(session, Wanted(incident=stored.id, kind=Kind.ANNOTATE), limit=9)
    assert [each.deed.what for each in records] == ["incident.judged", "note.added"]
    assert "secret" not in str([dict(each.deed.details) for each in records])


@pytest.mark.parametrize(
    ("words", "parameter"),
    [
        (("assign", "minh"), "assignee"),
        (("assign", "nobody-known"), "assignee"),
        (("assign",), "NAME, --nobody"),
        (("judge", "perhaps"), "DISPOSITION"),
        (("tag", "a,b"), "tag"),
        (("note",), "TEXT"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    camsvc: Run, stored: Incident, words: tuple[str, ...], parameter: str
) -> None:
    command, *rest = words
    result = camsvc("incidents", command, str(stored.id), *rest)
    assert result.status != 0
    assert parameter in result.err
