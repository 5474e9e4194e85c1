"""The one thread of a worker that carries footage from the rings to the disk, for all its cameras."""

from __future__ import annotations

import threading

from camsvc import log
from camsvc.clock import Clock
from camsvc.worker.recorder import IncidentRecorder

TURN_S = 0.25
"""A turn over idle recorders costs microseconds; the ring holds half a minute, so this is no delay that counts."""

_log = log.get(__name__)


class RecorderThread:
    """A slow disk slows this thread alone: the rings then evict, and what is missing becomes a gap (invariant 1)."""

    def __init__(self, *, clock: Clock, stop: threading.Event) -> None:
        self._clock = clock
        self._stop = stop
        self._lock = threading.Lock()
        self._recorders: list[IncidentRecorder] = []

    def add(self, recorder: IncidentRecorder) -> None:
        with self._lock:
            self._recorders.append(recorder)

    def remove(self, recorder: IncidentRecorder) -> None:
        """The caller then closes it."""
        with self._lock:
            self._recorders.remove(recorder)

    def run(self) -> None:
        """Until ``stop`` is set. The recorders are closed by whoever owns them."""
        while not self._clock.wait(self._stop, TURN_S):
            try:
                self.turn()
            except Exception:  # noqa: BLE001  top of the thread: without it nothing would ever be recorded again
                _log.exception("recording failed")

    def turn(self) -> bool:
        """One turn of every recorder; whether anything is being recorded."""
        with self._lock:
            recorders = list(self._recorders)
        recording = [recorder.turn() for recorder in recorders]
        return any(recording)
