"""Cameras and incidents for tests of the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from camsvc.config import CameraConfig
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.queries import cameras, leases
from camsvc.domain.camera import Severity
from camsvc.domain.geo import Location
from camsvc.domain.incident import (
    Clip,
    ClipPart,
    Gap,
    GapReason,
    Incident,
    IncidentObject,
    IncidentState,
    new_incident_id,
)
from camsvc.domain.track import ObjectClass

NOON = datetime(2026, 11, 5, 5, 0, tzinfo=UTC)
"""Local noon at the demo's town; well before any test runs its leases."""
PASSWORD = "s3cret-of-the-camera"
WORKER = "worker-1"


def camera(id_: str = "bridge-01", **changes: Any) -> CameraConfig:  # noqa: ANN401  fields of CameraConfig
    values: dict[str, Any] = {
        "id": id_,
        "name": f"Cầu {id_}",
        "area": "bac-ninh/yen-phong/tam-giang",
        "location": {"lat": 21.2417, "lon": 105.9556, "heading_deg": 350},
        "streams": {"main": f"rtsp://viewer:{PASSWORD}@192.0.2.7:554/{id_}/main"},
    }
    return CameraConfig.model_validate({**values, **changes})


def put(database: Database, cipher: Cipher, *configs: CameraConfig) -> None:
    with database.session() as session:
        for config in configs:
            cameras.put(session, config, cipher)


def owned(database: Database, cipher: Cipher, *configs: CameraConfig, worker: str = WORKER) -> dict[str, int]:
    """The cameras, all leased to ``worker``: epochs by camera."""
    put(database, cipher, *configs)
    with database.session() as session:
        return {lease.camera: lease.epoch for lease in leases.claim(session, worker, len(configs), 3600)}


def incident(camera_: str = "bridge-01", **changes: Any) -> Incident:  # noqa: ANN401  fields of Incident
    started_at = changes.get("started_at", NOON)
    values: dict[str, Any] = {
        "id": new_incident_id(started_at),
        "camera": camera_,
        "area": "bac-ninh/yen-phong/tam-giang",
        "location": Location(21.2417, 105.9556, 350.0),
        "kind": "presence",
        "severity": Severity.INFO,
        "state": IncidentState.CLOSED,
        "started_at": started_at,
        "last_observed_at": started_at + timedelta(seconds=8),
        "ended_at": started_at + timedelta(seconds=8),
        "zone": None,
        "objects": (IncidentObject(1, ObjectClass.CAR, 0.9),),
        "revision": 1,
        "epoch": 1,
        "worker": WORKER,
        "model": "yolo11n-c130b90b",
    }
    return Incident(**{**values, **changes})


def clip() -> Clip:
    part = ClipPart(
        index=0,
        key="clips/2026/11/05/x/0.mp4",
        session="s-1",
        started_at=NOON - timedelta(microseconds=4_999_999),
        ended_at=NOON + timedelta(seconds=9),
        start_pts_90k=1234567,
        duration_s=13.999999,
        size_bytes=5_000_000_000,
        sha256="ab" * 32,
        codec="hevc",
        width=1920,
        height=1080,
        audio=None,
        audio_note="pcm_mulaw does not fit into MP4",
        clock_error_ms=12.5,
        camera_clock_offset_ms=-3.25,
    )
    return Clip((part,), (Gap(NOON, NOON + timedelta(microseconds=1), GapReason.RECONNECT),))
