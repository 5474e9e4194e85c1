"""The main job, whole: cameras over RTSP, incidents that are found, clips that play, the same however one asks."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import av
import httpx
import pytest

from camsvc.cli.demo import film
from camsvc.media.simulator.server import SimulatorServer, cameras_from_files
from tests.system.installation import Installation, wait_for

FIRST_INCIDENT_TIMEOUT_S = 90
"""The film is empty for six seconds, the worker needs some to load the model, the clip ends five after the incident."""


@pytest.fixture(scope="module")
def installation(module_workspace: Path) -> Iterator[Installation]:
    """One simulated camera with credentials, one incident closed."""
    folder = module_workspace
    street = film.make(folder / "street.mp4")
    with (
        SimulatorServer(cameras_from_files([street]), credentials=("viewer", "hunter2")) as cameras,
        Installation(folder, {"street-01": cameras.url("street")}) as running,
    ):
        wait_for(
            lambda: [i for i in running.incidents() if i["state"] == "closed" and i["clip"]],
            FIRST_INCIDENT_TIMEOUT_S,
            lambda: running.log.read_text(encoding="utf-8")[-4000:],
        )
        yield running
        assert running.stop() == 0


def test_an_incident_says_what_was_seen(installation: Installation) -> None:
    incident = installation.incidents(state="closed")[-1]
    assert incident["camera"] == "street-01"
    assert {"bus", "person"} & {seen["class"] for seen in incident["objects"]}
    assert incident["started_at"] < incident["ended_at"]
    assert incident["clip"]["started_at"] <= incident["started_at"]


def test_the_clip_plays_and_is_what_was_written(installation: Installation) -> None:
    incident = installation.incidents(state="closed")[-1]
    clip = installation.get(f"/incidents/{incident['id']}/clip")
    assert clip.headers["content-type"] == "video/mp4"
    assert hashlib.sha256(clip.content).hexdigest() == incident["clip"]["sha256"]
    with av.open(io.BytesIO(clip.content), "r") as container:
        frames = sum(1 for _ in container.decode(video=0))
    assert frames / film.FPS == pytest.approx(incident["clip"]["duration_s"], abs=0.5)


def test_rest_and_command_line_find_the_same(installation: Installation) -> None:
    filters = {"near": "21.0,105.0", "radius_m": "500", "object": "person", "state": "closed"}
    found = [incident["id"] for incident in installation.incidents(**filters)]
    arguments = [part for name, value in filters.items() for part in (f"--{name.removesuffix('_m')}", value)]
    told = installation.command("incidents", "search", *arguments)
    assert [incident["id"] for incident in told["items"]][: len(found)] == found
    assert found


def test_elsewhere_nothing_is_found(installation: Installation) -> None:
    assert not installation.incidents(near="10.0,105.0", radius_m="500")


def test_a_bad_filter_names_the_parameter_and_the_cure(installation: Installation) -> None:
    with pytest.raises(httpx.HTTPStatusError) as caught:
        installation.incidents(near="here", radius_m="500")
    problem = caught.value.response.json()
    assert caught.value.response.status_code in (400, 422)
    assert problem["parameter"] == "near"
    assert problem["cure"]


def test_store_and_database_agree(installation: Installation) -> None:
    wait_for(lambda: not [i for i in installation.incidents() if i["state"] == "open"], 60, "an incident stays open")
    report = installation.command("fsck")
    assert not report["missing"]
    assert not report["altered"]


def test_no_credential_is_in_log_or_answers(installation: Installation) -> None:
    assert "hunter2" not in installation.log.read_text(encoding="utf-8")
    assert "hunter2" not in installation.get("/cameras").text
    for file in Path(installation.data / "logs").rglob("*"):
        assert not file.is_file() or b"hunter2" not in file.read_bytes()
