from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from camsvc.db.cipher import Cipher
from camsvc.db.database import CAMERA_STATES, Database
from camsvc.db.queries import cameras, leases, status
from camsvc.domain.camera import CameraState, CameraStatus
from tests.db.examples import WORKER, camera, owned, put

LIVE = CameraStatus(
    camera="bridge-01",
    state=CameraState.LIVE,
    since=datetime(2026, 11, 5, 5, 0, 0, 1, tzinfo=UTC),
    worker=WORKER,
    detail="all is well",
    last_packet_at=datetime(2026, 11, 5, 6, 0, tzinfo=UTC),
    codec="hevc",
    width=1920,
    height=1080,
    fps=24.9,
    bitrate_bps=5_000_000_000,
    clock_error_ms=1.5,
    camera_clock_offset_ms=-20.25,
    sessions=3,
    analysed_fps=4.5,
    shed_frames=2**40,
)


@pytest.fixture
def served(database: Database, cipher: Cipher) -> Database:
    owned(database, cipher, camera(), camera("bridge-02"))
    return database


def _report(database: Database, *statuses: CameraStatus, worker: str = WORKER) -> None:
    with database.session() as session:
        status.report(session, worker, statuses)


def _of(database: Database, id_: str = "bridge-01") -> CameraStatus:
    with database.session() as session:
        return status.statuses(session)[id_]


def _change(database: Database, statement: str) -> None:
    with database.session() as session:
        session.execute(text(statement))


def test_a_report_comes_back_as_it_was_made_and_the_last_one_counts(served: Database) -> None:
    _report(served, replace(LIVE, state=CameraState.CONNECTING, codec=None))
    _report(served, LIVE)
    assert _of(served) == LIVE


def test_every_wanted_camera_has_a_status_and_no_other(served: Database, cipher: Cipher) -> None:
    put(served, cipher, camera("bridge-03"), camera("off", enabled=False), camera("gone"))
    with served.session() as session:
        cameras.remove(session, "gone")
    with served.session() as session:
        found = {id_: each.state for id_, each in status.statuses(session).items()}
    assert found == {
        "bridge-01": CameraState.CONNECTING,
        "bridge-02": CameraState.CONNECTING,
        "bridge-03": CameraState.UNASSIGNED,
        "off": CameraState.DISABLED,
    }


def test_a_camera_whose_lease_ran_out_is_unassigned_however_well_it_was(served: Database) -> None:
    _report(served, LIVE)
    _change(served, "UPDATE leases SET expires_at = clock_timestamp() - interval '2 s'")
    found = _of(served)
    assert found.state is CameraState.UNASSIGNED
    assert "held it until" in (found.detail or "")
    assert found.last_packet_at == LIVE.last_packet_at
    assert found.fps is None, "what was measured then is not true of now"


def test_a_released_camera_is_unassigned(served: Database) -> None:
    _report(served, LIVE)
    with served.session() as session:
        leases.release(session, WORKER, [leases.Lease("bridge-01", 1, LIVE.since)])
    assert _of(served).state is CameraState.UNASSIGNED
    assert _of(served).detail == "no worker holds it"


def test_a_report_that_is_stale_says_so_and_is_never_live(served: Database) -> None:
    _report(served, LIVE)
    _change(served, "UPDATE camera_status SET reported_at = clock_timestamp() - interval '75 s'")
    _change(served, "UPDATE leases SET granted_at = clock_timestamp() - interval '90 s'")
    found = _of(served)
    assert found.state is CameraState.UNASSIGNED
    assert found.detail == f"worker {WORKER} has not reported for 75 s; it was live then"


def test_a_worker_that_never_reports_is_told(served: Database) -> None:
    _change(served, "UPDATE leases SET granted_at = clock_timestamp() - interval '90 s'")
    assert _of(served).detail == f"worker {WORKER} holds it but has not reported for 90 s"
    assert _of(served).state is CameraState.UNASSIGNED


def test_a_report_of_a_former_owner_is_not_taken(served: Database) -> None:
    _report(served, LIVE)
    _change(served, "UPDATE leases SET expires_at = clock_timestamp() - interval '2 s' WHERE camera = 'bridge-01'")
    with served.session() as session:
        leases.claim(session, "successor", 5, 60)
    assert _of(served).state is CameraState.CONNECTING
    _report(served, replace(LIVE, detail="a ghost"))
    assert _of(served).detail == "worker successor has just been given it"
    _report(served, replace(LIVE, worker="successor"), worker="successor")
    assert _of(served) == replace(LIVE, worker="successor")


def test_a_report_of_nothing_is_nothing(served: Database) -> None:
    _report(served)
    _report(served, replace(LIVE, camera="unknown"))
    assert "unknown" not in [_of(served).camera]


def test_a_change_of_state_is_notified_and_a_repeated_report_is_not(served: Database) -> None:
    _report(served, LIVE)
    items = served.listen(CAMERA_STATES, interval_s=0.2)
    assert next(items) is None
    _report(served, replace(LIVE, fps=12.5, last_packet_at=datetime(2026, 11, 5, 6, 1, tzinfo=UTC)))
    assert next(items) is None
    _report(served, replace(LIVE, state=CameraState.RETRYING, detail="no answer"))
    assert next(items) == "bridge-01"
    _report(served, replace(LIVE, state=CameraState.RETRYING, detail="refused"))
    assert next(items) == "bridge-01"
