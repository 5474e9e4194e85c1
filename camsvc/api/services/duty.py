"""What one server process does for all of them, however many run: alerts, retention. Whoever gets the lock does it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from camsvc import log
from camsvc.clock import Clock
from camsvc.db.database import Database
from camsvc.errors import ConflictError, DatabaseUnavailableError

TRY_AGAIN_S = 10.0
"""For who does not have the lock, or lost the database: so long nobody does the duty after its owner died."""

_log = log.get(__name__)


class Duty:
    """A thread that does ``work`` while its process holds ``lock`` (``db.locks``).

    ``work(stop, check)`` runs until ``stop`` is set; it calls ``check`` before each thing that must not be done twice,
    which raises DatabaseUnavailableError once the lock is lost. An exception ends this turn, and another begins.
    """

    def __init__(
        self,
        name: str,
        lock: int,
        work: Callable[[threading.Event, Callable[[], None]], None],
        database: Database,
        clock: Clock,
    ) -> None:
        self._name = name
        self._lock = lock
        self._work = work
        self._database = database
        self._clock = clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Tells it to stop; ``join`` waits."""
        self._stop.set()

    def join(self, timeout_s: float) -> None:
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with self._database.holding(self._lock) as check:
                    self._work(self._stop, check)
            except ConflictError:
                pass  # another server does it
            except DatabaseUnavailableError as error:
                _log.warning("duty waits for the database", duty=self._name, reason=str(error), retry_s=TRY_AGAIN_S)
            except Exception:  # noqa: BLE001  top of a thread: one bad turn must not end the duty for good
                _log.error("duty failed", duty=self._name, retry_s=TRY_AGAIN_S, exc_info=True)
            self._clock.wait(self._stop, TRY_AGAIN_S)
