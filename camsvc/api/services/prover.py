"""Whether a stored file is what was recorded, found out when it is first read and remembered.

A range of a file proves nothing by itself, so the whole is read once in the background while its first pieces go out:
most clips are proved before the first of them. Until it is proved no answer is completed (``api.stored`` holds the last
piece back), and once it is found at fault every answer is cut off, and every later one refused, by all servers, until
it is found whole again. What is found is written down (``db.queries.faults``) and told to administrators.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass

from camsvc import log
from camsvc.api.errors import BusyError, FootageFaultError
from camsvc.api.metrics import HttpMetrics
from camsvc.api.services import faults
from camsvc.api.stored import StoredFile
from camsvc.clock import Clock
from camsvc.db.database import Database
from camsvc.db.queries import faults as fault_rows
from camsvc.domain.fault import FaultKind, Finder
from camsvc.domain.seal import SealOf
from camsvc.errors import CamsvcError, DatabaseUnavailableError, NotFoundError, StoreError
from camsvc.storage.objects import ObjectStore
from camsvc.storage.proofs import UNKNOWN, Book, Standing, Verdict

THREADS = 2
"""Files that are read whole at once: each takes a connection to the store, and half a core for its sha256."""
WAITING = 64
"""Files in line. Full: the request is refused with 503, and the client asks again."""
PROMPT_S = 0.5
"""What the first reader of a file waits for its proof: a hundred megabytes, on one machine. Longer, and the first
pieces go out unproved, to be cut off should it fail."""
STRICT_S = 20.0
"""What the reader of a file waits that was at fault when it was last looked at: nothing of it goes out unproved."""
WHOLE_FOR_S = 3600.0
"""A proof is believed for so long, of the same version in the store: a disk may rot beneath it."""
FAULT_FOR_S = 30.0
"""How soon a file that was at fault is read again, when somebody asks for it: it may have been restored."""
REMEMBERED = 20_000
"""Files; the one that nobody asked for longest is forgotten first, and proved again."""

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of reading one file whole."""

    tag: str
    """Of the version that was read."""
    fault: FaultKind | None = None
    detail: str = ""
    error: CamsvcError | None = None
    """It could not be read: nothing is known."""


@dataclass(slots=True)
class Proof:
    """That a file is what was recorded: known, or being found out. Any thread."""

    file: StoredFile
    future: Future[Outcome]

    @property
    def outcome(self) -> Outcome | None:
        """None: not yet known."""
        return self.future.result() if self.future.done() else None

    def wait(self, timeout_s: float) -> Outcome | None:
        try:
            return self.future.result(timeout_s)
        except FutureTimeoutError:
            return None


@dataclass(frozen=True, slots=True)
class _Known:
    outcome: Outcome
    until_s: float


