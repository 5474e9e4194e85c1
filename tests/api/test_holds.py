"""Holds over REST: who may, two people for the release, what is told, what the store does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest

from camsvc.api.services import retention
from camsvc.db import partitions
from camsvc.db.queries import accounts, audit
from camsvc.db.queries import retention as rows
from camsvc.db.queries.audit import Wanted
from camsvc.domain.account import Grant, Role
from camsvc.domain.audit import Kind
from camsvc.storage import keys
from camsvc.storage.objects import ObjectStore
from tests.api.conftest import PASSWORD, Site, eventually, running
from tests.db import examples
from tests.servers import Bucket

CLIP = b"footage" * 100
AREA = "bac-ninh/yen-phong/tam-giang"
HOLDS = "/api/v1/holds"


@pytest.fixture(scope="module")
def lan(site: Site) -> Iterator[httpx.Client]:
    with site.client(site.account(Role.INVESTIGATOR)) as client:
        yield client


@pytest.fixture(scope="module")
def minh(site: Site) -> Iterator[httpx.Client]:
    with site.client(site.account(Role.INVESTIGATOR)) as client:
        yield client


def hold(client: httpx.Client, **wish: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
    answer = client.post(HOLDS, json={"reason": "theft", **wish})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["detail"]


def test_a_held_incident_says_so_and_its_files_are_locked_in_the_store(site: Site, lan: httpx.Client) -> None:
    incident = site.recorded(CLIP, camera_=site.camera())
    assert lan.get(f"/api/v1/incidents/{incident.id}/hold").json() == {"held": False, "locked": False, "holds": []}
    made = hold(lan, incident=str(incident.id), case_number="12/2026")
    eventually(lambda: lan.get(f"/api/v1/incidents/{incident.id}/hold").json()["locked"])
    told = lan.get(f"/api/v1/incidents/{incident.id}/hold").json()
    assert told["held"]
    assert [each["id"] for each in told["holds"]] == [made["id"]]
    assert site.store.is_held(keys.clip_part(incident.id, 0))
    assert site.store.is_held(keys.thumbnail(incident.id))


def test_who_may_search_but_not_hold_is_told_that_it_is_held_and_no_more(site: Site, lan: httpx.Client) -> None:
    incident = site.recorded(CLIP, camera_=site.camera())
    hold(lan, incident=str(incident.id))
    with site.client(site.account(Role.POLICE)) as officer:
        told = officer.get(f"/api/v1/incidents/{incident.id}/hold").json()
        assert (told["held"], told["holds"]) == (True, [])
        assert officer.post(HOLDS, json={"incident": str(incident.id), "reason": "x"}).status_code == 403


def test_a_release_takes_two_people_with_reasons_and_leaves_a_history(
    site: Site, lan: httpx.Client, minh: httpx.Client
) -> None:
    incident = site.recorded(CLIP, camera_=site.camera())
    made = hold(lan, incident=str(incident.id))
    path = f"{HOLDS}/{made['id']}"
    because = {"reason": "the case is closed"}
    assert minh.post(f"{path}/release/confirm", json=because).status_code == 409
    assert lan.post(f"{path}/release/request", json=because).json()["state"] == "release_requested"
    status, detail = problem(lan.post(f"{path}/release/confirm", json=because))
    assert status == 409
    assert "somebody else" in detail
    assert minh.post(f"{path}/release/request", json=because).status_code == 409
    assert minh.post(f"{path}/release/refuse", json={"reason": "appeal"}).json()["state"] == "active"
    assert minh.post(f"{path}/release/request", json=because).status_code == 200
    assert minh.post(f"{path}/release/refuse", json={"reason": "my mistake"}).status_code == 200
    assert lan.post(f"{path}/release/request", json=because).status_code == 200
    eventually(lambda: site.store.is_held(keys.clip_part(incident.id, 0)))
    assert minh.post(f"{path}/release/confirm", json={"reason": "agreed"}).json()["state"] == "released"
    deeds = [each["deed"] for each in minh.get(path).json()["history"]]
    assert deeds == [
        "placed",
        "release_requested",
        "release_refused",
        "release_requested",
        "release_withdrawn",
        "release_requested",
        "released",
    ]
    assert lan.post(f"{path}/release/request", json=because).status_code == 409
    eventually(lambda: not site.store.is_held(keys.clip_part(incident.id, 0)))
    with site.database.session() as session:
        found = audit.entries(session, Wanted(kind=Kind.HOLD, incident=incident.id), limit=20)
    assert [each.deed.what for each in reversed(found)][0::6] == ["hold.placed", "hold.released"]
    assert found[0].deed.details["reason"] == "agreed"


def test_a_release_without_a_reason_is_refused(lan: httpx.Client, site: Site) -> None:
    made = hold(lan, camera=site.camera(), **{"from": "2026-11-05T05:00:00Z", "to": "2026-11-05T06:00:00Z"})
    for body in ({}, {"reason": ""}, {"reason": "   "}):
        assert lan.post(f"{HOLDS}/{made['id']}/release/request", json=body).status_code == 422


def test_a_held_span_covers_what_the_camera_recorded_then(site: Site, lan: httpx.Client) -> None:
    camera = site.camera()
    within, after = (
        site.recorded(CLIP, camera_=camera, started_at=examples.NOON + timedelta(minutes=minutes))
        for minutes in (30, 90)
    )
    hold(lan, camera=camera, **{"from": "2026-11-05T05:00:00Z", "to": "2026-11-05T06:00:00Z"})
    assert lan.get(f"/api/v1/incidents/{within.id}/hold").json()["held"]
    assert not lan.get(f"/api/v1/incidents/{after.id}/hold").json()["held"]


@pytest.mark.parametrize(
    ("wish", "parameter"),
    [
        ({}, "incident"),
        ({"camera": "{camera}"}, "to"),
        ({"camera": "{camera}", "from": "2026-11-05T06:00:00Z", "to": "2026-11-05T05:00:00Z"}, "to"),
        ({"camera": "{camera}", "from": "2024-11-05T06:00:00Z", "to": "2026-11-05T05:00:00Z"}, "to"),
        ({"camera": "{camera}", "from": "2026-11-05T06:00:00", "to": "2026-11-05T07:00:00Z"}, "from"),
        ({"incident": "{incident}", "from": "2026-11-05T06:00:00Z"}, "from"),
        ({"incident": "{incident}", "camera": "{camera}"}, "incident"),
        ({"case_number": "of nothing"}, "case_number"),
    ],
)
def test_what_is_no_hold_is_refused_by_name(
    site: Site, lan: httpx.Client, wish: dict[str, str], parameter: str
) -> None:
    camera = site.camera()
    incident = site.recorded(CLIP, camera_=camera)
    named = {name: value.format(camera=camera, incident=incident.id) for name, value in wish.items()}
    answer = lan.post(HOLDS, json={"reason": "x", **named})
    assert (answer.status_code, answer.json()["parameter"]) == (422, parameter)


def test_holds_elsewhere_are_in_no_list_and_answer_as_what_does_not_exist(site: Site, lan: httpx.Client) -> None:
    incident = site.recorded(CLIP, camera_=site.camera())
    made = hold(lan, incident=str(incident.id), case_number="77/2026")
    case = hold(lan, case_number="77/2026")
    examples.put(site.database, site.cipher, examples.camera("far-away", area="bac-ninh/tu-son"))
    foreign = f"user-of-{made['id']}"
    with site.database.session() as session:
        accounts.create(session, foreign, PASSWORD, [Grant(Role.INVESTIGATOR, "bac-ninh/tu-son")])
    with site.client(foreign) as client:
        assert client.get(HOLDS).json() == {"items": []}
        never = client.get(f"{HOLDS}/{2**40}").json()["detail"]
        for each in (made, case):
            answer = client.get(f"{HOLDS}/{each['id']}")
            assert problem(answer) == (404, never.replace(str(2**40), str(each["id"])))
            asked = client.post(f"{HOLDS}/{each['id']}/release/request", json={"reason": "x"})
            assert asked.status_code == 404
        assert client.post(HOLDS, json={"case_number": "77/2026", "reason": "x"}).status_code == 422
    near = f"{foreign}-near"
    with site.database.session() as session:
        accounts.create(session, near, PASSWORD, [Grant(Role.INVESTIGATOR, "bac-ninh/yen-phong")])
    with site.client(near) as client:
        assert {made["id"], case["id"]} <= {each["id"] for each in client.get(HOLDS).json()["items"]}


def test_lists_come_by_state_and_page_by_page(site: Site, lan: httpx.Client) -> None:
    incident = site.recorded(CLIP, camera_=site.camera())
    made = [hold(lan, incident=str(incident.id))["id"] for _ in range(3)]
    lan.post(f"{HOLDS}/{made[1]}/release/request", json={"reason": "x"})
    asked = lan.get(HOLDS, params={"state": "release_requested"}).json()["items"]
    assert made[1] in {each["id"] for each in asked}
    first = lan.get(HOLDS, params={"limit": 1}).json()["items"]
    then = lan.get(HOLDS, params={"limit": 1, "before": first[0]["id"]}).json()["items"]
    assert [first[0]["id"], then[0]["id"]] == [made[2], made[1]]


def test_footage_that_expired_says_so_and_is_no_broken_player(site: Site, lan: httpx.Client) -> None:
    incident = site.recorded(CLIP, camera_=site.camera())
    with site.database.session() as session:
        spots = [each.id for each in rows.spots(session)]
        found = rows.candidates(
            session,
            incident.started_at,
            incident.started_at + timedelta(seconds=1),
            spots,
            spots,
            after=None,
            limit=1000,
        )
        assert rows.give_up(session, [each for each in found if each.id == incident.id])
    told = lan.get(f"/api/v1/incidents/{incident.id}").json()
    assert told["footage_expired_at"] is not None
    assert (told["clip"], told["thumbnail"], told["tracks"]) == (None, None, None)
    for file in ("clip", "thumbnail", "tracks"):
        status, detail = problem(lan.get(f"/api/v1/incidents/{incident.id}/{file}"))
        assert status == 404
        assert "expired" in detail
    status, detail = problem(lan.post(HOLDS, json={"incident": str(incident.id), "reason": "x"}))
    assert status == 409
    assert "nothing left to hold" in detail
    assert hold(lan, incident=str(incident.id), legal=False)["legal"] is False


def test_where_the_store_enforces_nothing_a_legal_hold_is_refused_and_another_one_is_kept(
    migrated_url: str, bucket: Bucket, tmp_path: Path
) -> None:
    store = ObjectStore(**vars(bucket))
    store.client.make_bucket(bucket_name=store.bucket)  # without object lock
    store.close()
    with running(migrated_url, bucket, tmp_path) as site, site.client() as client:
        incident = site.recorded(CLIP, camera_=site.camera())
        status, detail = problem(client.post(HOLDS, json={"incident": str(incident.id), "reason": "theft"}))
        assert status == 409
        assert "does not enforce" in detail
        assert client.get(f"{HOLDS}/enforcement").json()["enforced"] is False
        hold(client, incident=str(incident.id), legal=False)
        told = client.get(f"/api/v1/incidents/{incident.id}/hold").json()
        assert (told["held"], told["locked"]) == (True, False)


def test_the_store_is_tried_out(site: Site, lan: httpx.Client) -> None:
    assert lan.get(f"{HOLDS}/enforcement").json()["enforced"] is True


def test_storage_is_told_by_month_and_area(own_site: Site) -> None:
    own_site.recorded(CLIP, camera_=own_site.camera())
    with own_site.database.session() as session:
        partitions.extend(session, examples.NOON)
    retention.count(own_site.database, own_site.clock.now(), Event())
    with own_site.client() as client:
        told = client.get("/api/v1/storage").json()
        metrics = client.get("/metrics").text
    (month,) = [each for each in told["months"] if each["incidents"]]
    assert (month["month"], month["with_footage"], month["bytes"]) == ("2026-11-01", 1, len(CLIP))
    assert told["areas"][0]["area"] == AREA
    assert told["enforced"] is True
    assert "camsvc_holds_locked 0.0" in metrics
