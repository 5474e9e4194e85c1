"""A worker process: owns many cameras and one detector, and keeps itself told which cameras those are.

Threads::

    control (the caller of run)   leases, camera changes, status reports: every CONTROL_EVERY_S
    receive-*, analyse-*          per camera (unit)
    detector owner, watchdog      batcher
    recording                     rings to disk, for all cameras
    tap, tap-connection           packets and scenes to live processes, while somebody watches
    finalising, publishing        spool to store and database

Only the control thread starts and stops cameras. While PostgreSQL is away everything goes on with what was last known.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from camsvc import log as logging
from camsvc.clock import Clock, SystemClock
from camsvc.config import Settings
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.queries import audit, endpoints, seals, status, workers
from camsvc.domain.camera import CameraStatus
from camsvc.domain.endpoint import EndpointKind
from camsvc.domain.worker import WorkerStatus
from camsvc.errors import CamsvcError, ConfigError, DatabaseUnavailableError
from camsvc.storage.objects import ObjectStore
from camsvc.trust import Identity
from camsvc.vision.detector import Detector, open_detector
from camsvc.worker.assignments import Assignment, AssignmentCache
from camsvc.worker.backoff import Doorway
from camsvc.worker.batcher import Batcher
from camsvc.worker.leasing import Leasing
from camsvc.worker.publisher import Publisher
from camsvc.worker.publisher_rows import key_registered
from camsvc.worker.recorder_finaliser import Finaliser
from camsvc.worker.recorder_thread import RecorderThread
from camsvc.worker.sealing import Sealer
from camsvc.worker.spool import Spool, SpoolStats
from camsvc.worker.tap import TapServer
from camsvc.worker.telling import Telling
from camsvc.worker.unit import Shared, SourceOpener, Unit, open_rtsp

_log = logging.get(__name__)

CONTROL_EVERY_S = 2.0
"""A camera that is added, edited or removed is noticed within this; a status is never older by more, and a state that
changes is told sooner (``Telling``)."""
THREAD_JOIN_S = 10.0
"""For finishing and publishing to put down what they have in hand. What is not done is done at the next start."""

EXIT_OK = 0
EXIT_RESTART = 75
"""``EX_TEMPFAIL`` of sysexits.h: the supervisor starts the worker anew."""


@dataclass(frozen=True, slots=True)
class Folders:
    """Where a worker keeps what is its own."""

    spool: Path
    memory: Path
    models: Path

    @classmethod
    def of(cls, data: Path, worker: str) -> Folders:
        return cls(data / "spool" / worker, data / f"worker-{worker}", data / "models")


class Worker:
    """Made once, ``run`` once. ``settings`` are resolved: database and store are named."""

    def __init__(
        self,
        settings: Settings,
        worker: str,
        *,
        clock: Clock | None = None,
        make_detector: Callable[[], Detector] | None = None,
        open_source: SourceOpener | None = None,
    ) -> None:
        """Raises ConfigError, and SpoolError when another process lives in this worker's spool."""
        self._settings = settings
        self._name = worker
        self._clock = clock or SystemClock()
        self._folders = Folders.of(settings.data, worker)
        self._cipher = Cipher.of(settings)
        self._database = Database(_required(settings), application=f"camsvc worker {worker}")
        self._stopping = threading.Event()
        self._units: dict[str, Unit] = {}
        self._spool: Spool | None = None
        self._publisher: Publisher | None = None
        self._sealer: Sealer | None = None
        self._registered = False
        self._started_at = self._clock.now()
        self._away_logged = False
        self._tap_refused_logged = False
        detector = settings.detector
        self._batcher = Batcher(
            make_detector or (lambda: open_detector(detector, self._folders.models)),
            max_batch=detector.max_batch,
            clock=self._clock,
        )
        self._cache = AssignmentCache(self._folders.memory, worker, self._cipher)
        self._leasing = Leasing(
            worker,
            self._cipher,
            most=settings.worker.max_cameras,
            processes=settings.worker.processes,
            clock=self._clock,
        )
        self._telling = Telling(worker, self._database, self._clock)
        self._recorders = RecorderThread(clock=self._clock, stop=self._stopping)
        self._open_source = open_source or open_rtsp(self._clock)
        tokens = self._cipher.derive("tap")
        self._tap = TapServer(Identity.fresh(f"camsvc tap {worker}"), tokens, self._units, settings.worker, self._clock)

    @property
    def units(self) -> Mapping[str, Unit]:
        """The cameras that run now. Changed by the control thread alone."""
        return self._units

    @property
    def tap(self) -> TapServer:
        return self._tap

    def spool_stats(self) -> SpoolStats | None:
        """The back-log; None before the spool is open. Any thread."""
        return self._spool.stats() if self._spool else None

    def run(self, stop: threading.Event) -> int:
        """Until ``stop`` is set or only a new process helps; the exit status. Call it from the main thread."""
        settings = self._settings
        spool = Spool(
            self._folders.spool,
            max_bytes=settings.spool.max_bytes,
            min_free_bytes=settings.spool.min_free_bytes,
            clock=self._clock,
            remembered=self._folders.memory / "spool",
        )
        self._spool = spool
        with spool:
            self._sealer = Sealer.of(self._folders.memory, self._name)
            threads = self._threads(spool, self._sealer)
            self._batcher.start()
            for thread in threads:
                thread.start()
            try:
                return self._control(stop, self._shared(spool))
            finally:
                self._end(threads)

    def _shared(self, spool: Spool) -> Shared:
        settings = self._settings
        return Shared(
            worker=self._name,
            clock=self._clock,
            settings=settings.worker,
            clips=settings.clips,
            gated=settings.detector.gate,
            model=lambda: self._batcher.health.detector or settings.detector.model,
            batcher=self._batcher,
            spool=spool,
            recorders=self._recorders,
            doorway=Doorway(),
            open_source=self._open_source,
        )

    def _threads(self, spool: Spool, sealer: Sealer) -> list[threading.Thread]:
        stop, siblings = self._stopping, self._folders.spool.parent
        finaliser = Finaliser(spool, clock=self._clock, stop=stop, siblings=siblings, sealer=sealer)
        publisher = Publisher(spool, ObjectStore.of(self._settings), self._database, clock=self._clock, stop=stop)
        self._publisher = publisher
        jobs = {"recording": self._recorders.run, "finalising": finaliser.run, "publishing": publisher.run}
        return [threading.Thread(target=run, name=name, daemon=True) for name, run in jobs.items()]

    def _control(self, stop: threading.Event, shared: Shared) -> int:
        wanted = self._first_assignments()
        while not stop.is_set():
            self._apply(wanted, shared)
            self._cache.save(wanted)
            if self._batcher.health.fatal:
                _log.error("detector hangs for good", reason=self._batcher.health.detail)
                return EXIT_RESTART
            self._telling.rest(stop, self._units, CONTROL_EVERY_S)
            answer = self._ask()
            wanted = wanted if answer is None else answer
        return EXIT_OK

    def _first_assignments(self) -> dict[str, Assignment]:
        """Of the database; of our own memory while nobody can be asked."""
        answer = self._ask()
        if answer is not None:
            return answer
        remembered = self._cache.load()
        self._leasing.remember(remembered)
        _log.warning("PostgreSQL is away: going on with the cameras of last time", cameras=len(remembered))
        return remembered

    def _ask(self) -> dict[str, Assignment] | None:
        """Report and be told; None when PostgreSQL does not answer."""
        mine = self.status()
        try:
            with self._database.session() as session:
                wanted = self._leasing.turn(session)
                status.report(session, self._name, self._statuses())
                workers.report(session, mine)
                if self._tapped():
                    endpoints.report(session, self._tap.endpoint(self._name))
                self._register(session)
            self._registered = True
        except DatabaseUnavailableError as error:
            if not self._away_logged:
                _log.warning("PostgreSQL is away", reason=str(error))
            self._away_logged = True
            return None
        if self._away_logged:
            _log.info("PostgreSQL is back")
        self._away_logged = False
        return wanted

    def _register(self, session: Session) -> None:
        """The key that seals what is recorded, once a start; the last statement: it may append to the audit chain."""
        sealer = self._sealer
        if self._registered or sealer is None:
            return
        if seals.register(session, sealer.key, sealer.worker, sealer.public_pem):
            audit.append(session, key_registered(sealer.key, sealer.worker))

    def _tapped(self) -> bool:
        """Whether viewers can be served. That they cannot is no reason to stop recording; it is tried at every turn."""
        try:
            self._tap.start()
        except ConfigError as error:
            if not self._tap_refused_logged:
                _log.error("nobody can watch this worker's cameras", reason=str(error))
            self._tap_refused_logged = True
            return False
        return True

    def status(self) -> WorkerStatus:
        """Of the process as a whole; call it once the spool is open."""
        spool, publisher, health = self._spool, self._publisher, self._batcher.health
        if spool is None or publisher is None:
            raise RuntimeError("the worker does not run yet")
        kept, sent = spool.stats(), publisher.stats
        return WorkerStatus(
            worker=self._name,
            started_at=self._started_at,
            cameras=len(self._units),
            detector=health.detector,
            detector_detail=health.detail,
            analysed_frames=health.frames,
            shed_frames=health.shed,
            published=sent.published,
            spool_entries=kept.entries,
            spool_bytes=kept.bytes,
            spool_oldest_at=kept.oldest,
            spool_refused=kept.refused,
            spool_aside=kept.fenced + kept.damaged,
            store_away_since=sent.store_away_since,
        )

    def _statuses(self) -> list[CameraStatus]:
        return [unit.status() for unit in self._units.values()]

    def _apply(self, wanted: Mapping[str, Assignment], shared: Shared) -> None:
        """Make the running cameras the wanted ones."""
        for camera in self._units.keys() - wanted.keys():
            self._units.pop(camera).stop()
            _log.info("camera stopped", camera=camera)
        for camera, assignment in wanted.items():
            self._apply_one(camera, assignment, shared)

    def _apply_one(self, camera: str, assignment: Assignment, shared: Shared) -> None:
        unit = self._units.get(camera)
        config = assignment.camera.to_domain()
        if unit is not None:
            unit.epoch = assignment.epoch
            if unit.camera == config or unit.change(config):
                return
            unit.stop()
            del self._units[camera]
        try:
            unit = Unit(config, assignment.epoch, shared)
        except ConfigError as error:
            _log.error("camera cannot be started", camera=camera, reason=str(error))
            return
        unit.start()
        self._units[camera] = unit
        _log.info("camera started", camera=camera, epoch=assignment.epoch)

    def _end(self, threads: list[threading.Thread]) -> None:
        """Orderly: cameras first, so that what is open ends in the spool; then whoever works from the spool."""
        units = list(self._units.values())
        self._units.clear()
        for unit in units:
            unit.tell_stop()
        self._tap.stop()
        for unit in units:
            unit.stop()
        self._stopping.set()
        for thread in threads:
            thread.join(THREAD_JOIN_S)
        self._batcher.stop()
        try:
            with self._database.session() as session:
                self._leasing.release_all(session)
                endpoints.withdraw(session, EndpointKind.TAP, self._name)
        except CamsvcError as error:
            _log.warning("leases not given back; they run out", reason=str(error))
        self._database.close()
        _log.info("worker stopped", cameras=len(units))


def _required(settings: Settings) -> str:
    if settings.database_url is None:
        raise ConfigError("database_url is not set: start `camsvc up` first, or name your own PostgreSQL")
    return settings.database_url.get_secret_value()
