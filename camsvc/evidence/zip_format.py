"""The one ZIP that a package is (PKWARE APPNOTE 6.3.9): every header is determined by name, size, CRC and place.

Entries are stored, their sizes and CRC follow them (they are known only then), all bear one time, and nothing lies
between them. The writer writes these bytes; the reader makes them anew and compares, so no byte of a header is free.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from datetime import UTC, datetime

NAME = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9._-]{0,99}/){0,4}[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""No way out of a folder, no hidden file, nothing that a file system or a shell takes for something else."""
ENTRIES_MAX = 100_000
LARGE_BYTES = 0xFFFF_FFFF
"""From here on a number needs its ZIP64 form."""
MANY = 0xFFFF
VERSION, VERSION_LARGE = 20, 45
FLAGS = 0x0008
"""Sizes and CRC come in a descriptor after the data."""
UNIX_REGULAR = 0o100644 << 16
MADE_BY_UNIX = 3 << 8

_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")
_END64 = struct.Struct("<4sQHHIIQQQQ")
_LOCATOR64 = struct.Struct("<4sIQI")
LOCAL_MAGIC, CENTRAL_MAGIC, END_MAGIC = b"PK\3\4", b"PK\1\2", b"PK\5\6"
LOCAL_BYTES = _LOCAL.size
END_BYTES, END64_BYTES, LOCATOR_BYTES, CENTRAL_BYTES = _END.size, _END64.size, _LOCATOR64.size, _CENTRAL.size
END64_MAGIC, LOCATOR_MAGIC = b"PK\6\6", b"PK\6\7"


@dataclass(frozen=True, slots=True)
class Entry:
    name: str
    offset: int
    """Of its local header."""
    size_bytes: int
    crc: int
    large: bool
    """Its sizes are written in 64 bits."""

    @property
    def data_offset(self) -> int:
        return self.offset + len(local_header(self.name, 0, large=self.large))

    @property
    def end(self) -> int:
        """Offset of what comes after its descriptor."""
        return self.data_offset + self.size_bytes + len(descriptor(self))


def dos_time(at: datetime) -> int:
    """Date and time (UTC) in MS-DOS form, date in the upper half; exact to two seconds."""
    at = at.astimezone(UTC)
    date = (at.year - 1980) << 9 | at.month << 5 | at.day
    return date << 16 | at.hour << 11 | at.minute << 5 | at.second // 2


def local_header(name: str, time: int, *, large: bool) -> bytes:
    extra = struct.pack("<HHQQ", 1, 16, 0, 0) if large else b""
    size = LARGE_BYTES if large else 0
    encoded = name.encode("ascii")
    version = VERSION_LARGE if large else VERSION
    return (
        _LOCAL.pack(LOCAL_MAGIC, version, FLAGS, 0, time & 0xFFFF, time >> 16, 0, size, size, len(encoded), len(extra))
        + encoded
        + extra
    )


def descriptor(entry: Entry) -> bytes:
    form = "<4sIQQ" if entry.large else "<4sIII"
    return struct.pack(form, b"PK\7\x08", entry.crc, entry.size_bytes, entry.size_bytes)


def central_header(entry: Entry, time: int) -> bytes:
    extra = b""
    size, offset = entry.size_bytes, entry.offset
    if entry.large:
        extra += struct.pack("<QQ", size, size)
        size = LARGE_BYTES
    if offset >= LARGE_BYTES:
        extra += struct.pack("<Q", offset)
        offset = LARGE_BYTES
    if extra:
        extra = struct.pack("<HH", 1, len(extra)) + extra
    encoded = entry.name.encode("ascii")
    version = VERSION_LARGE if extra else VERSION
    return (
        _CENTRAL.pack(
            CENTRAL_MAGIC, MADE_BY_UNIX | VERSION_LARGE, version, FLAGS, 0, time & 0xFFFF, time >> 16, entry.crc,
            size, size, len(encoded), len(extra), 0, 0, 0, UNIX_REGULAR, offset,
        )
        + encoded
        + extra
    )  # fmt: skip


def end_records(count: int, offset: int, size: int, comment_bytes: int) -> bytes:
    """What follows the central directory, which is ``size`` bytes at ``offset``; the comment comes after it."""
    large = count >= MANY or offset >= LARGE_BYTES or size >= LARGE_BYTES
    records = b""
    if large:
        made_by = MADE_BY_UNIX | VERSION_LARGE
        records += _END64.pack(END64_MAGIC, END64_BYTES - 12, made_by, VERSION_LARGE, 0, 0, count, count, size, offset)
        records += _LOCATOR64.pack(LOCATOR_MAGIC, 0, offset + size, 1)
    return records + _END.pack(
        END_MAGIC,
        0,
        0,
        min(count, MANY),
        min(count, MANY),
        min(size, LARGE_BYTES),
        min(offset, LARGE_BYTES),
        comment_bytes,
    )


def local_header_bytes(header: bytes) -> int:
    """How long a local header is, by what it says itself of its name and extra field."""
    *_, name_bytes, extra_bytes = _LOCAL.unpack(header)
    return LOCAL_BYTES + int(name_bytes) + int(extra_bytes)


@dataclass(frozen=True, slots=True)
class End:
    """What the end records say."""

    count: int
    offset: int
    size: int
    comment_bytes: int


def parse_end(record: bytes) -> End:
    _, _, _, _, count, size, offset, comment_bytes = _END.unpack(record)
    return End(count, offset, size, comment_bytes)


def parse_end64(record: bytes, comment_bytes: int) -> End:
    fields = _END64.unpack(record)
    return End(fields[7], fields[9], fields[8], comment_bytes)


def parse_central(record: bytes) -> tuple[Entry, int, int]:
    """An entry, its time, and the bytes that its record takes. Raises ValueError when it is none."""
    if len(record) < CENTRAL_BYTES or not record.startswith(CENTRAL_MAGIC):
        raise ValueError("no entry of a central directory")
    fields = _CENTRAL.unpack_from(record)
    version, time, crc = fields[2], fields[6] << 16 | fields[5], fields[7]
    size, name_bytes, extra_bytes, offset = fields[9], fields[10], fields[11], fields[16]
    if fields[4] != 0 or fields[8] != size:
        raise ValueError("it is compressed")
    total = CENTRAL_BYTES + name_bytes + extra_bytes
    if len(record) < total:
        raise ValueError("an entry of the central directory is cut short")
    name = record[CENTRAL_BYTES : CENTRAL_BYTES + name_bytes].decode("ascii")
    extra = record[CENTRAL_BYTES + name_bytes + 4 : total]
    large = size == LARGE_BYTES and version == VERSION_LARGE
    if large:
        size, extra = struct.unpack_from("<Q", extra.ljust(8, b"\0"))[0], extra[16:]
    if offset == LARGE_BYTES:
        offset = struct.unpack_from("<Q", extra.ljust(8, b"\0"))[0]
    return Entry(name, offset, size, crc, large), time, total
