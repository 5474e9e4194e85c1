"""Writes a package's ZIP as a stream: only forwards, one entry at a time, nothing of an entry is kept."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import Self

from camsvc.evidence.sealing import SealingSink, Sink
from camsvc.evidence.zip_format import (
    ENTRIES_MAX,
    LARGE_BYTES,
    NAME,
    Entry,
    central_header,
    descriptor,
    dos_time,
    end_records,
    local_header,
)


class ZipWriter:
    """A context, for one thread. ``finish`` once, at the end; without it there is no ZIP."""

    def __init__(self, sink: Sink, at: datetime) -> None:
        """``at``: the time that all entries bear. ``sink`` is written to from another thread until ``finish``."""
        self._sink = sink
        self._sealing = SealingSink(sink)
        self._time = dos_time(at)
        self._entries: dict[str, Entry] = {}
        self.size_bytes = 0

    def __enter__(self) -> Self:
        self._sealing.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sealing.__exit__(kind, error, trace)

    @contextmanager
    def entry(self, name: str, size_at_most: int) -> Iterator[Callable[[bytes], None]]:
        """Gives what writes the entry's data; it must not be more than ``size_at_most`` bytes in all.

        When the block raises, the ZIP is spoilt and must be thrown away.
        """
        if not NAME.fullmatch(name) or name in self._entries or len(self._entries) >= ENTRIES_MAX:
            raise ValueError(f"{name!r} cannot be added: not a name of a package's file, there already, or too many")
        large = size_at_most >= LARGE_BYTES
        offset, size, crc = self.size_bytes, 0, 0
        self._emit(local_header(name, self._time, large=large))

        def write(data: bytes) -> None:
            nonlocal size, crc
            size += len(data)
            if size > size_at_most:
                raise ValueError(f"{name}: more than the {size_at_most} bytes that were announced")
            crc = zlib.crc32(data, crc)
            self._emit(data)

        yield write
        entry = Entry(name, offset, size, crc, large)
        self._emit(descriptor(entry))
        self._entries[name] = entry

    def add(self, name: str, data: bytes) -> None:
        with self.entry(name, len(data)) as write:
            write(data)

    def finish(self, comment_bytes: int, sign: Callable[[bytes], bytes]) -> None:
        """The central directory, and a comment of ``comment_bytes`` bytes: what ``sign`` makes of the SHA-256 of
        everything before it."""
        start = self.size_bytes
        self._emit_all(central_header(each, self._time) for each in self._entries.values())
        self._emit(end_records(len(self._entries), start, self.size_bytes - start, comment_bytes))
        comment = sign(self._sealing.settle())
        if len(comment) != comment_bytes:
            raise ValueError(f"a comment of {len(comment)} bytes where {comment_bytes} were announced")
        self._sink.write(comment)
        self.size_bytes += len(comment)

    def _emit_all(self, pieces: Iterable[bytes]) -> None:
        for piece in pieces:
            self._emit(piece)

    def _emit(self, data: bytes) -> None:
        self._sealing.write(data)
        self.size_bytes += len(data)
