"""Held footage survives (invariant 6): retention, a full disk, an administrator, and whoever has the S3 credentials."""

from __future__ import annotations

import hashlib
import io
import threading
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
from minio.deleteobjects import DeleteObject
from minio.error import S3Error

from camsvc.api.services.prover import FAULT_FOR_S
from camsvc.clock import SimulatedClock
from camsvc.domain.account import Role
from camsvc.domain.incident import Incident
from camsvc.domain.retention import Disk, Policy
from camsvc.storage import keys
from camsvc.storage.retention import Retention
from tests.api.conftest import Site, eventually

CLIP = b"what the camera sent" * 1000
FULL = Disk(total_bytes=10**12, free_bytes=0)


@dataclass
class Evidence:
    site: Site
    held: Incident
    loose: Incident
    """Not held: it shows that what is tried would work."""
    hold: int

    def clip(self, client: httpx.Client) -> bytes:
        answer = client.get(f"/api/v1/incidents/{self.held.id}/clip")
        assert answer.status_code == 200, answer.text
        return answer.content

    def is_gone(self) -> bool:
        return self.site.store.stat(keys.clip_part(self.loose.id, 0)) is None

    def retention(self, disk: Disk | None, *, days: int | None, later: timedelta) -> None:
        clock = SimulatedClock(self.held.started_at + later)
        policy = Policy(days=days, alarm_days=None, index_days=None)
        turn = Retention(self.site.database, self.site.store, policy, 10**9, clock, lambda: disk)
        turn.run(threading.Event(), lambda: None)


@pytest.fixture
def evidence(site: Site) -> Evidence:
    """Held by an investigator, and locked in the store."""
    held, loose = (site.recorded(CLIP, camera_=site.camera()) for _ in range(2))
    with site.client(site.account(Role.INVESTIGATOR)) as lan:
        answer = lan.post("/api/v1/holds", json={"incident": str(held.id), "reason": "theft", "case_number": "HS-1"})
        assert answer.status_code == 201, answer.text
        eventually(lambda: lan.get(f"/api/v1/incidents/{held.id}/hold").json()["locked"])
    return Evidence(site, held, loose, answer.json()["id"])


def test_it_survives_its_time(evidence: Evidence, admin: httpx.Client) -> None:
    evidence.retention(None, days=1, later=timedelta(days=400))
    assert evidence.is_gone()
    assert evidence.clip(admin) == CLIP


def test_it_survives_a_full_disk(evidence: Evidence, admin: httpx.Client) -> None:
    evidence.retention(FULL, days=None, later=timedelta(hours=3))
    assert evidence.is_gone()
    assert evidence.clip(admin) == CLIP


def test_it_survives_an_administrator(evidence: Evidence, admin: httpx.Client) -> None:
    """Who removes the camera, and asks for and confirms the release themselves."""
    camera = admin.get(f"/api/v1/cameras/{evidence.held.camera}")
    removed = admin.delete(
        f"/api/v1/cameras/{evidence.held.camera}", headers={"If-Match": camera.headers.get("ETag", "*")}
    )
    assert removed.status_code == 204, removed.text
    path = f"/api/v1/holds/{evidence.hold}/release"
    assert admin.post(f"{path}/request", json={"reason": "clean up"}).status_code == 200
    assert admin.post(f"{path}/confirm", json={"reason": "clean up"}).status_code == 409
    for method in ("DELETE", "PUT", "PATCH"):
        for below in ("", "/clip", "/thumbnail", "/tracks", "/hold"):
            answer = admin.request(method, f"/api/v1/incidents/{evidence.held.id}{below}", json={})
            assert answer.status_code in {404, 405}, f"{method} {below}"
    evidence.retention(FULL, days=1, later=timedelta(days=400))
    assert evidence.clip(admin) == CLIP


def test_it_survives_the_services_own_credentials(evidence: Evidence, admin: httpx.Client) -> None:
    """Its version cannot be deleted; what hides it is found, told, and taken away."""
    store, key = evidence.site.store, keys.clip_part(evidence.held.id, 0)
    stat = store.stat(key)
    assert stat is not None
    with pytest.raises(S3Error):
        store.client.remove_object(bucket_name=store.bucket, object_name=key, version_id=stat.version)
    errors = store.client.remove_objects(
        bucket_name=store.bucket, delete_object_list=[DeleteObject(key, stat.version)], bypass_governance_mode=True
    )
    assert [each.name for each in errors] == [key]
    assert evidence.clip(admin) == CLIP
    store.client.remove_object(bucket_name=store.bucket, object_name=key)
    assert admin.get(f"/api/v1/incidents/{evidence.held.id}/clip").status_code != 200
    assert store.restore(key, hashlib.sha256(CLIP).hexdigest(), "video/mp4")
    store.client.put_object(bucket_name=store.bucket, object_name=key, data=io.BytesIO(b"other"), length=5)
    assert store.restore(key, hashlib.sha256(CLIP).hexdigest(), "video/mp4")
    evidence.site.clock.shift_s += FAULT_FOR_S + 1  # until then a server believes what it found
    assert evidence.clip(admin) == CLIP
