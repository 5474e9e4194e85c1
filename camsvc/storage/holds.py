"""Holds in the object store: whether it keeps its word, and the mirror of what the database holds.

The database decides what is held. The store is told, file by file, so that not even who has the service's own
credentials for it can delete them: legal hold (S3 object lock) has no way around it but to take the hold away.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from uuid import UUID

from camsvc import log
from camsvc.clock import Clock
from camsvc.db.database import Database
from camsvc.db.queries import case_holds, hold_locks
from camsvc.db.queries.hold_locks import ToLock
from camsvc.errors import StoreError, StoreUnavailableError
from camsvc.storage import keys
from camsvc.storage.objects import ObjectStore

BATCH = 50
"""Incidents between two looks whether there is more urgent work."""
PROBE_AGAIN_S = 3600.0
"""A bucket does not gain object lock by itself; but the store may be exchanged under a running server."""
PROBE_RETRY_S = 30.0
"""While the store is away."""

_log = log.get(__name__)


class Enforcement:
    """Whether the store refuses to delete what is held: tried out, not believed. Any thread."""

    def __init__(self, store: ObjectStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._known: bool | None = None
        self._due_s: float | None = None

    @property
    def known(self) -> bool | None:
        """What the last probe found; None: none was made, or it could not be. Does not block."""
        return self._known

    def is_kept(self) -> bool | None:
        """None: the store is away, nobody knows. Blocks for a probe of some requests, once in PROBE_AGAIN_S."""
        with self._lock:
            now_s = self._clock.monotonic_s()
            if self._due_s is not None and now_s < self._due_s:
                return self._known
            try:
                found = self._store.hold_is_enforced()
            except StoreUnavailableError as error:
                _log.warning("whether the store enforces holds is not known", reason=str(error))
                self._due_s = now_s + PROBE_RETRY_S
                return self._known
            if not found and self._known is not False:
                _log.error("the object store does not enforce holds: legal holds are refused")
            self._known, self._due_s = found, now_s + PROBE_AGAIN_S
            return found


class HoldMirror:
    """Brings the store to what the database says. One thread; one at a time in the installation (lock MIRROR)."""

    def __init__(self, database: Database, store: ObjectStore, enforcement: Enforcement) -> None:
        self._database = database
        self._store = store
        self._enforcement = enforcement

    def turn(self, stop: threading.Event, check: Callable[[], None]) -> int:
        """All that is to be done now; how many incidents were locked or unlocked. Where the store enforces nothing,
        nothing. Raises DatabaseUnavailableError, StoreUnavailableError: the rest is done by the next turn."""
        if not self._enforcement.is_kept():
            return 0
        done = 0
        while not stop.is_set():
            check()
            with self._database.session() as session:
                wanted = hold_locks.to_lock(session, BATCH)
                unwanted = hold_locks.to_unlock(session, BATCH)
            if not wanted and not unwanted:
                break
            for item in wanted:
                self._lock(item)
            for incident in unwanted:
                self._unlock(incident)
            done += len(wanted) + len(unwanted)
        self._turn_pictures(stop, check)
        return done

    def _turn_pictures(self, stop: threading.Event, check: Callable[[], None]) -> None:
        """Those of cases, likewise. What the store refuses is logged, and tried again by the next turn."""
        steps = (
            (case_holds.pictures_to_lock, self._store.hold, True),
            (case_holds.pictures_to_unlock, self._store.release, False),
        )
        for find, tell, locked in steps:
            after = 0
            while not stop.is_set():
                check()
                with self._database.session() as session:
                    found = find(session, after, BATCH)
                if not found:
                    break
                done = [each.item for each in found if self._told(tell, each.key)]
                with self._database.session() as session:
                    case_holds.put_locked(session, done, locked=locked)
                after = found[-1].item

    def _told(self, tell: Callable[[str], None], key: str) -> bool:
        try:
            tell(key)
        except StoreUnavailableError:
            raise
        except StoreError as error:
            _log.error("a picture of a case is not held in the store as it should be", key=key, reason=str(error))
            return False
        return True

    def _lock(self, item: ToLock) -> None:
        try:
            files = [found.key for found in self._store.list(keys.incident(item.incident))]
            originals = [key for key in files if not keys.is_rendition(key)]  # a copy is made again when it is gone
            for key in originals:
                self._store.hold(key)
        except StoreUnavailableError:
            raise
        except StoreError as error:
            _log.error("files are not held in the store", incident=str(item.incident), reason=str(error))
            with self._database.session() as session:
                hold_locks.not_locked(session, item, str(error))
            return
        with self._database.session() as session:
            hold_locks.locked(session, item, len(originals))

    def _unlock(self, incident: UUID) -> None:
        try:
            for found in self._store.list(keys.incident(incident)):
                self._store.release(found.key)
        except StoreUnavailableError:
            raise
        except StoreError as error:
            _log.error("files stay held in the store", incident=str(incident), reason=str(error))
            with self._database.session() as session:
                hold_locks.not_unlocked(session, incident, str(error))
            return
        with self._database.session() as session:
            hold_locks.unlocked(session, incident)
