"""Keeps a tap of one camera open, wherever the camera is: workers are restarted, cameras move from one to another."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from camsvc import log as logging
from camsvc.clock import Clock
from camsvc.domain.camera import CameraState, StreamRole
from camsvc.domain.endpoint import Endpoint
from camsvc.errors import CamsvcError, DatabaseUnavailableError, NotFoundError, SourceError
from camsvc.live.directory import Directory, Place
from camsvc.live.showing import Transcodes
from camsvc.live.tap import Tap
from camsvc.worker.tap_wire import StreamState, TapItem, Want

_log = logging.get(__name__)

FIRST_RETRY_S = 0.25
"""A worker that was killed is up again within seconds, and its operator waits."""
RETRY_CAP_S = 2.0
"""While a worker or PostgreSQL stays away: one connection in two seconds for a watched stream."""
STABLE_S = 1.0
"""A tap that lived so long was well: what ends it is met with the short wait again."""
JITTER = (0.7, 1.3)
"""When a worker dies, its channels do not all come back at the same moment."""


@dataclass(slots=True)
class Means:
    """What all channels of a hub share."""

    directory: Directory
    tokens: tuple[bytes, ...]
    transcodes: Transcodes
    clock: Clock
    random: Random = field(default_factory=Random)
    reconnects: int = 0
    """Taps that ended and had to be opened again."""
    lost_packets: int = 0
    """Left the ring before they could be sent: this process, or the way to it, was too slow."""


class Audience(Protocol):
    """Told by the pursuit, on the event loop; must not block."""

    def opened(self, stream: StreamRole) -> bool:
        """A tap is open and sends ``stream``. False: it is not wanted, and the pursuit ends."""
        ...

    def took(self, item: TapItem) -> None: ...

    def away(self, reason: str, detail: str | None) -> None:
        """There is no tap for now: ``reason`` as in ``Paused``. Said at every try."""
        ...


class Pursuit:
    """Made once, ``run`` once."""

    def __init__(self, camera: str, stream: StreamRole, want: Want, means: Means, audience: Audience) -> None:
        self.stream = stream
        """To be asked for. The audience may change it."""
        self._camera = camera
        self._want = want
        self._means = means
        self._audience = audience
        self._opened_s: float | None = None

    async def run(self) -> None:
        """Tap after tap, until cancelled or not wanted. The top of its task."""
        failures = 0
        while True:
            self._opened_s = None
            try:
                if not await self._run_once():
                    return
            except CamsvcError as error:
                self._audience.away(*self._why_away(error))
            except Exception:  # noqa: BLE001  a defect met with one camera must not end its pictures for good
                _log.exception("channel failed", camera=self._camera, stream=self.stream.value)
                self._audience.away("worker", "a defect of this service")
            failures = 1 if self._was_stable() else failures + 1
            wait_s = min(RETRY_CAP_S, FIRST_RETRY_S * 2 ** (failures - 1)) * self._means.random.uniform(*JITTER)
            await asyncio.gather(asyncio.sleep(wait_s), self._means.directory.refreshed())

    async def _run_once(self) -> bool:
        """One tap, from open to end; False when it is not wanted. Raises the CamsvcError that ended it."""
        means = self._means
        place = means.directory.place(self._camera)
        if place.endpoint is None:
            raise NowhereError(place)
        async with await Tap.open(place.endpoint, means.tokens, self._camera, self.stream, want=self._want) as tap:
            if not self._audience.opened(tap.stream):
                return False
            self._opened_s = means.clock.monotonic_s()
            async for item in tap:
                if isinstance(item, StreamState):
                    self._check_place(place.endpoint)
                self._audience.took(item)
        return True

    def _was_stable(self) -> bool:
        return self._opened_s is not None and self._means.clock.monotonic_s() - self._opened_s >= STABLE_S

    def _check_place(self, endpoint: Endpoint) -> None:
        """A worker that lost the camera and cannot know (it reaches PostgreSQL no more) is left for the new owner."""
        now = self._means.directory.place(self._camera).endpoint
        if now is not None and (now.name, now.certificate) != (endpoint.name, endpoint.certificate):
            raise SourceError(f"the camera has gone to worker {now.name}")

    def _why_away(self, error: CamsvcError) -> tuple[str, str | None]:
        if self._opened_s is not None:
            self._means.reconnects += 1
            _log.info("tap lost", camera=self._camera, stream=self.stream.value, reason=str(error))
        if isinstance(error, NowhereError):
            return error.state.value, error.detail
        if isinstance(error, NotFoundError) and not self._exists():
            return "removed", "the camera was removed"
        return "worker", str(error)

    def _exists(self) -> bool:
        try:
            self._means.directory.place(self._camera)
        except NotFoundError:
            return False
        except DatabaseUnavailableError:
            return True
        return True


class NowhereError(SourceError):
    """No worker has the camera, or the one that does cannot be asked."""

    def __init__(self, place: Place) -> None:
        status = place.status
        worker = status.worker if status else None
        self.state = status.state if status and worker is None else CameraState.UNASSIGNED
        self.detail = f"worker {worker} cannot be asked for pictures" if worker else status.detail if status else None
        super().__init__(self.detail or "no worker has the camera")
