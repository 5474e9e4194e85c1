"""A whole worker: RTSP cameras in, incidents with clips in PostgreSQL and S3 out, through what may happen meanwhile."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import av
import pytest
from pydantic import SecretStr
from sqlalchemy import make_url
from structlog.testing import capture_logs

from camsvc.db.queries import cameras, incidents, leases, status
from camsvc.db.queries.leases import Lease
from camsvc.domain.camera import CameraState
from camsvc.domain.incident import Incident, IncidentState
from camsvc.domain.search import IncidentFilter
from camsvc.media.simulator.server import SimulatorServer, cameras_from_files
from camsvc.storage.objects import ObjectStore
from tests.servers import Bucket
from tests.worker.stage import FPS, LOOP_S, VISIT_S, Stage, camera, make_walk, wait_for
from tests.worker.switch import Switch

SOON_S = 10.0
"""Control turns, a session's opening, on a busy machine."""
ROUND_S = 2 * LOOP_S + 15.0
"""Until a visit was seen whole, closed, and its clip published."""
SECRET = "secret-word"


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorServer]:
    film = make_walk(tmp_path_factory.mktemp("film") / "walk.mp4")
    with SimulatorServer(cameras_from_files([film]), credentials=("user", SECRET)) as server:
        yield server


@pytest.fixture
def stage(tmp_path: Path, migrated_url: str, bucket: Bucket, store: ObjectStore) -> Iterator[Stage]:
    stage = Stage.build(tmp_path, migrated_url, bucket)
    yield stage
    stage.database.close()


def found(stage: Stage, **conditions: object) -> tuple[Incident, ...]:
    with stage.database.session() as session:
        return incidents.search(session, IncidentFilter(**conditions), cursor=None, limit=100).items  # type: ignore[arg-type]


def whole(stage: Stage, name: str) -> Incident | None:
    """The first closed incident of a camera that has all its parts."""
    states = (IncidentState.CLOSED,)
    done = [each for each in found(stage, cameras=(name,), states=states) if each.clip and each.tracks]
    return done[-1] if done else None


def state(stage: Stage, name: str) -> CameraState:
    with stage.database.session() as session:
        return status.statuses(session)[name].state


def test_a_visit_before_a_camera_becomes_an_incident_with_a_clip(
    stage: Stage, simulator: SimulatorServer, store: ObjectStore
) -> None:
    stage.put(camera("gate", simulator.url("walk")))
    with capture_logs() as lines, stage.worker():
        wait_for(lambda: state(stage, "gate") is CameraState.LIVE, SOON_S, "live")
        incident = wait_for(lambda: whole(stage, "gate"), ROUND_S, "a closed incident with its clip")
        # A camera that is added, and one that is removed, while the worker runs.
        stage.put(camera("yard", simulator.url("walk")))
        wait_for(lambda: state(stage, "yard") is CameraState.LIVE, SOON_S, "the added camera is live")
        with stage.database.session() as session:
            cameras.remove(session, "gate")
            reported = status.statuses(session)["yard"]
        wait_for(lambda: "gate" not in _held(stage), SOON_S, "the removed camera is let go")
    assert incident.ended_at is not None
    lasted_s = (incident.ended_at - incident.started_at).total_seconds()
    # A busy machine sheds frames at the edges of the visit.
    assert lasted_s == pytest.approx(VISIT_S[1] - VISIT_S[0], abs=1.0)
    assert [each.object_class.value for each in incident.objects] == ["person"]
    assert incident.model == "bright-spot@1"
    assert incident.worker == "a"
    _check_clip(incident, store)
    assert incident.thumbnail is not None
    with store.open(incident.thumbnail) as picture:
        assert b"".join(picture).startswith(b"\xff\xd8")
    assert (reported.codec, reported.width, reported.height, reported.sessions) == ("h264", 320, 192, 1)
    assert SECRET not in repr(lines)


def test_a_planned_stop_ends_what_is_open_where_it_was_last_observed_and_the_next_start_publishes_it(
    stage: Stage, simulator: SimulatorServer
) -> None:
    stage.put(camera("gate", simulator.url("walk")))
    with stage.worker():
        opened = wait_for(lambda: found(stage, states=(IncidentState.OPEN,)), ROUND_S, "an open incident")[0]
    with stage.worker():
        ended = wait_for(lambda: _complete(stage, opened), SOON_S + 5, "it is published whole")
    assert ended.state is IncidentState.INTERRUPTED
    assert ended.ended_at == ended.last_observed_at
    assert ended.epoch == opened.epoch
    assert state(stage, "gate") is CameraState.UNASSIGNED


