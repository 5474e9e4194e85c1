"""The town's worker as far as viewers know it, and a live process: cameras that play films into real rings, in real
time, until a test makes one stall or go away.

The films show their numbers and a bright square that moves (``tests.video``); the square is what the "analysis" sees.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from camsvc.clock import SystemClock
from camsvc.config import WorkerSettings
from camsvc.db.database import Database
from camsvc.db.queries import endpoints
from camsvc.domain.camera import CameraState, StreamRole
from camsvc.domain.endpoint import EndpointKind
from camsvc.domain.incident import GapReason
from camsvc.domain.track import Box, Moment, ObjectClass, Scene, TrackedObject
from camsvc.media.packets import CLOCK_HZ, ClockReading, Packet, Parameters
from camsvc.media.ring import Ring
from camsvc.trust import Identity
from camsvc.worker.scenes import SceneBoard
from camsvc.worker.tap import TappedStream, TapServer
from camsvc.worker.tap_wire import StreamState
from tests.db import examples
from tests.live.pictures import packets_of
from tests.video import Film, make_film
from tests.web import town

FPS = 12
FRAMES = 4 * FPS
GOP = 2 * FPS
SIZES = {StreamRole.MAIN: (640, 384), StreamRole.SUB: (320, 192)}
ANALYSED_EVERY = 3
ANALYSIS_S = 0.25
"""How late the boxes of a picture come."""
REPORT_S = 1.0
START_S = 40.0
RING_BYTES = 32 * 1024 * 1024
RING_S = 40


def square(number: int) -> Box:
    """Where ``tests.video.draw`` puts the square, in fractions of a picture of any of SIZES' shape."""
    width, height = SIZES[StreamRole.MAIN]
    side = height // 6
    return Box(number * 7 % (width - side) / width, 0.5, side / width, side / height)


@dataclass
class PlayedCamera:
    """What the tap knows as a camera's unit."""

    name: str
    parameters: Mapping[StreamRole, Parameters]
    scenes: SceneBoard = field(default_factory=SceneBoard)
    ending: threading.Event = field(default_factory=threading.Event)
    state: StreamState = field(default_factory=lambda: StreamState(CameraState.CONNECTING, None))
    stalled: bool = False
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    last_packet_at: datetime | None = None
    session: str = ""
    began: int = 0

    def __post_init__(self) -> None:
        self.rings = {role: Ring(RING_S, RING_BYTES) for role in self.parameters}

    def stream(self, role: StreamRole) -> TappedStream:
        return TappedStream(role, self.rings[role], lambda: self.state)

    def begin(self, session: str, number: int) -> None:
        self.session, self.began, self.stalled = session, number, False
        for role, ring in self.rings.items():
            ring.open_session(session, self.parameters[role], lambda: ClockReading(12.0, None))
        self._become(CameraState.LIVE, None)

    def lose(self, detail: str) -> None:
        for ring in self.rings.values():
            ring.close_session(GapReason.RECONNECT)
        self.session = ""
        self._become(CameraState.RETRYING, detail)

    def _become(self, state: CameraState, detail: str | None) -> None:
        self.state, self.since = StreamState(state, detail), datetime.now(UTC)


