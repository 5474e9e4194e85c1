"""One incident in the spool: its folder, its journal, and what is known of its files.

::

    <incident id>/
        journal          records (spool_state): the truth
        part-0000.log    packets of a part, while it is recorded and until its MP4 is finished
        part-0000.mp4    the finished part, until it is in the object store
        scenes           boxes seen, one analysed frame a line (tracks_file)
        thumbnail.jpg
        tracks.json      made when all is recorded
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from camsvc import log
from camsvc.domain.incident import Incident
from camsvc.errors import SpoolError
from camsvc.media.packet_log import sync_folder
from camsvc.worker import spool_state
from camsvc.worker.spool_journal import Journal
from camsvc.worker.spool_state import Change, EntryState, Facts, Snapshot

JOURNAL = "journal"
SCENES = "scenes"
COMPACT_BYTES = 256 * 1024
"""A journal is made short when it is longer than this and more than twice as long as when last made short:
an incident of a day with an update every two seconds stays below a megabyte, and no byte is copied often."""

_PART_LOG = re.compile(r"part-(\d+)\.log")

_log = log.get(__name__)


class Entry:
    """Any thread may call any method; what is returned is a value that does not change afterwards."""

    def __init__(self, folder: Path, state: EntryState, journal: Journal, changed: Callable[[], None]) -> None:
        """``changed`` is called, by the changing thread, after every change that finaliser or publisher may act on."""
        self.folder = folder
        self.id = state.incident.id
        self._state = state
        self._journal = journal
        self._changed = changed
        self._compacted_bytes = journal.size_bytes
        self._lock = threading.Lock()
        self._ready: set[int] = set()
        self._size_bytes = 0
        self.abandoned = False
        """Left by a process that is gone: nobody records it any more."""

    @classmethod
    def create(cls, folder: Path, incident: Incident, changed: Callable[[], None]) -> Entry:
        """On return the incident is on the disk, in its folder. Raises OSError."""
        journal = Journal(folder / JOURNAL)
        folder.mkdir(mode=0o700)
        journal.append([spool_state.encode(Facts(incident))])
        sync_folder(folder)
        sync_folder(folder.parent)
        return cls(folder, EntryState(incident), journal, changed)

    @classmethod
    def load(cls, folder: Path, changed: Callable[[], None]) -> Entry | None:
        """What a process that is gone left behind; None when the incident was never promised (no whole record).

        All packet logs count as ready: nobody writes them any more. Raises SpoolError on a journal that is not ours.
        """
        journal = Journal(folder / JOURNAL)
        try:
            state = spool_state.fold([spool_state.decode(line) for line in journal.read()])
        except FileNotFoundError:
            state = None
        except ValueError as error:
            raise SpoolError(f"{folder / JOURNAL} holds a record that this version cannot read") from error
        if state is None:
            return None
        entry = cls(folder, state, journal, changed)
        entry.abandoned = True
        entry._ready = entry._logs_on_disk()
        entry.measure()
        return entry

    @property
    def state(self) -> EntryState:
        """What is on the disk, never what is only wished."""
        return self._state

    @property
    def size_bytes(self) -> int:
        """As last measured."""
        return self._size_bytes

    def append(self, *records: Change) -> EntryState:
        """Write ``records``; on return they are on the disk, and the new state is returned.

        Raises SpoolError when the disk refuses; nothing of them counts then, and the call may be repeated.
        """
        with self._lock:
            state = self._state
            for record in records:
                state = state.after(record)
            try:
                if self._journal.suspect or self._is_long():
                    self._journal.rewrite([spool_state.encode(Snapshot(state))])
                    self._compacted_bytes = self._journal.size_bytes
                else:
                    self._journal.append(spool_state.encode(record) for record in records)
            except OSError as error:
                raise SpoolError(f"incident {self.id}: its journal cannot be written: {error.strerror}") from error
            self._state = state
        self._changed()
        return state

    def measure(self) -> int:
        """Look how many bytes the folder takes now."""
        with os.scandir(self.folder) as files:
            self._size_bytes = sum(_size(file) for file in files)
        return self._size_bytes

    def part_log(self, index: int) -> Path:
        return self.folder / f"part-{index:04}.log"

    def part_file(self, index: int) -> Path:
        return self.folder / f"part-{index:04}.mp4"

    @property
    def scenes_file(self) -> Path:
        return self.folder / SCENES

    @property
    def thumbnail_file(self) -> Path:
        return self.folder / "thumbnail.jpg"

    @property
    def tracks_file(self) -> Path:
        return self.folder / "tracks.json"

    def hand_over(self, index: int) -> None:
        """The packet log of part ``index`` is closed: the finaliser may have it."""
        with self._lock:
            self._ready.add(index)
        self._changed()

    @property
    def ready(self) -> tuple[int, ...]:
        """Parts whose packet log waits for the finaliser, in order."""
        with self._lock:
            return tuple(sorted(self._ready))

    def done_with(self, index: int) -> None:
        """The packet log of part ``index`` needs no more work."""
        with self._lock:
            self._ready.discard(index)
        self._changed()

    def _is_long(self) -> bool:
        return self._journal.size_bytes > max(COMPACT_BYTES, 2 * self._compacted_bytes)

    def _logs_on_disk(self) -> set[int]:
        return {int(match[1]) for path in self.folder.iterdir() if (match := _PART_LOG.fullmatch(path.name))}


def _size(file: os.DirEntry[str]) -> int:
    try:
        return file.stat(follow_symlinks=False).st_size
    except FileNotFoundError:
        return 0  # renamed or removed by the finaliser meanwhile


def entry_id(folder: Path) -> UUID | None:
    """The incident whose folder this is by its name."""
    try:
        return UUID(folder.name)
    except ValueError:
        return None
