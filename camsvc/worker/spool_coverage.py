"""Gaps on their way to the database: what was not recorded and what was not analysed (invariant 3).

One journal of gaps. Neighbours of one camera, kind and reason become one, so that a detector that sheds every other
frame for an hour is one line, not ten thousand.
"""

from __future__ import annotations

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
NEIGHBOUR = timedelta(seconds=2)
"""Gaps closer than this are one: between them lies at most one key frame interval of doubt."""
PENDING_MAX = 50_000
"""About 15 MB. Beyond it, gaps of the same camera, kind and reason become one whatever lies between them:
coarser, but never saying "nothing happened" of a time that nobody looked at."""
COMPACT_BYTES = 4 * 1024 * 1024
"""A journal longer than this, and than twice what is pending, is written anew."""


@dataclass(frozen=True, slots=True)
class CoverageGap:
    camera: str
    what: What
    gap: Gap


_GAP = TypeAdapter(CoverageGap)


class Coverage:
    """Any thread may call any method."""

    def __init__(self, folder: Path, changed: Callable[[], None]) -> None:
        """Reads what a predecessor left. ``changed`` is called after every new gap. Raises OSError."""
        self._journal = Journal(folder / JOURNAL)
        self._changed = changed
        self._lock = threading.Lock()
        self._pending: list[CoverageGap] = []
        self._latest: dict[tuple[str, What, str], int] = {}
        self._sending: tuple[CoverageGap, ...] = ()
        for gap in _read(self._journal):
            self._merge(gap)
        self._compacted_bytes = self._journal.size_bytes

    def __len__(self) -> int:
        with self._lock:
            return len(self._pending) + len(self._sending)

    def record(self, camera: str, what: What, gap: Gap) -> None:
        """Survives the death of the process, not a power cut within the next seconds. Raises SpoolError."""
        item = CoverageGap(camera, what, gap)
        with self._lock:
            self._merge(item)
            try:
                if self._journal.suspect or self._journal.size_bytes > max(COMPACT_BYTES, 2 * self._compacted_bytes):
                    self._compact()
                else:
                    self._journal.append([_GAP.dump_json(item)], sync=False)
            except OSError as error:
                raise SpoolError(f"a gap of camera {camera} cannot be written: {error.strerror}") from error
        self._changed()

    def take(self, limit: int) -> tuple[CoverageGap, ...]:
        """The oldest gaps, to be put into the database; the same again until :meth:`done`. One caller at a time."""
        with self._lock:
            if not self._sending:
                self._sending, self._pending = tuple(self._pending[:limit]), self._pending[limit:]
                self._index()
            return self._sending

    def done(self) -> None:
        """What :meth:`take` gave is in the database. Raises SpoolError; then it is sent again, which does no harm."""
        with self._lock:
            self._sending = ()
            try:
                self._compact()
            except OSError as error:
                raise SpoolError(f"the journal of gaps cannot be written: {error.strerror}") from error

    def take_from(self, folder: Path) -> None:
        """Take over the gaps of a spool where nobody lives. Raises OSError."""
        other = Journal(folder / JOURNAL)
        gaps = _read(other)
        if not gaps:
            return
        with self._lock:
            for gap in gaps:
                self._merge(gap)
            self._compact()
        other.rewrite([])
        self._changed()

    def _merge(self, item: CoverageGap) -> None:
        key = (item.camera, item.what, item.gap.reason.value)
        index = self._latest.get(key)
        if index is not None:
            last = self._pending[index].gap
            near = last.started_at - NEIGHBOUR <= item.gap.started_at <= last.ended_at + NEIGHBOUR
            if near or len(self._pending) >= PENDING_MAX:
                started = min(last.started_at, item.gap.started_at)
                ended = max(last.ended_at, item.gap.ended_at)
                self._pending[index] = replace(item, gap=replace(last, started_at=started, ended_at=ended))
                return
        self._latest[key] = len(self._pending)
        self._pending.append(item)

    def _index(self) -> None:
        self._latest = {
            (item.camera, item.what, item.gap.reason.value): index for index, item in enumerate(self._pending)
        }

    def _compact(self) -> None:
        self._journal.rewrite(_GAP.dump_json(item) for item in (*self._sending, *self._pending))
        self._compacted_bytes = self._journal.size_bytes


def _read(journal: Journal) -> Sequence[CoverageGap]:
    try:
        return [_GAP.validate_json(line) for line in journal.read()]
    except FileNotFoundError:
        return []
    except ValueError as error:
        raise SpoolError("the journal of gaps holds a record that this version cannot read") from error
