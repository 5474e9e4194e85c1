"""The live process as servers see it: the internal interface (``live.wire`` says what goes over it)."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from camsvc import log
from camsvc.domain.camera import StreamRole
from camsvc.errors import AccessError, CamsvcError, InputError, LiveUnavailableError
from camsvc.live import wire
from camsvc.live.snapshot import Picture
from camsvc.live.viewings import End, Viewing, Viewings, Way
from camsvc.live.wire import Answer, Part, Request
from camsvc.trust import is_token

SCENES_WAITING = 64
"""Of one listener: a few seconds of a wall. Full: the oldest goes, for a box that is late is wrong."""

_log = log.get(__name__)


class Peers(Protocol):
    """WebRTC viewers (``live.peers.Peers``)."""

    async def offer(
        self, text: str, camera: str, stream: StreamRole, user: str, on_close: Callable[[], None] | None = None
    ) -> tuple[str, Answer]:
        """Raises NotFoundError, LimitError, InputError."""
        ...

    async def patch(self, peer_id: str, fragment: str) -> None: ...

    async def close(self, peer_id: str) -> None: ...


class Scenes(Protocol):
    """One listener to a camera's tracks (``live.scenes.Scenes``)."""

    def __aiter__(self) -> AsyncIterator[dict[str, Any]]: ...

    async def aclose(self) -> None: ...


class Mp4(Protocol):
    """One viewer of fragmented MP4."""

    def __aiter__(self) -> AsyncIterator[tuple[Part, bytes]]: ...

    async def close(self) -> None: ...


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
                sdp, request.camera, request.stream, request.viewer.name, lambda: self._gone(viewing)
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
        return _Parts(self._viewings, viewing, mp4)

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
        return StreamingResponse(_Wall().lines(opened), media_type="application/x-ndjson")

    async def status(self, _: HttpRequest) -> Response:
        ways = {f"viewers_{way.value}": self._viewings.count(way) for way in Way}
        return JSONResponse({"viewers": len(self._viewings), **ways, **self._services.numbers()})

    def _gone(self, viewing: Viewing) -> None:
        """A peer ended by itself."""
        self._peers.pop(viewing.request.viewing, None)
        task = asyncio.get_running_loop().create_task(self._viewings.end(viewing, End.VANISHED))
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


class _Parts(StreamingResponse):
    """Gives its viewing back however it ends."""

    def __init__(self, viewings: Viewings, viewing: Viewing, mp4: Mp4) -> None:
        super().__init__(_packed(viewing, mp4), media_type="application/octet-stream")
        self._viewings = viewings
        self._viewing = viewing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await asyncio.shield(self._viewings.end(self._viewing, End.LEFT))


async def _packed(viewing: Viewing, mp4: Mp4) -> AsyncIterator[bytes]:
    yield wire.pack(Part.STILL, b"")  # so that the head of the answer leaves now
    try:
        async for part in _lively(aiter(mp4)):
            yield wire.pack(*part) if part else wire.pack(Part.STILL, b"")
        why = _why(viewing)
    except CamsvcError as error:
        why = error
    body, _ = wire.error_json(why)
    yield wire.pack(Part.END, json.dumps(body).encode())


def _why(viewing: Viewing) -> CamsvcError:
    if viewing.over is End.WITHDRAWN:
        return AccessError("The session has ended, or the right to see this camera.")
    return LiveUnavailableError("The live process is stopping, or the camera is gone.")


ItemT = TypeVar("ItemT")


async def _lively(source: AsyncIterator[ItemT]) -> AsyncIterator[ItemT | None]:
    """``source``, and None for every STILL_EVERY_S in which nothing came of it."""
    coming: asyncio.Future[ItemT] | None = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(anext(source))
            done, _ = await asyncio.wait({coming}, timeout=wire.STILL_EVERY_S)
            if not done:
                yield None
                continue
            finished, coming = coming, None
            try:
                item = finished.result()
            except StopAsyncIteration:
                return
            yield item
    finally:
        if coming is not None:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)


class _Wall:
    """Scenes of several cameras as they come. A camera that ends or fails leaves the others alone."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(SCENES_WAITING)

    async def lines(self, opened: Mapping[str, Scenes]) -> AsyncIterator[bytes]:
        """One line of JSON a scene; an empty one for every while in which there was none."""
        yield b"\n"  # so that the head of the answer leaves now
        readers = [asyncio.create_task(self._read(camera, scenes)) for camera, scenes in opened.items()]
        try:
            while True:
                try:
                    async with asyncio.timeout(wire.STILL_EVERY_S):
                        line = await self._waiting.get()
                except TimeoutError:
                    line = b"\n"
                yield line
        finally:
            for reader in readers:
                reader.cancel()
            # Shielded: we may be here because the listener went, and then every wait of ours is cut short.
            closing = (each.aclose() for each in opened.values())
            await asyncio.shield(asyncio.gather(*readers, *closing, return_exceptions=True))

    async def _read(self, camera: str, scenes: Scenes) -> None:
        try:
            async for scene in scenes:
                if self._waiting.full():
                    self._waiting.get_nowait()
                line = json.dumps({"camera": camera, **scene}, separators=(",", ":"))
                self._waiting.put_nowait(line.encode() + b"\n")
        except CamsvcError as error:
            _log.info("no scenes of a camera", camera=camera, reason=str(error))


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
