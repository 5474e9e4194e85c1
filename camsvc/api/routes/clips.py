"""``/api/v1/incidents/{id}/clip``, ``/thumbnail`` and ``/tracks``: what is in the object store."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import JSONResponse

from camsvc.api import schemas
from camsvc.api.access import SignedIn, source_of
from camsvc.api.context import Server, server_of
from camsvc.api.routes.incidents import IncidentId
from camsvc.api.services import clips, incidents, rights
from camsvc.api.services.renditions import Making
from camsvc.api.stored import stored_response
from camsvc.domain.account import Action

router = APIRouter(prefix="/api/v1/incidents", tags=["incidents"])

RETRY_RENDITION_S = 2
"""A part of some minutes is converted in about as many tens of seconds; a player that waits asks this often."""
PART_MAX = 100_000

Download = Annotated[bool, Query(description="Offer it as a file to save instead of something to show")]


class Rendition(StrEnum):
    ORIGINAL = "original"
    """The camera's own bits."""
    BROWSER = "browser"
    """What a browser can play: the original where it can, else a converted, marked copy."""


@router.head("/{id}/clip", include_in_schema=False)
@router.get(
    "/{id}/clip",
    response_class=Response,
    responses={
        200: {"content": {"video/mp4": {}}, "description": "The whole part"},
        202: {"model": schemas.Making, "description": "The rendition is being made: see Retry-After"},
        206: {"content": {"video/mp4": {}}, "description": "The range asked for"},
        304: {"description": "Not changed"},
        409: {"description": "The incident has no clip yet: see Retry-After"},
        416: {"description": "The range begins behind the end"},
        502: {"description": "It is not what was recorded (footage-altered, footage-forged)"},
    },
)
def clip(
    request: Request,
    user: SignedIn,
    id: IncidentId,
    part: Annotated[int, Query(ge=0, le=PART_MAX, description="index of one of clip.parts")] = 0,
    rendition: Annotated[Rendition, Query()] = Rendition.ORIGINAL,
    download: Download = False,
) -> Response:
    """One part of the clip as MP4, with ranges. ETag and Repr-Digest are its sha256.

    No answer is completed before the whole file is proved to be what was recorded; one that turns out not to be is
    broken off, and refused from then on (``footage-altered``, ``footage-forged``; 404 ``footage-missing``).
    """
    server = server_of(request)
    incident = incidents.replay(server, user, id, source=source_of(request), part=part, download=download)
    found = clips.part_of(incident, part)
    if rendition is Rendition.ORIGINAL:
        file = clips.original(incident, found)
    else:
        made = clips.for_browser(server, incident, found)
        if isinstance(made, Making):
            return _making(server, made)
        file = made
    return stored_response(request, file, server.store, server.metrics, server.prover, download=download)


@router.head("/{id}/thumbnail", include_in_schema=False)
@router.get(
    "/{id}/thumbnail",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}, "description": "The picture that shows most"}},
)
def thumbnail(request: Request, user: SignedIn, id: IncidentId, download: Download = False) -> Response:
    """Part of what a search shows, which is recorded; so it is not recorded again."""
    server = server_of(request)
    action = Action.SEARCH
    incident = rights.require_incident(server, user, action, id, source=source_of(request))
    file = clips.thumbnail(server, incident)
    return stored_response(request, file, server.store, server.metrics, server.prover, download=download)


@router.head("/{id}/tracks", include_in_schema=False)
@router.get(
    "/{id}/tracks",
    response_class=Response,
    responses={200: {"content": {"application/json": {}}, "description": "Boxes by media time"}},
)
def tracks(request: Request, user: SignedIn, id: IncidentId, download: Download = False) -> Response:
    """Part of the clip, whose viewing is recorded."""
    server = server_of(request)
    action = Action.REPLAY
    incident = rights.require_incident(server, user, action, id, source=source_of(request))
    file = clips.tracks(server, incident)
    return stored_response(request, file, server.store, server.metrics, server.prover, download=download)


def _making(server: Server, making: Making) -> Response:
    body = {
        "stage": making.stage.value,
        "elapsed_s": round(server.clock.monotonic_s() - making.began_s, 1),
        "retry_after_s": RETRY_RENDITION_S,
    }
    return JSONResponse(body, 202, headers={"Retry-After": str(RETRY_RENDITION_S)})
