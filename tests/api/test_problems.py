"""Whatever is sent, the answer is a document that says what was wrong; never a 5xx, never a page of a framework."""

from __future__ import annotations

import json
import logging
import socket
import string
from contextlib import closing
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from camsvc.api import envelope
from camsvc.api.app import OPENAPI_PATH
from camsvc.api.services import cameras
from camsvc.db.queries import status, workers
from camsvc.domain.worker import WorkerStatus
from camsvc.errors import DatabaseUnavailableError, StoreUnavailableError
from tests.api.conftest import Site

PROBLEM = "application/problem+json"


def test_what_is_not_there_is_a_problem_document(admin: httpx.Client) -> None:
    for path in ("/api/v1/nothing", "/api/v2/incidents", "/api/v1/incidents/", "/nothing", "/api/v1/incidents//clip"):
        answer = admin.get(path, follow_redirects=False)
        assert answer.status_code in {404, 422, 307}, path
        if answer.status_code != 307:
            assert answer.headers["content-type"] == PROBLEM
            assert answer.json()["cure"]


def test_a_wrong_method_is_told_which_are_right(admin: httpx.Client) -> None:
    for method, path in (("DELETE", "/api/v1/incidents"), ("POST", "/healthz"), ("TRACE", "/api/v1/cameras")):
        answer = admin.request(method, path)
        assert answer.status_code == 405, path
        assert answer.headers["content-type"] == PROBLEM
        assert "GET" in answer.json()["cure"]
        assert answer.headers["allow"]


