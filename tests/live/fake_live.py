"""A live process without cameras: the real internal interface over the real TLS, with pictures made up on the spot."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import uvicorn

from camsvc.clock import SystemClock
from camsvc.config import LiveSettings
from camsvc.domain.camera import StreamRole
from camsvc.domain.endpoint import Endpoint, EndpointKind
from camsvc.errors import CamsvcError, NotFoundError
from camsvc.live.control import Services, create_control
from camsvc.live.lasting import Mp4, Scenes
from camsvc.live.snapshot import Picture
from camsvc.live.viewings import End, Viewing, Viewings
from camsvc.live.wire import Answer, Part
from camsvc.trust import Identity

INFO = {"state": "playing", "codecs": "avc1.42c01e", "stream": "main", "rendition": None, "session": "s-1"}
AWAY = {"state": "paused", "reason": "retrying", "detail": "the camera does not answer"}
START_S = 5.0
AT = datetime(2026, 11, 22, 8, 30, 0, 250_000, tzinfo=UTC)


@dataclass
class FakeCameras:
    """What each camera does; all exist until they are given an error."""

    errors: dict[str, CamsvcError] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    renditions: dict[str, str] = field(default_factory=dict)
    piece_bytes: int = 100
    peers: dict[str, tuple[str, StreamRole, str]] = field(default_factory=dict)
    fragments: list[str] = field(default_factory=list)
    """Trickled to peers."""
    gone: dict[str, Callable[[End], None]] = field(default_factory=dict)
    streams: list[tuple[str, StreamRole, datetime | None]] = field(default_factory=list)
    open_streams: int = 0
    open_scenes: int = 0

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)

    def services(self) -> Services:
        return Services(self, self._mp4, self._picture, self._scenes, lambda: {"hub_channels": 1})

    async def offer(
        self, text: str, camera: str, stream: StreamRole, user: str, on_close: Callable[[End], None] | None = None
    ) -> tuple[str, Answer]:
        self._require(camera)
        peer = f"peer-{next(self._numbers)}"
        self.peers[peer] = (camera, stream, user)
        if on_close is not None:
            self.gone[peer] = on_close
        return peer, Answer(f"answer to {text}", stream, self.renditions.get(camera))

    async def patch(self, peer_id: str, fragment: str) -> None:
        if peer_id not in self.peers:
            raise NotFoundError("there is no such viewer (any more)")
        self.fragments.append(fragment)

    async def close(self, peer_id: str) -> None:
        self.peers.pop(peer_id, None)

    async def _mp4(self, camera: str, stream: StreamRole, start: datetime | None) -> Mp4:
        self._require(camera)
        self.streams.append((camera, stream, start))
        return FakeMp4(self, camera, stream)

    async def _picture(self, camera: str, stream: StreamRole) -> Picture:
        self._require(camera)
        return Picture(b"\xff\xd8" + camera.encode() + b"\xff\xd9", AT, "s-1")

    async def _scenes(self, camera: str) -> Scenes:
        self._require(camera)
        return FakeScenes(self, camera)

    def _require(self, camera: str) -> None:
        if camera in self.errors:
            raise self.errors[camera]


class FakeMp4:
    def __init__(self, cameras: FakeCameras, camera: str, stream: StreamRole) -> None:
        self._cameras = cameras
        self._camera = camera
        self._stream = stream
        self._closed = False
        cameras.open_streams += 1

    async def __aiter__(self) -> AsyncIterator[tuple[Part, bytes]]:
        info = {**INFO, "stream": self._stream.value, "rendition": self._cameras.renditions.get(self._camera)}
        if self._camera in self._cameras.away:
            yield Part.INFO, json.dumps(AWAY).encode()
            while self._camera in self._cameras.away and not self._closed:  # noqa: ASYNC110  the test's thread says so
                await asyncio.sleep(0.01)
        yield Part.INFO, json.dumps(info).encode()
        yield Part.INIT, b"init"
        for number in itertools.count():
            if self._closed:
                return
            if self._camera in self._cameras.errors:
                raise self._cameras.errors[self._camera]
            yield (
                Part.KEY if number % 10 == 0 else Part.DELTA,
                f"picture {number:6}".encode() * self._cameras.piece_bytes,
            )
            await asyncio.sleep(0.01)

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._cameras.open_streams -= 1


class FakeScenes:
    def __init__(self, cameras: FakeCameras, camera: str) -> None:
        self._cameras = cameras
        self._camera = camera
        self._closed = False
        cameras.open_scenes += 1

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        for number in itertools.count():
            if self._closed or self._camera in self._cameras.away:
                return
            yield {"session": "s-1", "at": AT.isoformat(), "pts_90k": number, "objects": []}
            await asyncio.sleep(0.01)

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = True
            self._cameras.open_scenes -= 1


@dataclass
class FakeLive:
    """One that runs; ``viewings`` is used by its own event loop, so look at it from elsewhere only while it rests."""

    endpoint: Endpoint
    cameras: FakeCameras
    viewings: Viewings
    ended: list[tuple[Viewing, End]]
    refused: set[str]
    """Viewings (by user name) that the next check finds to have no right any more."""
    server: uvicorn.Server
    thread: threading.Thread
    loop: asyncio.AbstractEventLoop

    def check(self) -> None:
        """What happens every 20 s."""
        asyncio.run_coroutine_threadsafe(self.viewings.check(), self.loop).result(START_S)

    def lose(self, peer: str) -> None:
        """The browser of a peer vanishes."""
        self.loop.call_soon_threadsafe(self.cameras.gone[peer], End.VANISHED)

    def kill(self) -> None:
        """As SIGKILL does: every connection is cut, and nothing listens any more."""
        if not self.thread.is_alive():
            return

        def cut() -> None:
            for server in self.server.servers:
                server.close()
            for connection in list(self.server.server_state.connections):
                connection.transport.abort()

        self.loop.call_soon_threadsafe(cut)
        self.server.force_exit = self.server.should_exit = True
        self.thread.join(START_S)


@contextmanager
def live_process(
    tokens: tuple[bytes, ...],
    name: str = "live-1",
    cameras: FakeCameras | None = None,
    **settings: Any,  # noqa: ANN401  Settings'
) -> Iterator[FakeLive]:
    """``settings`` are those of ``live``."""
    cameras = cameras or FakeCameras()
    identity = Identity.fresh(name)
    ended: list[tuple[Viewing, End]] = []
    refused: set[str] = set()

    def check(current: Collection[Viewing]) -> Collection[Viewing]:
        return [each for each in current if each.request.viewer.name in refused]

    viewings = Viewings(LiveSettings(**settings), SystemClock(), ended=lambda *both: ended.append(both), refused=check)
    context = identity.server_context()
    config = uvicorn.Config(
        create_control(cameras.services(), viewings, tokens),
        port=0,
        log_config=None,
        lifespan="off",
        ws="none",
        ssl_context_factory=lambda *_: context,
    )
    server = uvicorn.Server(config)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=_run, args=(loop, server), name=f"fake-{name}", daemon=True)
    thread.start()
    began_s = time.monotonic()
    while not server.started:
        assert time.monotonic() - began_s < START_S, "the fake live process did not start"
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    endpoint = Endpoint(EndpointKind.LIVE, name, "127.0.0.1", port, identity.certificate, 0, 200)
    live = FakeLive(endpoint, cameras, viewings, ended, refused, server, thread, loop)
    try:
        yield live
    finally:
        live.kill()


def _run(loop: asyncio.AbstractEventLoop, server: uvicorn.Server) -> None:
    try:
        loop.run_until_complete(server.serve())
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.05))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
