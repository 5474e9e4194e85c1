from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from camsvc.api import formats, schemas
from camsvc.api.services import incidents as service
from camsvc.domain.geo import Location
from camsvc.domain.incident import IncidentObject
from camsvc.domain.incident_json import incident_json
from camsvc.domain.track import ObjectClass
from tests.api.conftest import Site, opened
from tests.db import examples
from tests.db.examples import NOON

INCIDENTS = "/api/v1/incidents"


def found(client: httpx.Client, query: str, **headers: str) -> list[str]:
    answer = client.get(f"{INCIDENTS}?{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["items"]]


def test_an_incident_looks_as_designed(site: Site, admin: httpx.Client) -> None:
    camera = site.camera()
    incident = site.publish(examples.incident(camera, clip=examples.clip(), thumbnail="t", zone="làn đường"))
    answer = admin.get(f"{INCIDENTS}/{incident.id}")
    assert answer.status_code == 200
    assert answer.json() == incident_json(incident) | {"faults": []}
    schemas.IncidentAndFaults.model_validate(answer.json())
    assert set(answer.json()) == set(schemas.IncidentAndFaults.model_fields)
    assert set(answer.json()["clip"]) == set(schemas.Clip.model_fields)
    assert set(answer.json()["clip"]["parts"][0]) == set(schemas.ClipPart.model_fields)
    assert answer.json()["started_at"] == "2026-11-05T05:00:00.000000Z"
    assert answer.json()["thumbnail"] == f"{INCIDENTS}/{incident.id}/thumbnail"
    listed = admin.get(INCIDENTS, params={"camera": camera}).json()
    assert listed == {"items": [incident_json(incident)], "next_cursor": None}


def test_each_condition_narrows(site: Site, admin: httpx.Client) -> None:
    camera, other = site.camera(), site.camera()
    person = (IncidentObject(1, ObjectClass.PERSON, 0.8, colour="red"),)
    one = str(site.publish(examples.incident(camera, started_at=NOON, objects=person)).id)
    far = Location(10.0, 106.0)
    two = str(
        site.publish(
            opened(camera_=other, started_at=NOON + timedelta(hours=1), location=far, kind="stopped_vehicle")
        ).id
    )
    cameras = f"camera={camera},{other}"
    assert found(admin, cameras) == [two, one]
    assert found(admin, f"camera={camera}&camera={other}") == [two, one]
    for query, expected in {
        "from=2026-11-05T05:00:09Z": [two],
        "from=2026-11-05T05:00:08Z": [two, one],
        "to=2026-11-05T05:00:00Z": [],
        "to=2026-11-05T05:00:01Z": [one],
        "to=2026-11-05T12:00:01%2B07:00": [one],
        "to=2026-11-05T12:00:01+07:00": [one],
        "near=21.2417,105.9556&radius_m=10": [one],
        "bbox=105,9,107,11": [two],
        "kind=stopped_vehicle": [two],
        "object=person": [one],
        "object=person,car": [two, one],
        "colour=red": [one],
        "severity=alarm": [],
        "state=open": [two],
        "state=open&state=closed": [two, one],
        "area=bac-ninh": [two, one],
    }.items():
        assert found(admin, f"{cameras}&{query}") == expected, query


def test_following_the_cursor_finds_each_once(site: Site, admin: httpx.Client) -> None:
    camera = site.camera()
    ids = [str(site.publish(examples.incident(camera, started_at=NOON + timedelta(minutes=n))).id) for n in range(7)]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        more = f"&cursor={cursor}" if cursor else ""
        answer = admin.get(f"{INCIDENTS}?camera={camera}&limit=3{more}")
        page = answer.json()
        seen += [each["id"] for each in page["items"]]
        cursor = page["next_cursor"]
        assert answer.headers.get("next-cursor") == cursor
        if cursor is None:
            break
    assert seen == ids[::-1]


def test_geojson_by_accept_and_by_name(site: Site, admin: httpx.Client) -> None:
    camera = site.camera()
    incident = site.publish(examples.incident(camera))
    nowhere = site.publish(examples.incident(camera, location=None, started_at=NOON - timedelta(hours=1)))
    answer = admin.get(f"{INCIDENTS}?camera={camera}", headers={"Accept": "application/geo+json, */*;q=0.1"})
    assert answer.headers["content-type"] == "application/geo+json"
    assert "Accept" in answer.headers["vary"]
    collection = answer.json()
    assert collection == admin.get(f"{INCIDENTS}?camera={camera}&format=geojson").json()
    assert collection["type"] == "FeatureCollection"
    first, second = collection["features"]
    assert first["id"] == str(incident.id)
    assert first["geometry"] == {"type": "Point", "coordinates": [105.9556, 21.2417]}
    assert first["properties"]["kind"] == "presence"
    assert second["id"] == str(nowhere.id)
    assert second["geometry"] is None


def test_csv_is_all_that_matches_in_one_stream(
    site: Site, admin: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "EXPORT_PAGE", 2)
    camera = site.camera()
    published = [
        site.publish(examples.incident(camera, started_at=NOON + timedelta(minutes=n), clip=examples.clip()))
        for n in range(5)
    ]
    answer = admin.get(f"{INCIDENTS}?camera={camera}", headers={"Accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv; charset=utf-8")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["id"] for row in rows] == [str(each.id) for each in reversed(published)]
    assert tuple(rows[0]) == formats.CSV_COLUMNS
    assert rows[0]["lat"] == "21.2417"
    assert rows[0]["clip_sha256"] == "ab" * 32
    page = admin.get(f"{INCIDENTS}?camera={camera}&limit=2", headers={"Accept": "text/csv"})
    assert len(page.text.splitlines()) == 3
    rest = admin.get(
        f"{INCIDENTS}?camera={camera}&limit=9&cursor={page.headers['next-cursor']}", headers={"Accept": "text/csv"}
    )
    assert len(rest.text.splitlines()) == 4
    assert "next-cursor" not in rest.headers


def test_csv_for_a_spreadsheet_is_a_file_that_runs_nothing(site: Site, admin: httpx.Client) -> None:
    camera = site.camera()
    site.publish(examples.incident(camera, zone='=HYPERLINK("http://evil.example")'))
    answer = admin.get(f"{INCIDENTS}?camera={camera}&format=csv")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.content.startswith("\ufeff".encode())
    row = next(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert row["zone"] == '\'=HYPERLINK("http://evil.example")'


def test_an_accept_that_cannot_be_met_is_refused(admin: httpx.Client) -> None:
    answer = admin.get(INCIDENTS, headers={"Accept": "text/html"})
    assert answer.status_code == 406
    assert "application/geo+json" in answer.json()["cure"]


@pytest.mark.parametrize(
    ("query", "parameter", "in_cure"),
    [
        ("form=2026-11-05T05:00Z", "form", "from"),
        ("Camera=x", "Camera", "camera"),
        ("color=red", "color", "colour"),
        ("radius=5", "radius", "radius_m"),
        ("zzz=1", "zzz", "known are"),
        ("from=2026-11-05T05:00Z&from=2026-11-06T05:00Z", "from", "once"),
        ("from=2026-11-05T05:00", "from", "07:00"),
        ("from=2026-11-05", "from", "07:00"),
        ("from=yesterday", "from", "write it like"),
        ("from=2026-11-06T05:00Z&to=2026-11-05T05:00Z", "from", "before"),
        ("from=2026-11-05T05:00Z&to=2026-11-05T05:00Z", "from", "before"),
        ("near=21.2,105.9", "radius_m", "metres"),
        ("radius_m=5", "near", "21.2417"),
        ("near=105.9,21.2,3&radius_m=5", "near", "latitude"),
        ("near=105.9,21.2&radius_m=5", "near", "latitude"),
        ("near=21.2,105.9&radius_m=nan", "radius_m", "metres"),
        ("near=21.2,105.9&radius_m=-1", "radius_m", "metres"),
        ("bbox=1,2,3", "bbox", "west,south,east,north"),
        ("bbox=1,5,3,2", "bbox", "west,south,east,north"),
        ("camera=../../etc/passwd", "camera", "id"),
        ("camera=never-was", "camera", "names all"),
        ("camera=", "camera", "leave it out"),
        ("camera=,", "camera", "leave it out"),
        ("camera=a%00b", "camera", "plain text"),
        ("area=never/was", "area", "whole path"),
        ("object=cat", "object", "person"),
        ("severity=high", "severity", "alarm"),
        ("state=ended", "state", "interrupted"),
        ("kind=%27%3B%20DROP%20TABLE%20incidents", "kind", "presence"),
        ("cursor=abc", "cursor", "without it"),
        ("cursor=%F0%9F%9A%93", "cursor", "without it"),
        ("limit=0", "limit", "openapi"),
        ("limit=1001", "limit", "openapi"),
        ("limit=99999999999999999999999", "limit", "openapi"),
        ("limit=1e3", "limit", "openapi"),
        ("format=xml", "format", "openapi"),
    ],
)
def test_what_is_wrong_with_a_search_is_named_with_its_cure(
    admin: httpx.Client, query: str, parameter: str, in_cure: str
) -> None:
    answer = admin.get(f"{INCIDENTS}?{query}")
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["parameter"] == parameter, problem
    assert in_cure in problem["cure"], problem
    assert set(problem) >= {"type", "title", "status", "detail"}
    assert problem["status"] == 422
    assert admin.get(f"{INCIDENTS}/stream?{query}").status_code == 422


def test_a_cursor_of_another_search_is_refused(site: Site, admin: httpx.Client) -> None:
    camera = site.camera()
    for minute in range(2):
        site.publish(examples.incident(camera, started_at=NOON + timedelta(minutes=minute)))
    cursor = admin.get(f"{INCIDENTS}?camera={camera}&limit=1").json()["next_cursor"]
    answer = admin.get(f"{INCIDENTS}?camera={camera}&object=person&cursor={cursor}")
    assert answer.status_code == 422
    assert answer.json()["parameter"] == "cursor"


@pytest.mark.parametrize("id_", ["0", "..%2f..%2fetc", "%00", "x" * 1000, "🚓", "0199f6a0-0000-7000-8000-00000000000g"])
def test_what_is_no_id_is_refused(admin: httpx.Client, id_: str) -> None:
    for rest in ("", "/clip", "/thumbnail", "/tracks"):
        answer = admin.get(f"{INCIDENTS}/{id_}{rest}")
        assert answer.status_code in {404, 422}, (rest, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"


def test_an_incident_that_never_was_is_not_found(admin: httpx.Client) -> None:
    for rest in ("", "/clip", "/thumbnail", "/tracks"):
        answer = admin.get(f"{INCIDENTS}/0199f6a0-0000-7000-8000-000000000000{rest}")
        assert answer.status_code == 404
        assert answer.json()["parameter"] == "id"


def test_long_lists_are_compressed_and_tokens_never(site: Site, admin: httpx.Client) -> None:
    camera = site.camera()
    for minute in range(5):
        site.publish(examples.incident(camera, started_at=NOON + timedelta(minutes=minute)))
    answer = admin.get(f"{INCIDENTS}?camera={camera}", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.json()["items"]) == 5
    me = admin.get("/api/v1/auth/me", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in me.headers


def test_an_incident_without_clip_or_place_is_still_whole_json(site: Site, admin: httpx.Client) -> None:
    incident = site.publish(replace(opened(camera_=site.camera()), location=None))
    shown = admin.get(f"{INCIDENTS}/{incident.id}").json()
    assert shown["clip"] is shown["location"] is shown["ended_at"] is shown["thumbnail"] is None
    assert json.dumps(shown)
