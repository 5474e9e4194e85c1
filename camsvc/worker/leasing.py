"""Which cameras this worker owns: leases claimed, renewed and given back (invariant 7)."""

from __future__ import annotations

import math
from collections.abc import Mapping

from sqlalchemy.orm import Session

from camsvc import log as logging
from camsvc.clock import Clock
from camsvc.config import CameraConfig
from camsvc.db.cipher import Cipher
from camsvc.db.queries import cameras, leases
from camsvc.db.queries.leases import Lease
from camsvc.errors import ConfigError, NotFoundError
from camsvc.worker.assignments import Assignment

_log = logging.get(__name__)

TTL_S = 20.0
"""How long a dead worker's cameras stay nobody's. Four renewals: a database that is slow for a moment costs nothing."""
RENEW_EVERY_S = 5.0
SHARE_FOR_S = 20.0
"""How long after its start a worker leaves the others of its host their share, so that the first does not take all.
Then what nobody took is anyone's."""


class Leasing:
    """Used by the control thread, inside its database session. A failed transaction changes nothing here."""

    def __init__(self, worker: str, cipher: Cipher, *, most: int, processes: int, clock: Clock) -> None:
        """``most``: cameras at a time. ``processes``: workers that start together on this host."""
        self._worker = worker
        self._cipher = cipher
        self._most = most
        self._processes = processes
        self._clock = clock
        self._began_s = clock.monotonic_s()
        self._held: dict[str, Lease] = {}
        self._renewed_s: float | None = None
        self._unreadable: set[str] = set()
        self._claimed_before = False

    @property
    def held(self) -> Mapping[str, Lease]:
        return self._held

    def remember(self, assignments: Mapping[str, Assignment]) -> None:
        """Go on under the leases of a former process, because nobody can be asked."""
        now = self._clock.now()
        self._held = {camera: Lease(camera, each.epoch, now) for camera, each in assignments.items()}
        self._renewed_s = None

    def turn(self, session: Session) -> dict[str, Assignment]:
        """What this worker owns now. Raises DatabaseUnavailableError: then it owns what it did."""
        now_s = self._clock.monotonic_s()
        held = dict(self._held)
        renewing = self._renewed_s is None or now_s - self._renewed_s >= RENEW_EVERY_S
        if renewing and held:
            held = {each.camera: each for each in leases.renew(session, self._worker, held.values(), TTL_S)}
        room = self._room(session, now_s) - len(held)
        if room > 0:
            for lease in leases.claim(session, self._worker, room, TTL_S, held=held):
                held[lease.camera] = lease
        found, gone = self._configurations(session, held)
        for camera in gone:
            del held[camera]
        # Those that are another's by now are left alone by this.
        leases.release(session, self._worker, [each for each in self._held.values() if each.camera not in held])
        session.flush()
        self._held = held
        if renewing:
            self._renewed_s = now_s
        return {camera: Assignment(found[camera], lease.epoch) for camera, lease in held.items() if camera in found}

    def release_all(self, session: Session) -> None:
        """A planned end: others may claim at once."""
        leases.release(session, self._worker, self._held.values())
        self._held = {}

    def _room(self, session: Session, now_s: float) -> int:
        if self._processes == 1 or now_s - self._began_s > SHARE_FOR_S:
            return self._most
        wanted = sum(each.enabled for each in self._all(session))
        return min(self._most, math.ceil(wanted / self._processes))

    def _all(self, session: Session, ids: list[str] | None = None) -> list[CameraConfig]:
        return cameras.all_cameras(session, self._cipher, ids=ids)

    def _configurations(self, session: Session, held: Mapping[str, Lease]) -> tuple[dict[str, CameraConfig], set[str]]:
        """Of each camera held, and those that are no longer wanted.

        One whose URLs cannot be decrypted is among neither: nobody could start it, and it costs the others nothing.
        """
        if not held:
            return {}, set()
        unreadable: dict[str, str] = {}
        try:
            found = {config.id: config for config in self._all(session, list(held))}
        except ConfigError:
            found, unreadable = self._one_by_one(session, held)
        for camera in unreadable.keys() - self._unreadable:
            _log.error("camera cannot be started", camera=camera, reason=unreadable[camera])
        self._unreadable = set(unreadable)
        gone = {camera for camera in held if camera not in found and camera not in unreadable}
        disabled = {camera for camera, config in found.items() if not config.enabled}
        return found, gone | disabled

    def _one_by_one(
        self, session: Session, held: Mapping[str, Lease]
    ) -> tuple[dict[str, CameraConfig], dict[str, str]]:
        found, unreadable = {}, {}
        for camera in held:
            try:
                found[camera] = cameras.get(session, camera, self._cipher)
            except ConfigError as error:
                unreadable[camera] = str(error)
            except NotFoundError:
                continue
        return found, unreadable
