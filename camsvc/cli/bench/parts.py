"""The processes of ``camsvc bench live``, each started as ``python -m camsvc.cli.bench.parts PART …``.

``camera``   serves a film over RTSP
``worker``   receives it into a ring and opens a tap, as a worker does; nothing is detected or recorded
``live``     a hub and its peers, as a live process has them, with a WHEP endpoint without rights
``viewers``  watch, and count

Each prints one line of JSON when it is ready and ends when its standard input does, so that none outlives the command.
``viewers`` prints a second line at the end.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from camsvc import log
from camsvc.cli.bench.audience import watch
from camsvc.clock import SystemClock
from camsvc.config import LiveSettings, WorkerSettings
from camsvc.domain.camera import CameraState, CameraStatus, StreamRole
from camsvc.domain.endpoint import Endpoint
from camsvc.domain.incident import GapReason
from camsvc.live.directory import Directory, Place
from camsvc.live.hub import Hub
from camsvc.live.peers import Peers
from camsvc.live.transcode import Transcoder
from camsvc.media.ring import Ring
from camsvc.media.rtsp import RtspSource
from camsvc.media.simulator.server import SimulatorServer, cameras_from_files
from camsvc.trust import Identity
from camsvc.worker.scenes import SceneBoard
from camsvc.worker.tap import TappedStream, TapServer
from camsvc.worker.tap_wire import StreamState

CAMERA = "camera"
_TOKENS = (bytes(32),)
"""Both sides are this program, on loopback."""
_MANY = 5000
"""Viewers: as many as are asked for."""


def camera(film: str) -> None:
    with SimulatorServer(cameras_from_files([Path(film)], [])) as server:
        name = next(iter(server.cameras))
        _ready({"url": server.url(name)})


def worker(url: str) -> None:
    unit = _Unit(url)
    tap = TapServer(Identity.fresh("worker"), _TOKENS, {CAMERA: unit}, WorkerSettings(), SystemClock())
    tap.start()
    unit.start()
    place = tap.endpoint("worker")
    _ready({"host": place.host, "port": place.port, "certificate": place.certificate})
    unit.ending.set()
    tap.stop()


def live(tap: str) -> None:
    uvloop.run(_live(Endpoint(**json.loads(tap))))


def viewers(url: str, count: str, seconds: str) -> None:
    print(json.dumps(asyncio.run(watch(url, int(count), float(seconds), _say))), flush=True)


PARTS: Mapping[str, Callable[..., None]] = {"camera": camera, "worker": worker, "live": live, "viewers": viewers}


class _Unit:
    """A camera's unit as far as its tap needs it."""

    def __init__(self, url: str) -> None:
        settings = WorkerSettings()
        self.scenes = SceneBoard()
        self.ending = threading.Event()
        self._url = url
        self._ring = Ring(settings.ring_s, settings.ring_bytes)
        self._state = StreamState(CameraState.CONNECTING, None)
        self._is_live = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._receive, daemon=True).start()
        self._is_live.wait()

    def stream(self, role: StreamRole) -> TappedStream:
        return TappedStream(StreamRole.MAIN, self._ring, lambda: self._state)

    def _receive(self) -> None:
        with RtspSource(self._url, clock=SystemClock(), stop=self.ending) as source:
            self._ring.open_session(source.session, source.parameters, source.clock)
            self._state = StreamState(CameraState.LIVE, None)
            for packet in source.packets():
                self._ring.append(packet)
                self._is_live.set()
            self._ring.close_session(GapReason.RECONNECT)


class _OneCamera(Directory):
    """Knows one camera, and asks no database."""

    def __init__(self, endpoint: Endpoint) -> None:
        now = SystemClock().now()
        status = CameraStatus(CAMERA, CameraState.LIVE, now, endpoint.name)
        self._known = {CAMERA: Place(CAMERA, CAMERA, status, endpoint)}

    def place(self, camera: str) -> Place:
        return self._known[camera]

    def places(self) -> Mapping[str, Place]:
        return self._known

    async def refreshed(self) -> None:
        return


async def _live(endpoint: Endpoint) -> None:
    clock = SystemClock()
    settings = LiveSettings(max_viewers=_MANY, max_viewers_per_user=1000)
    hub = Hub(_OneCamera(endpoint), _TOKENS, settings, partial(Transcoder, clock=clock), clock)
    peers = Peers(hub, settings, clock)

    async def whep(request: Request) -> Response:
        text = (await request.body()).decode()
        _, answer = await peers.offer(text, CAMERA, StreamRole.MAIN, "bench")
        return Response(answer.sdp, 201, media_type="application/sdp")

    gc.collect()
    gc.freeze()
    async with _served(Starlette(routes=[Route("/whep", whep, methods=["POST"])])) as port:
        await asyncio.to_thread(_ready, {"url": f"http://127.0.0.1:{port}/whep"})
        await peers.close_all()
        await hub.close()


@asynccontextmanager
async def _served(app: Starlette) -> AsyncIterator[int]:
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  uvicorn tells nobody
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task


def _say(about: Mapping[str, object]) -> None:
    print(json.dumps(about), flush=True)


def _ready(about: Mapping[str, object]) -> None:
    """Says so, and returns when the command ends us."""
    _say(about)
    sys.stdin.read()


if __name__ == "__main__":
    log.configure("warning")
    PARTS[sys.argv[1]](*sys.argv[2:])
