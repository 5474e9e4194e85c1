"""That a viewing is over goes on record (invariant 8): also when PostgreSQL is away just then, or we were killed."""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime

from camsvc import log
from camsvc.clock import Clock
from camsvc.db.database import Database
from camsvc.db.queries import audit, viewings
from camsvc.db.queries.viewings import Begun
from camsvc.domain.audit import Deed, Kind
from camsvc.domain.incident_json import time_json
from camsvc.errors import CamsvcError
from camsvc.live.viewings import End, Viewing

RETRY_S = 2.0
WAITING_MAX = 20_000
"""Ends that wait for PostgreSQL: some hundred viewers who come and go for hours. Full: the oldest goes to the log
alone, and is counted."""
LAST_S = 5.0
"""At the end, for what waits; what is left is told by the next run of this process, from the records of beginnings."""

_log = log.get(__name__)


class Records:
    """A thread of its own writes; ``ended`` never blocks. ``start`` once, ``close`` once."""

    def __init__(self, database: Database, process: str, clock: Clock) -> None:
        self._database = database
        self._process = process
        self._clock = clock
        self._waiting: deque[Deed] = deque()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live-records", daemon=True)
        self.lost = 0
        """Ends that did not reach the chain."""

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Blocks for at most LAST_S."""
        self._stop.set()
        self._wake.set()
        self._thread.join(LAST_S)
        with self._lock:
            for deed in self._waiting:
                self._lose(deed)

    def ended(self, viewing: Viewing, why: End) -> None:
        """Any thread."""
        if why is End.FAILED and not viewing.is_begun:
            return  # nothing was seen
        request, now = viewing.request, self._clock.now()
        deed = Deed(
            kind=Kind.LIVE,
            what=viewings.ENDED,
            user_id=request.viewer.user,
            user_name=request.viewer.name,
            source=request.viewer.address or None,
            camera=request.camera,
            area=request.area,
            purpose=request.viewer.purpose,
            case_number=request.viewer.case_number,
            details={
                "viewing": request.viewing,
                "process": self._process,
                "way": viewing.way.value,
                "stream": request.stream.value,
                "began_at": time_json(viewing.began_at),
                "duration_s": round((now - viewing.began_at).total_seconds(), 1),
                "why": why.value,
            },
        )
        with self._lock:
            if len(self._waiting) >= WAITING_MAX:
                self._lose(self._waiting.popleft())
            self._waiting.append(deed)
        self._wake.set()

    def tell_of_predecessor(self) -> None:
        """Viewings that a killed run of this process left open ended somewhere between its last report and now.

        Call it before this run is told of to anybody. Blocks; raises DatabaseUnavailableError.
        """
        with self._database.session() as session:
            begun = viewings.open_ended(session, self._process)
            last = viewings.last_sign(session, self._process)
        for each in begun:
            with self._database.session() as session:
                audit.append(session, _interrupted(each, last))
        if begun:
            _log.warning("viewings of an earlier run were cut off", viewings=len(begun))

    def _run(self) -> None:
        while True:
            stopping = self._stop.is_set()
            try:
                self._write()
            except CamsvcError as error:
                _log.warning("ends of viewings wait for PostgreSQL", waiting=len(self._waiting), reason=str(error))
                if stopping:
                    return
                self._clock.wait(self._stop, RETRY_S)
                continue
            if stopping:
                return
            self._wake.wait()
            self._wake.clear()

    def _write(self) -> None:
        while self._waiting:
            deed = self._waiting[0]
            with self._database.session() as session:
                audit.append(session, deed)
            with self._lock:
                if self._waiting and self._waiting[0] is deed:
                    self._waiting.popleft()

    def _lose(self, deed: Deed) -> None:
        self.lost += 1
        _log.error(
            "the end of a viewing is not on record yet", user=deed.user_name, camera=deed.camera, **dict(deed.details)
        )


def _interrupted(begun: Begun, last: datetime | None) -> Deed:
    """Nothing is invented (invariant 3): it lasted at least to the last report, and not longer than to this record."""
    details = {name: begun.details.get(name) for name in ("viewing", "process", "way", "stream")}
    details |= {"began_at": time_json(begun.at), "why": "interrupted"}
    if last is not None:
        details["at_least_until"] = time_json(max(begun.at, last))
    return Deed(
        kind=Kind.LIVE,
        what=viewings.ENDED,
        user_id=begun.user_id,
        user_name=begun.user_name,
        source=begun.source,
        camera=begun.camera,
        area=begun.area,
        purpose=begun.purpose,
        case_number=begun.case_number,
        details=details,
    )
