"""What servers and live processes say to each other: HTTPS with a pinned certificate and a bearer token.

==========  ===============================  ==================================================================
``POST``    ``/peers``                       ``Offer`` → 201 ``Answer``: one WebRTC viewer
``PATCH``   ``/peers/{viewing}``             its trickled candidates (RFC 8840), as text
``DELETE``  ``/peers/{viewing}``             its end
``POST``    ``/streams``                     ``Request`` → parts without end: fragmented MP4
``POST``    ``/snapshots``                   ``Request`` → a JPEG
``POST``    ``/scenes``                      ``{"cameras": […]}`` → one line of JSON a scene, without end
``GET``     ``/status``                      what it serves, in numbers
``GET``     ``/healthz``                     it lives; open to all
==========  ===============================  ==================================================================

An error is ``{"error": code, "detail": sentence}``; ``ERRORS`` says which of our exceptions a code stands for.
"""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import IntEnum
from http import HTTPStatus
from typing import Any, Self

from camsvc.clock import require_utc
from camsvc.domain.camera import StreamRole
from camsvc.errors import (
    AccessError,
    CamsvcError,
    ConflictError,
    DatabaseUnavailableError,
    InputError,
    LimitError,
    LiveUnavailableError,
    NotFoundError,
    SourceError,
    UnplayableError,
)

TOKEN_PURPOSE = "live"  # noqa: S105  what the token is derived for
SDP_MAX_BYTES = 64 * 1024
"""An offer of one video from a browser with many interfaces has 8 kB."""
BODY_MAX_BYTES = 4 * SDP_MAX_BYTES
"""An offer within JSON, every character of it escaped, and who asks."""
CAMERAS_MAX = 1000
"""Of one request for scenes."""
HEADER_PREFIX = "Camsvc-"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who watches, and what their right to it hangs on."""

    user: int
    name: str
    address: str
    key: str = field(repr=False)
    """SHA-256 (hex) of the token or session that let them in: when that ends, so does what they watch."""
    purpose: str | None = None
    case_number: str | None = None
    """What they said that it is for, and for which case: recorded when it ends, as when it began."""


@dataclass(frozen=True, slots=True)
class Request:
    """One viewing: something that is begun, lasts, ends, and leaves a record."""

    viewing: str
    """Unique, not to be guessed: it is all that a client shows to end what it began."""
    camera: str
    area: str
    """Where the camera stands: the right to see it hangs on it, and the record names it."""
    stream: StreamRole
    viewer: Viewer
    start: datetime | None = None
    """Not live, but from here on, out of the ring."""

    def to_json(self) -> dict[str, Any]:
        viewer = self.viewer
        return {
            "viewing": self.viewing,
            "camera": self.camera,
            "area": self.area,
            "stream": self.stream.value,
            "start": self.start.isoformat() if self.start else None,
            "viewer": asdict(viewer),
        }

    @classmethod
    def of(cls, body: dict[str, Any]) -> Self:
        """Raises InputError: then a server of another version asked."""
        try:
            start = body.get("start")
            return cls(
                str(body["viewing"]),
                str(body["camera"]),
                str(body["area"]),
                StreamRole(body["stream"]),
                Viewer(**body["viewer"]),
                require_utc(datetime.fromisoformat(start)) if start else None,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"not a request of this version: {type(error).__name__}", cure="run one version of camsvc everywhere"
            ) from error


@dataclass(frozen=True, slots=True)
class Answer:
    """What a viewer is told: an SDP answer, and what is really sent."""

    sdp: str
    stream: StreamRole
    rendition: str | None
    """Why the picture is transcoded; None: the camera's own bits."""


class Part(IntEnum):
    """What a piece of a stream of fragmented MP4 is."""

    INFO = 0
    """JSON: at first, and again whenever it changes: what is sent from here on, or why nothing is."""
    INIT = 1
    """Initialisation segment: what follows needs it."""
    KEY = 2
    """Fragment that begins with a key frame."""
    DELTA = 3
    """Fragment that needs those before."""
    STILL = 4
    """Nothing, but the other side lives: sent when there is nothing else for a while."""
    END = 5
    """JSON, as an error's: why nothing more comes."""


STILL_EVERY_S = 5.0
"""Of a stream on which nothing else comes."""
PART_HEAD = struct.Struct("!BI")
"""Kind and length of what follows."""
PART_MAX_BYTES = 16 * 1024 * 1024
"""No key frame has so many; more means that the two sides are out of step."""


def pack(kind: Part, content: bytes) -> bytes:
    return PART_HEAD.pack(kind, len(content)) + content


class Unpacker:
    """Bytes in, as they come from the network; whole parts out."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[tuple[Part, bytes]]:
        """Raises SourceError when the bytes are not of this form."""
        self._buffer += data
        found: list[tuple[Part, bytes]] = []
        position = 0
        while len(self._buffer) - position >= PART_HEAD.size:
            kind, length = PART_HEAD.unpack_from(self._buffer, position)
            if kind not in Part.__members__.values() or length > PART_MAX_BYTES:
                raise SourceError("the live process sends what this server does not know: run one version everywhere")
            end = position + PART_HEAD.size + length
            if len(self._buffer) < end:
                break
            found.append((Part(kind), bytes(self._buffer[position + PART_HEAD.size : end])))
            position = end
        del self._buffer[:position]
        return found


ERRORS: tuple[tuple[str, HTTPStatus, type[CamsvcError]], ...] = (
    ("not-found", HTTPStatus.NOT_FOUND, NotFoundError),
    ("conflict", HTTPStatus.CONFLICT, ConflictError),
    ("wrong", HTTPStatus.UNPROCESSABLE_ENTITY, InputError),
    ("full", HTTPStatus.SERVICE_UNAVAILABLE, LimitError),
    ("source", HTTPStatus.SERVICE_UNAVAILABLE, SourceError),
    ("unplayable", HTTPStatus.CONFLICT, UnplayableError),
    ("withdrawn", HTTPStatus.FORBIDDEN, AccessError),
    ("stopping", HTTPStatus.SERVICE_UNAVAILABLE, LiveUnavailableError),
    ("database", HTTPStatus.SERVICE_UNAVAILABLE, DatabaseUnavailableError),
    ("failed", HTTPStatus.INTERNAL_SERVER_ERROR, CamsvcError),
)
"""Code, status, exception; the first that fits; a subclass stands before its parent."""


def error_json(error: CamsvcError) -> tuple[dict[str, Any], HTTPStatus]:
    code, status, _ = next(each for each in ERRORS if isinstance(error, each[2]))
    return {"error": code, "detail": str(error)}, status


def error_of(content: bytes, status: int) -> CamsvcError:
    """The exception that an answer stands for."""
    try:
        body = json.loads(content)
        kind = next(kind for code, _, kind in ERRORS if code == body["error"])
        return kind(str(body["detail"]))
    except (ValueError, KeyError, TypeError, StopIteration):
        return CamsvcError(f"the live process answered {status}, which this server does not understand")
