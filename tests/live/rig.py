"""Live view up to the viewer's subscription: a worker's tap, a directory, a hub; cameras whose rings the test fills."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import TypeVar

from cryptography.fernet import Fernet
from sqlalchemy.orm import Session

from camsvc.clock import SystemClock
from camsvc.config import CameraConfig, LiveSettings, WorkerSettings
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.queries import cameras, endpoints, leases, status
from camsvc.db.queries.leases import Lease
from camsvc.domain.camera import CameraState, CameraStatus, StreamRole
from camsvc.domain.incident import GapReason
from camsvc.live.access_unit import AccessUnit, Item, Paused, Started
from camsvc.live.directory import Directory
from camsvc.live.hub import Hub
from camsvc.live.subscription import Viewing
from camsvc.live.transcode import Transcoder
from camsvc.media.packets import CLOCK_HZ, Packet, Parameters
from camsvc.media.ring import Ring
from camsvc.trust import Identity
from camsvc.worker.scenes import SceneBoard
from camsvc.worker.tap import TappedStream, TapServer
from camsvc.worker.tap_wire import StreamState
from tests.worker import spooling

CLOCK = SystemClock()
FPS, GOP = spooling.FPS, spooling.GOP
SOON_S = 5.0
"""For what takes milliseconds, on a busy machine."""
TTL_S = 60.0
RING_S = 30
ItemT = TypeVar("ItemT", AccessUnit, Started, Paused)


class RingCamera:
    """A camera whose packets come when the test says; each picture's wall time is the last one's plus a step."""

    def __init__(self, name: str, *, has_sub: bool = False, ring_bytes: int = 64 * 1024 * 1024) -> None:
        self.name = name
        self.scenes = SceneBoard()
        self.ending = threading.Event()
        self.state = StreamState(CameraState.CONNECTING, None)
        roles = [StreamRole.MAIN, StreamRole.SUB] if has_sub else [StreamRole.MAIN]
        self.rings = {role: Ring(RING_S, ring_bytes) for role in roles}
        self.sessions = 0
        self.sent: list[Packet] = []
        self.at = datetime.now(UTC)
        self._number = 0

    def stream(self, role: StreamRole) -> TappedStream:
        if role not in self.rings:
            role = StreamRole.MAIN
        return TappedStream(role, self.rings[role], lambda: self.state)

    def go_live(self, parameters: Parameters | None = None) -> str:
        self.sessions += 1
        session = f"{self.name}-{self.sessions}"
        for ring in self.rings.values():
            ring.open_session(session, parameters or spooling.parameters(), spooling.reading)
        self.state = StreamState(CameraState.LIVE, None)
        self._number = 0
        self.at = max(self.at, datetime.now(UTC))
        return session

    def go_away(self, detail: str = "no answer") -> None:
        for ring in self.rings.values():
            ring.close_session(GapReason.RECONNECT)
        self.state = StreamState(CameraState.RETRYING, detail)

    def send(self, count: int = 1, *, to: StreamRole | None = None, padding: int = 0) -> list[Packet]:
        """The next ``count`` pictures; every GOP-th is a key frame. ``padding``: bytes of filler in each."""
        made = []
        for _ in range(count):
            packet = picture(self._number, self.at, padding)
            self._number += 1
            self.at += timedelta(seconds=1 / FPS)
            for role, ring in self.rings.items():
                if to in (None, role):
                    ring.append(packet)
            made.append(packet)
        self.sent += made
        return made

    def put(self, packets: Sequence[Packet]) -> None:
        for packet in packets:
            self.rings[StreamRole.MAIN].append(packet)


def picture(number: int, at: datetime, padding: int = 0) -> Packet:
    packet = _film()[number % len(_film())]
    pts = number * CLOCK_HZ // FPS
    # A NAL unit of filler data (type 12), which decoders pass over.
    filler = b"\x00\x00\x00\x01\x0c" + b"\xff" * padding + b"\x80" if padding else b""
    return replace(packet, data=packet.data + filler, pts_90k=pts, dts_90k=pts, at=at)


@cache
def _film() -> tuple[Packet, ...]:
    return tuple(spooling.packets(0, 6))


@dataclass
class Rig:
    """One installation. Workers are taps only: ``camsvc.worker.tap`` as a worker runs it, without the rest of one."""

    database: Database
    cipher: Cipher = field(default_factory=lambda: Cipher(Fernet.generate_key()))
    settings: LiveSettings = field(default_factory=LiveSettings)
    taps: dict[str, TapServer] = field(default_factory=dict)
    held: dict[str, tuple[str, Lease]] = field(default_factory=dict)
    """Camera → worker and its lease."""

    @property
    def tokens(self) -> tuple[bytes, ...]:
        return self.cipher.derive("tap")

    def worker(self, name: str, *cameras: RingCamera, port: int = 0) -> TapServer:
        """A worker starts, with these cameras, and takes them over from whoever had them."""
        units = {camera.name: camera for camera in cameras}
        settings = WorkerSettings(tap_port=port)
        tap = TapServer(Identity.fresh(name), self.tokens, units, settings, CLOCK)
        tap.start()
        self.taps[name] = tap
        self.assign(name, *cameras)
        return tap

    def assign(self, worker: str, *given: RingCamera) -> None:
        with self.database.session() as session:
            for camera in given:
                config = {"id": camera.name, "name": camera.name, "area": "town", "streams": {"main": "rtsp://c/1"}}
                cameras.put(session, CameraConfig.model_validate(config), self.cipher)
                self._take_over(session, worker, camera.name)
            states = [CameraStatus(each.name, CameraState.LIVE, datetime.now(UTC), worker) for each in given]
            status.report(session, worker, states)
            endpoints.report(session, self.taps[worker].endpoint(worker))

    def _take_over(self, session: Session, worker: str, camera: str) -> None:
        if camera in self.held:
            former, lease = self.held.pop(camera)
            leases.release(session, former, [lease])
        others = [each for each in self.held if each != camera]
        (lease,) = leases.claim(session, worker, 1, TTL_S, held=others)
        self.held[camera] = worker, lease

    def release(self, camera: str) -> None:
        """Its worker gives it up, and nobody takes it."""
        worker, lease = self.held.pop(camera)
        with self.database.session() as session:
            leases.release(session, worker, [lease])

    def give_other_tokens(self) -> None:
        """To the hub, as if its secret key were another."""
        self.cipher = Cipher(Fernet.generate_key())

    def kill(self, worker: str) -> None:
        self.taps.pop(worker).stop()

    @asynccontextmanager
    async def hub(self) -> AsyncIterator[Hub]:
        directory = Directory(self.database, CLOCK)
        directory.start()
        hub = Hub(directory, self.tokens, self.settings, partial(Transcoder, clock=CLOCK), CLOCK)
        try:
            yield hub
        finally:
            await hub.close()
            await asyncio.to_thread(directory.close)

    def close(self) -> None:
        for tap in self.taps.values():
            tap.stop()
        self.database.close()

    def run(self, story: Callable[[Hub], Awaitable[None]]) -> None:
        """``story`` with a hub; no task may be left over."""

        async def whole() -> None:
            async with self.hub() as hub:
                await story(hub)
            left = asyncio.all_tasks() - {asyncio.current_task()}
            assert not left

        asyncio.run(whole())


async def soon(waited: Awaitable[Item]) -> Item:
    async with asyncio.timeout(SOON_S):
        return await waited


async def next_of(viewing: Viewing, kind: type[ItemT]) -> ItemT:
    """The next thing, which must be of this kind."""
    item = await soon(viewing.next())
    assert isinstance(item, kind), item
    return item


async def skip_to(viewing: Viewing, kind: type[ItemT], timeout_s: float = SOON_S) -> ItemT:
    """The next of this kind; what comes before it is passed over."""
    async with asyncio.timeout(timeout_s):
        while True:
            item = await viewing.next()
            if isinstance(item, kind):
                return item


async def units(viewing: Viewing, count: int) -> list[AccessUnit]:
    return [await next_of(viewing, AccessUnit) for _ in range(count)]


async def eventually(condition: Callable[[], bool], what: str, timeout_s: float = SOON_S) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            while not condition():  # noqa: ASYNC110  what other threads do
                await asyncio.sleep(0.01)
    except TimeoutError as error:
        raise AssertionError(f"after {timeout_s:g} s still not: {what}") from error