def test_an_unexpected_error_has_an_id_that_is_in_the_log(
    admin: httpx.Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("rtsp://admin:s3cret@cam/1")

    monkeypatch.setattr(cameras, "search", broken)
    with caplog.at_level(logging.ERROR):
        answer = admin.get("/api/v1/cameras")
    assert answer.status_code == 500
    problem = answer.json()
    assert problem["type"].endswith("unexpected")
    assert "s3cret" not in answer.text
    assert "ZeroDivision" not in answer.text
    assert problem["id"] in caplog.text
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("error", [DatabaseUnavailableError("PostgreSQL is away"), StoreUnavailableError("S3 is away")])
def test_what_is_away_for_now_says_when_to_try_again(
    admin: httpx.Client, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def away(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(cameras, "search", away)
    answer = admin.get("/api/v1/cameras")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["type"].endswith("unavailable")


def test_a_body_that_is_too_long_is_not_read(admin: httpx.Client) -> None:
    answer = admin.post("/api/v1/cameras", content=b" " * (envelope.MAX_BODY_BYTES + 1))
    assert answer.status_code == 413
    assert answer.headers["content-type"] == PROBLEM

    def pieces() -> Any:  # noqa: ANN401  an iterator for httpx
        for _ in range(envelope.MAX_BODY_BYTES // 65536 + 2):
            yield b" " * 65536

    chunked = admin.post("/api/v1/cameras", content=pieces(), headers={"Content-Type": "application/json"})
    assert chunked.status_code == 413


def test_a_body_that_does_not_come_is_given_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envelope, "BODY_TIMEOUT_S", 0.2)
    host, port = site.url.removeprefix("http://").split(":")
    with closing(socket.create_connection((host, int(port)), timeout=5)) as line:
        line.sendall(
            b"POST /api/v1/auth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            b"Content-Length: 100\r\n\r\nusername=a"
        )
        assert b" 408 " in line.recv(65536).split(b"\r\n", 1)[0]


def test_every_answer_tells_the_browser_to_be_careful(site: Site, stranger: httpx.Client) -> None:
    for path in ("/healthz", "/api/v1/cameras", "/nothing", OPENAPI_PATH):
        headers = stranger.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "same-origin"
        assert headers["request-id"]
        assert "server" not in headers
        if path.startswith("/api"):
            assert headers["cache-control"] == "no-store"
            assert "default-src 'none'" in headers["content-security-policy"]


def test_the_log_of_requests_has_no_query_and_no_secret(admin: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        admin.get("/api/v1/incidents?camera=s3cret-camera")
        admin.get("/api/v1/cameras?token=s3cret")
        admin.post("/api/v1/auth/token", data={"username": "x", "password": "s3cret"})
    assert "s3cret" not in "".join(record.getMessage() for record in caplog.records if record.name != "httpx")
    assert "/api/v1/incidents" in caplog.text


def test_liveness_and_readiness_say_as_little_as_possible(site: Site, stranger: httpx.Client) -> None:
    assert stranger.get("/healthz").json() == {"status": "ok"}
    ready = stranger.get("/readyz")
    assert ready.status_code == 200
    assert ready.json() == {"status": "ready", "parts": {"database": "ready", "store": "ready", "live": "not ready"}}


def test_a_server_without_its_database_is_not_ready_and_says_which_part(
    site: Site, stranger: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise DatabaseUnavailableError("PostgreSQL at secret-host did not answer")

    checks = {**site.server.readiness._checks, "database": away}
    monkeypatch.setattr(site.server.readiness, "_checks", checks)
    site.clock.shift_s += 10
    answer = stranger.get("/readyz")
    assert answer.status_code == 503
    parts = {"database": "not ready", "store": "ready", "live": "not ready"}
    assert answer.json() == {"status": "not ready", "parts": parts}
    assert stranger.get("/healthz").status_code == 200
    monkeypatch.undo()
    site.clock.shift_s += 10
    assert stranger.get("/readyz").status_code == 200


def test_metrics_tell_of_requests_cameras_and_incidents(site: Site, admin: httpx.Client) -> None:
    camera = site.camera()
    admin.get(f"/api/v1/cameras/{camera}")
    answer = admin.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    lines = answer.text.splitlines()
    assert any(
        line.startswith('camsvc_http_requests_total{method="GET",route="/api/v1/cameras/{camera}",status="200"}')
        for line in lines
    )
    assert "camsvc_database_up 1.0" in lines
    assert 'camsvc_cameras{state="connecting"} 1.0' in lines
    assert "camsvc_incidents_open 0.0" in lines
    assert camera not in "".join(line for line in lines if "http" in line)


def test_metrics_tell_of_each_workers_back_log_and_when_it_last_reported(site: Site, admin: httpx.Client) -> None:
    now = site.clock.now()
    with site.database.session() as session:
        workers.report(
            session,
            WorkerStatus(
                worker="w-1",
                started_at=now,
                cameras=3,
                detector="yolo11n",
                detector_detail=None,
                analysed_frames=1000,
                shed_frames=7,
                published=5,
                spool_entries=2,
                spool_bytes=4096,
                spool_oldest_at=now - timedelta(seconds=90),
                spool_refused="the disk is full",
                spool_aside=1,
                store_away_since=now,
            ),
        )
    found = dict(line.rsplit(" ", 1) for line in admin.get("/metrics").text.splitlines() if '{worker="w-1"}' in line)
    values = {name.partition("{")[0].removeprefix("camsvc_worker_"): float(value) for name, value in found.items()}
    assert 0 <= values.pop("report_age_seconds") < 5
    assert 90 <= values.pop("spool_oldest_seconds") < 95
    assert values == {
        "cameras": 3,
        "detector_working": 1,
        "recording": 0,
        "store_answering": 0,
        "spool_entries": 2,
        "spool_bytes": 4096,
        "spool_aside": 1,
        "analysed_frames_total": 1000,
        "shed_frames_total": 7,
        "published_total": 5,
    }


def test_metrics_without_the_database_say_only_that_it_is_away(
    site: Site, admin: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: object) -> None:
        raise DatabaseUnavailableError("away")

    monkeypatch.setattr(status, "statuses", away)
    text = admin.get("/metrics").text
    assert "camsvc_database_up 0.0" in text
    assert "camsvc_cameras{" not in text


def test_labels_of_metrics_stay_few_whatever_is_asked(site: Site, admin: httpx.Client) -> None:
    for number in range(20):
        admin.get(f"/scan/{number}")
        admin.request(f"METHOD{number}", "/healthz")
    text = admin.get("/metrics").text
    assert "/scan/" not in text
    assert "METHOD1" not in text


def test_the_document_describes_what_is_answered(stranger: httpx.Client) -> None:
    document = stranger.get(OPENAPI_PATH).json()
    schemas = document["components"]["schemas"]
    assert {"Incident", "Camera", "CameraConfig", "Problem"} <= set(schemas)
    assert "HTTPValidationError" not in json.dumps(document)
    for operations in document["paths"].values():
        for operation in operations.values():
            assert PROBLEM in operation["responses"]["default"]["content"]
    references = {
        value.removeprefix("#/components/schemas/")
        for value in _references(document)
        if value.startswith("#/components/schemas/")
    }
    assert references <= set(schemas)
    names = {each["name"] for each in document["paths"]["/api/v1/incidents"]["get"]["parameters"]}
    for name in ("from", "to", "near", "radius_m", "bbox", "area", "camera", "kind", "object", "colour", "severity"):
        assert name in names


def _references(value: object) -> list[str]:
    if isinstance(value, dict):
        return [
            each for name, member in value.items() for each in ([member] if name == "$ref" else _references(member))
        ]
    return [each for member in value for each in _references(member)] if isinstance(value, list) else []


NAMES = [
    *("from", "to", "near", "radius_m", "bbox", "area", "camera", "kind", "object", "colour", "severity", "state"),
    *("cursor", "limit", "format", "part", "rendition", "download", "x"),
]
_plain = st.text(string.printable, max_size=30) | st.text(max_size=30)
_likely = st.sampled_from(
    [
        "2026-11-05T05:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "21.2,105.9",
        "90,180",
        "-90,-180",
        "1e308,1e308",
        "nan,inf",
        "-180,-90,180,90",
        "180,0,-180,0",
        "1e-320",
        "20015086",
        "person,car",
        "person,,car,",
        "open",
        "alarm",
        "presence",
        "1",
        "1000",
        "-0",
        "1_000",
        "csv",
        "geojson",
        "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AQ" * 22,
        "%00",
        "\0",
        "🚓",
        "' OR 1=1 --",
        "../../etc/passwd",
        "٣",
        "x" * 3000,
    ]
)
_queries = st.lists(st.tuples(st.sampled_from(NAMES), _likely | _plain), max_size=5)
_paths = st.sampled_from(
    [
        "/api/v1/incidents",
        "/api/v1/cameras",
        "/api/v1/areas",
        "/api/v1/incidents/0199f6a0-0000-7000-8000-000000000000",
        "/api/v1/incidents/0199f6a0-0000-7000-8000-000000000000/clip",
        "/api/v1/auth/me",
        "/readyz",
    ]
)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=_paths, query=_queries)
def test_no_query_makes_the_server_fail(admin: httpx.Client, path: str, query: list[tuple[str, str]]) -> None:
    text = "&".join(f"{name}={quote(value, safe='', errors='replace')}" for name, value in query)
    answer = admin.get(f"{path}?{text}")
    assert answer.status_code < 500, (path, query, answer.text)
    event(f"{answer.status_code}")
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == PROBLEM
        assert answer.json()["detail"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=40))
def test_no_path_makes_the_server_fail(admin: httpx.Client, path: bytes) -> None:
    for prefix in ("/api/v1/incidents/", "/api/v1/cameras/", "/api/v1/areas/", "/"):
        assert admin.get(prefix + quote(path, safe="/")).status_code < 500


def _listed(*values: str) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3).map(",".join)


_numbers = st.floats(width=64).map(repr) | st.sampled_from(["0", "-0", "1e-320", "90", "-90", "180", "-180", "1_0"])
_conditions = st.fixed_dictionaries(
    {},
    optional={
        "from": st.datetimes().map(lambda each: f"{each.isoformat()}Z") | st.just("0001-01-01T00:00+14:00"),
        "to": st.datetimes().map(lambda each: f"{each.isoformat()}+07:00") | st.just("9999-12-31T23:59:59-12:00"),
        "near": st.tuples(st.floats(-90, 90), st.floats(-180, 180)).map(lambda each: f"{each[0]},{each[1]}"),
        "radius_m": st.floats(0, 2.1e7).map(repr) | _numbers,
        "bbox": st.tuples(st.floats(-180, 180), st.floats(-90, 0), st.floats(-180, 180), st.floats(0, 90)).map(
            lambda each: ",".join(map(repr, each))
        ),
        "kind": _listed("presence", "stopped_vehicle", "x"),
        "object": _listed("person", "car", "bus"),
        "colour": _listed("red", "dark_blue"),
        "severity": _listed("info", "alarm"),
        "state": _listed("open", "closed", "interrupted"),
        "limit": st.integers(1, 1000).map(str),
        "format": st.sampled_from(["json", "geojson", "csv"]),
    },
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_conditions)
@example({"near": "5e-324,0.0", "radius_m": "1.0"})
def test_no_search_that_makes_sense_makes_the_server_fail(admin: httpx.Client, query: dict[str, str]) -> None:
    answer = admin.get("/api/v1/incidents", params=query)
    assert answer.status_code in {200, 422}, (query, answer.text)
    event(f"{answer.status_code}")


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
_members = st.sampled_from(["id", "name", "area", "location", "streams", "detect", "zones", "rules", "enabled", "main"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(_members | st.text(max_size=5), _json, max_size=6))
def test_no_body_makes_the_server_fail(admin: httpx.Client, body: dict[str, Any]) -> None:
    content = json.dumps(body).encode()
    for method, path in (("POST", "/api/v1/cameras"), ("PUT", "/api/v1/cameras/fuzz"), ("PUT", "/api/v1/areas/fuzz")):
        answer = admin.request(method, path, content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code < 500, (body, answer.text)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(
        ["Accept", "Authorization", "Cookie", "Range", "If-None-Match", "If-Match", "Last-Event-ID", "Origin"]
    ),
    st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=40),
)
def test_no_header_makes_the_server_fail(admin: httpx.Client, name: str, value: str) -> None:
    for path in ("/api/v1/incidents", "/api/v1/cameras"):
        answer = admin.get(path, headers=[(name.encode(), value.strip().encode("latin-1"))])
        assert answer.status_code < 500, answer.text
