"""Boxes of the ONVIF Export File Format (specification 21.06 and later, §5) at the end of a copy.

``meta`` at file level with ``suep``: which camera, exported by whom and when; and ``cstb``: the time of the first
picture. Only boxes at the end of the file are added, so nothing moves and players that do not know them skip them.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

_MP4_EPOCH = datetime(1904, 1, 1, tzinfo=UTC)
_FILETIME_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_HANDLER = b"null"
"""Of a ``meta`` whose boxes say by themselves what they are."""

VIDEO_TRACK = 1
TEXT_MAX_BYTES = 500


@dataclass(frozen=True, slots=True)
class Exported:
    unit: str
    """Name of the installation."""
    operator: str
    at: datetime
    """When the export began."""
    source: str
    """Name of the camera."""
    starts_at: datetime | None
    """Of the media timeline's origin; None: the copy has slates, so that its timeline is not the footage's."""


def append(file: Path, exported: Exported) -> None:
    """``file`` is an MP4. Raises OSError."""
    with file.open("ab") as out:
        out.write(boxes(exported))


def boxes(exported: Exported) -> bytes:
    handler = _full_box(b"hdlr", 0, bytes(4) + _HANDLER + bytes(12) + b"\0")
    inside = handler + _surveillance_export(exported)
    if exported.starts_at is not None:
        ticks = (exported.starts_at - _FILETIME_EPOCH) // timedelta(microseconds=1) * 10
        inside += _box(b"cstb", struct.pack(">IIQ", 1, VIDEO_TRACK, ticks))
    return _full_box(b"meta", 0, inside)


def _surveillance_export(exported: Exported) -> bytes:
    """Addresses stay empty: where a camera is reached concerns nobody who gets its footage."""
    seconds = int((exported.at - _MP4_EPOCH).total_seconds())
    unit = _text(exported.unit) + _text("") + _text("") + struct.pack(">Q", seconds) + _text(exported.operator)
    track = struct.pack(">H", VIDEO_TRACK) + _text(exported.source) + _text("") * 3
    return _full_box(b"suep", 1, unit + struct.pack(">I", 1) + track)


def _text(text: str) -> bytes:
    """UTF-8, ended by a zero, never cut within a letter."""
    return text.replace("\0", "").encode()[:TEXT_MAX_BYTES].decode(errors="ignore").encode() + b"\0"


def _full_box(kind: bytes, version: int, data: bytes) -> bytes:
    return _box(kind, bytes([version, 0, 0, 0]) + data)


def _box(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data) + 8) + kind + data
