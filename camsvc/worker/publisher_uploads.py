"""From the spool to the object store: each file verified there by checksum before it counts, then dropped here."""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

from camsvc import log
from camsvc.clock import Clock
from camsvc.domain.incident import ClipPart, Gap, GapReason
from camsvc.domain.seal import SealOf, file_statement, part_statement
from camsvc.errors import CamsvcError, IntegrityError, StoreError
from camsvc.storage import keys
from camsvc.storage.objects import ObjectStore
from camsvc.storage.proofs import seal_metadata
from camsvc.worker.publisher_outage import Outage, Stumbles
from camsvc.worker.spool import Spool
from camsvc.worker.spool_entry import Entry
from camsvc.worker.spool_state import (
    GapFound,
    PartDamaged,
    PartStored,
    ThumbnailLost,
    ThumbnailStored,
    TracksLost,
    TracksStored,
)

QUEUE_MAX = 64
"""Incidents lined up at one look at all: so a look at a back-log of 5000, which takes 30 ms, serves many uploads."""

_log = log.get(__name__)


class Uploads:
    """Any number of threads call :meth:`turn`; one of them at a time has an incident, and sends its files in order."""

    def __init__(self, spool: Spool, store: ObjectStore, *, clock: Clock, stop: threading.Event) -> None:
        self._spool = spool
        self._store = store
        self._stop = stop
        self._lock = threading.Lock()
        self._busy: set[UUID] = set()
        self._queue: deque[Entry] = deque()
        self.outage = Outage("object store", clock)
        self.stumbles = Stumbles(clock)
        self.uploaded_bytes = 0
        """Since the start, as far as verified."""

    def turn(self) -> bool:
        """Upload the files of one incident, the oldest that has any; whether there was one."""
        entry = self._next()
        if entry is None:
            return False
        try:
            return self._guarded(entry)
        finally:
            with self._lock:
                self._busy.discard(entry.id)

    def _next(self) -> Entry | None:
        with self._lock:
            for refilled in (False, True):
                if refilled:
                    self._look()
                while self._queue:
                    entry = self._queue.popleft()
                    if entry.id in self._busy or not _has_work(entry):
                        continue
                    if not self.outage.may_ask():
                        self._queue.appendleft(entry)
                        return None
                    self._busy.add(entry.id)
                    return entry
        return None

    def _look(self) -> None:
        """The next few to upload: open incidents first, because somebody watches them, then the oldest."""
        due = [entry for entry in self._spool.entries() if _has_work(entry) and self.stumbles.may_try(entry.id)]
        # What stumbled comes after all that did not: whether the store is back is not for a refused file to say.
        due.sort(key=lambda entry: (entry.id in self.stumbles, not entry.state.is_open))
        self._queue.extend(due[:QUEUE_MAX])

    def _guarded(self, entry: Entry) -> bool:
        try:
            self._upload(entry)
        except IntegrityError as error:
            _log.error("upload failed", incident=str(entry.id), reason=str(error))
        except StoreError as error:
            self.outage.failed(
                error
            )  # the incident waits as well: if only it is refused, the next one to ask will show it
        except (CamsvcError, OSError) as error:
            _log.error("upload failed", incident=str(entry.id), reason=str(error))
        except Exception:  # noqa: BLE001  a defect met by one incident must not stop the uploads of all others
            _log.exception("upload failed", incident=str(entry.id))
        else:
            self.outage.succeeded()
            self.stumbles.succeeded(entry.id)
            return True
        self.stumbles.failed(entry.id)
        return True

    def _upload(self, entry: Entry) -> None:
        for part in entry.state.unstored:
            if self._stop.is_set():
                return
            self._part(entry, part)
        state = entry.state
        if state.thumbnail != state.thumbnail_stored:
            self._thumbnail(entry, state.thumbnail)
        if state.tracks and not state.tracks_stored:
            self._tracks(entry)

    def _part(self, entry: Entry, part: ClipPart) -> None:
        path = entry.part_file(part.index)
        sealing = entry.state.seal(SealOf.CLIP, part.index)
        metadata = (
            seal_metadata(sealing.file.seal, part_statement(entry.state.incident, part)) if sealing is not None else {}
        )
        try:
            self._put(part.key, path, "video/mp4", part.sha256, metadata)
        except (FileNotFoundError, IntegrityError) as error:
            if path.exists() and _sha256(path) == part.sha256:
                raise  # the fault is not ours: try again
            _log.error("a finished part is gone or altered", incident=str(entry.id), part=part.index)
            gap = Gap(part.started_at, part.ended_at, GapReason.CORRUPT)
            entry.append(PartDamaged(part.index, str(error)), GapFound(gap))
            return
        entry.append(PartStored(part.index))
        path.unlink(missing_ok=True)
        entry.measure()

    def _tracks(self, entry: Entry) -> None:
        path, sealing = entry.tracks_file, entry.state.seal(SealOf.TRACKS)
        if sealing is None:
            self._put(keys.tracks(entry.id), path, "application/json", _sha256(path))
        elif not path.exists() or _sha256(path) != sealing.sha256:
            _log.error("the tracks are gone or altered", incident=str(entry.id))
            entry.append(TracksLost())
            return
        else:
            statement = file_statement(entry.state.incident, sealing.what.value, sealing.sha256, sealing.size_bytes)
            metadata = seal_metadata(sealing.file.seal, statement)
            self._put(keys.tracks(entry.id), path, "application/json", sealing.sha256, metadata)
        entry.append(TracksStored())

    def _thumbnail(self, entry: Entry, version: int) -> None:
        try:
            picture = entry.thumbnail_file.read_bytes()
        except FileNotFoundError:
            entry.append(ThumbnailLost())
            return
        self._store.put_bytes(keys.thumbnail(entry.id), picture, "image/jpeg")
        self._count(len(picture))
        entry.append(ThumbnailStored(version))

    def _put(
        self, key: str, path: Path, content_type: str, sha256: str, metadata: Mapping[str, str] | None = None
    ) -> None:
        size_bytes = path.stat().st_size
        self._store.put_file(key, path, content_type, sha256, metadata)
        self._count(size_bytes)

    def _count(self, size_bytes: int) -> None:
        with self._lock:
            self.uploaded_bytes += size_bytes


def _has_work(entry: Entry) -> bool:
    state = entry.state
    return state.fenced is None and bool(
        state.unstored or state.thumbnail != state.thumbnail_stored or (state.tracks and not state.tracks_stored)
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
