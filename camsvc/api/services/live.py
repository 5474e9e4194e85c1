"""Live pictures for who may see them: the right is asked, the record is made, a live process does the work."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from starlette.concurrency import run_in_threadpool

from camsvc.api.context import Server
from camsvc.api.errors import ForbiddenError, NotYetError
from camsvc.api.services import audit, rights
from camsvc.clock import Clock
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.queries import endpoints
from camsvc.db.queries.directory import CameraEntry
from camsvc.db.queries.viewings import BEGAN
from camsvc.domain.account import Action, User
from camsvc.domain.audit import Kind
from camsvc.domain.camera import StreamRole
from camsvc.domain.endpoint import Endpoint, EndpointKind
from camsvc.domain.incident_json import time_json
from camsvc.errors import (
    AccessError,
    CamsvcError,
    ConflictError,
    InputError,
    NotFoundError,
    SourceError,
    UnplayableError,
)
from camsvc.live.client import LiveProcesses
from camsvc.live.viewings import Way
from camsvc.live.wire import TOKEN_PURPOSE, Answer, Part, Request, Viewer

VIEWING_BYTES = 16
"""128 random bits: a viewing's id is shown to nobody but who began it."""
RETRY_AWAY_S = 5
"""A camera that nobody has is claimed by a worker within seconds."""
SESSION = re.compile(r"(?P<viewing>[0-9a-f]{32})\.(?P<process>[A-Za-z0-9._-]{1,64})")
AGO = re.compile(r"-(\d{1,4}(?:\.\d{1,3})?)s?")
FUTURE_SLACK = timedelta(seconds=5)
"""Of a client's clock."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and what lasts as long as their session."""

    user: User
    viewer: Viewer


@dataclass(frozen=True, slots=True)
class Seen:
    """A WebRTC viewer that was let in."""

    session: str
    """What the client names to change or end it."""
    answer: Answer = field(repr=False)


def live_processes(database: Database, cipher: Cipher, clock: Clock) -> LiveProcesses:
    """Those that PostgreSQL knows."""

    def find() -> list[Endpoint]:
        with database.session() as session:
            return endpoints.fresh(session, EndpointKind.LIVE)

    return LiveProcesses(find, cipher.derive(TOKEN_PURPOSE), clock)


def admit(server: Server, asker: Asker, camera: str) -> CameraEntry:
    """The camera, whose live picture may be seen. Blocks for one look-up.

    Raises NotFoundError, ForbiddenError (both recorded), ConflictError when it is switched off.
    """
    entry = rights.require(server, asker.user, Action.LIVE, camera, source=asker.viewer.address or None)
    if not entry.enabled:
        raise ConflictError(
            f"the camera {camera!r} is switched off", parameter="camera", cure="switch it on (enabled: true)"
        )
    return entry


async def watch(server: Server, asker: Asker, camera: str, stream: StreamRole, sdp: str) -> Seen:
    """Let a WebRTC viewer in; recorded before the answer, without which no picture flows.

    Raises as ``admit``; NotYetError when no worker has the camera, LiveUnavailableError, LimitError, InputError.
    """
    entry = await run_in_threadpool(admit, server, asker, camera)
    request = _request(asker, entry, stream)
    try:
        process, answer = await server.live.offer(request, sdp)
    except (SourceError, UnplayableError) as error:
        raise _refusal(error) from error
    details = {"rendition": answer.rendition, "process": process, "stream": answer.stream.value}
    try:
        await _record(server, asker, entry, request, BEGAN, Way.WEBRTC, details)
    except BaseException:
        await server.live.leave(process, request.viewing, None, failed=True)
        raise
    return Seen(f"{request.viewing}.{process}", answer)


async def trickle(server: Server, asker: Asker, session: str, fragment: str) -> None:
    """Raises NotFoundError for a session that is not the asker's, LiveUnavailableError."""
    viewing, process = _parts(session)
    await server.live.patch(process, viewing, asker.user.id, fragment)


async def leave(server: Server, asker: Asker, session: str) -> None:
    """End what the asker began; an administrator may end any. Raises NotFoundError, LiveUnavailableError."""
    viewing, process = _parts(session)
    anybody = asker.user.reach(Action.ADMINISTER).is_everywhere
    await server.live.leave(process, viewing, None if anybody else asker.user.id)


@asynccontextmanager
async def stream(
    server: Server, asker: Asker, camera: str, role: StreamRole, start: datetime | None
) -> AsyncIterator[AsyncIterator[tuple[Part, bytes]]]:
    """Parts of fragmented MP4, live or from ``start`` on. Raises as ``watch``."""
    entry = await run_in_threadpool(admit, server, asker, camera)
    request = _request(asker, entry, role, start)
    async with _opened(server, request) as (process, parts):
        details = {"stream": role.value, "process": process, **({"start": time_json(start)} if start else {})}
        await _record(server, asker, entry, request, BEGAN, Way.MP4, details)
        yield _while_allowed(parts)


