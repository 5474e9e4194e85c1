"""``/api/v1/live/events``: states of cameras and tracks as server-sent events; as a WebSocket: ``live_sockets``."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from camsvc.api.access import user_of
from camsvc.api.asking import Asking
from camsvc.api.context import Server, server_of
from camsvc.api.services.live_events import LiveEvents, Wanted
from camsvc.api.streaming import TimedStreamingResponse
from camsvc.config import CAMERA_ID
from camsvc.domain.account import User
from camsvc.errors import CamsvcError, InputError

router = APIRouter(prefix="/api/v1/live", tags=["live"])

RECHECK_S = 20.0
"""How long a stream may outlive the session or the grant that opened it; the promise is a minute."""
CAMERAS_MAX = 1000
RETRY_MS = 1500

Cameras = Annotated[list[str] | None, Query(description="Ids; all that may be seen when left out")]
Tracks = Annotated[bool, Query(description="Also what the tracker says of each analysed frame of these cameras")]


@router.get(
    "/events",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {}}, "description": "Events: time, state, tracks"}},
)
async def events(request: Request, asker: Asking, camera: Cameras = None, tracks: Tracks = False) -> Response:
    """``time``: the server's clock; ``state``: of every camera at once, then within a second of each change;
    ``tracks``: boxes. As a WebSocket the same path takes other cameras in mid-stream.
    """
    server = server_of(request)
    live_events = LiveEvents(server, asker, wanted(camera, tracks=tracks))
    await live_events.open()
    return EventsResponse(request, server, live_events)


class EventsResponse(TimedStreamingResponse):
    """Gives its subscriptions back however it ends."""

    def __init__(self, request: Request, server: Server, events: LiveEvents) -> None:
        super().__init__(
            _texts(request, server, events), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
        )
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._events.close()


class Recheck:
    """Whether who listens still may; asked of the database every RECHECK_S."""

    def __init__(self, connection: HTTPConnection, server: Server) -> None:
        self._connection = connection
        self._server = server
        self._due_s = server.clock.monotonic_s() + RECHECK_S

    async def has_ended(self, events: LiveEvents) -> bool:
        """False too when it is not due, or when the database is away: that is no reason to log anybody out."""
        if self._server.clock.monotonic_s() < self._due_s:
            return False
        self._due_s = self._server.clock.monotonic_s() + RECHECK_S
        try:
            user: User | None = await run_in_threadpool(user_of, self._connection)
            if user is None:
                return True
            await events.recheck(user)
        except CamsvcError:
            return False
        return False


def wanted(cameras: list[str] | None, *, tracks: bool) -> Wanted:
    """Raises InputError."""
    if cameras is None:
        if tracks:
            raise InputError(
                "tracks of all cameras are too many", parameter="tracks", cure="name the cameras, as camera=…"
            )
        return Wanted(None)
    names = camera_ids([part for each in cameras for part in each.split(",")], "camera")
    return Wanted(names, names if tracks else ())


def camera_ids(given: list[str], parameter: str) -> tuple[str, ...]:
    """Each once, in order. Raises InputError."""
    names = tuple(dict.fromkeys(each.strip() for each in given if each.strip()))
    if len(names) > CAMERAS_MAX:
        raise InputError(f"more than {CAMERAS_MAX} cameras", parameter=parameter, cure="leave it out for all")
    for each in names:
        if not CAMERA_ID.fullmatch(each):
            raise InputError(f"{each[:70]!r} is no camera id", parameter=parameter, cure="write ids as they are listed")
    return names


async def _texts(request: Request, server: Server, events: LiveEvents) -> AsyncIterator[str]:
    yield f"retry: {RETRY_MS}\n\n"
    recheck = Recheck(request, server)
    while not server.states.is_closed:
        for message in await events.next():
            yield _event(message)
        if await recheck.has_ended(events):
            yield ": the session has ended\n\n"
            return


def _event(message: dict[str, Any]) -> str:
    data = json.dumps({k: v for k, v in message.items() if k != "type"}, ensure_ascii=False, separators=(",", ":"))
    return f"event: {message['type']}\ndata: {data}\n\n"
