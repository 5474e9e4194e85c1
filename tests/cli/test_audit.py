from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from camsvc.db.database import Database
from camsvc.db.queries import audit
from camsvc.db.queries.audit import Wanted
from camsvc.domain.audit import Deed, Kind, Outcome
from camsvc.domain.incident import Incident
from tests.cli.console import Run
from tests.cli.time_stamps import time_stamps
from tests.db.examples import camera, incident, owned

__all__ = ["time_stamps"]
INCIDENT = "01a1aa14-0080-7c64-8962-d808addf4936"


@pytest.fixture
def chain(database: Database) -> Database:
    with database.session() as session:
        for number in range(1, 6):
            audit.append(session, Deed(Kind.LIVE, f"thing.{number}", user_name="lan", camera="gate-01"))
    return database


def break_record(database: Database, number: int) -> None:
    with database.session() as session:
        session.execute(text("ALTER TABLE audit DISABLE TRIGGER audit_refuse"))
        session.execute(text("UPDATE audit SET user_name = 'minh' WHERE seq = :seq"), {"seq": number})


def test_a_whole_chain_is_proved_and_its_head_can_be_anchored(camsvc: Run, chain: Database) -> None:
    head = camsvc("audit", "head").out.strip()
    verdict = camsvc("audit", "verify", "--json")
    assert verdict.status == 0
    assert verdict.json == {"ok": True, "records": 5, "head": head, "broken": None}
    assert camsvc("audit", "head", "--json").json == {"head": head, "seq": 5, "hash": head.partition(":")[2]}
    assert "whole: 5 records" in camsvc("audit", "verify").out
    assert camsvc("audit", "verify", "--anchor", head).status == 0
    other = f"5:{'0' * 64}"
    broken = camsvc("audit", "verify", "--anchor", other, "--json")
    assert (broken.status, broken.json["broken"]["fault"]) == (1, "rewritten")


def test_a_broken_chain_names_its_first_broken_record(camsvc: Run, chain: Database) -> None:
    break_record(chain, 3)
    verdict = camsvc("audit", "verify", "--json")
    assert verdict.status == 1
    assert verdict.json["ok"] is False
    assert verdict.json["records"] == 2
    assert (verdict.json["broken"]["seq"], verdict.json["broken"]["fault"]) == (3, "altered")
    told = camsvc("audit", "verify")
    assert told.status == 1
    assert "BROKEN at record 3 (altered)" in told.out


@pytest.mark.parametrize("anchor", ["", "5", "x:y", f"5:{'0' * 63}", f"-1:{'0' * 64}", f"5:{'0' * 66}"])
def test_what_is_no_head_is_refused(camsvc: Run, chain: Database, anchor: str) -> None:
    refused = camsvc("audit", "verify", "--anchor", anchor or " ")
    assert refused.status == 2
    assert "audit head" in refused.err


def test_records_are_listed_newest_first_by_what_is_asked(camsvc: Run, chain: Database) -> None:
    with chain.session() as session:
        audit.append(
            session,
            Deed(
                Kind.SEARCH,
                "incidents.searched",
                Outcome.REFUSED,
                user_name="minh",
                source="192.0.2.9",
                details={"area": ["bac-ninh"], "found": 3},
            ),
        )
    listed = camsvc("audit", "list", "--json").json
    assert [each["seq"] for each in listed] == [6, 5, 4, 3, 2, 1]
    assert listed[0]["source"] == "192.0.2.9"
    assert listed[0]["details"] == {"area": ["bac-ninh"], "found": 3}

    def numbers(*options: str) -> list[int]:
        return [each["seq"] for each in camsvc("audit", "list", "--json", *options).json]

    assert numbers("--user", "Minh") == [6]
    assert numbers("--camera", "gate-01", "--limit", "2") == [5, 4]
    assert numbers("--camera", "gate-01", "--limit", "2", "--before", "4") == [3, 2]
    assert numbers("--kind", "search", "--outcome", "refused") == [6]
    assert numbers("--incident", INCIDENT) == []
    assert numbers("--to", "2020-01-01") == []
    assert len(numbers("--from", "2020-01-01")) == 6
    assert "area=bac-ninh, found=3" in camsvc("audit", "list").out
    assert camsvc("audit", "list", "--incident", "x").status == 2


def test_the_script_that_seals_the_chain_is_printed_for_the_services_role(camsvc: Run, chain: Database) -> None:
    printed = camsvc("audit", "seal").out
    assert printed.startswith("BEGIN;")
    assert 'TO "camsvc"' in printed
    assert 'TO "other"' in camsvc("audit", "seal", "--role", "other").out


