"""One client's view of what is live: the server's time, states of cameras, tracks; for as long as it listens.

Messages are JSON objects, by ``type``: ``time`` (at), ``state`` (camera, state, since, detail, last_packet_at),
``tracks`` (camera, session, at, pts_90k, objects).
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool

from camsvc import log
from camsvc.api.context import Server
from camsvc.api.errors import BusyError
from camsvc.api.services import rights
from camsvc.api.services.live import Asker
from camsvc.api.services.states import StatesListener, state_json
from camsvc.domain.account import Action, User
from camsvc.domain.camera import CameraStatus
from camsvc.domain.incident_json import time_json
from camsvc.errors import CamsvcError

TIME_EVERY_S = 10.0
"""Clocks of two machines drift apart by less than a millisecond in that; and no proxy takes it for a dead line."""
TRACKS_WAITING = 256
"""Of one client: seconds of a wall. Full: the oldest goes, for a box that is late is wrong; counted."""
TRACKS_RETRY_S = (0.5, 1.5)
"""Until the live process is asked again; spread, as it ends for all at once."""
CLIENTS_MAX = 500
"""Of one server process: each has a connection, and one more to each live process whose tracks it wants."""
REMOVED = "removed"
"""Stands for a state: the camera is not wanted any more, or not this client's to see."""

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    cameras: tuple[str, ...] | None
    """States of these; None: of all that may be seen."""
    tracks: tuple[str, ...] = ()


class LiveEvents:
    """Used on the event loop only: ``open`` it, take what ``next`` gives, ``close`` it however it ends."""

    def __init__(self, server: Server, asker: Asker, wanted: Wanted) -> None:
        self._server = server
        self._user = asker.user
        self._source = asker.viewer.address or None
        self._wanted = wanted
        self._allowed: frozenset[str] = frozenset()
        self._foreign: set[str] = set()
        """Cameras that were found to be none of this client's business."""
        self._wake = asyncio.Event()
        self._listener: StatesListener | None = None
        self._tracks = _Tracks(server, self._wake.set)
        self._gone: list[str] = []
        self._time_due_s = 0.0

    async def open(self) -> None:
        """Raises NotFoundError and ForbiddenError (recorded) for a camera that may not be seen, BusyError."""
        if self._server.states.listeners >= CLIENTS_MAX:
            raise BusyError("Too many streams of events are open on this server.")
        await self.change(self._wanted)

    async def change(self, wanted: Wanted) -> None:
        """Other cameras from now on; their states come at once. Raises as ``open``; then all stays as it was."""
        allowed = await run_in_threadpool(self._require, wanted)
        self._wanted, self._allowed = wanted, allowed
        self._foreign.clear()
        self._unsubscribe()
        self._listener = self._server.states.subscribe(self._wake.set)
        self._tracks.read(wanted.tracks)

    async def recheck(self, user: User) -> None:
        """With what ``user`` is granted now: what may not be seen any more is not told any more."""
        self._user = user
        before = self._allowed
        await self._refresh()
        for camera in before - self._allowed:
            self._gone.append(camera)
        kept = tuple(each for each in self._wanted.tracks if each in self._allowed)
        if kept != self._wanted.tracks:
            self._wanted = Wanted(self._wanted.cameras, kept)
            self._tracks.read(kept)

    async def next(self) -> list[dict[str, Any]]:
        """What there is to be told, within TIME_EVERY_S."""
        now_s = self._server.clock.monotonic_s()
        try:
            async with asyncio.timeout(max(0.0, self._time_due_s - now_s)):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()
        messages = await self._states()
        messages += [_message(camera, None) for camera in self._gone]
        self._gone.clear()
        messages += self._tracks.take()
        now_s = self._server.clock.monotonic_s()
        if now_s >= self._time_due_s:
            self._time_due_s = now_s + TIME_EVERY_S
            messages.insert(0, self.time())
        return messages

    def time(self) -> dict[str, Any]:
        """The server's clock, against which a page holds its own."""
        return {"type": "time", "at": time_json(self._server.clock.now())}

    @property
    def dropped(self) -> int:
        """Tracks that the client was too slow for."""
        return self._tracks.dropped

    async def close(self) -> None:
        self._unsubscribe()
        await self._tracks.close()

    async def _states(self) -> list[dict[str, Any]]:
        changed = self._listener.take() if self._listener else {}
        if self._wanted.cameras is None and changed.keys() - self._allowed - self._foreign:
            await self._refresh()
        wanted = self._allowed
        self._foreign |= changed.keys() - wanted
        return [_message(camera, state) for camera, state in changed.items() if camera in wanted]

    def _require(self, wanted: Wanted) -> frozenset[str]:
        if wanted.cameras is None and not wanted.tracks:
            rights.require_somewhere(self._server, self._user, Action.LIVE, source=self._source)
        allowed = frozenset(rights.cameras(self._server, self._user, Action.LIVE, among=wanted.cameras))
        for camera in {*(wanted.cameras or ()), *wanted.tracks} - allowed:
            rights.require(self._server, self._user, Action.LIVE, camera, source=self._source)
        return allowed

    def _all(self) -> frozenset[str]:
        return frozenset(rights.cameras(self._server, self._user, Action.LIVE, among=self._wanted.cameras))

    async def _refresh(self) -> None:
        self._allowed = await run_in_threadpool(self._all)
        self._foreign.clear()

    def _unsubscribe(self) -> None:
        if self._listener is not None:
            self._server.states.unsubscribe(self._listener)
            self._listener = None


class _Tracks:
    """Reads tracks of cameras from their live processes, for one client."""

    def __init__(self, server: Server, changed: Callable[[], None]) -> None:
        self._server = server
        self._changed = changed
        self._reader: asyncio.Task[None] | None = None
        self._waiting: deque[dict[str, Any]] = deque()
        self.dropped = 0

    def read(self, cameras: Sequence[str]) -> None:
        """Of these from now on."""
        if self._reader is not None:
            self._reader.cancel()
        self._reader = asyncio.create_task(self._read_all(cameras)) if cameras else None

    def take(self) -> list[dict[str, Any]]:
        taken = list(self._waiting)
        self._waiting.clear()
        return taken

    async def close(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    async def _read_all(self, cameras: Sequence[str]) -> None:
        groups: list[list[str]] = []
        while not groups:
            try:
                groups = await self._server.live.grouped(cameras)
            except CamsvcError as error:
                _log.warning("tracks cannot be followed now", reason=str(error))
                await asyncio.sleep(random.uniform(*TRACKS_RETRY_S))  # noqa: S311  spreads, guards nothing
        async with asyncio.TaskGroup() as tasks:
            for group in groups:
                tasks.create_task(self._read(group))

    async def _read(self, cameras: Sequence[str]) -> None:
        while True:
            try:
                async with self._server.live.scenes(cameras) as scenes:
                    async for scene in scenes:
                        self._add({"type": "tracks", **scene})
            except CamsvcError as error:
                _log.info("tracks break off and are asked for again", cameras=len(cameras), reason=str(error))
            await asyncio.sleep(random.uniform(*TRACKS_RETRY_S))  # noqa: S311  spreads, guards nothing

    def _add(self, message: dict[str, Any]) -> None:
        if len(self._waiting) >= TRACKS_WAITING:
            self._waiting.popleft()
            self.dropped += 1
        self._waiting.append(message)
        self._changed()


def _message(camera: str, state: CameraStatus | None) -> dict[str, Any]:
    if state is None:
        return {"type": "state", "camera": camera, "state": REMOVED}
    return {"type": "state", **state_json(state)}
