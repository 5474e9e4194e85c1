"""A camera without a worker: a film played in real time to real subscriptions, to test peers by themselves."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import uvloop

from camsvc.clock import SystemClock
from camsvc.config import LiveSettings
from camsvc.domain.camera import StreamRole
from camsvc.errors import NotFoundError
from camsvc.live.access_unit import AccessUnit, Paused, Started, rtp_time
from camsvc.live.peers import Peers
from camsvc.live.subscription import Subscription
from camsvc.media import nal
from tests.live.pictures import packets_of

T = TypeVar("T")
CAMERA = "gate-01"
TIMEOUT_S = 20.0


class Broadcast:
    """Stands for the hub and its one channel. ``gone`` makes the camera pause."""

    def __init__(self, film: Path) -> None:
        self.video, self._packets = packets_of(film)
        self._fps = self.video.nominal_fps or 25.0
        self._started = Started("session-1", self.video, StreamRole.MAIN, None)
        self._gop: list[AccessUnit] = []
        self.subscriptions: set[Subscription] = set()
        self.gone = False
        self.on_show: Callable[[AccessUnit], None] | None = None

    async def subscribe(self, camera: str, stream: StreamRole) -> Subscription:
        if camera != CAMERA:
            raise NotFoundError(f"there is no camera {camera!r}")
        subscription = Subscription(camera, stream, self)
        self.subscriptions.add(subscription)
        subscription.join(self, Paused("retrying", None) if self.gone else self._started)
        return subscription

    def gop(self) -> Sequence[AccessUnit]:
        return self._gop

    def leave(self, subscription: Subscription) -> None:
        self.subscriptions.discard(subscription)

    def pause(self) -> None:
        self.gone, self._gop = True, []
        self._tell(Paused("retrying", "no answer"))

    def resume(self) -> None:
        self.gone = False
        self._tell(self._started)

    async def play(self) -> None:
        """In real time, in an endless loop, until it is cancelled."""
        loop = asyncio.get_running_loop()
        begin_s = loop.time()
        for count, packet in enumerate(itertools.cycle(self._packets)):
            await asyncio.sleep(begin_s + count / self._fps - loop.time())
            if not self.gone:
                self._show(packet.data, is_key=packet.is_key)

    def _show(self, data: bytes, *, is_key: bool) -> None:
        if is_key and not any(unit[0] & 0x1F == 7 for unit in nal.units(data)):
            data = self.video.extradata + data
        at = datetime.now(UTC)
        unit = AccessUnit(data, is_key, at, rtp_time(at))
        self._gop = [unit] if is_key else [*self._gop, unit]
        if self.on_show is not None:
            self.on_show(unit)
        self._tell(unit)

    def _tell(self, item: AccessUnit | Started | Paused) -> None:
        for each in list(self.subscriptions):
            each.put(item)


class LiveThread:
    """Peers on an event loop of their own, as in the live process; ``do`` runs a coroutine there."""

    def __init__(self, film: Path, settings: LiveSettings | None = None) -> None:
        self.settings = settings or LiveSettings()
        self._film = film
        self.loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(TIMEOUT_S)

    def call(self, function: Callable[[], T]) -> T:
        async def called() -> T:
            return function()

        return self.do(called())

    async def _open(self) -> None:
        self.broadcast = Broadcast(self._film)
        self.peers = Peers(self.broadcast, self.settings, SystemClock())
        self._playing = asyncio.create_task(self.broadcast.play())

    async def _shut(self) -> None:
        self._playing.cancel()
        await self.peers.close_all()

    def __enter__(self) -> LiveThread:
        self._thread.start()
        self.do(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self.do(self._shut())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(TIMEOUT_S)
        self.loop.close()


@contextmanager
def live(film: Path, settings: LiveSettings | None = None) -> Iterator[LiveThread]:
    with LiveThread(film, settings) as thread:
        yield thread
