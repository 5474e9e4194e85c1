from __future__ import annotations

import csv
import io
from datetime import timedelta
from pathlib import Path

import pytest

from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.queries import incidents
from camsvc.domain.incident import Incident, IncidentObject, IncidentState
from camsvc.domain.incident_json import incident_json
from camsvc.domain.track import ObjectClass
from tests.cli.console import Run
from tests.db.examples import NOON, camera, clip, incident, owned


@pytest.fixture
def stored(database: Database, cipher: Cipher) -> list[Incident]:
    """Five of bridge-01, a minute apart, newest first; the newest is open and has a person."""
    owned(database, cipher, camera())
    items = [incident(started_at=NOON + timedelta(minutes=minute), clip=clip()) for minute in range(4)]
    person = (IncidentObject(3, ObjectClass.PERSON, 0.8), IncidentObject(4, ObjectClass.PERSON, 0.7))
    newest = NOON + timedelta(minutes=4)
    items.append(incident(started_at=newest, state=IncidentState.OPEN, ended_at=None, objects=person))
    with database.session() as session:
        for item in items:
            incidents.publish(session, item)
    return items[::-1]


def test_json_is_what_the_api_answers(camsvc: Run, stored: list[Incident]) -> None:
    result = camsvc("incidents", "search", "--json")
    assert result.status == 0
    assert result.json == {"items": [incident_json(item) for item in stored], "next_cursor": None}


def test_pages_are_followed_by_the_cursor_that_is_printed(camsvc: Run, stored: list[Incident]) -> None:
    first = camsvc("incidents", "search", "--limit", "3", "--json").json
    second = camsvc("incidents", "search", "--limit", "3", "--cursor", first["next_cursor"], "--json").json
    assert [item["id"] for item in first["items"] + second["items"]] == [str(item.id) for item in stored]
    table = camsvc("incidents", "search", "--limit", "3")
    assert f"--cursor {first['next_cursor']}" in table.err


def test_the_table_shows_local_time_and_one_line_an_incident(camsvc: Run, stored: list[Incident]) -> None:
    lines = camsvc("incidents", "search").out.splitlines()
    assert len(lines) == 6
    assert lines[1].split()[:3] == ["2026-11-05", "12:04:00+0700", "open"]
    assert "2 person" in lines[1]
    assert lines[5].endswith(str(stored[-1].id))


def test_every_condition_narrows(camsvc: Run, stored: list[Incident]) -> None:
    def found(*options: str) -> int:
        result = camsvc("incidents", "search", "--json", *options)
        assert result.status == 0, result.err
        return len(result.json["items"])

    assert found("--from", "2026-11-05T12:02:05+07:00") == 3
    assert found("--to", "2026-11-05T05:01:00Z") == 1
    assert found("--near", "21.2417,105.9556", "--radius", "10") == 5
    assert found("--near", "21.3,105.9556", "--radius", "10") == 0
    assert found("--bbox", "105,21,106,22") == 5
    assert found("--area", "bac-ninh", "--camera", "bridge-01") == 5
    assert found("--object", "person,bus", "--state", "open", "--severity", "info", "--kind", "presence") == 1
    assert found("--colour", "red") == 0


def test_a_time_without_a_zone_is_local_and_that_is_said(camsvc: Run, stored: list[Incident]) -> None:
    result = camsvc("incidents", "search", "--from", "2026-11-05T12:04", "--json")
    assert [item["id"] for item in result.json["items"]] == [str(stored[0].id)]
    assert "--from 2026-11-05T12:04 is taken as local time of Asia/Ho_Chi_Minh: 2026-11-05T05:04:00" in result.err
    assert "taken as" not in camsvc("incidents", "search", "--from", "2026-11-05T12:04+07:00").err


def test_csv_and_geojson_hold_the_same_incidents(camsvc: Run, stored: list[Incident]) -> None:
    rows = list(csv.DictReader(io.StringIO(camsvc("incidents", "search", "--csv").out)))
    assert [row["id"] for row in rows] == [str(item.id) for item in stored]
    collection = camsvc("incidents", "search", "--geojson").json
    assert collection["type"] == "FeatureCollection"
    assert [feature["id"] for feature in collection["features"]] == [str(item.id) for item in stored]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--from", "yesterday"], "from: 'yesterday' is not a time (write it like 2026-11-22T08:30+07:00"),
        (["--from", "2026-11-06", "--to", "2026-11-05"], "is not before 'to'"),
        (["--near", "21.2"], "near:"),
        (["--near", "105.9,21.2", "--radius", "5"], "write the latitude first"),
        (["--near", "21.2,105.9"], "radius_m: a place without a distance"),
        (["--near", "21.2,105.9", "--radius", "far"], "radius_m:"),
        (["--bbox", "1,2,3"], "bbox:"),
        (["--object", "horse"], "object: 'horse' is none of them (give one of: person, bicycle"),
        (["--severity", "bad"], "severity:"),
        (["--state", "shut"], "state:"),
        (["--camera", "no-such"], "camera: there is no camera 'no-such'"),
        (["--area", "No Such"], "area:"),
        (["--cursor", "junk"], "cursor: this cursor is not one that a search answered with (search again without it)"),
        (["--limit", "0"], "limit:"),
        (["--json", "--csv"], "choose one"),
    ],
)
def test_what_is_wrong_is_named_with_its_cure(
    camsvc: Run, stored: list[Incident], options: list[str], says: str
) -> None:
    result = camsvc("incidents", "search", *options)
    assert result.status == 2
    assert says in result.err
    assert result.out == ""


def test_one_incident_is_shown_whole(camsvc: Run, stored: list[Incident]) -> None:
    closed = stored[1]
    assert camsvc("incidents", "show", str(closed.id), "--json").json == incident_json(closed)
    text = camsvc("incidents", "show", str(closed.id)).out
    for fact in ("bridge-01", "2026-11-05 12:03:00+0700", "ab" * 32, "reconnect", "±12 ms"):
        assert fact in text


def test_an_incident_that_is_not_there_is_said_to_be(camsvc: Run, stored: list[Incident]) -> None:
    assert camsvc("incidents", "show", "x").status == 2
    unknown = camsvc("incidents", "show", str(incident().id))
    assert unknown.status == 2
    assert "there is no incident" in unknown.err


def test_nothing_found_is_said_and_is_no_failure(camsvc: Run, stored: list[Incident]) -> None:
    result = camsvc("incidents", "search", "--to", "2020-01-01")
    assert (result.status, result.out) == (0, "")
    assert "No incident matches." in result.err


def test_without_a_database_the_way_to_one_is_named(
    camsvc: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("CAMSVC_DATABASE_URL")
    result = camsvc("incidents", "search", "--data", str(tmp_path / "empty"))
    assert result.status == 2
    assert "camsvc up" in result.err
    monkeypatch.setenv("CAMSVC_DATABASE_URL", "postgresql://u:hunter2@127.0.0.1:1/x")
    result = camsvc("incidents", "search")
    assert result.status == 1
    assert "did not answer" in result.err
    assert "hunter2" not in result.err
