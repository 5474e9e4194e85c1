"""Carries incidents from the spool into object store and database (invariant 2): upload, verify, row, forget.

Two kinds of threads meet only in the spool's journals. Uploads put files into the store and journal that they are
there; one thread of rows writes what the journals say. So neither waits for the other: with the store away incidents
are still announced, with the database away footage still leaves the machine. Every step may be repeated; see
docs/reference/spool.md.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from camsvc import log
from camsvc.clock import Clock
from camsvc.db.database import Database
from camsvc.storage.objects import ObjectStore
from camsvc.worker.publisher_rows import Rows
from camsvc.worker.publisher_uploads import Uploads
from camsvc.worker.spool import Spool

UPLOAD_THREADS = 4
"""Enough to fill a 1 Gb/s line with 10 ms of latency when catching up; each holds one file at a time."""
IDLE_S = 0.5
"""How often a thread looks when nothing wakes it: for what waits for its time."""
ROWS_PACE_S = 0.25
"""Between two looks at all incidents: every journal entry wakes it, and to look at a back-log of 5000 takes 50 ms."""

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class PublisherStats:
    published: int
    """Incidents published whole since the start."""
    uploaded_bytes: int
    store_away_since: datetime | None
    store_reason: str | None
    database_away_since: datetime | None
    database_reason: str | None
    stumbling: int
    """Incidents that did not go through when last tried: each is tried again in its time, and holds up no other."""


class Publisher:
    """The back-log itself is in ``Spool.stats``."""

    def __init__(
        self, spool: Spool, store: ObjectStore, database: Database, *, clock: Clock, stop: threading.Event
    ) -> None:
        self._stop = stop
        self._spool = spool
        self._uploads = Uploads(spool, store, clock=clock, stop=stop)
        self._rows = Rows(spool, database, clock=clock, stop=stop)

    def run(self) -> None:
        """Until ``stop`` is set and what is in hand is done; the rest is found again at the next start.

        A process that cannot wait for a store that hangs may end meanwhile: every step may be cut off.
        """
        threads = [
            threading.Thread(target=self._repeat, args=(self._uploads.turn, 0.0), name=f"upload-{number}", daemon=True)
            for number in range(UPLOAD_THREADS)
        ]
        for thread in threads:
            thread.start()
        self._repeat(self._rows.turn, ROWS_PACE_S)
        for thread in threads:
            thread.join()

    def turn(self) -> bool:
        """All that can be done now, by the calling thread; whether anything was. Not while :meth:`run` runs."""
        progress = self._rows.turn()
        while self._uploads.turn():
            progress = True
        return self._rows.turn() or progress

    @property
    def stats(self) -> PublisherStats:
        return PublisherStats(
            published=self._rows.published,
            uploaded_bytes=self._uploads.uploaded_bytes,
            store_away_since=self._uploads.outage.since,
            store_reason=self._uploads.outage.reason,
            database_away_since=self._rows.outage.since,
            database_reason=self._rows.outage.reason,
            stumbling=len(self._rows.stumbles) + len(self._uploads.stumbles),
        )

    def _repeat(self, turn: Callable[[], bool], pace_s: float) -> None:
        changed = self._spool.subscribe()
        while not self._stop.is_set():
            changed.clear()
            try:
                progress = turn()
            except Exception:  # noqa: BLE001  top of the thread: a defect must not end publishing for good
                _log.exception("publishing failed")
                progress = False
            if not progress:
                changed.wait(IDLE_S)
            self._stop.wait(pace_s)
