"""Trying a camera out over REST, on a real RTSP server; moving the cameras of an area."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from camsvc.api import schemas
from camsvc.api.services import probes
from camsvc.db.queries import audit, cameras
from camsvc.db.queries.audit import Wanted
from camsvc.media.simulator.server import SimulatorServer, cameras_from_files
from tests.api.conftest import Site
from tests.db import examples
from tests.rtsp_server import free_port
from tests.video import Film, make_film

PROBE = "/api/v1/cameras/probe"


@pytest.fixture(scope="module")
def camera_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    film = make_film(tmp_path_factory.mktemp("probe") / "street.mkv", Film(48, 12, 320, 192, gop=12))
    with SimulatorServer(cameras_from_files([film]), port=free_port()) as server:
        yield server.url("street")


def test_a_camera_is_watched_and_shown(
    site: Site, admin: httpx.Client, camera_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probes, "WATCH_S", 1.0)
    answer = admin.post(PROBE, json={"url": camera_url})
    assert answer.status_code == 200, answer.text
    found = schemas.Probe.model_validate(answer.json())
    assert (found.codec, found.width, found.height) == ("h264", 320, 192)
    assert base64.b64decode(found.picture_jpeg or "").startswith(b"\xff\xd8")
    with site.database.session() as session:
        [record] = audit.entries(session, Wanted(), limit=1)
    assert (record.deed.what, record.deed.outcome.value) == ("camera.probed", "allowed")


def test_a_stored_camera_is_tried_with_the_credentials_that_nobody_is_shown(site: Site, admin: httpx.Client) -> None:
    main = f"rtsp://viewer:{examples.PASSWORD}@127.0.0.1:1/x"
    examples.put(site.database, site.cipher, examples.camera("tried-1", streams={"main": main}))
    for body in ({"camera": "tried-1"}, {"camera": "tried-1", "url": "rtsp://***@127.0.0.1:1/y"}):
        answer = admin.post(PROBE, json=body)
        assert (answer.status_code, answer.json()["parameter"]) == (422, "url")
        assert examples.PASSWORD not in answer.text
    stolen = admin.post(PROBE, json={"camera": "tried-1", "url": "rtsp://***@192.0.2.66:554/y"})
    assert "none are stored for this scheme, host and port" in stolen.json()["detail"]


@pytest.mark.parametrize("body", [{}, {"url": "http://u:hidden-word@h"}, {"url": 7}, {"camera": "x", "more": 1}])
def test_what_cannot_be_tried_is_refused_without_repeating_it(admin: httpx.Client, body: dict[str, object]) -> None:
    answer = admin.post(PROBE, json=body)
    assert answer.status_code == 422
    assert "hidden-word" not in answer.text


def test_no_more_are_tried_at_once_than_are_allowed(admin: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "_turns", threading.BoundedSemaphore(1))
    assert probes._turns.acquire(blocking=False)
    answer = admin.post(PROBE, json={"url": "rtsp://127.0.0.1:1/x"})
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)


def test_the_cameras_of_an_area_move_with_those_below_it(site: Site, admin: httpx.Client, tmp_path: Path) -> None:
    examples.put(
        site.database,
        site.cipher,
        examples.camera("m-1", area="from/here"),
        examples.camera("m-2", area="from/here/below"),
        examples.camera("m-3", area="from/hereafter"),
        examples.camera("m-4", area="to/there"),
    )
    answer = admin.post("/api/v1/areas/from/here/move", json={"to": "to/there"})
    assert (answer.status_code, answer.json()) == (200, {"moved": 2})
    with site.database.session() as session:
        found = {each.id: each.area for each in cameras.all_cameras(session, site.cipher, ids=["m-1", "m-2", "m-3"])}
        [record] = audit.entries(session, Wanted(camera="m-2"), limit=1)
    assert found == {"m-1": "to/there", "m-2": "to/there/below", "m-3": "from/hereafter"}
    assert record.deed.details == {"changed": ["area"], "moved_from": "from/here/below"}
    for to, status in (("to/there/below/there", 422), ("nowhere", 422)):
        assert admin.post("/api/v1/areas/to/there/move", json={"to": to}).status_code == status