def test_an_edit_of_rules_keeps_the_session_and_of_streams_starts_a_new_one(
    stage: Stage, simulator: SimulatorServer
) -> None:
    stage.put(camera("gate", simulator.url("walk")))
    with stage.worker() as worker:
        wait_for(lambda: state(stage, "gate") is CameraState.LIVE, SOON_S, "live")
        unit = worker.units["gate"]
        stage.put(camera("gate", simulator.url("walk"), detect={"fps": 2}))
        wait_for(lambda: unit.camera.detect.fps == 2, SOON_S, "the edit is in force")
        assert worker.units["gate"] is unit
        assert unit.status().sessions == 1
        stage.put(camera("gate", simulator.url("walk").replace("127.0.0.1", "localhost")))
        wait_for(lambda: worker.units.get("gate") not in (None, unit), SOON_S, "another unit is in its place")
        wait_for(lambda: worker.units["gate"].status().state is CameraState.LIVE, SOON_S, "live again")


def test_a_camera_that_another_worker_was_granted_is_stopped(stage: Stage, simulator: SimulatorServer) -> None:
    stage.put(camera("gate", simulator.url("walk")))
    with stage.worker() as worker:
        wait_for(lambda: "gate" in worker.units, SOON_S, "the camera is owned")
        with stage.database.session() as session:
            grant = leases.history(session, "gate")[-1]
            leases.release(session, "a", [Lease("gate", grant.epoch, grant.granted_at)])
            assert [each.camera for each in leases.claim(session, "b", 1, 3600)] == ["gate"]
        wait_for(lambda: "gate" not in worker.units, SOON_S, "it is stopped")
        assert _held(stage) == {"gate": "b"}


def test_while_the_database_is_away_incidents_go_on_also_after_a_restart(
    stage: Stage, simulator: SimulatorServer
) -> None:
    stage.put(camera("gate", simulator.url("walk")))
    url = make_url(stage.settings.database_url.get_secret_value())  # type: ignore[union-attr]
    assert url.port is not None
    with Switch(url.port) as way:
        cut_off = SecretStr(url.set(port=way.port).render_as_string(hide_password=False))
        with stage.worker(database_url=cut_off):
            wait_for(lambda: state(stage, "gate") is CameraState.LIVE, SOON_S, "live")
        way.off()
        before = {each.id for each in found(stage)}  # the walker may have come already
        with stage.worker(database_url=cut_off) as worker:
            unit = wait_for(lambda: worker.units.get("gate"), SOON_S, "the camera of last time is taken up")
            wait_for(lambda: unit.status().state is CameraState.LIVE, SOON_S, "live without a database")
            wait_for(lambda: (stats := worker.spool_stats()) and stats.entries, ROUND_S, "an incident on the spool")
            assert {each.id for each in found(stage)} == before
            way.on()
            wait_for(lambda: {each.id for each in found(stage)} - before, ROUND_S, "a new incident is published")
            wait_for(lambda: state(stage, "gate") is CameraState.LIVE, SOON_S, "the status is reported")
            assert unit is worker.units["gate"]
            assert unit.status().sessions == 1


def _held(stage: Stage) -> dict[str, str]:
    with stage.database.session() as session:
        return leases.holders(session)


def _complete(stage: Stage, opened: Incident) -> Incident | None:
    with stage.database.session() as session:
        incident = incidents.get(session, opened.id)
    return incident if incident.clip and incident.tracks else None


def _check_clip(incident: Incident, store: ObjectStore) -> None:
    assert incident.clip is not None
    assert incident.clip.gaps == ()
    (part,) = incident.clip.parts
    assert part.started_at <= incident.started_at - timedelta(seconds=1)
    assert incident.ended_at is not None
    assert part.ended_at >= incident.ended_at + timedelta(seconds=0.9)
    with store.open(part.key) as chunks:
        content = b"".join(chunks)
    assert hashlib.sha256(content).hexdigest() == part.sha256
    assert len(content) == part.size_bytes
    with av.open(io.BytesIO(content), "r") as container:
        pictures = len(list(container.decode(video=0)))
    assert pictures == pytest.approx(part.duration_s * FPS, abs=1)
