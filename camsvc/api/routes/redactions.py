"""``/api/v1/incidents/{id}/redaction``: what is hidden in copies of its clip, by whose word, and how that looks."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import JSONResponse

from camsvc.api import redaction_schemas as schemas
from camsvc.api.access import SignedIn, source_of
from camsvc.api.context import server_of
from camsvc.api.redaction_schemas import NUMBER_MAX, PART_MAX
from camsvc.api.routes.incidents import IncidentId
from camsvc.api.services import redaction_previews, redactions
from camsvc.db.queries.redactions import HISTORY_PAGE
from camsvc.domain.redaction import Redaction
from camsvc.domain.redaction_json import redaction_json

router = APIRouter(prefix="/api/v1/incidents", tags=["redactions"])

_Number = Annotated[int | None, Query(ge=1, le=NUMBER_MAX)]


@router.get("/{id}/redaction", response_model=schemas.StoredRedaction)
def read(request: Request, user: SignedIn, id: IncidentId, revision: _Number = None) -> Response:
    """What holds now; ``revision``: what held then. Redacted copies are made by it, when something is exported."""
    found = redactions.get(server_of(request), user, id, revision=revision, source=source_of(request))
    return JSONResponse(redaction_json(found))


@router.put("/{id}/redaction", response_model=schemas.StoredRedaction)
def change(request: Request, user: SignedIn, id: IncidentId, body: schemas.RedactionWish) -> Response:
    """The originals stay as they are; what was decided before stays in the history. 409: somebody changed it
    meanwhile."""
    wanted = body.of(id, revision=body.revision, comment=body.comment)
    return JSONResponse(redaction_json(redactions.put(server_of(request), user, wanted, source=source_of(request))))


@router.get("/{id}/redaction/history", response_model=schemas.Revisions)
def history(
    request: Request,
    user: SignedIn,
    id: IncidentId,
    before: Annotated[
        int | None, Query(ge=1, le=NUMBER_MAX, description="With a lower revision: the next page")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=HISTORY_PAGE)] = HISTORY_PAGE,
) -> Response:
    found = redactions.history(server_of(request), user, id, before=before, limit=limit, source=source_of(request))
    return JSONResponse({"items": [_short(each) for each in found]})


_PREVIEW: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/jpeg": {}}, "description": "The picture, redacted"},
    409: {"description": "The incident has no clip yet: see Retry-After"},
}


@router.get("/{id}/redaction/preview", response_class=Response, responses=_PREVIEW)
def preview(
    request: Request,
    user: SignedIn,
    id: IncidentId,
    part: Annotated[int, Query(ge=0, le=PART_MAX, description="index of one of clip.parts")] = 0,
    at_s: Annotated[float, Query(ge=0, allow_inf_nan=False, description="Player time of the part, seconds")] = 0.0,
) -> Response:
    """How a picture looks in a redacted copy by what is decided. A copy may hide more: what the detector finds then."""
    source = source_of(request)
    wanted = redactions.get(server_of(request), user, id, source=source)
    return _jpeg(redaction_previews.preview(server_of(request), user, wanted, part, at_s, source=source))


@router.post("/{id}/redaction/preview", response_class=Response, responses=_PREVIEW)
def preview_of(request: Request, user: SignedIn, id: IncidentId, body: schemas.PreviewWish) -> Response:
    """As GET, by choices that are not stored: before they are."""
    wanted, source = body.of(id), source_of(request)
    return _jpeg(redaction_previews.preview(server_of(request), user, wanted, body.part, body.at_s, source=source))


def _jpeg(picture: bytes) -> Response:
    return Response(picture, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


def _short(revision: Redaction) -> dict[str, object]:
    told = redaction_json(revision)
    counted = {name: len(told[name]) for name in ("kept", "added", "regions")}
    del told["incident"]
    return told | counted
