"""Tells the others where this live process is reached, for as long as it serves."""

from __future__ import annotations

import threading
from collections.abc import Callable

from camsvc import log
from camsvc.clock import Clock
from camsvc.db.database import Database
from camsvc.db.queries import endpoints
from camsvc.domain.endpoint import Endpoint
from camsvc.errors import CamsvcError
from camsvc.live.pulse import Pulse

REPORT_EVERY_S = 2.0
"""Readers take a report for true for ``endpoints.STALE_AFTER``: seven may be lost."""
JOIN_S = 8.0
"""Above the database's time-out for a connection: the last word is tried once."""

_log = log.get(__name__)


class Reporting:
    """A thread of its own, so that a database that is away holds up nobody. ``start`` once, ``stop`` once."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        endpoint: Callable[[], Endpoint],
        *,
        first: Callable[[], None],
        pulse: Pulse,
        died: Callable[[], None],
    ) -> None:
        """All are called from the thread: ``first`` until it succeeds, before anybody is told where we are; ``died``
        when the event loop is stuck for good.
        """
        self._database = database
        self._clock = clock
        self._endpoint = endpoint
        self._first = first
        self._pulse = pulse
        self._died = died
        self._begun = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live-report", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Nobody is sent here any more once this returns. Blocks for as long as the database takes."""
        self._stop.set()
        self._thread.join(JOIN_S)

    def _run(self) -> None:
        away = False
        while True:
            stopping = self._stop.is_set()
            if self._pulse.is_dead and not stopping:
                _log.error("the event loop is stuck: this process ends, and another takes its place")
                self._died()
            try:
                self._tell(stopping=stopping)
            except CamsvcError as error:
                if not away:
                    _log.warning("servers are not told where this live process is", reason=str(error))
                away = True
            else:
                if away:
                    _log.info("servers are told again where this live process is")
                away = False
            if stopping:
                return
            self._clock.wait(self._stop, REPORT_EVERY_S)

    def _tell(self, *, stopping: bool) -> None:
        endpoint = self._endpoint()
        if not (self._begun or stopping):
            self._first()
            self._begun = True
        if self._pulse.is_sick and not stopping:
            _log.warning("the event loop is stuck: no viewers are sent here meanwhile")
        with self._database.session() as session:
            if stopping or self._pulse.is_sick:
                endpoints.withdraw(session, endpoint.kind, endpoint.name)
            else:
                endpoints.report(session, endpoint)
