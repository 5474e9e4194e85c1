"""Reads a package's ZIP that may come from anybody: bounded memory, nothing is unpacked, no byte is taken on trust.

Entries are stored, so there is nothing that could inflate; they must fill the file without gap or overlap.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from camsvc.evidence.zip_format import (
    CENTRAL_BYTES,
    END64_BYTES,
    END64_MAGIC,
    END_BYTES,
    END_MAGIC,
    ENTRIES_MAX,
    LOCAL_BYTES,
    LOCAL_MAGIC,
    LOCATOR_BYTES,
    LOCATOR_MAGIC,
    NAME,
    End,
    Entry,
    central_header,
    descriptor,
    end_records,
    local_header,
    local_header_bytes,
    parse_central,
    parse_end,
    parse_end64,
)

COMMENT_MAX = 0xFFFF
DIRECTORY_MAX_BYTES = 64 * 1024 * 1024
"""Of ENTRIES_MAX entries with long names; more is no package."""
RECORD_MAX_BYTES = CENTRAL_BYTES + 1024
"""Of the directory: a name has at most 504 letters (zip_format.NAME), numbers in 64 bits take 28 bytes."""
CHUNK_BYTES = 1024 * 1024


class DamagedError(ValueError):
    """It cannot be read as a package's ZIP at all. ``str()`` says where it goes wrong."""


@dataclass(frozen=True, slots=True)
class Contents:
    sha256: str
    size_bytes: int
    crc: int


