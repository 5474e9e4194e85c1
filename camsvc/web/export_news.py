"""Tells open pages that an export went on. One for the process; rests while no page shows any.

A thread waits for the database's word; pages then read on the event loop. What comes quickly one after another is told
once: a job says how far it is many times a minute, and nobody reads faster.
"""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import Callable
from uuid import UUID

from camsvc import log
from camsvc.api.context import Server
from camsvc.api.services.seam import Seam
from camsvc.db.queries.exports import EXPORTS
from camsvc.errors import DatabaseUnavailableError

RETRY_S = 5.0
LISTEN_S = 1.0
"""How long the thread may take to notice that it is to stop."""
STOP_S = 3.0
TOGETHER_S = 0.4
"""What comes within it is told together."""

_log = log.get(__name__)

Watcher = Callable[[], None]


class ExportNews:
    """``watch`` and ``unwatch`` on the event loop."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._watchers: dict[int | UUID | None, set[Watcher]] = defaultdict(set)
        self._due: set[Watcher] = set()
        self._seam = Seam()
        self._stop = threading.Event()
        self._wanted = threading.Event()
        self._is_started = False

    def watch(self, whose: int | UUID | None, watcher: Watcher) -> None:
        """``watcher`` is called when an export of the account ``whose``, that one export, or (None) any changed, and
        when changes may have been missed."""
        self._watchers[whose].add(watcher)
        self._wanted.set()
        if not self._is_started:
            self._is_started = True
            self._seam.start({"export-news": self._listen})

    def unwatch(self, whose: int | UUID | None, watcher: Watcher) -> None:
        self._watchers[whose].discard(watcher)
        if not self._watchers[whose]:
            del self._watchers[whose]
        if not self._watchers:
            self._wanted.clear()

    def close(self) -> None:
        self._stop.set()
        self._wanted.set()
        self._seam.join(STOP_S)

    def _listen(self) -> None:
        while not self._stop.is_set():
            self._wanted.wait()
            try:
                self._follow()
            except DatabaseUnavailableError as error:
                _log.warning("pages are not told of exports", reason=str(error), retry_s=RETRY_S)
                self._server.clock.wait(self._stop, RETRY_S)

    def _follow(self) -> None:
        is_first = True
        for payload in self._server.database.listen(EXPORTS, stop=self._stop, interval_s=LISTEN_S):
            if self._stop.is_set() or not self._wanted.is_set():
                return
            if payload is None and is_first:
                self._seam.call(self._tell_all)
            elif payload is not None:
                self._seam.call(self._tell, payload)
            is_first = False

    # The event loop.

    def _tell(self, payload: str) -> None:
        user, _, export = payload.partition(" ")
        try:
            whose: tuple[int | UUID | None, ...] = (int(user), UUID(export), None)
        except ValueError:
            return
        self._gather({watcher for each in whose for watcher in self._watchers.get(each, ())})

    def _tell_all(self) -> None:
        self._gather({watcher for watchers in self._watchers.values() for watcher in watchers})

    def _gather(self, watchers: set[Watcher]) -> None:
        if watchers and not self._due:
            asyncio.get_running_loop().call_later(TOGETHER_S, self._call)
        self._due |= watchers

    def _call(self) -> None:
        due, self._due = self._due, set()
        for watcher in due:
            watcher()
