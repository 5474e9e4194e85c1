"""One case from search to verified package, by people of two agencies: the whole of it is in the audit chain."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import cv2
import httpx
import numpy as np

from camsvc.config import AreaConfig
from camsvc.db.queries import accounts, areas
from camsvc.domain.account import Grant, Role
from camsvc.domain.incident_json import time_json
from tests.api.conftest import PASSWORD, Site, eventually
from tests.db import examples

HERE, THERE = "bac-ninh/yen-phong", "bac-ninh/tu-son"
CLIP = b"what the camera sent" * 1000
CASE = "HS-2026/114 Yên Phong"
MADE_WITHIN_S = 60.0
TRAIL = (
    "incidents.searched",
    "incident.viewed",
    "clip.played",
    "case.opened",
    "item.added",
    "item.added",
    "note.written",
    "case.held",
    "hold.placed",
    "access.refused",
    "footage.asked",
    "footage.approved",
    "clip.played",
    "redaction.changed",
    "export.asked",
    "incident.exported",
    "snapshot.exported",
    "package.made",
    "package.downloaded",
    "package.verified",
    "case.closed",
)
"""In this order; other records may lie between."""


def test_the_whole_trail_of_a_case_is_in_the_chain(site: Site, admin: httpx.Client) -> None:
    for name, area in (("lan", HERE), ("minh", THERE)):
        with site.database.session() as session:
            areas.put(session, AreaConfig(path=area, name=area))
            accounts.create(session, name, PASSWORD, [Grant(Role.INVESTIGATOR, area)])
    here, there = "trail-here", "trail-there"
    examples.put(site.database, site.cipher, examples.camera(here, area=HERE), examples.camera(there, area=THERE))
    site.own()
    seen = site.recorded(CLIP, camera_=here, area=HERE)
    elsewhere = site.recorded(CLIP, camera_=there, area=THERE)
    with site.client("lan") as lan, site.client("minh") as minh:
        lan.headers["Camsvc-Case"] = minh.headers["Camsvc-Case"] = quote(CASE)
        _search(lan, here, str(seen.id))
        case = _collect(lan, here, seen)
        _ask_for(lan, minh, case, elsewhere)
        package = _export(lan, case)
        _verify(minh, package)
        assert lan.post(f"/api/v1/cases/{case}/close", json={"reason": "to the court"}).status_code == 200
    told = _trail(admin)
    left = iter(told)
    missing = [what for what in TRAIL if what not in left]
    assert not missing, f"{missing} not in their place in {told}"
    assert admin.get("/api/v1/audit/verify").json()["ok"]


def _search(lan: httpx.Client, camera: str, incident: str) -> None:
    found = _ok(lan.get("/api/v1/incidents", params={"camera": camera}))
    assert [each["id"] for each in found["items"]] == [incident]
    _ok(lan.get(f"/api/v1/incidents/{incident}"))
    assert lan.get(f"/api/v1/incidents/{incident}/clip").content == CLIP


def _collect(lan: httpx.Client, camera: str, seen: Any) -> int:  # noqa: ANN401  an Incident
    case = _ok(lan.post("/api/v1/cases", json={"number": CASE, "title": "Trộm xe", "description": ""}))["id"]
    items = {"items": [{"incident": str(seen.id), "comment": "the theft"}]}
    _ok(lan.post(f"/api/v1/cases/{case}/items", json=items))
    picture = cv2.imencode(".jpg", np.full((90, 160, 3), 99, np.uint8))[1].tobytes()
    at = {"camera": camera, "at": time_json(seen.started_at), "incident": str(seen.id), "comment": "his face"}
    _ok(lan.post(f"/api/v1/cases/{case}/snapshots", params=at, content=picture, headers={"Content-Type": "image/jpeg"}))
    _ok(lan.post(f"/api/v1/cases/{case}/notes", json={"text": "seen by two witnesses"}))
    _ok(lan.put(f"/api/v1/cases/{case}/hold", json={"reason": "evidence"}))
    return int(case)


def _ask_for(lan: httpx.Client, minh: httpx.Client, case: int, elsewhere: Any) -> None:  # noqa: ANN401  an Incident
    """What lies in another agency's area, which does not exist for who asks until it is given."""
    clip = f"/api/v1/incidents/{elsewhere.id}/clip"
    assert lan.get(clip).status_code == 404
    started_at = elsewhere.started_at
    wish = {
        "case": case,
        "camera": elsewhere.camera,
        "from": time_json(started_at - timedelta(minutes=1)),
        "to": time_json(started_at + timedelta(minutes=5)),
        "reason": "he fled there",
    }
    asked = _ok(lan.post("/api/v1/footage-requests", json=wish))
    path = f"/api/v1/footage-requests/{asked['id']}/decision"
    assert lan.post(path, json={"approve": True, "reason": "mine"}).status_code in {403, 404, 409}
    _ok(minh.post(path, json={"approve": True, "reason": "agreed"}))
    assert lan.get(clip).content == CLIP
    redaction = {"revision": 0, "blur": "people", "kept": [], "added": [], "regions": [], "sound": False}
    _ok(lan.put(f"/api/v1/incidents/{elsewhere.id}/redaction", json=redaction))


def _export(lan: httpx.Client, case: int) -> bytes:
    asked = _ok(lan.post("/api/v1/exports", json={"case": case, "reason": "the court asks"}))
    path = f"/api/v1/exports/{asked['id']}"
    eventually(lambda: lan.get(path).json()["state"] not in {"queued", "running"}, MADE_WITHIN_S)
    made = lan.get(path).json()
    assert made["state"] == "done", made
    answer = lan.get(f"{path}/package")
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.content)) as package:
        manifest = json.loads(package.read("manifest.json"))
        clips = [name for name in package.namelist() if name.endswith("clip-0000.mp4")]
        assert [package.read(name) for name in clips] == [CLIP, CLIP]
    assert manifest["request"]["case_number"] == CASE
    deeds = [each["record"]["what"] for each in manifest["custody"]["records"]]
    assert {"clip.played", "item.added", "incident.exported"} <= set(deeds)
    return answer.content


def _verify(minh: httpx.Client, package: bytes) -> None:
    verdict = _ok(minh.post("/api/v1/verification", content=package))
    assert verdict["ruling"] == "holds", verdict
    changed = bytearray(package)
    changed[len(changed) // 2] ^= 1
    assert _ok(minh.post("/api/v1/verification", content=bytes(changed)))["ruling"] != "holds"


def _trail(admin: httpx.Client) -> list[str]:
    """What was done for the case, the oldest first."""
    found: list[str] = []
    cursor = None
    while True:
        page = _ok(admin.get("/api/v1/audit", params={"case": CASE, **({"cursor": cursor} if cursor else {})}))
        found += [each["what"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return found[::-1]


def _ok(answer: httpx.Response) -> Any:  # noqa: ANN401  JSON
    assert answer.status_code in {200, 201}, f"{answer.request.url}: {answer.status_code} {answer.text}"
    return answer.json()