class ZipReader:
    """For one thread. ``faults`` grows as it reads: each is a way in which the ZIP is not what a package's is."""

    def __init__(self, file: BinaryIO) -> None:
        """Reads the directory. Raises DamagedError, OSError."""
        self._file = file
        self._digest = hashlib.sha256()
        self._hashed_to = 0
        self.faults: list[str] = []
        self.size_bytes = file.seek(0, 2)
        self._end, self.comment = self._read_end()
        self._time = 0
        self.entries = self._read_directory()
        self._check_names()
        self._is_ours = True
        """Whether the entries fill the file as a package's do; else headers are not compared one by one."""
        self._data = self._place_data()

    @property
    def signed_bytes(self) -> int:
        """Everything but the comment."""
        return self.size_bytes - len(self.comment)

    def read(self, entry: Entry, on_data: Callable[[bytes], object] = lambda _: None) -> Contents:
        """Goes through an entry's data in pieces; what differs from its headers is added to ``faults``."""
        digest, crc = hashlib.sha256(), 0
        header = local_header(entry.name, self._time, large=entry.large)
        if self._is_ours and self._at(entry.offset, len(header)) != header:
            self.faults.append(f"{entry.name}: its local header is altered")
        for piece in self._pieces(self._data[entry.offset], entry.size_bytes):
            digest.update(piece)
            crc = zlib.crc32(piece, crc)
            on_data(piece)
        trailer = descriptor(entry)
        if self._is_ours and self._at(entry.end - len(trailer), len(trailer)) != trailer:
            self.faults.append(f"{entry.name}: its data descriptor is altered")
        if crc != entry.crc:
            self.faults.append(f"{entry.name}: its CRC-32 differs")
        return Contents(digest.hexdigest(), entry.size_bytes, crc)

    def read_whole(self, entry: Entry, at_most: int) -> bytes | None:
        """The data of a small entry; None when it is larger than ``at_most``. Leaves ``faults`` alone."""
        if entry.size_bytes > at_most:
            return None
        return b"".join(self._pieces(self._data[entry.offset], entry.size_bytes))

    def sha256(self) -> bytes:
        """Of everything but the comment. What was read in order before is not read again."""
        while self._hashed_to < self.signed_bytes:
            if not self._at(self._hashed_to, min(CHUNK_BYTES, self.signed_bytes - self._hashed_to)):
                raise DamagedError("it became shorter while it was read")
        return self._digest.digest()

    def _at(self, offset: int, length: int) -> bytes:
        self._file.seek(offset)
        data = self._file.read(length)
        if offset == self._hashed_to and offset + len(data) <= self.signed_bytes:
            self._digest.update(data)
            self._hashed_to += len(data)
        return data

    def _pieces(self, offset: int, length: int) -> Iterator[bytes]:
        while length > 0:
            piece = self._at(offset, min(CHUNK_BYTES, length))
            if not piece:
                return
            yield piece
            offset, length = offset + len(piece), length - len(piece)

    def _peek(self, offset: int, length: int) -> bytes:
        """Without counting for ``sha256``, which goes from the front."""
        self._file.seek(offset)
        return self._file.read(length)

    def _read_end(self) -> tuple[End, bytes]:
        start = max(0, self.size_bytes - END_BYTES - COMMENT_MAX)
        tail = self._peek(start, self.size_bytes - start)
        ends = [
            place
            for place in range(max(0, len(tail) - END_BYTES) + 1)
            if tail.startswith(END_MAGIC, place)
            and len(tail) - place >= END_BYTES
            and parse_end(tail[place : place + END_BYTES]).comment_bytes == len(tail) - place - END_BYTES
        ]
        if len(ends) != 1:
            raise DamagedError("it has no end of a ZIP" if not ends else "it has more than one end of a ZIP")
        place = start + ends[0]
        end = parse_end(tail[ends[0] : ends[0] + END_BYTES])
        locator = self._peek(max(0, place - LOCATOR_BYTES), LOCATOR_BYTES)
        if place >= LOCATOR_BYTES + END64_BYTES and locator.startswith(LOCATOR_MAGIC):
            place -= LOCATOR_BYTES + END64_BYTES
            record = self._peek(place, END64_BYTES)
            if not record.startswith(END64_MAGIC):
                raise DamagedError("its ZIP64 end is altered")
            end = parse_end64(record, end.comment_bytes)
        if end.offset + end.size != place or end.size > DIRECTORY_MAX_BYTES or end.count > ENTRIES_MAX:
            raise DamagedError("its central directory is not where its end says, or too large")
        records = end_records(end.count, end.offset, end.size, end.comment_bytes)
        if self._peek(place, len(records)) != records:
            self.faults.append("the end of the archive is altered")
        return end, self._peek(self.size_bytes - end.comment_bytes, end.comment_bytes)

    def _read_directory(self) -> tuple[Entry, ...]:
        directory = self._peek(self._end.offset, self._end.size)
        entries: list[Entry] = []
        place = 0
        while place < len(directory):
            try:
                entry, time, length = parse_central(directory[place : place + RECORD_MAX_BYTES])
            except ValueError as error:  # UnicodeDecodeError is one
                raise DamagedError(f"its central directory is altered at entry {len(entries) + 1}: {error}") from error
            if not entries:
                self._time = time
            if directory[place : place + length] != central_header(entry, self._time):
                self.faults.append(f"{entry.name!r}: its entry in the central directory is altered")
            entries.append(entry)
            place += length
        if len(entries) != self._end.count:
            self.faults.append(f"{len(entries)} entries in the central directory, its end says {self._end.count}")
        return tuple(entries)

    def _check_names(self) -> None:
        seen: set[str] = set()
        for entry in self.entries:
            if not NAME.fullmatch(entry.name):
                self.faults.append(f"{entry.name!r} is no name that a package has: do not unpack this file")
            if entry.name.lower() in seen:
                self.faults.append(f"{entry.name!r} is there twice")
            seen.add(entry.name.lower())

    def _place_data(self) -> dict[int, int]:
        """Offset of an entry's local header → offset of its data.

        Where the entries do not fill the file as a package's do, the local headers are asked, so that what is in the
        files can still be told. Raises DamagedError when data overlap or leave the file: reading might never end.
        """
        place = 0
        for entry in self.entries:
            if entry.offset != place:
                break
            place = entry.end
        if place == self._end.offset:
            return {entry.offset: entry.data_offset for entry in self.entries}
        self._is_ours = False
        self.faults.append("its files do not lie as a package's do: bytes were put in or taken out, or it was repacked")
        places = {entry.offset: self._data_after(entry) for entry in self.entries}
        reached = 0
        for entry in sorted(self.entries, key=lambda each: each.offset):
            begin = places[entry.offset]
            if entry.offset < reached or begin + entry.size_bytes > self._end.offset:
                raise DamagedError(f"{entry.name!r} overlaps with what is before or after it")
            reached = begin + entry.size_bytes
        return places

    def _data_after(self, entry: Entry) -> int:
        header = self._peek(entry.offset, LOCAL_BYTES)
        if len(header) < LOCAL_BYTES or not header.startswith(LOCAL_MAGIC):
            raise DamagedError(f"{entry.name!r} is not where the central directory says")
        return entry.offset + local_header_bytes(header)