class Station:
    """``with``: everything plays. Methods may be called from the test's thread."""

    def __init__(
        self, database: Database, tokens: tuple[bytes, ...], environment: Mapping[str, str], folder: Path
    ) -> None:
        self._database = database
        self._environment = dict(environment)
        self._folder = folder
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._numbers = count(1)
        self._frame = 0
        self._films: dict[StreamRole, list[Packet]] = {}
        parameters: dict[StreamRole, Parameters] = {}
        for role, (width, height) in SIZES.items():
            film = make_film(folder / f"{role.value}.mkv", Film(FRAMES, FPS, width, height, gop=GOP))
            video, self._films[role] = packets_of(film)
            parameters[role] = Parameters(video)
        self.cameras = {id_: PlayedCamera(id_, parameters) for id_, *_ in town.CAMERAS}
        settings = WorkerSettings()
        self._tap = TapServer(Identity.fresh(examples.WORKER), tokens, self.cameras, settings, SystemClock())
        self._live: subprocess.Popen[bytes] | None = None
        self._threads = [
            threading.Thread(target=self._play, name="station-films", daemon=True),
            threading.Thread(target=self._report, name="station-reports", daemon=True),
        ]

    def __enter__(self) -> Station:
        self._tap.start()
        for each in self.cameras.values():
            each.begin(f"{each.name}-{next(self._numbers)}", 0)
        for thread in self._threads:
            thread.start()
        self.start_live()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:  # before the tap: it is asked for its port, which a closed one does not know
            thread.join(5)
        self._tap.stop()
        if self._live is not None:
            self._live.terminate()
            self._live.wait(15)

    # What a test does ----------------------------------------------------------------------------------------

    def stall(self, camera: str) -> None:
        """It is connected, and sends nothing."""
        self.cameras[camera].stalled = True

    def go_on(self, camera: str) -> None:
        self.cameras[camera].stalled = False

    def lose(self, camera: str, detail: str = "timed out") -> None:
        with self._lock:
            self.cameras[camera].lose(detail)
        self._tell()

    def find(self, camera: str) -> None:
        """It is there again: a new session."""
        with self._lock:
            self.cameras[camera].begin(f"{camera}-{next(self._numbers)}", self._frame)
        self._tell()

    def filled(self, seconds: float) -> None:
        """Returns when the rings hold so much."""
        self._until(lambda: self._frame / FPS >= seconds, f"{seconds:g} s of pictures")

    def start_live(self) -> None:
        with (self._folder / "live.log").open("ab") as log:
            self._live = subprocess.Popen(
                [sys.executable, "-m", "camsvc.cli.main", "live", "--id", "live-1"],
                env={**os.environ, **self._environment},
                stdout=log,
                stderr=log,
            )
        self._until(self._live_is_there, "the live process to be there")

    def kill_live(self) -> None:
        """As the kernel kills: nothing is said to anybody."""
        assert self._live is not None
        self._live.send_signal(signal.SIGKILL)
        self._live.wait(5)
        with self._database.session() as session:
            endpoints.withdraw(session, EndpointKind.LIVE, "live-1")

    @property
    def viewers(self) -> int:
        """Connections of the live process to the tap."""
        return self._tap.stats.connections

    # Threads -------------------------------------------------------------------------------------------------

    def _play(self) -> None:
        began_s = time.monotonic()
        late: list[tuple[float, PlayedCamera, Scene]] = []
        while not self._stop.is_set():
            due_s = began_s + self._frame / FPS
            self._stop.wait(max(0.0, due_s - time.monotonic()))
            with self._lock:
                late += self._send()
                self._frame += 1
            now_s = time.monotonic()
            for each in [each for each in late if each[0] <= now_s]:
                late.remove(each)
                each[1].scenes.put(each[2])

    def _send(self) -> list[tuple[float, PlayedCamera, Scene]]:
        index, loop = self._frame % FRAMES, self._frame // FRAMES
        at = datetime.now(UTC)
        scenes = []
        for camera in self.cameras.values():
            if not camera.session or camera.stalled:
                continue
            pts = (self._frame - camera.began) * CLOCK_HZ // FPS
            for role, ring in camera.rings.items():
                packet = self._films[role][index]
                ring.append(replace(packet, pts_90k=pts, dts_90k=pts, at=at))
            camera.last_packet_at = at
            if self._frame % ANALYSED_EVERY == 0:
                seen = TrackedObject(loop + 1, square(index), ObjectClass.CAR, 0.9)
                scene = Scene(Moment(camera.session, pts, at), (seen,))
                scenes.append((time.monotonic() + ANALYSIS_S, camera, scene))
        return scenes

    def _report(self) -> None:
        while not self._stop.is_set():
            self._tell()
            self._stop.wait(REPORT_S)

    def _tell(self) -> None:
        """States of the cameras and where the tap is, as the worker's control loop says it."""
        with self._lock:
            states = {each.name: each.state for each in self.cameras.values()}
        told = {id_: (state.state, state.detail) for id_, state in states.items()}
        since = {each.name: each.since for each in self.cameras.values()}
        town.report(self._database, datetime.now(UTC), told, since)
        with self._database.session() as session:
            endpoints.report(session, self._tap.endpoint(examples.WORKER))

    def _live_is_there(self) -> bool:
        assert self._live is not None
        assert self._live.poll() is None, (self._folder / "live.log").read_text()[-2000:]
        with self._database.session() as session:
            return bool(endpoints.fresh(session, EndpointKind.LIVE))

    @staticmethod
    def _until(condition: Callable[[], bool], what: str) -> None:
        began_s = time.monotonic()
        while not condition():
            assert time.monotonic() - began_s < START_S, f"waited {START_S:g} s for {what}"
            time.sleep(0.05)
