"""Whether this server can do its work now: its database and its object store answer. And whether there is live view."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from camsvc import log
from camsvc.clock import Clock
from camsvc.db.database import Database
from camsvc.db.queries import endpoints
from camsvc.domain.endpoint import EndpointKind
from camsvc.errors import CamsvcError, LiveUnavailableError
from camsvc.storage.objects import ObjectStore

FRESH_S = 2.0
"""Anybody may ask, as often as they like: the parts are asked at most this often."""
NEEDED = frozenset({"database", "store"})
"""Without live processes everything but live pictures is served, and no other server would have one."""
PROBE_KEY = "readiness"
"""Of an object that need not exist: "no such object" is an answer."""

_log = log.get(__name__)


class Readiness:
    """Any thread may call ``parts``; one at a time asks, the others are given what was last found."""

    def __init__(self, database: Database, store: ObjectStore, clock: Clock) -> None:
        self._checks: Mapping[str, Callable[[], object]] = {
            "database": database.ping,
            "store": lambda: store.stat(PROBE_KEY),
            "live": lambda: _require_live(database),
        }
        self._clock = clock
        self._asking = threading.Lock()
        self._found: dict[str, bool] = dict.fromkeys(self._checks, False)
        self._found_s: float | None = None

    def parts(self) -> dict[str, bool]:
        """Name of each part → whether it is ready. Blocks while the parts are asked (seconds when one is away)."""
        if self._is_fresh() or not self._asking.acquire(blocking=self._found_s is None):
            return self._found
        try:
            if not self._is_fresh():
                self._found = {name: _answers(name, check) for name, check in self._checks.items()}
                self._found_s = self._clock.monotonic_s()
            return self._found
        finally:
            self._asking.release()

    @staticmethod
    def is_ready(parts: Mapping[str, bool]) -> bool:
        return all(found for name, found in parts.items() if name in NEEDED)

    def _is_fresh(self) -> bool:
        return self._found_s is not None and self._clock.monotonic_s() - self._found_s < FRESH_S


def _require_live(database: Database) -> None:
    with database.session() as session:
        if not endpoints.fresh(session, EndpointKind.LIVE):
            raise LiveUnavailableError("no live process runs")


def _answers(name: str, check: Callable[[], object]) -> bool:
    try:
        check()
    except CamsvcError as error:
        level = _log.warning if name in NEEDED else _log.debug
        level("not ready", part=name, reason=str(error))
        return False
    return True
