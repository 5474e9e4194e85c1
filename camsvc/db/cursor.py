"""Where a page of a list ended, as the opaque text that asks for the next one.

Keyset, not offset: a page costs the same however far back it is, and what arrives meanwhile shifts nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from camsvc.domain.search import IncidentFilter
from camsvc.errors import InputError

VERSION = 1
_LAYOUT = struct.Struct(">B8sq16s")
"""Version, digest of the filter, start in microseconds since 1970, id."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Position:
    """The last incident of a page: newest first, the next one is below it."""

    started_at: datetime
    id: UUID


def encode(position: Position, asked: IncidentFilter) -> str:
    microseconds = (position.started_at - _EPOCH) // timedelta(microseconds=1)
    packed = _LAYOUT.pack(VERSION, _digest(asked), microseconds, position.id.bytes)
    return base64.urlsafe_b64encode(packed).decode("ascii").rstrip("=")


def decode(cursor: str, asked: IncidentFilter) -> Position:
    """Raises InputError when it is none of ours, of another version, or of a search with other conditions."""
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        version, digest, microseconds, id_bytes = _LAYOUT.unpack(packed)
        started_at = _EPOCH + timedelta(microseconds=microseconds)
    except (binascii.Error, ValueError, struct.error, OverflowError) as error:
        raise _refused("is not one that a search answered with") from error
    if version != VERSION:
        raise _refused("is of another version of the service")
    if digest != _digest(asked):
        raise _refused("belongs to a search with other conditions")
    return Position(started_at, UUID(bytes=id_bytes))


def _digest(asked: IncidentFilter) -> bytes:
    return hashlib.sha256(repr(asked).encode()).digest()[:8]


def _refused(what: str) -> InputError:
    return InputError(f"this cursor {what}", parameter="cursor", cure="search again without it")
