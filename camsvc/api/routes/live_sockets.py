"""WebSockets of ``/api/v1``: live events, and fragmented MP4, a message a frame.

A page of another site cannot open one: browsers say where they come from, and it must be our own host. What is wrong is
said in a text message, ``{"type": "error", …}`` with the members of a problem document, before the socket is closed
with 4000 plus the status that HTTP would have had.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from starlette.concurrency import run_in_threadpool

from camsvc import log
from camsvc.api.access import admitted, user_of
from camsvc.api.asking import asker_of
from camsvc.api.context import Server, server_of
from camsvc.api.problems import problem_of
from camsvc.api.routes.live_events import Recheck, camera_ids, wanted
from camsvc.api.services import live
from camsvc.api.services.live import Asker
from camsvc.api.services.live_events import LiveEvents, Wanted
from camsvc.api.streaming import SEND_TIMEOUT_S, ClientTooSlowError
from camsvc.config import CAMERA_ID
from camsvc.domain.camera import StreamRole
from camsvc.errors import AccessError, InputError
from camsvc.live.wire import Part

router = APIRouter(prefix="/api/v1")

CLOSE_BASE = 4000
"""RFC 6455 §7.4.2 leaves 4000 to 4999 to applications: 4404 reads as HTTP's 404."""
MESSAGE_MAX = 64 * 1024
"""Of a client's message: a thousand ids of cameras, twice."""

_log = log.get("camsvc.access")
Serve = Callable[[WebSocket, Server, Asker], Awaitable[None]]


@router.websocket("/live/events")
async def events(socket: WebSocket) -> None:
    await _answer(socket, _events, known={"camera", "tracks"})


@router.websocket("/cameras/{camera}/live.mp4")
async def live_mp4(socket: WebSocket, camera: str) -> None:
    async def serve(socket: WebSocket, server: Server, asker: Asker) -> None:
        await _live_mp4(socket, server, asker, camera)

    await _answer(socket, serve, known={"stream", "start"})


async def _answer(socket: WebSocket, serve: Serve, known: set[str]) -> None:
    """The way in that all have in common; ``serve`` does what this one is for."""
    if not is_own_page(socket):
        await socket.close()  # before it was accepted: HTTP's 403
        return
    await socket.accept()
    name = None
    try:
        server = server_of(socket)
        asker = await _asker(socket)
        name = asker.user.name
        _require_known(socket, known)
        await serve(socket, server, asker)
        await socket.close()
    except WebSocketDisconnect:
        pass
    except ClientTooSlowError as error:
        _log.info("answer given up", reason=str(error), path=socket.url.path)
    except Exception as error:  # noqa: BLE001  the top of a connection: told, logged, and the server lives on
        await _tell(socket, error)
    finally:
        _log.info("web socket ended", path=socket.url.path, user=name)


async def _asker(socket: WebSocket) -> Asker:
    """Raises AccessError."""
    user = await run_in_threadpool(user_of, socket)
    if user is None:
        raise AccessError("This needs a token, or to be logged in.")
    return asker_of(socket, admitted(socket, user))


def _require_known(socket: WebSocket, known: set[str]) -> None:
    for parameter in socket.query_params:
        if parameter not in known:
            raise InputError(
                f"{parameter[:50]} is not a parameter of this path",
                parameter=parameter[:50],
                cure=f"known are: {', '.join(sorted(known))}",
            )


def is_own_page(socket: WebSocket) -> bool:
    """With a token in the Authorization header it is a program; with a cookie it must be a page of ours. Browsers
    always name their origin when they open a web socket (RFC 6455 §10.2)."""
    if "authorization" in socket.headers:
        return True
    origin = socket.headers.get("origin", "")
    return origin.partition("://")[2] == socket.headers.get("host", "nowhere")


async def _tell(socket: WebSocket, error: Exception) -> None:
    problem = problem_of(error)
    body = {"type": "error", **{k: v for k, v in problem.to_json().items() if k != "type"}, "problem": problem.name}
    retry = problem.headers.get("Retry-After")
    if retry:
        body["retry_after_s"] = int(retry)
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # it may have gone meanwhile
        await socket.send_json(body)
        await socket.close(CLOSE_BASE + problem.status, problem.name)


