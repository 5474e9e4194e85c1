"""``/api/v1/cases/{case}/items`` and ``/snapshots``: what is in a case."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AwareDatetime
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from camsvc.api import case_schemas as schemas
from camsvc.api.access import SignedIn, source_of
from camsvc.api.case_schemas import ID_MAX
from camsvc.api.context import server_of
from camsvc.api.routes.cases import CaseId
from camsvc.api.services.cases import items, snapshots
from camsvc.api.services.cases.items import ItemView, Wish
from camsvc.api.services.cases.snapshots import BYTES_MAX, Picture
from camsvc.api.services.text import refuse_unstorable
from camsvc.api.stored import stored_response
from camsvc.config import CameraId
from camsvc.db.queries.case_items import COMMENT_MAX
from camsvc.domain.case_json import item_json
from camsvc.domain.incident_json import incident_json

router = APIRouter(prefix="/api/v1/cases", tags=["case items"])

ItemId = Annotated[int, Path(ge=0, le=ID_MAX)]
JPEG = {
    "requestBody": {
        "required": True,
        "description": "The picture",
        "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get("/{case}/items", response_model=schemas.CaseItems)
def all_items(
    request: Request,
    user: SignedIn,
    case: CaseId,
    removed: Annotated[bool, Query(description="Those that were taken out, instead")] = False,
) -> Response:
    """In order of time. Of what lies outside of your areas, and was not given to the case, only kind and times."""
    found = items.listed(server_of(request), user, case, removed=removed, source=source_of(request))
    return _answer(found, case)


@router.post("/{case}/items", status_code=201, response_model=schemas.CaseItems)
def add(request: Request, user: SignedIn, case: CaseId, body: schemas.ItemWishes) -> Response:
    """Incidents, clips, spans of cameras: all, or, where one is refused, none. Answers those that were not in it yet;
    footage stays where it is, a case refers to it."""
    refuse_unstorable([each.comment for each in body.items], "comment")
    wishes = [Wish(each.incident, each.part, each.camera, each.from_, each.to, each.comment) for each in body.items]
    return _answer(items.add(server_of(request), user, case, wishes, source=source_of(request)), case, 201)


@router.patch("/{case}/items/{item}", response_model=schemas.CaseItem)
def comment(request: Request, user: SignedIn, case: CaseId, item: ItemId, body: schemas.ItemComment) -> Response:
    """Say what it shows."""
    refuse_unstorable(body.comment, "comment")
    found = items.comment(server_of(request), user, case, item, body.comment, source=source_of(request))
    return JSONResponse(view_json(found, case))


@router.delete("/{case}/items/{item}", status_code=204)
def remove(request: Request, user: SignedIn, case: CaseId, item: ItemId) -> Response:
    """It stays as history, and what holds it stays."""
    items.remove(server_of(request), user, case, item, source=source_of(request))
    return Response(status_code=204)


@router.post("/{case}/items/{item}/restore", response_model=schemas.CaseItem)
def restore(request: Request, user: SignedIn, case: CaseId, item: ItemId) -> Response:
    """Back into the case."""
    return JSONResponse(view_json(items.restore(server_of(request), user, case, item, source=source_of(request)), case))


@router.post("/{case}/snapshots", status_code=201, response_model=schemas.CaseItem, openapi_extra=JPEG)
async def take(
    request: Request,
    user: SignedIn,
    case: CaseId,
    camera: Annotated[CameraId, Query()],
    at: Annotated[AwareDatetime, Query(description="When the frame was seen, as the player says")],
    incident: Annotated[UUID | None, Query(description="From whose clip; left out: from the live picture")] = None,
    comment: Annotated[str, Query(min_length=1, max_length=COMMENT_MAX)] = "",
) -> Response:
    """A picture, as JPEG: kept bit for bit, with its sha256, the camera, its time and how far that may be off."""
    server, source = server_of(request), source_of(request)
    picture = Picture(await _body(request), camera, at, incident, comment)
    made = await to_thread.run_sync(lambda: snapshots.take(server, user, case, picture, source=source))
    return JSONResponse(view_json(made, case), 201)


@router.head("/{case}/snapshots/{item}", include_in_schema=False)
@router.get(
    "/{case}/snapshots/{item}",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}, "description": "The picture, bit for bit"}},
)
def picture(
    request: Request,
    user: SignedIn,
    case: CaseId,
    item: ItemId,
    download: Annotated[bool, Query(description="Offer it as a file to save instead of something to show")] = False,
) -> Response:
    """ETag and Repr-Digest are its sha256, which it is checked against."""
    server = server_of(request)
    file = snapshots.open_(server, user, case, item, source=source_of(request))
    return stored_response(request, file, server.store, server.metrics, download=download)


def view_json(view: ItemView, case_id: int) -> dict[str, Any]:
    told = item_json(view.item, is_open=view.is_open)
    has_picture = view.item.snapshot is not None and view.may_replay
    return told | {
        "held": view.is_held,
        "expired": view.is_expired,
        "may_replay": view.may_replay,
        "may_export": view.may_export,
        "picture": f"/api/v1/cases/{case_id}/snapshots/{view.item.id}" if has_picture else None,
        "incident_now": incident_json(view.incident) if view.incident else None,
    }


def _answer(found: list[ItemView], case_id: int, status: int = 200) -> Response:
    return JSONResponse({"items": [view_json(each, case_id) for each in found]}, status)


async def _body(request: Request) -> bytes:
    """Raises HTTPException 413 before more is read than a picture may have."""
    taken = bytearray()
    async for piece in request.stream():
        taken += piece
        if len(taken) > BYTES_MAX:
            raise HTTPException(413, f"The picture is longer than {BYTES_MAX} bytes.")
    return bytes(taken)
