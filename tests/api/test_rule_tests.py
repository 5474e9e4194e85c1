"""Rules tried on the boxes that are stored of the last hour."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from camsvc.api import schemas
from camsvc.db.queries import audit, cameras
from camsvc.db.queries.audit import Wanted
from camsvc.domain.incident import Clip, GapReason, Incident
from camsvc.storage import keys
from tests.api.conftest import Site, part
from tests.db import examples
from tests.web.town import gap

LEFT = [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]
RIGHT = [[0.5, 0], [1, 0], [1, 1], [0.5, 1]]
FPS = 5


def walk(camera: str, at: datetime, from_x: float, to_x: float, seconds: float = 6) -> Callable[[Site], Incident]:
    """A person who walks from left to right, as the worker stores it: an incident with its boxes."""

    def made(site: Site) -> Incident:
        ended_at = at + timedelta(seconds=seconds)
        incident = examples.incident(camera, started_at=at, ended_at=ended_at, last_observed_at=ended_at)
        footage = replace(
            part(keys.clip_part(incident.id, 0), 0, b"x"),
            session=f"session-{incident.id}",
            started_at=at - timedelta(seconds=5),
            ended_at=ended_at + timedelta(seconds=5),
            start_pts_90k=900_000,
            duration_s=seconds + 10,
        )
        points = []
        for number in range(int(seconds * FPS) + 1):
            x = from_x + (to_x - from_x) * number / (seconds * FPS)
            points.append([900_000 + round((5 + number / FPS) * 90_000), x - 0.05, 0.4, 0.1, 0.3, 0.8])
        track = {"track": 1, "session": footage.session, "class": "person", "points": points}
        site.store.put_bytes(keys.tracks(incident.id), json.dumps({"tracks": [track]}).encode(), "application/json")
        return site.publish(replace(incident, clip=Clip((footage,)), tracks=keys.tracks(incident.id)))

    return made


@pytest.fixture
def street(site: Site) -> tuple[str, Incident, Incident]:
    """A camera, and what it saw: somebody on the left half ten minutes ago, on the right half five minutes ago."""
    camera = site.camera()
    now = datetime.now(UTC)
    first = walk(camera, now - timedelta(minutes=10), 0.1, 0.4)(site)
    return camera, first, walk(camera, now - timedelta(minutes=5), 0.6, 0.9)(site)


def tried(client: httpx.Client, camera: str, **candidate: Any) -> dict[str, Any]:  # noqa: ANN401  members of a camera
    answer = client.post(f"/api/v1/cameras/{camera}/rules/test", json=candidate)
    assert answer.status_code == 200, answer.text
    schemas.RuleTest.model_validate(answer.json())
    found: dict[str, Any] = answer.json()
    return found


def outcomes(found: dict[str, Any]) -> dict[str, str]:
    return {each["id"]: each["outcome"] for each in found["incidents"]}


def test_the_rules_in_force_conclude_what_is_stored(
    admin: httpx.Client, street: tuple[str, Incident, Incident]
) -> None:
    camera, first, second = street
    found = tried(admin, camera)
    assert outcomes(found) == {str(second.id): "kept", str(first.id): "kept"}
    assert [each["incidents"] for each in found["concluded"]] == [[str(second.id)], [str(first.id)]]
    began = datetime.fromisoformat(found["concluded"][1]["started_at"])
    assert abs((began - first.started_at).total_seconds()) < 0.05
    assert found["limits"] == ["only_incidents"]


def test_a_zone_lets_go_what_happened_outside_of_it(
    admin: httpx.Client, street: tuple[str, Incident, Incident]
) -> None:
    camera, first, second = street
    rules = [{"kind": "presence", "zone": "left", "severity": "alarm"}]
    found = tried(admin, camera, zones={"left": LEFT}, rules=rules)
    assert outcomes(found) == {str(second.id): "gone", str(first.id): "kept"}
    [concluded] = found["concluded"]
    assert (concluded["zone"], concluded["severity"]) == ("left", "alarm")
    assert admin.get(f"/api/v1/cameras/{camera}").json()["zones"] == {}, "nothing is changed"


def test_each_rule_says_what_it_concludes(admin: httpx.Client, street: tuple[str, Incident, Incident]) -> None:
    camera, _, second = street
    rules = [{"kind": "presence", "zone": "left"}, {"kind": "presence", "zone": "right", "after_s": 2}]
    found = tried(admin, camera, zones={"left": LEFT, "right": RIGHT}, rules=rules)
    assert [(each["rule"], each["zone"]) for each in found["concluded"]] == [(1, "right"), (0, "left")]
    assert tried(admin, camera, rules=[])["concluded"] == []
    late = tried(admin, camera, rules=[{"kind": "presence", "after_s": 30}])
    assert outcomes(late)[str(second.id)] == "gone"


def test_incidents_of_one_scene_are_joined_by_a_patient_rule(
    admin: httpx.Client, street: tuple[str, Incident, Incident]
) -> None:
    camera, first, second = street
    [one] = tried(admin, camera, rules=[{"kind": "presence", "close_after_s": 600}])["concluded"]
    assert set(one["incidents"]) == {str(first.id), str(second.id)}


def test_what_the_hour_cannot_answer_is_said(
    site: Site, admin: httpx.Client, street: tuple[str, Incident, Incident]
) -> None:
    camera, _, second = street
    site.store.put_bytes(keys.tracks(second.id), b"{broken", "application/json")
    gap(site.database, camera, datetime.now(UTC) - timedelta(minutes=8), 60, GapReason.DETECTOR, "analysis")
    found = tried(admin, camera, detect={"min_confidence": 0.2, "fps": 10})
    assert set(found["limits"]) == {"only_incidents", "confidence", "rate", "unreadable", "not_analysed"}
    assert outcomes(found)[str(second.id)] == "unknown"
    assert [each["reason"] for each in found["not_analysed"]] == ["detector"]


def test_classes_and_confidence_narrow_what_is_seen(
    admin: httpx.Client, street: tuple[str, Incident, Incident]
) -> None:
    camera, *_ = street
    for detect in ({"classes": ["car"]}, {"min_confidence": 0.9}):
        found = tried(admin, camera, detect=detect)
        assert set(outcomes(found).values()) == {"gone"}


def test_progress_comes_line_by_line_before_the_result(
    admin: httpx.Client, street: tuple[str, Incident, Incident]
) -> None:
    camera, *_ = street
    path = f"/api/v1/cameras/{camera}/rules/test"
    answer = admin.post(path, json={}, headers={"Accept": "application/x-ndjson"})
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [(each["done"], each["total"]) for each in lines[:-1]] == [(0, 2), (1, 2), (2, 2)]
    assert len(lines[-1]["concluded"]) == 2


def test_what_no_camera_can_have_is_refused(admin: httpx.Client, street: tuple[str, Incident, Incident]) -> None:
    camera, *_ = street
    path = f"/api/v1/cameras/{camera}/rules/test"
    for body, parameter in (
        ({"rules": [{"kind": "presence", "zone": "none"}]}, "body"),
        ({"zones": {"z": [[0, 0], [2, 2], [1, 1]]}}, "zones.z.1.0"),
        ({"streams": {}}, "streams"),
    ):
        answer = admin.post(path, json=body)
        assert answer.status_code == 422, body
        assert answer.json()["parameter"] == parameter


def test_no_more_tests_run_at_once_than_are_allowed(
    site: Site, admin: httpx.Client, street: tuple[str, Incident, Incident], monkeypatch: pytest.MonkeyPatch
) -> None:
    from camsvc.api.services import rule_tests

    monkeypatch.setattr(rule_tests, "_turns", threading.BoundedSemaphore(1))
    camera, *_ = street
    assert rule_tests._turns.acquire(blocking=False)
    answer = admin.post(f"/api/v1/cameras/{camera}/rules/test", json={})
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
    rule_tests._turns.release()
    tried(admin, camera)


def test_a_test_is_recorded(site: Site, admin: httpx.Client, street: tuple[str, Incident, Incident]) -> None:
    camera, *_ = street
    tried(admin, camera)
    with site.database.session() as session:
        newest = audit.entries(session, Wanted(camera=camera), limit=1)
        assert cameras.get(session, camera, site.cipher).zones == {}
    assert newest[0].deed.what == "rules.tested"
