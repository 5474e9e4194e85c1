"""``/api/v1/exports``: evidence packages, made as jobs and fetched when they are done."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import JSONResponse

from camsvc.api import export_schemas as schemas
from camsvc.api.access import SignedIn, source_of
from camsvc.api.context import server_of
from camsvc.api.preview_json import foreseen_json, quota_json
from camsvc.api.ranges import Outcome, select
from camsvc.api.services import exports, rights
from camsvc.api.services.exports import Order, downloads
from camsvc.api.services.exports.downloads import File
from camsvc.api.services.text import refuse_unstorable
from camsvc.api.stored import StoredFile, stored_response
from camsvc.db.queries.exports import LIST_MAX
from camsvc.domain.account import Action
from camsvc.domain.export_job import Contents, ExportState, Span, Subjects
from camsvc.domain.export_json import export_json

router = APIRouter(prefix="/api/v1/exports", tags=["exports"])

FETCHED: dict[int | str, dict[str, Any]] = {
    200: {"description": "All of it"},
    206: {"description": "The range asked for"},
    304: {"description": "Not changed"},
    409: {"description": "It is still being made: see Retry-After"},
    416: {"description": "The range begins behind the end"},
}


@router.get("", response_model=schemas.Exports)
def all_exports(
    request: Request,
    user: SignedIn,
    everyone: Annotated[bool, Query(description="Of all accounts; for administrators")] = False,
    case: Annotated[int | None, Query(ge=0, le=2**63 - 1, description="Only those of this case")] = None,
    state: Annotated[list[ExportState] | None, Query(description="Only those")] = None,
    before: Annotated[UUID | None, Query(description="Those that come after it in the list")] = None,
    limit: Annotated[int, Query(ge=1, le=LIST_MAX)] = 50,
) -> Response:
    """Yours and those of the cases that you work on; the newest first."""
    server = server_of(request)
    rights.require_somewhere(server, user, Action.EXPORT, source=source_of(request))
    found = exports.listed(
        server,
        user,
        everyone=everyone,
        case=case,
        states=tuple(state or ()),
        before=before,
        limit=limit,
        source=source_of(request),
    )
    now = server.clock.now()
    more = str(found[-1].id) if len(found) == limit else None
    return JSONResponse({"items": [export_json(each, now) for each in found], "next_before": more})


@router.post("", status_code=201, response_model=schemas.Export)
def start(request: Request, user: SignedIn, body: schemas.ExportWish) -> Response:
    """Queue an export. It is made by itself; a notice tells when it is done."""
    server = server_of(request)
    order = _order(body, body.reason)
    made = exports.start(server, user, order, source=source_of(request))
    return JSONResponse(export_json(made, server.clock.now()), 201, headers={"Location": f"/api/v1/exports/{made.id}"})


@router.post("/preview", response_model=schemas.Preview)
def preview(request: Request, user: SignedIn, body: schemas.PreviewWish) -> Response:
    """What an export would hold and take, and whether there is room for it. Nothing is done."""
    found = exports.preview(server_of(request), user, _order(body, ""), source=source_of(request))
    return JSONResponse(foreseen_json(found))


@router.get("/quota", response_model=schemas.Quota)
def quota(request: Request, user: SignedIn) -> Response:
    """What your exports take, and may."""
    server = server_of(request)
    rights.require_somewhere(server, user, Action.EXPORT, source=source_of(request))
    return JSONResponse(quota_json(exports.quota(server, user)))


@router.get("/{export}", response_model=schemas.Export)
def get(request: Request, user: SignedIn, export: UUID) -> Response:
    """How far it is; ask again once a second at most."""
    server = server_of(request)
    rights.require_somewhere(server, user, Action.EXPORT, source=source_of(request))
    return JSONResponse(export_json(exports.get(server, user, export), server.clock.now()))


@router.post("/{export}/cancel", response_model=schemas.Export)
def cancel(request: Request, user: SignedIn, export: UUID) -> Response:
    """One that waits ends at once, one that is being made within seconds."""
    server = server_of(request)
    rights.require_somewhere(server, user, Action.EXPORT, source=source_of(request))
    stopped = exports.cancel(server, user, export, source=source_of(request))
    return JSONResponse(export_json(stopped, server.clock.now()))


@router.delete("/{export}", response_model=schemas.Export)
def delete(request: Request, user: SignedIn, export: UUID) -> Response:
    """The package is given out no more, and its room comes back. That it was made stays known."""
    server = server_of(request)
    rights.require_somewhere(server, user, Action.EXPORT, source=source_of(request))
    gone = exports.delete(server, user, export, source=source_of(request))
    return JSONResponse(export_json(gone, server.clock.now()))


@router.head("/{export}/package", include_in_schema=False)
@router.get("/{export}/package", response_class=Response, responses=FETCHED)
def package(request: Request, user: SignedIn, export: UUID) -> Response:
    """The ZIP; of an encrypted one its ``.enc`` part. With ranges, so that a broken download goes on where it broke;
    ETag and Repr-Digest are its sha256. Recorded once for a download."""
    return _file(request, user, export, File.PACKAGE)


@router.head("/{export}/envelope", include_in_schema=False)
@router.get("/{export}/envelope", response_class=Response, responses=FETCHED)
def envelope(request: Request, user: SignedIn, export: UUID) -> Response:
    """The ``.cms`` part of an encrypted package, which opens the other one for the recipient."""
    return _file(request, user, export, File.ENVELOPE)


def _file(request: Request, user: SignedIn, export: UUID, file: File) -> Response:
    server = server_of(request)

    def begins(found: StoredFile) -> int | None:
        selection = select(request.headers, found.size_bytes, found.etag)
        sends = request.method != "HEAD" and selection.outcome in {Outcome.WHOLE, Outcome.PART}
        return selection.offset if sends else None

    found = downloads.file_of(server, user, export, file, begins=begins, source=source_of(request))
    # Ranges are not proved here by reading the whole again: the package proves itself, and was read when it was made.
    return stored_response(request, found, server.store, server.metrics, download=True)


def _order(body: schemas.PreviewWish, reason: str) -> Order:
    refuse_unstorable(body.model_dump(include={"reason", "case_number", "recipient"}))
    spans = tuple(Span(each.camera, each.from_, each.to) for each in body.spans)
    wanted = body.contents
    contents = Contents(**{**wanted.model_dump(), "languages": tuple(dict.fromkeys(wanted.languages))})
    return Order(
        reason,
        Subjects(tuple(dict.fromkeys(body.incidents)), spans),
        body.case,
        body.items,
        body.case_number,
        contents,
        body.recipient,
    )