class Prover:
    """Any thread may call any method. ``close`` ends the readers."""

    def __init__(self, database: Database, store: ObjectStore, clock: Clock, metrics: HttpMetrics) -> None:
        self._database = database
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, bytes], _Known] = OrderedDict()
        self._running: dict[tuple[str, bytes], Proof] = {}
        self._readers = ThreadPoolExecutor(THREADS, thread_name_prefix="proving")
        self._stop = threading.Event()

    def close(self) -> None:
        self._stop.set()
        self._readers.shutdown(wait=False, cancel_futures=True)

    def admit(self, file: StoredFile, *, whole: bool = False) -> Proof | None:
        """Before ``file`` is read: its proof, or None where the reader makes it himself (``whole``: he reads it all).

        Blocks for PROMPT_S when it is not known yet. Raises FootageFaultError, BusyError, DatabaseUnavailableError.
        """
        known = self._fresh(file)
        if known is not None:
            self.refuse(file, known)
            return Proof(file, _settled(known))
        suspect = self._judge(file)
        if whole and not suspect:
            return None
        proof = self._start(file)
        outcome = proof.wait(STRICT_S if suspect else PROMPT_S)
        if outcome is not None:
            self.refuse(file, outcome)
        elif suspect:
            raise FootageFaultError(file.name, FaultKind.ALTERED, "it was at fault, and is not proved yet")
        return proof

    def again(self, proof: Proof) -> Proof:
        """The proof of what is in the store now, where ``proof`` is of another version."""
        with self._lock:
            self._known.pop(_place(proof.file), None)
        return self._start(proof.file)

    def whole(self, file: StoredFile, tag: str) -> None:
        """A reader read it all, and it is what was recorded."""
        self._remember(file, Outcome(tag))

    def failed(self, file: StoredFile, tag: str, fault: FaultKind, detail: str) -> None:
        """A reader found this himself. Remembered, and written down; what cannot be written is logged."""
        self._tell(file, Outcome(tag, fault, detail))

    def refuse(self, file: StoredFile, outcome: Outcome) -> None:
        """Raises FootageFaultError when ``file`` is at fault, and what kept it from being read."""
        if outcome.error is not None:
            raise outcome.error
        if outcome.fault is not None:
            raise FootageFaultError(file.name, outcome.fault, outcome.detail)

    # ------------------------------------------------------------------------------------------------------------

    def _fresh(self, file: StoredFile) -> Outcome | None:
        with self._lock:
            known = self._known.get(_place(file))
            if known is None or self._clock.monotonic_s() >= known.until_s:
                return None
            self._known.move_to_end(_place(file))
            return known.outcome

    def _judge(self, file: StoredFile) -> bool:
        """Whether it was at fault when it was last looked at. Raises FootageFaultError when its seal does not fit."""
        with self._database.session() as session:
            open_fault = fault_rows.at(session, file.key)
            verdict = verdict_of(file, Book.of(session, [file.incident])) if file.incident else UNKNOWN
        if verdict.standing is Standing.FORGED:
            outcome = Outcome("", FaultKind.FORGED, verdict.detail)
            self._tell(file, outcome)
            self.refuse(file, outcome)
        return open_fault is not None

    def _start(self, file: StoredFile) -> Proof:
        place = _place(file)
        with self._lock:
            if place in self._running:
                return self._running[place]
            if len(self._running) >= WAITING:
                raise BusyError(f"{WAITING} files wait to be proved already.")
            try:
                proof = Proof(file, self._readers.submit(self._prove, file))
            except RuntimeError as error:  # closed
                raise BusyError("The server is stopping.") from error
            self._running[place] = proof
        proof.future.add_done_callback(lambda _: self._done(place))
        return proof

    def _done(self, place: tuple[str, bytes]) -> None:
        with self._lock:
            self._running.pop(place, None)

    def _prove(self, file: StoredFile) -> Outcome:
        """In a reader's thread; never raises, as nobody may be waiting."""
        try:
            outcome = self._read(file)
        except CamsvcError as error:
            return Outcome("", error=error)
        except Exception as error:  # noqa: BLE001  top of a thread's work
            _log.error("proving failed unexpectedly", key=file.key, exc_info=error)
            return Outcome("", error=StoreError(f"{file.name} could not be read"))
        self._tell(file, outcome)
        return outcome

    def _read(self, file: StoredFile) -> Outcome:
        digest, size_bytes = hashlib.sha256(), 0
        try:
            with self._store.open(file.key) as chunks:
                for chunk in chunks:
                    if self._stop.is_set():
                        raise StoreError("the server is stopping")
                    digest.update(chunk)
                    size_bytes += len(chunk)
        except NotFoundError:
            return Outcome("", FaultKind.MISSING, "the object store does not have it")
        if size_bytes != file.size_bytes:
            detail = f"{size_bytes} bytes, should be {file.size_bytes}"
            return Outcome(chunks.tag, FaultKind.ALTERED, detail)
        if digest.hexdigest() != file.sha256:
            return Outcome(chunks.tag, FaultKind.ALTERED, f"sha256 is {digest.hexdigest()}, should be {file.sha256}")
        return Outcome(chunks.tag)

    def _tell(self, file: StoredFile, outcome: Outcome) -> None:
        self._remember(file, outcome)
        self._write(file, outcome)

    def _remember(self, file: StoredFile, outcome: Outcome) -> None:
        until_s = self._clock.monotonic_s() + (FAULT_FOR_S if outcome.fault else WHOLE_FOR_S)
        with self._lock:
            self._known[_place(file)] = _Known(outcome, until_s)
            self._known.move_to_end(_place(file))
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)

    def _write(self, file: StoredFile, outcome: Outcome) -> None:
        if outcome.fault is not None:
            self._metrics.stored_faults.labels(outcome.fault.value).inc()
            _log.error("stored file is at fault", fault=outcome.fault.value, key=file.key, reason=outcome.detail)
        try:
            with self._database.session() as session:
                if outcome.fault is None:
                    faults.clear(session, [file.key], Finder.READER)
                else:
                    faults.report(
                        session, file.key, outcome.fault, Finder.READER, outcome.detail, incident=file.incident
                    )
        except DatabaseUnavailableError as error:
            _log.error("fault not written down", key=file.key, reason=str(error))


def verdict_of(file: StoredFile, book: Book) -> Verdict:
    """Whether the record of ``file`` is the one that its worker sealed; pictures and renditions are not sealed."""
    if file.incident is None:
        return UNKNOWN
    if file.part is not None:
        return book.part(file.incident, file.part)
    return book.tracks(file.incident) if file.sealed is SealOf.TRACKS else UNKNOWN


def _place(file: StoredFile) -> tuple[str, bytes]:
    """A record that is changed is another file: it is judged anew."""
    return file.key, hashlib.sha256(repr((file.sha256, file.size_bytes, file.part)).encode()).digest()


def _settled(outcome: Outcome) -> Future[Outcome]:
    future: Future[Outcome] = Future()
    future.set_result(outcome)
    return future
