"""What is true now of cameras and of the parts they need, read once for all open pages of this process.

One task on the event loop; the reading itself runs in a thread. Nothing is read while no page is open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from camsvc import log
from camsvc.api.context import Server
from camsvc.db.queries import status as status_rows
from camsvc.db.queries import workers as worker_rows
from camsvc.domain.account import Reach
from camsvc.domain.camera import CameraStatus
from camsvc.errors import CamsvcError
from camsvc.web import directory as directories
from camsvc.web.alarms import Alarm, Part, alarms, of_cameras, of_workers
from camsvc.web.directory import Directory

REFRESH_S = 3.0
"""A camera that died shows within so long of its worker's report."""
DIRECTORY_EVERY = 5
"""Names and areas change seldom: with every fifth refresh."""
STORE_EVERY = 4
"""The object store is asked with every fourth: a page is no load test."""

_log = log.get(__name__)


@dataclass(frozen=True)
class Snapshot:
    at: datetime
    directory: Directory = field(default_factory=Directory)
    statuses: Mapping[str, CameraStatus] = field(default_factory=dict)
    alarms: tuple[Alarm, ...] = ()

    def within(self, reach: Reach) -> Snapshot:
        """What may be known by who is granted something in ``reach``: of cameras elsewhere nothing, not their number.

        What is sick of the system itself concerns everybody.
        """
        directory = self.directory.within(reach)
        statuses = {camera: status for camera, status in self.statuses.items() if camera in directory.cameras}
        sick = {each.part: (each.count, each.detail) for each in self.alarms if each.part is not Part.WORKERS}
        seen = alarms(sick | of_cameras(statuses), self.alarms, self.at)
        return Snapshot(self.at, directory, statuses, seen)


class Lookout:
    """On the event loop only."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._snapshot = Snapshot(server.clock.now())
        self._watchers: set[Callable[[Snapshot], None]] = set()
        self._seen: dict[Reach, Snapshot] = {}
        """Of the last snapshot, what each reach shows: many pages have the same."""
        self._task: asyncio.Task[None] | None = None
        self._read_s: float | None = None
        self._count = 0
        self._lock = asyncio.Lock()

    async def now(self) -> Snapshot:
        """As a page that opens needs it: not older than a refresh or two. Says in its alarms what could not be read."""
        age_s = None if self._read_s is None else self._server.clock.monotonic_s() - self._read_s
        if age_s is None or age_s > 2 * REFRESH_S:
            await self._refresh()
        return self._snapshot

    @property
    def last(self) -> Snapshot:
        return self._snapshot

    def seen(self, reach: Reach) -> Snapshot:
        """The last snapshot as it is within ``reach``."""
        if reach.is_everywhere:
            return self._snapshot
        if reach not in self._seen:
            self._seen[reach] = self._snapshot.within(reach)
        return self._seen[reach]

    def watch(self, watcher: Callable[[Snapshot], None]) -> None:
        """``watcher`` is called with every new snapshot until ``unwatch``."""
        self._watchers.add(watcher)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="lookout")

    def unwatch(self, watcher: Callable[[Snapshot], None]) -> None:
        self._watchers.discard(watcher)

    async def close(self) -> None:
        self._watchers.clear()
        if self._task:
            self._task.cancel()

    async def _run(self) -> None:
        while self._watchers:
            await asyncio.sleep(REFRESH_S)
            await self._refresh()
            for watcher in list(self._watchers):
                try:
                    watcher(self._snapshot)
                except Exception as error:  # noqa: BLE001  one page that fails must not blind the others
                    _log.error("page could not show the state", exc_info=error)

    async def _refresh(self) -> None:
        async with self._lock:
            self._snapshot = await asyncio.to_thread(self._read, self._snapshot)
            self._seen = {}
            self._read_s = self._server.clock.monotonic_s()
            self._count += 1

    # In a thread.

    def _read(self, before: Snapshot) -> Snapshot:
        now = replace(before, at=self._server.clock.now())
        sick: dict[Part, tuple[int, str]] = {}
        try:
            with self._server.database.session() as session:
                statuses = status_rows.statuses(session)
                fresh = self._count % DIRECTORY_EVERY == 0 or not statuses.keys() <= before.directory.cameras.keys()
                directory = directories.read(session) if fresh else before.directory
                reports = worker_rows.reports(session)
            now = replace(now, statuses=statuses, directory=directory)
            sick |= of_cameras(statuses) | of_workers(reports)
            if self._count > 1 and not self._server.feed.is_listening:
                sick[Part.NOTIFICATIONS] = 0, ""
        except CamsvcError:
            sick[Part.DATABASE] = 0, ""
        if self._store_is_sick(before):
            sick[Part.STORE] = 0, ""
        return replace(now, alarms=alarms(sick, before.alarms, now.at))

    def _store_is_sick(self, before: Snapshot) -> bool:
        if self._count % STORE_EVERY:
            return any(alarm.part is Part.STORE for alarm in before.alarms)
        return not self._server.readiness.parts()["store"]
