"""A running export's sign of life: once a second its progress goes into the database, and what it is to do comes back.

It has a thread of its own, because a step of the work (a copy that is rendered, a PDF) may take longer than a server
may be silent before another takes its job over.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import Enum
from types import TracebackType
from typing import Self

from camsvc import log
from camsvc.clock import Clock
from camsvc.db.database import Database
from camsvc.db.queries import export_runs
from camsvc.db.queries.export_runs import DEAD, Claimed
from camsvc.errors import CamsvcError

BEAT_S = 1.0
"""Also how soon a job notices that it is to stop, and how often open pages see it go on."""
SILENT_S = DEAD.total_seconds() * 2 / 3
"""Without the database for so long the job is given up here: soon another server takes it over."""

_log = log.get(__name__)


class Why(Enum):
    """Why a job ended before it was done, in words for the audit."""

    CANCELLED = "somebody cancelled it"
    LOST = "it was taken over, or the database was away too long"
    STOPPING = "the server stops; it is begun again"
    NO_ROOM = "the disk of the object store is about to be full"


class EndedError(CamsvcError):
    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


class Pulse:
    """A context, around the work. ``check`` and ``progress`` from any thread."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        job: Claimed,
        stop: threading.Event,
        has_room: Callable[[], bool],
    ) -> None:
        """``stop``: of the server. ``has_room``: whether the store may take more."""
        self._database = database
        self._clock = clock
        self._job = job
        self._stop = stop
        self._has_room = has_room
        self._ended = threading.Event()
        self._why: Why | None = None
        self._done_bytes = 0
        self._all_bytes = 0
        self._thread = threading.Thread(target=self._run, name="export-pulse", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def check(self) -> None:
        """Raises EndedError when the work is to end."""
        if self._stop.is_set() and self._why is None:
            self._why = Why.STOPPING
        if self._why is not None:
            raise EndedError(self._why)

    def progress(self, done_bytes: int, all_bytes: int) -> None:
        self._done_bytes, self._all_bytes = done_bytes, all_bytes

    @property
    def done_bytes(self) -> int:
        """As last told."""
        return self._done_bytes

    def _run(self) -> None:
        heard_s = self._clock.monotonic_s()
        while not self._ended.wait(BEAT_S):
            try:
                with self._database.session() as session:
                    told = export_runs.beat(session, self._job, self._done_bytes, self._all_bytes)
            except CamsvcError as error:
                silent_s = self._clock.monotonic_s() - heard_s
                _log.warning("export gives no sign of life", export=str(self._job.export.id), reason=str(error))
                if silent_s > SILENT_S:
                    self._why = Why.LOST
                continue
            heard_s = self._clock.monotonic_s()
            if not told.is_mine:
                self._why = Why.LOST
            elif told.is_cancelled:
                self._why = Why.CANCELLED
            elif not self._has_room():
                self._why = Why.NO_ROOM
