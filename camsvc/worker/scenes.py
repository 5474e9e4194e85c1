"""What the tracker of one camera sees, for whoever watches it now: the analysis thread puts, tap threads take.

Nobody listening costs the analysis one look at an empty tuple; somebody slow loses the oldest scenes.
"""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime
from typing import TYPE_CHECKING

from camsvc.domain.incident import GapReason
from camsvc.domain.track import Scene
from camsvc.rules.events import RuleEvent
from camsvc.worker.sink import Sink

if TYPE_CHECKING:
    from camsvc.media.decode import Frame

MAX_WAITING = 64
"""Scenes a listener may be behind: 12 s at 5 a second. Overflow: the oldest goes, for a box that old is of no use."""


class Listener:
    """One who wants a camera's scenes. ``take`` belongs to one thread; any may call ``close``."""

    def __init__(self, board: SceneBoard) -> None:
        self._board = board
        self._changed = threading.Condition()
        self._waiting: deque[Scene] = deque(maxlen=MAX_WAITING)
        self._closed = False
        self.lost = 0

    def put(self, scene: Scene) -> None:
        with self._changed:
            self.lost += len(self._waiting) == MAX_WAITING
            self._waiting.append(scene)
            self._changed.notify()

    def take(self, timeout_s: float) -> list[Scene]:
        """All that waits; empty after ``timeout_s`` without any, and after ``close``."""
        with self._changed:
            if not self._waiting and not self._closed:
                self._changed.wait(timeout_s)
            taken = list(self._waiting)
            self._waiting.clear()
            return taken

    def close(self) -> None:
        """Wakes a waiting ``take``; may be called twice."""
        self._board.leave(self)
        with self._changed:
            self._closed = True
            self._changed.notify()


class SceneBoard:
    """Of one camera, for as long as its unit lives. ``put`` belongs to the analysis thread; the rest to any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: tuple[Listener, ...] = ()
        """Replaced, never changed: ``put`` reads it without the lock."""

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    def listen(self) -> Listener:
        """Hears what comes from now on."""
        listener = Listener(self)
        with self._lock:
            self._listeners = (*self._listeners, listener)
        return listener

    def leave(self, listener: Listener) -> None:
        with self._lock:
            self._listeners = tuple(each for each in self._listeners if each is not listener)

    def put(self, scene: Scene) -> None:
        """Never waits for who listens."""
        for listener in self._listeners:
            listener.put(scene)


class Overheard:
    """A sink whose scenes are put on ``board`` as well."""

    def __init__(self, sink: Sink, board: SceneBoard) -> None:
        self._sink = sink
        self._board = board

    def scene(self, scene: Scene, frame: Frame | None) -> None:
        # Boxes first: the recorder may write to a disk.
        self._board.put(scene)
        self._sink.scene(scene, frame)

    def event(self, event: RuleEvent, frame: Frame | None) -> None:
        self._sink.event(event, frame)

    def not_analysed(self, started_at: datetime, ended_at: datetime, reason: GapReason) -> None:
        self._sink.not_analysed(started_at, ended_at, reason)
