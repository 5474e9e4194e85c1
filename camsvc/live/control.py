"""The live process as servers see it: the internal interface (``live.wire`` says what goes over it)."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from camsvc import log
from camsvc.domain.camera import StreamRole
from camsvc.errors import AccessError, CamsvcError, InputError
from camsvc.live import wire
from camsvc.live.lasting import Mp4, PartsResponse, Scenes, Wall
from camsvc.live.snapshot import Picture
from camsvc.live.viewings import End, Viewing, Viewings, Way
from camsvc.live.wire import Answer, Request
from camsvc.trust import is_token

_log = log.get(__name__)


class Peers(Protocol):
    """WebRTC viewers (``live.peers.Peers``)."""

    async def offer(
        self, text: str, camera: str, stream: StreamRole, user: str, on_close: Callable[[End], None] | None = None
    ) -> tuple[str, Answer]:
        """Raises NotFoundError, LimitError, InputError."""
        ...

    async def patch(self, peer_id: str, fragment: str) -> None: ...

    async def close(self, peer_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Services:
    """What the process serves. Errors are the CamsvcError family."""

    peers: Peers
    mp4: Callable[[str, StreamRole, datetime | None], Awaitable[Mp4]]
    picture: Callable[[str, StreamRole], Awaitable[Picture]]
    scenes: Callable[[str], Awaitable[Scenes]]
    numbers: Callable[[], Mapping[str, float]]


def create_control(services: Services, viewings: Viewings, tokens: Sequence[bytes]) -> Starlette:
    """``tokens``: ``cipher.derive(wire.TOKEN_PURPOSE)``; who shows one of them is a server of ours."""
    control = _Control(services, viewings, tokens)
    routes = [
        Route("/peers", control.answering(control.offer), methods=["POST"]),
        Route("/peers/{viewing}", control.answering(control.patch), methods=["PATCH"]),
        Route("/peers/{viewing}", control.answering(control.leave), methods=["DELETE"]),
        Route("/streams", control.answering(control.stream), methods=["POST"]),
        Route("/snapshots", control.answering(control.snapshot), methods=["POST"]),
        Route("/scenes", control.answering(control.scenes), methods=["POST"]),
        Route("/status", control.answering(control.status), methods=["GET"]),
        Route("/healthz", _healthz, methods=["GET"]),
    ]
    return Starlette(routes=routes)


Handler = Callable[[HttpRequest], Awaitable[Response]]


class _Control:
    def __init__(self, services: Services, viewings: Viewings, tokens: Sequence[bytes]) -> None:
        self._services = services
        self._viewings = viewings
        self._tokens = tokens
        self._peers: dict[str, str] = {}
        """Viewing → peer."""

    def answering(self, handler: Handler) -> Handler:
        """``handler`` for who shows the token, with errors as the wire has them."""

        async def answer(request: HttpRequest) -> Response:
            try:
                self._require_token(request)
                return await handler(request)
            except AccessError as error:
                return JSONResponse({"error": "token", "detail": str(error)}, 401)
            except CamsvcError as error:
                body, status = wire.error_json(error)
                return JSONResponse(body, status)

        return answer

    async def offer(self, http: HttpRequest) -> Response:
        body = await _json(http)
        request, sdp = Request.of(body), body.get("sdp")
        if not isinstance(sdp, str):
            raise InputError("an offer without SDP", parameter="sdp")
        peer = ""

        async def close() -> None:
            if peer:
                self._peers.pop(request.viewing, None)
                await self._services.peers.close(peer)

        viewing = self._viewings.admit(request, Way.WEBRTC, close)
        try:
            peer, answer = await self._services.peers.offer(
                sdp, request.camera, request.stream, request.viewer.name, lambda why: self._gone(viewing, why)
            )
        except BaseException:
            await self._viewings.end(viewing, End.FAILED)
            raise
        self._peers[request.viewing] = peer
        viewing.is_begun = True
        content = {"sdp": answer.sdp, "stream": answer.stream.value, "rendition": answer.rendition}
        return JSONResponse(content, 201)

    async def patch(self, http: HttpRequest) -> Response:
        viewing = self._viewing(http)
        fragment = (await _body(http)).decode("utf-8", "replace")
        await self._services.peers.patch(self._peers[viewing.request.viewing], fragment)
        return Response(status_code=204)

    async def leave(self, http: HttpRequest) -> Response:
        failed = http.query_params.get("failed") == "true"
        await self._viewings.end(self._viewing(http), End.FAILED if failed else End.LEFT)
        return Response(status_code=204)

    async def stream(self, http: HttpRequest) -> Response:
        request = Request.of(await _json(http))
        mp4: Mp4 | None = None

        async def close() -> None:
            if mp4 is not None:
                await mp4.close()

        viewing = self._viewings.admit(request, Way.MP4, close)
        try:
            mp4 = await self._services.mp4(request.camera, request.stream, request.start)
        except BaseException:
            await self._viewings.end(viewing, End.FAILED)
            raise
        viewing.is_begun = True
        return PartsResponse(self._viewings, viewing, mp4)

    async def snapshot(self, http: HttpRequest) -> Response:
        request = Request.of(await _json(http))
        picture = await self._services.picture(request.camera, request.stream)
        headers = {f"{wire.HEADER_PREFIX}At": picture.at.isoformat(), f"{wire.HEADER_PREFIX}Session": picture.session}
        return Response(picture.jpeg, headers=headers, media_type="image/jpeg")

    async def scenes(self, http: HttpRequest) -> Response:
        cameras = (await _json(http)).get("cameras")
        if not isinstance(cameras, list) or not 0 < len(cameras) <= wire.CAMERAS_MAX:
            raise InputError(f"1 to {wire.CAMERAS_MAX} cameras are to be named", parameter="cameras")
        opened: dict[str, Scenes] = {}
        try:
            for camera in dict.fromkeys(map(str, cameras)):
                opened[camera] = await self._services.scenes(camera)
        except BaseException:
            await asyncio.gather(*(each.aclose() for each in opened.values()))
            raise
        return StreamingResponse(Wall().lines(opened), media_type="application/x-ndjson")

    async def status(self, _: HttpRequest) -> Response:
        ways = {f"viewers_{way.value}": self._viewings.count(way) for way in Way}
        return JSONResponse({"viewers": len(self._viewings), **ways, **self._services.numbers()})

    def _gone(self, viewing: Viewing, why: End) -> None:
        """A peer ended by itself."""
        self._peers.pop(viewing.request.viewing, None)
        task = asyncio.get_running_loop().create_task(self._viewings.end(viewing, why))
        _TASKS.add(task)
        task.add_done_callback(_TASKS.discard)

    def _viewing(self, http: HttpRequest) -> Viewing:
        user = http.query_params.get("user")
        return self._viewings.of(http.path_params["viewing"], int(user) if user and user.isdecimal() else None)

    def _require_token(self, http: HttpRequest) -> None:
        scheme, _, token = http.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not is_token(token, self._tokens):
            raise AccessError("not a server of this installation")


_TASKS: set[asyncio.Task[None]] = set()
"""The event loop itself keeps only weak references."""


async def _body(http: HttpRequest) -> bytes:
    content = bytearray()
    async for piece in http.stream():
        content += piece
        if len(content) > wire.BODY_MAX_BYTES:
            raise InputError(f"the body is longer than {wire.BODY_MAX_BYTES} bytes")
    return bytes(content)


async def _json(http: HttpRequest) -> dict[str, Any]:
    with contextlib.suppress(ValueError):
        body = json.loads(await _body(http))
        if isinstance(body, dict):
            return body
    raise InputError("the body is no JSON object")


async def _healthz(_: HttpRequest) -> Response:
    return JSONResponse({"status": "ok"})
