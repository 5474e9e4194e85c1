"""An embedded server without a supervisor: for tests and tools."""

from __future__ import annotations

import time
from pathlib import Path

from camsvc.errors import EmbeddedServerError
from camsvc.worker.process import Child, Place, ProcessSpec, end_survivor, last_line

POLL_S = 0.02


class Single:
    """Starts one process, waits until it answers, stops it. Does not restart it."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._child: Child | None = None

    def start(self, spec: ProcessSpec) -> None:
        """Raises EmbeddedServerError when it ends or does not answer in time; it does not run then."""
        place = Place.under(self._data)
        end_survivor(place, spec.name, spec.stop_signal, spec.grace_s)
        if spec.before_start is not None:
            spec.before_start()
        self._child = child = Child(spec, place)
        deadline_s = time.monotonic() + spec.ready_timeout_s
        while not child.is_ready():
            status = child.poll()
            if status is not None or time.monotonic() > deadline_s:
                self.stop()
                log_file = place.log_file(spec.name)
                what = "does not answer" if status is None else f"ended with status {status}"
                raise EmbeddedServerError(f"{spec.name} {what}: {last_line(log_file)} (see {log_file})")
            time.sleep(POLL_S)

    @property
    def pid(self) -> int:
        if self._child is None:
            raise EmbeddedServerError("the server is not started")
        return self._child.pid

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop()
            self._child = None
