"""The worker's durable memory between an incident and its publication (invariant 2); see docs/reference/spool.md.

::

    <root>/
        spool.json    which spool this is: told from an empty folder where a disk should be mounted
        lock          held (flock) by the worker process that lives here
        incidents/    one folder an incident (spool_entry)
        coverage/     gaps on their way to the database (spool_coverage)
        fenced/       incidents that the database refused for good: kept for a person to decide
        damaged/      what could not be read back: kept likewise
        removed/      published, being deleted
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

from camsvc import log
from camsvc.clock import Clock
from camsvc.domain.incident import Incident
from camsvc.errors import SpoolError
from camsvc.media.packet_log import sync_folder
from camsvc.worker.spool_coverage import Coverage
from camsvc.worker.spool_entry import Entry, entry_id
from camsvc.worker.spool_recovery import recover
from camsvc.worker.spool_root import SpoolRoot

RESUME_FRACTION = 0.95
"""Refused once, footage is taken again below this part of the budget: not on and off with every packet."""
LOOK_INTERVAL_S = 0.5
"""How long an answer about budget and disk is good: at 1000 Mb/s of cameras, 60 MB, far below ``min_free_bytes``."""

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class SpoolStats:
    entries: int
    """Incidents not yet published whole."""
    open: int
    bytes: int
    oldest: datetime | None
    """When the oldest of them started."""
    refused: str | None
    """Why no footage is recorded now, for a person; None: it is."""
    fenced: int
    damaged: int
    coverage: int
    """Gaps not yet in the database."""


class Spool:
    """Opened once by a worker process, which then alone lives in ``root``. Any thread may call any method."""

    def __init__(
        self, root: Path, *, max_bytes: int, min_free_bytes: int, clock: Clock, remembered: Path | None = None
    ) -> None:
        """Makes the spool when ``root`` is new; reads what a predecessor left.

        ``remembered`` names a file outside of ``root`` that keeps the spool's identity: a disk that was not mounted at
        start is then noticed too. Raises SpoolError when another process lives in ``root`` or it is not the one it was.
        """
        self._max_bytes = max_bytes
        self._min_free_bytes = min_free_bytes
        self._clock = clock
        self._lock = threading.Lock()
        self._listeners: list[threading.Event] = []
        self._entries: dict[UUID, Entry] = {}
        self._refused: str | None = None
        self._looked_s: float | None = None
        self._left: set[Path] = set()
        self.root = SpoolRoot.open(root, remembered)
        try:
            _empty(self.root.removed)
            self.coverage = Coverage(self.root.coverage, self._notify)
            for folder in sorted(self.root.incidents.iterdir()):
                self._load(folder)
        except BaseException:
            self.root.close()
            raise

    def create(self, incident: Incident) -> Entry:
        """A new incident; on return it is on the disk and will never be lost. Raises SpoolError."""
        self.root.check()
        folder = self.folder(incident.id)
        try:
            entry = Entry.create(folder, incident, self._notify)
        except OSError as error:
            _abandon(folder)
            raise SpoolError(f"{folder}: the incident cannot be written: {error.strerror}") from error
        with self._lock:
            self._entries[entry.id] = entry
        self._notify()
        return entry

    def folder(self, incident: UUID) -> Path:
        """Where it lies, once created."""
        return self.root.incidents / str(incident)

    def entries(self) -> tuple[Entry, ...]:
        """All that is not yet published whole, oldest first."""
        with self._lock:
            return tuple(self._entries[id_] for id_ in sorted(self._entries))

    def remove(self, entry: Entry) -> None:
        """Publication is complete: forget it. Repeatable."""
        self._leave(entry, self.root.removed)
        shutil.rmtree(self.root.removed / entry.folder.name, ignore_errors=True)

    def set_aside(self, entry: Entry, folder: Path) -> None:
        """Move what cannot be published into ``root.fenced`` or ``root.damaged``, whole, for a person to decide."""
        self._leave(entry, folder)
        _log.error("incident set aside", incident=str(entry.id), camera=entry.state.incident.camera, folder=folder.name)

    def refuses_footage(self) -> str | None:
        """Why no footage may be written now; None: it may. Facts of incidents are written even so: they are tiny.

        Nothing already held is deleted to make room.
        """
        now_s = self._clock.monotonic_s()
        if self._looked_s is None or now_s - self._looked_s >= LOOK_INTERVAL_S:
            self._looked_s = now_s
            before, self._refused = self._refused, self._look(already=self._refused is not None)
            if self._refused and not before:
                _log.error("recording stopped", spool=str(self.root.path), reason=self._refused)
            elif before and not self._refused:
                _log.warning("recording resumed", spool=str(self.root.path))
        return self._refused

    def stats(self) -> SpoolStats:
        entries = self.entries()
        return SpoolStats(
            entries=len(entries),
            open=sum(entry.state.is_open for entry in entries),
            bytes=_total(entries),
            oldest=min((entry.state.incident.started_at for entry in entries), default=None),
            refused=self.refuses_footage(),
            fenced=_count(self.root.fenced) + sum(entry.state.fenced is not None for entry in entries),
            damaged=_count(self.root.damaged),
            coverage=len(self.coverage),
        )

    def adopt(self, sibling: Path) -> int:
        """Take over the incidents of the spool at ``sibling`` if nobody lives there; how many.

        Each folder moves in one step, so a crash leaves it in one of the two. A sibling on another disk stays there.
        """
        try:
            other = SpoolRoot.open(sibling, None, create=False)
        except SpoolError:
            return 0
        moved = 0
        try:
            for folder in sorted(other.incidents.iterdir()):
                folder.rename(self.root.incidents / folder.name)
                moved += self._load(self.root.incidents / folder.name)
            self.coverage.take_from(other.coverage)
            for path in (other.incidents, self.root.incidents):
                sync_folder(path)
        except (OSError, SpoolError) as error:
            if sibling not in self._left:  # once, not every minute: a spool on another disk is never taken over
                _log.error("spool of a lost worker not taken over", spool=str(sibling), reason=str(error))
            self._left.add(sibling)
        finally:
            other.close()
        if moved:
            _log.warning("spool of a lost worker taken over", spool=str(sibling), incidents=moved)
            self._notify()
        return moved

    def subscribe(self) -> threading.Event:
        """An event that is set after every change; the caller clears it before it looks."""
        event = threading.Event()
        with self._lock:
            self._listeners.append(event)
        return event

    def close(self) -> None:
        """Let another process live here. Nothing is deleted."""
        try:
            self.coverage.flush()
        except SpoolError as error:
            _log.error("gaps are not on the disk", reason=str(error))
        self.root.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _load(self, folder: Path) -> bool:
        """Whether there is an incident in it. Raises OSError."""
        try:
            entry = Entry.load(folder, self._notify) if entry_id(folder) else None
        except (SpoolError, OSError) as error:
            self._put_away(folder, str(error))
            return False
        if entry is None:
            # No whole record, so it was never reported. Footage without a journal is no torn start, though: it is rot.
            if not folder.is_dir() or any(path.suffix in {".log", ".mp4"} for path in folder.iterdir()):
                self._put_away(folder, "it has no readable journal")
            else:
                shutil.rmtree(folder)
            return False
        with self._lock:
            self._entries[entry.id] = entry
        try:
            recover(entry)
        except SpoolError as error:
            _log.error("incident not yet recovered", incident=str(entry.id), reason=str(error))  # the finaliser will
        return True

    def _put_away(self, folder: Path, reason: str) -> None:
        """Keep for a person what cannot be read; moved back into ``incidents/``, it is read again at the next start."""
        _log.error("incident cannot be read back", folder=str(folder), reason=reason)
        place, number = self.root.damaged / folder.name, 1
        while place.exists():
            place, number = self.root.damaged / f"{folder.name}.{number}", number + 1
        folder.rename(place)

    def _leave(self, entry: Entry, folder: Path) -> None:
        try:
            entry.folder.rename(folder / entry.folder.name)
            sync_folder(self.root.incidents)
        except FileNotFoundError:
            pass  # repeated
        except OSError as error:
            raise SpoolError(f"{entry.folder} cannot be moved to {folder.name}: {error.strerror}") from error
        with self._lock:
            self._entries.pop(entry.id, None)
        self._notify()

    def _look(self, *, already: bool) -> str | None:
        try:
            self.root.check()
            free = self.root.free_bytes()
        except SpoolError as error:
            return str(error)
        fraction = RESUME_FRACTION if already else 1.0
        used = _total(self.entries())
        if used > self._max_bytes * fraction:
            return (
                f"the spool holds {used} bytes, its budget is {self._max_bytes}:"
                " mend what holds up publishing, or raise spool.max_bytes"
            )
        if free * fraction < self._min_free_bytes:
            return (
                f"{free} bytes are free on the spool's disk, {self._min_free_bytes} must stay free:"
                " make room on it, or lower spool.min_free_bytes"
            )
        return None

    def _notify(self) -> None:
        for event in self._listeners:
            event.set()


def _total(entries: Iterable[Entry]) -> int:
    return sum(entry.size_bytes for entry in entries)


def _count(folder: Path) -> int:
    try:
        return sum(1 for _ in folder.iterdir())
    except OSError:
        return 0


def _empty(folder: Path) -> None:
    for left in folder.iterdir():
        shutil.rmtree(left, ignore_errors=True)


def _abandon(folder: Path) -> None:
    """What a failed creation left; it was never reported."""
    shutil.rmtree(folder, ignore_errors=True)
