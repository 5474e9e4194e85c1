"""Gaps on their way to the database: what was not recorded and what was not analysed (invariant 3).

One journal of gaps. Neighbours of one camera, kind and reason become one, so that a detector that sheds every other
frame for an hour is one line, not ten thousand.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from camsvc.domain.incident import Gap
from camsvc.errors import SpoolError
from camsvc.worker.spool_journal import Journal

What = Literal["footage", "analysis"]

JOURNAL = "journal"
REFUSED = "refused"
"""What the database does not take, of a camera that it does not know for example."""
NEIGHBOUR = timedelta(seconds=2)
"""Gaps closer than this are one: between them lies at most one key frame interval of doubt."""
PENDING_MAX = 50_000
"""About 15 MB. Beyond it, gaps of the same camera, kind and reason become one whatever lies between them:
coarser, but never saying "nothing happened" of a time that nobody looked at."""
UNWRITTEN_MAX = 10_000
"""Gaps that a hanging disk has not taken. Beyond it they are written as merged, all at once, when it does."""
COMPACT_BYTES = 4 * 1024 * 1024
"""A journal longer than this, and than twice what is pending, is written anew."""


@dataclass(frozen=True, slots=True)
class CoverageGap:
    camera: str
    what: What
    gap: Gap


_GAP = TypeAdapter(CoverageGap)


class Coverage:
    """Any thread may call any method. :meth:`record` never waits for the disk: receive threads call it."""

    def __init__(self, folder: Path, changed: Callable[[], None]) -> None:
        """Reads what a predecessor left. ``changed`` is called after every new gap. Raises OSError, SpoolError."""
        self._journal = Journal(folder / JOURNAL)
        self._refused = Journal(folder / REFUSED)
        with contextlib.suppress(FileNotFoundError):
            self._refused.read()
        self._changed = changed
        self._lock = threading.Lock()
        """Of the memory; held for microseconds."""
        self._disk = threading.Lock()
        """Of the journal; taken first."""
        self._pending: list[CoverageGap] = []
        self._latest: dict[tuple[str, What, str], int] = {}
        self._sending: tuple[CoverageGap, ...] = ()
        self._unwritten: list[CoverageGap] = []
        self._rewrite = False
        for gap in _read(self._journal):
            self._merge(gap)
        self._compacted_bytes = self._journal.size_bytes

    def __len__(self) -> int:
        with self._lock:
            return len(self._pending) + len(self._sending)

    def record(self, camera: str, what: What, gap: Gap) -> None:
        """Remember it; :meth:`flush` puts it on the disk within a second or two."""
        item = CoverageGap(camera, what, gap)
        with self._lock:
            self._merge(item)
            self._unwritten.append(item)
            if len(self._unwritten) > UNWRITTEN_MAX:
                self._unwritten.clear()
                self._rewrite = True
        self._changed()

    def flush(self) -> None:
        """Hand what was recorded to the operating system: it survives the death of the process. Raises SpoolError."""
        with self._disk:
            with self._lock:
                fresh, self._unwritten = self._unwritten, []
            is_long = self._journal.size_bytes > max(COMPACT_BYTES, 2 * self._compacted_bytes)
            try:
                if is_long or self._rewrite or self._journal.suspect:
                    self._compact()
                elif fresh:
                    self._journal.append([_GAP.dump_json(item) for item in fresh], sync=False)
            except OSError as error:
                self._rewrite = True  # with everything: what of the append arrived is not known
                raise SpoolError(f"the journal of gaps cannot be written: {error.strerror}") from error

    def take(self, limit: int) -> tuple[CoverageGap, ...]:
        """The oldest gaps, to be put into the database; the same again until :meth:`done`. One caller at a time."""
        with self._lock:
            if not self._sending:
                self._sending, self._pending = tuple(self._pending[:limit]), self._pending[limit:]
                self._latest = {_key(item): index for index, item in enumerate(self._pending)}
            return self._sending

    def done(self, refused: Sequence[CoverageGap] = ()) -> None:
        """What :meth:`take` gave is in the database, but for ``refused``, which is kept in a file for a person.

        A crash before the next :meth:`flush` sends it again: no harm. Raises OSError.
        """
        if refused:
            with self._disk:
                self._refused.append([_GAP.dump_json(item) for item in refused])
        with self._lock:
            self._sending = ()
            self._rewrite = True
        self._changed()

    def take_from(self, folder: Path) -> None:
        """Take over the gaps of a spool where nobody lives. Raises OSError."""
        other = Journal(folder / JOURNAL)
        gaps = _read(other)
        if not gaps:
            return
        with self._disk:
            with self._lock:
                for gap in gaps:
                    self._merge(gap)
            self._compact()
        other.rewrite([])
        self._changed()

    def _merge(self, item: CoverageGap) -> None:
        index = self._latest.get(_key(item))
        if index is not None:
            last = self._pending[index].gap
            near = last.started_at - NEIGHBOUR <= item.gap.started_at <= last.ended_at + NEIGHBOUR
            if near or len(self._pending) >= PENDING_MAX:
                started = min(last.started_at, item.gap.started_at)
                ended = max(last.ended_at, item.gap.ended_at)
                self._pending[index] = replace(item, gap=replace(last, started_at=started, ended_at=ended))
                return
        self._latest[_key(item)] = len(self._pending)
        self._pending.append(item)

    def _compact(self) -> None:
        with self._lock:
            self._unwritten.clear()
            everything = (*self._sending, *self._pending)
            self._rewrite = False
        try:
            self._journal.rewrite(_GAP.dump_json(item) for item in everything)
        except OSError:
            self._rewrite = True
            raise
        self._compacted_bytes = self._journal.size_bytes


def _key(item: CoverageGap) -> tuple[str, What, str]:
    return item.camera, item.what, item.gap.reason.value


def _read(journal: Journal) -> Sequence[CoverageGap]:
    try:
        return [_GAP.validate_json(line) for line in journal.read()]
    except FileNotFoundError:
        return []
    except ValueError as error:
        raise SpoolError("the journal of gaps holds a record that this version cannot read") from error
