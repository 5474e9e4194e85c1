"""An append-only file of records, one a line, that tells a whole line from a torn one.

A line is ``CRC-32 of the text (8 hex digits), space, JSON text, newline``. Only what :meth:`Journal.append` returned
from is promised: it has reached the disk. Not thread-safe: the owner locks.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable
from pathlib import Path

from camsvc.media.packet_log import sync_folder

_CRC_DIGITS = 8


class Journal:
    """``path`` may not exist yet: the first append makes it. Methods raise OSError as the disk does."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._good_bytes = 0
        """Where the next line goes: what lies behind is the torn rest of a line that was never promised."""
        self._suspect = False
        """The last append failed: the kernel may have marked unwritten pages clean, so the file must be made anew."""

    @property
    def size_bytes(self) -> int:
        return self._good_bytes

    @property
    def suspect(self) -> bool:
        """The last append failed while it went to the disk: only :meth:`rewrite` may follow."""
        return self._suspect

    def read(self) -> list[bytes]:
        """Every whole record in order. An unreadable line is passed over; the next append overwrites a torn tail.

        Raises FileNotFoundError.
        """
        data = self._path.read_bytes()
        records: list[bytes] = []
        position = 0
        while (end := data.find(b"\n", position)) >= 0:
            record = _whole(data[position:end])
            position = end + 1
            if record is not None:
                records.append(record)
                self._good_bytes = position
        return records

    def append(self, records: Iterable[bytes], *, sync: bool = True) -> None:
        """Write ``records``; with ``sync`` they are on the disk on return (the folder entry of a new file is not).

        After an OSError nothing of them counts. With ``sync`` the file must then be rewritten before it is appended to;
        without, the next append goes over what is left of this one.
        """
        if self._suspect:
            raise OSError(f"{self._path}: an earlier append failed; the journal must be rewritten first")
        data = b"".join(_line(record) for record in records)
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._suspect = sync
        try:
            os.ftruncate(file, self._good_bytes)
            _write_all(file, data, self._good_bytes)
            if sync:
                os.fdatasync(file)
        finally:
            os.close(file)
        self._good_bytes += len(data)
        self._suspect = False

    def rewrite(self, records: Iterable[bytes]) -> None:
        """Replace the whole file at once: a crash leaves either the old or the new one."""
        data = b"".join(_line(record) for record in records)
        write_durably(self._path, data)
        self._good_bytes = len(data)
        self._suspect = False


def write_durably(path: Path, data: bytes) -> None:
    """``path`` holds ``data`` or what it held before, whatever happens; on return it is on the disk."""
    fresh = path.with_name(f"new-{path.name}")
    file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        _write_all(file, data, 0)
        os.fsync(file)
    finally:
        os.close(file)
    fresh.rename(path)
    sync_folder(path.parent)


def _line(record: bytes) -> bytes:
    if b"\n" in record:
        raise ValueError("a journal record is one line of JSON")
    return b"%08x %b\n" % (zlib.crc32(record), record)


def _whole(line: bytes) -> bytes | None:
    crc, space, record = line[:_CRC_DIGITS], line[_CRC_DIGITS : _CRC_DIGITS + 1], line[_CRC_DIGITS + 1 :]
    return record if space == b" " and crc == b"%08x" % zlib.crc32(record) else None


def _write_all(file: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(file, view, offset)
        view, offset = view[written:], offset + written