async def snapshot(server: Server, asker: Asker, camera: str, role: StreamRole) -> tuple[bytes, dict[str, str]]:
    """The newest picture as JPEG, and headers that say of when it is. Raises as ``watch``."""
    entry = await run_in_threadpool(admit, server, asker, camera)
    request = _request(asker, entry, role)
    try:
        jpeg, headers = await server.live.snapshot(request)
    except (SourceError, UnplayableError) as error:
        raise _refusal(error) from error
    details = {"stream": role.value, "picture_at": headers.get("camsvc-at")}
    await _record(server, asker, entry, request, "live.snapshot", None, details)
    return jpeg, headers


def parse_start(server: Server, text: str | None) -> datetime | None:
    """``-30s``: so long ago; else a time in ISO 8601. Raises InputError."""
    if text is None:
        return None
    now = server.clock.now()
    if ago := AGO.fullmatch(text):
        start = now - timedelta(seconds=float(ago[1]))
    else:
        try:
            start = datetime.fromisoformat(text)
        except ValueError as error:
            raise InputError(
                "start is no time", parameter="start", cure="write -30s, or a time like 2026-11-22T08:30:00Z"
            ) from error
        if start.tzinfo is None:
            raise InputError("start has no time zone", parameter="start", cure=f"add one, like {text[:40]}Z")
    if start > now + FUTURE_SLACK:
        raise InputError("start is in the future", parameter="start", cure="leave it out for the live picture")
    oldest = now - timedelta(seconds=server.settings.worker.ring_s + RING_SLACK_S)
    if start < oldest:
        raise InputError(
            f"only the last {server.settings.worker.ring_s:g} s can be jumped back to",
            parameter="start",
            cure="look for an incident of that time: its clip is kept",
        )
    return start


RING_SLACK_S = 30.0
"""The ring keeps whole GOPs, and a request takes its time: who asks for its very beginning is given what there is."""


def ice_servers_for(server: Server, asker: Asker) -> list[dict[str, Any]]:
    """They hold credentials of the TURN server: for those who may see something. Raises ForbiddenError, recorded."""
    rights.require_somewhere(server, asker.user, Action.LIVE, source=asker.viewer.address or None)
    return ice_servers(server)


def ice_servers(server: Server) -> list[dict[str, Any]]:
    """As ``RTCPeerConnection`` takes them."""
    return [
        {
            "urls": list(each.urls),
            **({"username": each.username} if each.username else {}),
            **({"credential": each.credential.get_secret_value()} if each.credential else {}),
        }
        for each in server.settings.live.ice_servers
    ]


def _request(asker: Asker, entry: CameraEntry, role: StreamRole, start: datetime | None = None) -> Request:
    return Request(secrets.token_hex(VIEWING_BYTES), entry.id, entry.area, role, asker.viewer, start)


async def _while_allowed(parts: AsyncIterator[tuple[Part, bytes]]) -> AsyncIterator[tuple[Part, bytes]]:
    """Raises ForbiddenError when the right is withdrawn in mid-stream."""
    try:
        async for part in parts:
            yield part
    except AccessError as error:
        raise ForbiddenError(str(error)) from error


@asynccontextmanager
async def _opened(server: Server, request: Request) -> AsyncIterator[tuple[str, AsyncIterator[tuple[Part, bytes]]]]:
    began = False
    try:
        async with server.live.stream(request) as opened:
            began = True
            yield opened
    except (SourceError, UnplayableError) as error:
        if began:
            raise
        raise _refusal(error) from error


async def _record(
    server: Server,
    asker: Asker,
    entry: CameraEntry,
    request: Request,
    what: str,
    way: Way | None,
    details: dict[str, Any],
) -> None:
    """Raises DatabaseUnavailableError: who cannot be recorded sees nothing (invariant 8)."""
    told = {"viewing": request.viewing, **({"way": way.value} if way else {}), **details}
    await run_in_threadpool(
        audit.record,
        server,
        asker.user,
        Kind.LIVE,
        what,
        source=asker.viewer.address or None,
        camera=entry.id,
        area=entry.area,
        details={name: value for name, value in told.items() if value is not None},
    )


def _refusal(error: CamsvcError) -> CamsvcError:
    """What a live process could not do, as who asked should take it."""
    if isinstance(error, UnplayableError):
        return ConflictError(str(error), parameter="camera", cure="set the camera to H.264, which plays everywhere")
    return NotYetError(str(error), retry_after_s=RETRY_AWAY_S, cure=f"ask again in {RETRY_AWAY_S} s")


def _parts(session: str) -> tuple[str, str]:
    found = SESSION.fullmatch(session)
    if found is None:
        raise NotFoundError("there is no such viewing (any more)", cure="begin a new one")
    return found["viewing"], found["process"]