def test_what_the_command_line_changes_and_searches_is_recorded(
    camsvc: Run, database: Database, tmp_path: Path
) -> None:
    from camsvc.config import load
    from camsvc.db.cipher import Cipher

    found: Incident = incident()
    settings = load(None)
    owned(database, Cipher.of(settings), camera())
    with database.session() as session:
        from camsvc.db.queries import incidents

        incidents.publish(session, found)
    file = tmp_path / "cameras.yaml"
    file.write_text(
        "cameras:\n- {id: gate-01, name: Gate, area: bac-ninh, streams: {main: 'rtsp://u:secret-word@192.0.2.7/x'}}\n"
    )
    assert camsvc("cameras", "import", str(file), "--dry-run").status == 0
    assert camsvc("cameras", "import", str(file)).status == 0
    assert camsvc("cameras", "import", str(file)).status == 0
    assert camsvc("cameras", "remove", "gate-01", "--yes").status == 0
    assert camsvc("incidents", "search", "--area", "bac-ninh", "--object", "car").status == 0
    assert camsvc("incidents", "show", str(found.id)).status == 0
    listed = camsvc("audit", "list", "--json")
    assert "secret-word" not in listed.out
    told = [(each["what"], each["camera"], each["incident"]) for each in reversed(listed.json)]
    assert told == [
        ("camera.added", "gate-01", None),
        ("camera.removed", "gate-01", None),
        ("incidents.searched", None, None),
        ("incident.viewed", "bridge-01", str(found.id)),
    ]
    searched = listed.json[1]["details"]
    assert searched.pop("command_line_of")
    assert searched == {"area": ["bac-ninh"], "object": ["car"], "found": 1, "is_first": True}


class TestAnchors:
    def test_an_anchor_is_written_once_and_proves_what_came_before(
        self, camsvc: Run, chain: Database, tmp_path: Path
    ) -> None:
        file = tmp_path / "anchor.json"
        assert camsvc("audit", "anchor", "--out", str(file)).status == 0
        assert camsvc("audit", "anchor", "--out", str(file)).status == 2, "an anchor is never written over"
        assert json.loads(file.read_text())["head"].startswith("5:")
        assert camsvc("audit", "verify", "--anchor", str(file)).status == 0
        with chain.session() as session:
            assert audit.entries(session, Wanted(what="audit.anchored"), limit=9)[-1].deed.details["stamped"] is False

    def test_a_chain_that_was_rewritten_as_a_whole_is_found_by_the_anchor(
        self, camsvc: Run, chain: Database, tmp_path: Path
    ) -> None:
        file = tmp_path / "anchor.json"
        camsvc("audit", "anchor", "--out", str(file))
        with chain.session() as session:
            session.execute(text("ALTER TABLE audit DISABLE TRIGGER ALL"))
            session.execute(text("ALTER TABLE audit_head DISABLE TRIGGER ALL"))
            session.execute(text("DELETE FROM audit"))
            session.execute(text("UPDATE audit_head SET seq = 0, hash = :zero"), {"zero": bytes(32)})
            session.execute(text("ALTER TABLE audit ENABLE TRIGGER ALL"))
            session.execute(text("ALTER TABLE audit_head ENABLE TRIGGER ALL"))
            for number in range(1, 9):
                audit.append(session, Deed(Kind.LIVE, f"other.{number}"))
        assert camsvc("audit", "verify").status == 0, "it fits in itself"
        broken = camsvc("audit", "verify", "--anchor", str(file), "--json")
        assert (broken.status, broken.json["broken"]["fault"]) == (1, "rewritten")

    def test_an_authority_stamps_it_and_a_stamp_about_something_else_is_refused(
        self, camsvc: Run, chain: Database, tmp_path: Path, time_stamps: str
    ) -> None:
        file = tmp_path / "anchor.json"
        made = camsvc("audit", "anchor", "--out", str(file), "--tsa", time_stamps)
        assert made.status == 0, made.err
        told = camsvc("audit", "verify", "--anchor", str(file))
        assert told.status == 0
        assert "Anchored at" in told.err
        document = json.loads(file.read_text())
        file.write_text(json.dumps({**document, "head": f"4:{'0' * 64}"}))
        refused = camsvc("audit", "verify", "--anchor", str(file))
        assert refused.status == 1
        assert "about something else" in refused.err

    @pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": "camsvc-audit-anchor-1"}', "\x00"])
    def test_what_is_no_anchor_is_refused(self, camsvc: Run, chain: Database, tmp_path: Path, content: str) -> None:
        file = tmp_path / "anchor.json"
        file.write_text(content)
        assert camsvc("audit", "verify", "--anchor", str(file)).status == 2
