"""Tells open pages of new alerts. One for the process; rests while no page is open.

A thread waits for the database's word that an account has news; its pages then ask how many, on the event loop.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable

from camsvc import log
from camsvc.api.context import Server
from camsvc.api.services.seam import Seam
from camsvc.db.queries.alerts import ALERTS
from camsvc.errors import DatabaseUnavailableError

RETRY_S = 5.0
LISTEN_S = 1.0
"""How long the thread may take to notice that it is to stop."""
STOP_S = 3.0

_log = log.get(__name__)

Watcher = Callable[[], None]


class Bells:
    """``watch`` and ``unwatch`` on the event loop."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._watchers: dict[int, set[Watcher]] = defaultdict(set)
        self._seam = Seam()
        self._stop = threading.Event()
        self._wanted = threading.Event()
        self._is_started = False

    def watch(self, user: int, watcher: Watcher) -> None:
        """``watcher`` is called when the alerts of the account changed, and when changes may have been missed."""
        self._watchers[user].add(watcher)
        self._wanted.set()
        if not self._is_started:
            self._is_started = True
            self._seam.start({"bells": self._listen})

    def unwatch(self, user: int, watcher: Watcher) -> None:
        self._watchers[user].discard(watcher)
        if not self._watchers[user]:
            del self._watchers[user]
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
                _log.warning("pages are not told of alerts", reason=str(error), retry_s=RETRY_S)
                self._server.clock.wait(self._stop, RETRY_S)

    def _follow(self) -> None:
        is_first = True
        for payload in self._server.database.listen(ALERTS, stop=self._stop, interval_s=LISTEN_S):
            if self._stop.is_set() or not self._wanted.is_set():
                return
            if payload is None and is_first:
                self._seam.call(self._ring_all)
            elif payload is not None and payload.isdecimal():
                self._seam.call(self._ring, int(payload))
            is_first = False

    # The event loop.

    def _ring(self, user: int) -> None:
        for watcher in list(self._watchers.get(user, ())):
            watcher()

    def _ring_all(self) -> None:
        for user in list(self._watchers):
            self._ring(user)
