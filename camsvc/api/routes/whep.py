"""``/api/v1/cameras/{camera}/whep``: a camera's live picture over WebRTC (WHEP, draft-ietf-wish-whep)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from camsvc.api.asking import Asking
from camsvc.api.context import server_of
from camsvc.api.routes.cameras import CameraId
from camsvc.api.services import live
from camsvc.domain.camera import StreamRole
from camsvc.errors import InputError
from camsvc.live.wire import SDP_MAX_BYTES

router = APIRouter(prefix="/api/v1/cameras", tags=["live"])

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"

Stream = Annotated[StreamRole, Query(description="main, or sub; main is sent where the camera has no sub stream")]
Session = Annotated[str, Path(max_length=100, description="Last part of the Location that POST answered")]


def _body(media_type: str) -> dict[str, Any]:
    content = {media_type: {"schema": {"type": "string", "maxLength": SDP_MAX_BYTES}}}
    return {"requestBody": {"required": True, "content": content}}


@router.post(
    "/{camera}/whep",
    status_code=201,
    response_class=Response,
    responses={
        201: {
            "content": {SDP: {"schema": {"type": "string"}}},
            "description": "The answer. Location: what DELETE ends; Link: ICE servers; Camsvc-Stream: what is sent;"
            " Camsvc-Rendition: why it is transcoded (hevc, b-frames, profile)",
        },
        409: {"description": "The camera is switched off, or no worker has it yet: see Retry-After"},
        503: {"description": "No live process, or none with room: see Retry-After"},
    },
    openapi_extra=_body(SDP),
)
async def offer(request: Request, asker: Asking, camera: CameraId, stream: Stream = StreamRole.MAIN) -> Response:
    """An SDP offer that wants to receive one video (H.264). Recorded when it begins and when it ends."""
    server = server_of(request)
    seen = await live.watch(server, asker, camera, stream, await _text(request, SDP))
    headers = {
        "Location": f"/api/v1/cameras/{camera}/whep/{seen.session}",
        "Accept-Patch": FRAGMENT,
        "Camsvc-Stream": seen.answer.stream.value,
        **({"Camsvc-Rendition": seen.answer.rendition} if seen.answer.rendition else {}),
    }
    response = Response(seen.answer.sdp, 201, headers, SDP)
    _add_links(response, live.ice_servers(server))
    return response


@router.options("/{camera}/whep", status_code=204, response_class=Response)
async def options(request: Request, asker: Asking, camera: CameraId) -> Response:
    """What may be posted, and the ICE servers."""
    response = Response(status_code=204, headers={"Accept-Post": SDP, "Allow": "OPTIONS, POST"})
    servers = await run_in_threadpool(live.ice_servers_for, server_of(request), asker)
    _add_links(response, servers)
    return response


@router.patch("/{camera}/whep/{session}", status_code=204, response_class=Response, openapi_extra=_body(FRAGMENT))
async def patch(request: Request, asker: Asking, camera: CameraId, session: Session) -> Response:
    """Candidates found after the offer (RFC 8840); only of who sent the offer. An ICE restart is a new offer."""
    await live.trickle(server_of(request), asker, session, await _text(request, FRAGMENT))
    return Response(status_code=204)


@router.delete("/{camera}/whep/{session}", status_code=200, response_class=Response)
async def end(request: Request, asker: Asking, camera: CameraId, session: Session) -> Response:
    """Ends it; only of who began it, or by an administrator."""
    await live.leave(server_of(request), asker, session)
    return Response(status_code=200)


async def _text(request: Request, media_type: str) -> str:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != media_type:
        raise HTTPException(415, f"This takes {media_type}.")
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > SDP_MAX_BYTES:
            raise HTTPException(413, f"The body is longer than {SDP_MAX_BYTES} bytes, the most that is read.")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError("the body is no text in UTF-8", parameter="body", cure=f"send {media_type}") from error


def _add_links(response: Response, servers: list[dict[str, Any]]) -> None:
    """Each URL of an ICE server as a Link of its own (draft-ietf-wish-whep-03 §4.6)."""
    for each in servers:
        for url in each["urls"]:
            link = f'<{url}>; rel="ice-server"'
            if "username" in each:
                link += (
                    f'; username="{_quoted(each["username"])}"; credential="{_quoted(each["credential"])}"'
                    '; credential-type="password"'
                )
            response.headers.append("Link", link)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
