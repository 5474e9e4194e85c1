"""Tells open pages what the database announces: of an account's alerts and notices, of exports that went on.

One of each for the process; rests while no page listens. A thread waits for the database's word; pages then read on the
event loop. What comes quickly one after another is told once: an export says how far it is many times a minute, and
nobody reads faster.
"""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from uuid import UUID

from camsvc import log
from camsvc.api.context import Server
from camsvc.api.services.seam import Seam
from camsvc.db.queries.alerts import ALERTS
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
About = int | UUID | None
"""An account, one export, or any."""


class Hearing:
    """``watch`` and ``unwatch`` on the event loop."""

    def __init__(self, server: Server, channel: str, concerns: Callable[[str], Iterable[About]]) -> None:
        """``concerns``: whom what is said on ``channel`` is for; ValueError: nobody of ours."""
        self._server = server
        self._channel = channel
        self._concerns = concerns
        self._watchers: dict[About, set[Watcher]] = defaultdict(set)
        self._due: set[Watcher] = set()
        self._seam = Seam()
        self._stop = threading.Event()
        self._wanted = threading.Event()
        self._is_started = False

    def watch(self, about: About, watcher: Watcher) -> None:
        """``watcher`` is called when something of ``about`` changed, and when changes may have been missed."""
        self._watchers[about].add(watcher)
        self._wanted.set()
        if not self._is_started:
            self._is_started = True
            self._seam.start({f"hearing-{self._channel}": self._listen})

    def unwatch(self, about: About, watcher: Watcher) -> None:
        self._watchers[about].discard(watcher)
        if not self._watchers[about]:
            del self._watchers[about]
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
                _log.warning("pages are not told of news", channel=self._channel, reason=str(error), retry_s=RETRY_S)
                self._server.clock.wait(self._stop, RETRY_S)

    def _follow(self) -> None:
        is_first = True
        for payload in self._server.database.listen(self._channel, stop=self._stop, interval_s=LISTEN_S):
            if self._stop.is_set() or not self._wanted.is_set():
                return
            if payload is None and is_first:
                self._seam.call(self._tell_all)
            elif payload is not None:
                self._seam.call(self._tell, payload)
            is_first = False

    # The event loop.

    def _tell(self, payload: str) -> None:
        try:
            concerned = tuple(self._concerns(payload))
        except ValueError:
            return
        self._gather({watcher for each in concerned for watcher in self._watchers.get(each, ())})

    def _tell_all(self) -> None:
        self._gather(self._listening())

    def _listening(self) -> set[Watcher]:
        return {watcher for watchers in self._watchers.values() for watcher in watchers}

    def _gather(self, watchers: set[Watcher]) -> None:
        if watchers and not self._due:
            asyncio.get_running_loop().call_later(TOGETHER_S, self._call)
        self._due |= watchers

    def _call(self) -> None:
        due, self._due = self._due, set()
        for watcher in due & self._listening():  # a page may have gone meanwhile
            watcher()


def of_accounts(server: Server) -> Hearing:
    """Of an account's alerts and notices; ``about`` is its id."""
    return Hearing(server, ALERTS, lambda payload: (int(payload),))


def of_exports(server: Server) -> Hearing:
    """``about``: the account whose exports they are, one export, or None for any."""

    def concerns(payload: str) -> tuple[About, ...]:
        user, _, export = payload.partition(" ")
        return int(user), UUID(export), None

    return Hearing(server, EXPORTS, concerns)
