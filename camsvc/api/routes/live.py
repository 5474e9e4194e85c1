"""Live pictures over plain HTTP: fragmented MP4 and snapshots; and what a page needs to know before it begins."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from camsvc.api import schemas
from camsvc.api.asking import Asking
from camsvc.api.context import server_of
from camsvc.api.errors import NotYetError
from camsvc.api.routes.cameras import CameraId
from camsvc.api.routes.whep import Stream
from camsvc.api.services import live
from camsvc.api.streaming import TimedStreamingResponse
from camsvc.domain.camera import StreamRole
from camsvc.live.wire import Part

router = APIRouter(prefix="/api/v1", tags=["live"])

Start = Annotated[
    str | None,
    Query(
        max_length=40, description="Not live but from the ring: seconds ago (-30s), or a time in ISO 8601 with offset"
    ),
]


@router.get(
    "/cameras/{camera}/live.mp4",
    response_class=Response,
    responses={
        200: {
            "content": {"video/mp4": {}},
            "description": "Fragmented MP4 without end. Camsvc-Stream, Camsvc-Rendition as in WHEP",
        },
        409: {"description": "The camera is switched off or away: see Retry-After"},
        503: {"description": "No live process, or none with room: see Retry-After"},
    },
)
async def live_mp4(
    request: Request, asker: Asking, camera: CameraId, stream: Stream = StreamRole.MAIN, start: Start = None
) -> Response:
    """Where WebRTC does not reach, and back in the ring. As a WebSocket the same path sends a message a frame.

    Decode times (tfdt) are wall time in UTC, so that a player knows how old a picture is.
    """
    server = server_of(request)
    async with AsyncExitStack() as stack:
        opened = live.stream(server, asker, camera, stream, live.parse_start(server, start))
        parts = await stack.enter_async_context(opened)
        first = await _first(parts)
        return Mp4Response(first, parts, stack.pop_all())


@router.get(
    "/cameras/{camera}/snapshot.jpg",
    response_class=Response,
    responses={
        200: {
            "content": {"image/jpeg": {}},
            "description": "Original size. Camsvc-At: of when the picture is; Camsvc-Session: of which session",
        },
        409: {"description": "The camera is switched off or away: see Retry-After"},
    },
)
async def snapshot(request: Request, asker: Asking, camera: CameraId, stream: Stream = StreamRole.MAIN) -> Response:
    """The newest picture. Recorded."""
    jpeg, headers = await live.snapshot(server_of(request), asker, camera, stream)
    stamp = headers.get("camsvc-at", "")[:19].replace(":", "").replace("-", "")
    disposition = f'inline; filename="{camera}-{stamp}Z.jpg"'
    return Response(jpeg, headers={**headers, "Content-Disposition": disposition}, media_type="image/jpeg")


@router.get("/live/ice", response_model=schemas.IceServers)
def ice(request: Request, asker: Asking) -> Response:
    """ICE servers, for ``new RTCPeerConnection(…)``."""
    return JSONResponse({"iceServers": live.ice_servers_for(server_of(request), asker)})


class Mp4Response(TimedStreamingResponse):
    """Ends the viewing however it ends itself."""

    def __init__(self, info: dict[str, Any], parts: AsyncIterator[tuple[Part, bytes]], stack: AsyncExitStack) -> None:
        headers = {"Camsvc-Stream": info["stream"], "X-Accel-Buffering": "no"}
        if info.get("rendition"):
            headers["Camsvc-Rendition"] = info["rendition"]
        codecs = info["codecs"]
        super().__init__(_media(parts), headers=headers, media_type=f'video/mp4; codecs="{codecs}"')
        self._stack = stack

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._stack:
            await super().__call__(scope, receive, send)


async def _first(parts: AsyncIterator[tuple[Part, bytes]]) -> dict[str, Any]:
    """What will be sent. Raises NotYetError while the camera is away: a plain answer cannot wait for it."""
    async for kind, content in parts:
        if kind is not Part.INFO:
            continue
        info: dict[str, Any] = json.loads(content)
        if info["state"] == "playing":
            return info
        raise NotYetError(
            f"No picture comes now: {info.get('detail') or info.get('reason')}",
            retry_after_s=live.RETRY_AWAY_S,
            cure=f"ask again in {live.RETRY_AWAY_S} s, or use the WebSocket, which waits",
        )
    raise NotYetError("No picture comes now.", retry_after_s=live.RETRY_AWAY_S, cure="ask again")


async def _media(parts: AsyncIterator[tuple[Part, bytes]]) -> AsyncIterator[bytes]:
    async for kind, content in parts:
        if kind is not Part.INFO:
            yield content
