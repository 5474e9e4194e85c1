"""``/api/v1/incidents``: search, and single incidents."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.responses import JSONResponse

from camsvc.api import schemas
from camsvc.api.access import SignedIn, source_of
from camsvc.api.context import server_of
from camsvc.api.filtering import IncidentConditions
from camsvc.api.formats import MEDIA_TYPES, Format, csv_text, geojson, negotiated
from camsvc.api.services import faults, incidents
from camsvc.api.streaming import TimedStreamingResponse
from camsvc.db.filters import DEFAULT_LIMIT, LIMIT_MAX
from camsvc.db.queries.incidents import IncidentPage
from camsvc.domain.account import User
from camsvc.domain.incident_json import incident_json
from camsvc.domain.search import IncidentFilter

router = APIRouter(prefix="/api/v1/incidents", tags=["incidents"])

IncidentId = Annotated[UUID, Path(description="The incident's id (UUIDv7)")]
OFFERED = (Format.JSON, Format.GEOJSON, Format.CSV)


@router.get(
    "",
    response_model=schemas.IncidentPage,
    responses={200: {"content": {"application/geo+json": {}, "text/csv": {}}}},
)
def search(
    request: Request,
    user: SignedIn,
    wanted: IncidentConditions,
    cursor: Annotated[str | None, Query(description="next_cursor of the page before; same conditions")] = None,
    limit: Annotated[
        int | None, Query(ge=1, le=LIMIT_MAX, description=f"Of a page; default {DEFAULT_LIMIT}. CSV: default all")
    ] = None,
    format: Annotated[
        Format | None, Query(description="Instead of Accept. csv then comes as a file for spreadsheets")
    ] = None,
) -> Response:
    """Newest first. An incident matches when it overlaps [from, to). GeoJSON with ``Accept: application/geo+json``.

    ``Accept: text/csv`` gives all that match in one stream, unless ``limit`` or ``cursor`` asks for a page.
    """
    kind = negotiated(request, format, OFFERED)
    if kind is Format.CSV:
        return _csv(request, user, wanted, cursor, limit, as_file=format is not None)
    page = incidents.search(
        server_of(request), user, wanted, cursor=cursor, limit=limit or DEFAULT_LIMIT, source=source_of(request)
    )
    items = [incident_json(each) for each in page.items]
    body = (
        geojson(items, page.next_cursor)
        if kind is Format.GEOJSON
        else {"items": items, "next_cursor": page.next_cursor}
    )
    return JSONResponse(body, headers=_headers(page), media_type=MEDIA_TYPES[kind])


@router.get("/{id}", response_model=schemas.IncidentAndFaults)
def get(request: Request, user: SignedIn, id: IncidentId) -> Response:
    """With what is wrong with its stored files: such a file is not shown."""
    server = server_of(request)
    incident = incidents.get(server, user, id, source=source_of(request))
    wrong = faults.of(server, [incident.id]).get(incident.id, ())
    body = incident_json(incident) | {"faults": [faults.fault_json(each) for each in wrong]}
    return JSONResponse(body, headers={"ETag": f'"{incident.revision}"'})


def _csv(
    request: Request, user: User, wanted: IncidentFilter, cursor: str | None, limit: int | None, *, as_file: bool
) -> Response:
    """The first page is read before the answer begins, so that what is wrong with the question is answered as such."""
    server = server_of(request)
    one_page = cursor is not None or limit is not None
    size = (limit or DEFAULT_LIMIT) if one_page else incidents.EXPORT_PAGE
    page = incidents.search(
        server,
        user,
        wanted,
        cursor=cursor,
        limit=size,
        source=source_of(request),
        details={"format": "csv", "all": not one_page},
    )
    pages = iter([page.items]) if one_page else incidents.pages(server, user, wanted, page)
    headers = _headers(page) if one_page else {"Vary": "Accept"}
    if as_file:
        headers["Content-Disposition"] = 'attachment; filename="incidents.csv"'
    return TimedStreamingResponse(
        csv_text(pages, mark=as_file), headers=headers, media_type="text/csv; charset=utf-8; header=present"
    )


def _headers(page: IncidentPage) -> dict[str, str]:
    """The cursor also as a header: CSV has no other place for it."""
    headers = {"Vary": "Accept"}
    if page.next_cursor is not None:
        headers["Next-Cursor"] = page.next_cursor
    return headers
