"""Trying a camera out before it is added: what it sends, what to change on it, and a picture of it.

The camera is asked by the server, not by the worker that will record it: in a data centre the two may reach different
networks, and the answer says from where it was seen.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError

from camsvc import log
from camsvc.api.context import Server
from camsvc.api.errors import BusyError, InvalidBodyError
from camsvc.api.services import audit, rights
from camsvc.api.services.redaction import MASK, redacted, restored
from camsvc.clock import SystemClock
from camsvc.config import CameraId, StreamUrl
from camsvc.db.queries import cameras as rows
from camsvc.domain.account import Action, User
from camsvc.domain.audit import Kind, Outcome
from camsvc.domain.camera import Transport
from camsvc.errors import InputError, MediaError, UnplayableError
from camsvc.media.decode import Decoder
from camsvc.media.packets import Kind as PacketKind
from camsvc.media.packets import Packet, VideoParameters
from camsvc.media.probe import Probe, probe
from camsvc.media.thumbnail import encode_jpeg

AT_ONCE = 4
"""Each takes a thread for up to half a minute."""
WATCH_S = 4.0
"""Shorter than on the command line: somebody waits in front of a form. Shows two key frames of most cameras."""
PICTURE_WIDTH = 1280

_turns = threading.BoundedSemaphore(AT_ONCE)
_log = log.get(__name__)


class ProbeRequest(BaseModel):
    """What is tried: a URL, or a stream of a camera that is there; with both, ``***`` in the URL is the camera's."""

    model_config = {"extra": "forbid", "hide_input_in_errors": True}
    url: StreamUrl | None = None
    camera: CameraId | None = None
    transport: Transport = Transport.TCP


@dataclass(frozen=True, slots=True)
class Tried:
    probe: Probe
    picture: bytes | None = field(repr=False)
    """JPEG of the first key frame; None: it could not be decoded."""


def try_out(server: Server, user: User, body: Mapping[str, Any], *, source: str | None = None) -> Tried:
    """Watch the camera for some seconds. Recorded, by host alone. Blocks for up to half a minute.

    Raises ForbiddenError for who may configure nowhere, NotFoundError, BusyError; InputError also when the camera does
    not answer, says no, or sends nothing that can be used: it says why.
    """
    rights.require_somewhere(server, user, Action.CONFIGURE, source=source)
    wanted = _wanted(body)
    url = _url(server, user, wanted, source)
    if not _turns.acquire(blocking=False):
        raise BusyError(f"{AT_ONCE} cameras are being tried out already.")
    try:
        return _watch(server, user, url, wanted, source)
    finally:
        _turns.release()


def tried_json(tried: Tried) -> dict[str, Any]:
    picture = base64.b64encode(tried.picture).decode("ascii") if tried.picture else None
    return asdict(tried.probe) | {"picture_jpeg": picture}


def _wanted(body: Mapping[str, Any]) -> ProbeRequest:
    try:
        wanted = ProbeRequest.model_validate(body)
    except ValidationError as error:
        raise InvalidBodyError.of(error) from None  # the cause repeats the URL, which may hold a password
    if wanted.url is None and wanted.camera is None:
        raise InvalidBodyError(
            [{"parameter": "url", "detail": "url: neither a URL nor a camera is named", "cure": "give one of them"}]
        )
    return wanted


def _url(server: Server, user: User, wanted: ProbeRequest, source: str | None) -> str:
    stored = None
    if wanted.camera is not None:
        rights.require(server, user, Action.CONFIGURE, wanted.camera, source=source)
        with server.database.session() as session:
            stored = rows.get(session, wanted.camera, server.cipher).streams
    if wanted.url is None:
        assert stored is not None  # noqa: S101  one of the two is named
        return stored.main
    if stored is not None and MASK in wanted.url and stored.sub and redacted(stored.sub) == wanted.url:
        return stored.sub
    return restored(wanted.url, stored.main if stored else None, "url")


def _watch(server: Server, user: User, url: str, wanted: ProbeRequest, source: str | None) -> Tried:
    first = _FirstPicture()
    outcome = Outcome.FAILED
    try:
        found = probe(
            url,
            clock=SystemClock(),
            stop=threading.Event(),
            transport=wanted.transport,
            watch_s=WATCH_S,
            see=first.see,
        )
        outcome = Outcome.ALLOWED
    except MediaError as error:
        _log.info("camera tried out in vain", url=redacted(url), reason=str(error), user=user.name)
        raise InputError(
            redacted(str(error)), parameter="url", cure="check address, port, path, user and password"
        ) from error
    finally:
        host = url.partition("://")[2].partition("/")[0].rpartition("@")[2]
        audit.record(
            server,
            user,
            Kind.CONFIGURE,
            "camera.probed",
            source=source,
            camera=wanted.camera,
            outcome=outcome,
            details={"host": host},
        )
    return Tried(found, first.jpeg())


class _FirstPicture:
    """Decodes until there is one picture, and then no more."""

    def __init__(self) -> None:
        self._decoder: Decoder | None = None
        self._jpeg: bytes | None = None

    def see(self, video: VideoParameters, packet: Packet) -> None:
        if self._jpeg is not None or packet.kind is not PacketKind.VIDEO:
            return
        self._decoder = self._decoder or Decoder(video)
        for frame in self._decoder.decode(packet):
            self._jpeg = self._jpeg or encode_jpeg(frame.bgr(), PICTURE_WIDTH)

    def jpeg(self) -> bytes | None:
        try:
            if self._jpeg is None and self._decoder is not None:
                for frame in self._decoder.flush():
                    return encode_jpeg(frame.bgr(), PICTURE_WIDTH)
        except UnplayableError:
            return None
        return self._jpeg
