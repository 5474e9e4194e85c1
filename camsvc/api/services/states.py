"""States of cameras as they change: one reader of the database for each process, any number of listeners.

Threads: the *listener* holds a LISTEN connection and only wakes the *pump*; the pump reads all states, finds what
changed, and hands it to the event loop. Both rest while nobody listens.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from camsvc import log
from camsvc.api.services.seam import Seam
from camsvc.clock import Clock
from camsvc.db.database import CAMERA_STATES, Database
from camsvc.db.queries import status
from camsvc.domain.camera import CameraStatus
from camsvc.domain.incident_json import time_json
from camsvc.errors import CamsvcError

POLL_S = 1.0
"""A state also changes by nothing being said: a worker that died. Thousands of cameras are read in 20 ms."""
QUIET_S = 0.1
"""Between two readings: when a site goes, hundreds of cameras change at once and are read together."""
RETRY_S = 2.0

_log = log.get(__name__)

Read = Callable[[], Mapping[str, CameraStatus]]
Listen = Callable[[threading.Event], Iterator[object]]


def state_json(found: CameraStatus) -> dict[str, Any]:
    """What is told of a camera; without credentials, whatever its worker said (invariant 9)."""
    return {
        "camera": found.camera,
        "state": found.state.value,
        "since": time_json(found.since),
        "detail": log.redact(found.detail) if found.detail else None,
        "last_packet_at": time_json(found.last_packet_at) if found.last_packet_at else None,
    }


def states_of(database: Database) -> tuple[Read, Listen]:
    def read() -> Mapping[str, CameraStatus]:
        with database.session() as session:
            return status.statuses(session)

    def listen(stop: threading.Event) -> Iterator[object]:
        return database.listen(CAMERA_STATES, stop=stop, interval_s=POLL_S)

    return read, listen


class StatesListener:
    """What changed since it was last taken: the newest of each camera, so it is bounded by their number.

    Used on the event loop only.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._waiting: dict[str, CameraStatus | None] = {}

    def offer(self, states: Mapping[str, CameraStatus | None]) -> None:
        self._waiting.update(states)
        self._changed()

    def take(self) -> dict[str, CameraStatus | None]:
        """None: the camera is not wanted any more."""
        taken, self._waiting = self._waiting, {}
        return taken


class States:
    """``start`` on the event loop; ``close`` from any thread, more than once."""

    def __init__(self, read: Read, listen: Listen, clock: Clock) -> None:
        self._read = read
        self._listen_to = listen
        self._clock = clock
        self._seam = Seam()
        self._listeners: set[StatesListener] = set()
        self._known: dict[str, CameraStatus] = {}
        self._is_known = False
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._wanted = threading.Event()

    def start(self) -> None:
        self._seam.start({"states-pump": self._pump, "states-listener": self._listen})

    def close(self) -> None:
        """Who listens is woken, and sees that it is over; the threads are told, ``join`` waits."""
        self._stop.set()
        self._wanted.set()
        self._wake.set()
        self._seam.call(self._wake_all)

    def join(self, timeout_s: float) -> None:
        self._seam.join(timeout_s)

    @property
    def is_closed(self) -> bool:
        return self._stop.is_set()

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    def subscribe(self, changed: Callable[[], None]) -> StatesListener:
        """``changed`` is called when there is something to take: all that is known, to begin with, at once or as soon
        as it is read."""
        listener = StatesListener(changed)
        self._listeners.add(listener)
        if self._is_known and self._wanted.is_set():
            listener.offer(self._known)
        self._wanted.set()
        self._wake.set()
        return listener

    def unsubscribe(self, listener: StatesListener) -> None:
        self._listeners.discard(listener)
        if not self._listeners and not self._stop.is_set():
            self._wanted.clear()
            self._is_known = False  # by the time somebody comes it is old

    # The pump's thread.

    def _pump(self) -> None:
        while not self._stop.is_set():
            self._wanted.wait()
            try:
                found = self._read()
            except CamsvcError as error:
                _log.warning("states of cameras cannot be read", reason=str(error), retry_s=RETRY_S)
                self._clock.wait(self._stop, RETRY_S)
                continue
            self._seam.call(self._take, found)
            self._clock.wait(self._stop, QUIET_S)
            self._wake.wait(POLL_S - QUIET_S)
            self._wake.clear()

    # The listener's thread.

    def _listen(self) -> None:
        while not self._stop.is_set():
            self._wanted.wait()
            try:
                for _ in self._listen_to(self._stop):
                    self._wake.set()
                    if not self._wanted.is_set():
                        break
            except CamsvcError as error:
                _log.warning("changes of states are polled for: notifications are away", reason=str(error))
            self._clock.wait(self._stop, RETRY_S if self._wanted.is_set() else 0.0)

    # The event loop.

    def _wake_all(self) -> None:
        for listener in list(self._listeners):
            listener.offer({})

    def _take(self, found: Mapping[str, CameraStatus]) -> None:
        if not self._listeners:
            return
        changed: dict[str, CameraStatus | None]
        changed = dict(_changes(self._known, found)) if self._is_known else dict(found)
        self._known, self._is_known = dict(found), True
        if changed:
            for listener in list(self._listeners):
                listener.offer(changed)


def _changes(
    before: Mapping[str, CameraStatus], after: Mapping[str, CameraStatus]
) -> Iterable[tuple[str, CameraStatus | None]]:
    for camera in before.keys() - after.keys():
        yield camera, None
    for camera, state in after.items():
        old = before.get(camera)
        if old is None or (old.state, old.since, old.detail) != (state.state, state.since, state.detail):
            yield camera, state
