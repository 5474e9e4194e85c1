"""A state that changes is told at once, not with the next turn of the control thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

import pytest
from cryptography.fernet import Fernet

from camsvc.clock import SimulatedClock
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.queries import status
from camsvc.domain.camera import CameraState, CameraStatus, StreamRole
from camsvc.media.ring import Ring
from camsvc.worker.tap import TappedStream
from camsvc.worker.tap_wire import StreamState
from camsvc.worker.telling import LOOK_EVERY_S, Telling
from camsvc.worker.unit import Unit
from tests.db.examples import WORKER, camera, owned

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


@dataclass
class Camera:
    """As much of a unit as is asked."""

    name: str
    state: CameraState = CameraState.LIVE

    def stream(self, role: StreamRole) -> TappedStream:
        return TappedStream(role, Ring(1, 1_000_000), lambda: StreamState(self.state, None))

    def status(self) -> CameraStatus:
        return CameraStatus(self.name, self.state, NOW, WORKER)


class Watch(SimulatedClock):
    """Changes a camera's state while the control thread rests, and stops it after some looks."""

    def __init__(self, camera: Camera, at_look: int) -> None:
        super().__init__(NOW)
        self._camera = camera
        self._at_look = at_look
        self.looks = 0

    def wait(self, stop: threading.Event, timeout_s: float) -> bool:
        assert timeout_s == LOOK_EVERY_S
        self.looks += 1
        if self.looks == self._at_look:
            self._camera.state = CameraState.RETRYING
        return super().wait(stop, timeout_s)


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    database = Database(migrated_url)
    yield database
    database.close()


def test_a_change_is_told_while_the_control_thread_rests(database: Database) -> None:
    owned(database, Cipher(Fernet.generate_key()), camera("gate"), camera("yard"))
    gate, yard = Camera("gate"), Camera("yard")
    units = cast("dict[str, Unit]", {"gate": gate, "yard": yard})
    clock = Watch(gate, at_look=3)
    telling = Telling(WORKER, database, clock)
    telling.rest(threading.Event(), units, 1.0)
    assert clock.looks == 4
    with database.session() as session:
        found = status.statuses(session)
    assert (found["gate"].state, found["yard"].state) == (CameraState.RETRYING, CameraState.LIVE)


def test_while_postgresql_is_away_it_rests_all_the_same() -> None:
    database = Database("postgresql://camsvc@127.0.0.1:1/camsvc")
    gate = Camera("gate")
    clock = Watch(gate, at_look=2)
    Telling(WORKER, database, clock).rest(threading.Event(), cast("dict[str, Unit]", {"gate": gate}), 1.0)
    assert clock.looks == 4
    database.close()


def test_a_stop_is_heeded_at_once() -> None:
    database = Database("postgresql://camsvc@127.0.0.1:1/camsvc")
    stop, clock = threading.Event(), Watch(Camera("gate"), at_look=2)
    stop.set()
    Telling(WORKER, database, clock).rest(stop, {}, 2.0)
    assert clock.looks == 1
    database.close()
