"""Browser renditions of clip parts that a browser cannot play: made on demand, once, in the background.

The original stays what it is (invariant 5); the rendition is another object, under its own key, marked as one.
"""

from __future__ import annotations

import hashlib
import queue
import shutil
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from camsvc import log
from camsvc.api.errors import BusyError
from camsvc.api.metrics import HttpMetrics
from camsvc.clock import Clock
from camsvc.domain.incident import ClipPart
from camsvc.errors import CamsvcError, IntegrityError, UnplayableError
from camsvc.storage import keys
from camsvc.storage.objects import ObjectStat, ObjectStore

Transcode = Callable[[Path, Path, threading.Event], object]
"""``media.rendition.transcode_for_browser``: source, destination, stop."""

THREADS = 1
"""A transcode takes all cores it gets; one at a time leaves the server its answers."""
WAITING = 8
"""Parts in line. Full: the request is refused with 503, and the client asks again."""
FAILED_FOR_S = 300.0
"""How long a failure is remembered: a page that asks every few seconds must not start it over and over."""
REMEMBERED = 1000
"""Finished renditions and failures whose outcome is kept in memory; the oldest is forgotten (and looked up again)."""
LEFT_OVER_S = 24 * 3600.0
"""A working folder older than this was left by a process that was killed: no transcode takes a day."""

_log = log.get(__name__)
T = TypeVar("T")


class Stage(StrEnum):
    WAITING = "waiting"
    FETCHING = "fetching"
    CONVERTING = "converting"
    STORING = "storing"


@dataclass(slots=True)
class Making:
    """A rendition that is under way. Only its maker's thread writes ``stage``."""

    part: ClipPart
    began_s: float
    """Monotonic."""
    stage: Stage = Stage.WAITING


@dataclass(frozen=True, slots=True)
class _Failure:
    sentence: str
    until_s: float


class Renditions:
    """Any thread may call ``request``. ``close`` ends the threads; what was under way is made again when asked for."""

    def __init__(
        self, store: ObjectStore, folder: Path, *, transcode: Transcode, clock: Clock, metrics: HttpMetrics
    ) -> None:
        self._store = store
        self._folder = folder
        self._transcode = transcode
        self._clock = clock
        self._metrics = metrics
        self._lock = threading.Lock()
        self._making: dict[str, Making] = {}
        self._ready: OrderedDict[str, ObjectStat] = OrderedDict()
        self._failed: OrderedDict[str, _Failure] = OrderedDict()
        self._line: queue.Queue[Making] = queue.Queue(WAITING)
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        self._remove_left_over()
        for number in range(THREADS):
            thread = threading.Thread(target=self._run, name=f"rendition-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def close(self, timeout_s: float) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout_s)

    def request(self, part: ClipPart) -> ObjectStat | Making:
        """The stored rendition of ``part``, or what is being done to make it.

        Raises BusyError when too many wait, UnplayableError when making it failed a short while ago,
        StoreUnavailableError.
        """
        key = keys.rendition(part.key)
        if (known := self._known(key)) is not None:
            return known
        if (stat := self._store.stat(key)) is not None and stat.sha256 is not None:
            with self._lock:
                _remember(self._ready, key, stat)
            return stat
        return self._enqueue(key, part)

    def _known(self, key: str) -> ObjectStat | Making | None:
        with self._lock:
            if key in self._ready:
                return self._ready[key]
            failure = self._failed.get(key)
            if failure is not None and self._clock.monotonic_s() < failure.until_s:
                raise UnplayableError(failure.sentence)
            return self._making.get(key)

    def _enqueue(self, key: str, part: ClipPart) -> Making:
        with self._lock:
            if key in self._making:
                return self._making[key]
            making = Making(part, self._clock.monotonic_s())
            try:
                self._line.put_nowait(making)
            except queue.Full as error:
                raise BusyError(f"{WAITING} clips wait for their conversion already.") from error
            self._making[key] = making
            return making

    # The makers' threads.

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                making = self._line.get(timeout=0.5)
            except queue.Empty:
                continue
            key = keys.rendition(making.part.key)
            try:
                stat = self._make(key, making)
            except CamsvcError as error:
                self._fail(key, making, str(error))
            except Exception as error:  # noqa: BLE001  top of a thread: one odd file must not end all conversions
                _log.error("rendition failed unexpectedly", key=key, exc_info=error)
                self._fail(key, making, f"{type(error).__name__}, see the server's log")
            else:
                with self._lock:
                    _remember(self._ready, key, stat)
                    del self._making[key]
                self._metrics.renditions.labels("made").inc()

    def _make(self, key: str, making: Making) -> ObjectStat:
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="part-", dir=self._folder) as name:
            source, made = Path(name, "original.mp4"), Path(name, "browser.mp4")
            making.stage = Stage.FETCHING
            self._fetch(making.part, source)
            making.stage = Stage.CONVERTING
            self._transcode(source, made, self._stop)
            making.stage = Stage.STORING
            with made.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            self._store.put_file(key, made, "video/mp4", sha256)
        stat = self._store.stat(key)
        if stat is None or stat.sha256 != sha256:
            raise IntegrityError(f"The store did not keep {key} as it was written.")
        return stat

    def _fetch(self, part: ClipPart, target: Path) -> None:
        digest = hashlib.sha256()
        with target.open("wb") as file, self._store.open(part.key) as pieces:
            for piece in pieces:
                digest.update(piece)
                file.write(piece)
                if self._stop.is_set():
                    raise UnplayableError("The server is stopping.")
        if digest.hexdigest() != part.sha256:
            self._metrics.stored_faults.labels("altered").inc()
            _log.error("stored file is at fault", fault="altered", key=part.key, sha256=part.sha256)
            raise IntegrityError(f"{part.key} is not what was written: its sha256 differs. Run `camsvc fsck`.")

    def _fail(self, key: str, making: Making, reason: str) -> None:
        sentence = f"This clip could not be converted for a browser: {reason.rstrip('.')}."
        with self._lock:
            if not self._stop.is_set():
                _remember(self._failed, key, _Failure(sentence, self._clock.monotonic_s() + FAILED_FOR_S))
            del self._making[key]
        self._metrics.renditions.labels("failed").inc()
        _log.warning("rendition failed", key=making.part.key, reason=reason)

    def _remove_left_over(self) -> None:
        if not self._folder.is_dir():
            return
        oldest = (self._clock.now() - timedelta(seconds=LEFT_OVER_S)).timestamp()
        for each in self._folder.glob("part-*"):
            if each.stat().st_mtime < oldest:
                shutil.rmtree(each, ignore_errors=True)


def _remember(where: OrderedDict[str, T], key: str, value: T) -> None:
    where[key] = value
    while len(where) > REMEMBERED:
        where.popitem(last=False)