async def _live_mp4(socket: WebSocket, server: Server, asker: Asker, camera: str) -> None:
    if not CAMERA_ID.fullmatch(camera):
        raise InputError("this is no camera id", parameter="camera", cure="write ids as they are listed")
    role = _role(socket.query_params.get("stream"))
    start = live.parse_start(server, socket.query_params.get("start"))

    async def send() -> None:
        async with live.stream(server, asker, camera, role, start) as parts:
            async for kind, content in parts:
                await _in_time(socket.send_text(content.decode()) if kind is Part.INFO else socket.send_bytes(content))

    await _either(send(), _hear(socket, _nothing))


async def _events(socket: WebSocket, server: Server, asker: Asker) -> None:
    tracks = socket.query_params.get("tracks", "false")
    if tracks not in ("true", "false"):
        raise InputError("tracks is neither true nor false", parameter="tracks")
    cameras = socket.query_params.getlist("camera") or None
    told = LiveEvents(server, asker, wanted(cameras, tracks=tracks == "true"))
    recheck = Recheck(socket, server)

    async def send() -> None:
        while not server.states.is_closed:
            for message in await told.next():
                await _in_time(socket.send_text(_json(message)))
            if await recheck.has_ended(told):
                raise AccessError("The session has ended.")

    async def asked(text: str) -> None:
        await _asked(socket, told, text)

    try:
        await told.open()
        await _either(send(), _hear(socket, asked))
    finally:
        await told.close()


async def _asked(socket: WebSocket, told: LiveEvents, text: str) -> None:
    """What a client may say: ``ping`` (answered by the time, with all that came with it) and ``watch``."""
    body = _parsed(text)
    if body.get("type") == "ping":
        await _in_time(socket.send_text(_json({**body, **told.time()})))
    elif body.get("type") == "watch":
        cameras, tracks = body.get("cameras"), body.get("tracks", [])
        if not _are_texts(tracks) or not (cameras is None or _are_texts(cameras)):
            raise InputError("cameras and tracks are lists of ids", parameter="cameras")
        names = None if cameras is None else camera_ids(cameras, "cameras")
        await told.change(Wanted(names, camera_ids(tracks, "tracks")))
    else:
        raise InputError("a message is of type ping or watch", parameter="type", cure="see docs/reference/api.md")


async def _hear(socket: WebSocket, heard: Callable[[str], Awaitable[None]]) -> None:
    """Until the client goes, which is a WebSocketDisconnect: uvicorn reads nothing more of a client, not even its end,
    while a message of it waits."""
    while True:
        await heard(await socket.receive_text())


async def _nothing(_: str) -> None:
    """Who only looks says nothing; what is said nevertheless is not heard."""


async def _either(send: Coroutine[Any, Any, None], hear: Coroutine[Any, Any, None]) -> None:
    """Until one of them ends; its error is raised."""
    tasks = [asyncio.create_task(send), asyncio.create_task(hear)]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


async def _in_time(sending: Awaitable[None]) -> None:
    try:
        async with asyncio.timeout(SEND_TIMEOUT_S):
            await sending
    except TimeoutError as error:
        raise ClientTooSlowError(f"The client took nothing for {SEND_TIMEOUT_S:g} s.") from error


def _parsed(text: str) -> dict[str, Any]:
    with contextlib.suppress(ValueError):
        body = json.loads(text) if len(text) <= MESSAGE_MAX else None
        if isinstance(body, dict):
            return body
    raise InputError(f"a message is a JSON object of at most {MESSAGE_MAX} characters", parameter="body")


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _role(text: str | None) -> StreamRole:
    try:
        return StreamRole(text or StreamRole.MAIN)
    except ValueError as error:
        raise InputError("stream is neither main nor sub", parameter="stream", cure="write main or sub") from error


def _json(message: dict[str, Any]) -> str:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))
