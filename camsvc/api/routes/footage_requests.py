"""``/api/v1/footage-requests``: footage that people of a case ask for from where they may not look."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.responses import JSONResponse

from camsvc.api import case_schemas as schemas
from camsvc.api.access import SignedIn, source_of
from camsvc.api.case_schemas import ID_MAX
from camsvc.api.context import Server, server_of
from camsvc.api.routes.cases import CaseId
from camsvc.api.services.cases import deciding, requests
from camsvc.api.services.text import refuse_unstorable
from camsvc.db.queries.footage_requests import LIST_MAX
from camsvc.domain.account import User
from camsvc.domain.case import FootageRequest, RequestState, Wanted
from camsvc.domain.case_json import request_json
from camsvc.domain.incident_json import incident_json

router = APIRouter(prefix="/api/v1", tags=["footage requests"])

RequestId = Annotated[int, Path(ge=0, le=ID_MAX)]
PAGE_MAX = 200


class Box(StrEnum):
    ASKED = "asked"
    """By who reads."""
    DECIDE = "decide"
    """By others, of where who reads may export."""


@router.get("/footage-requests", response_model=schemas.FootageRequests)
def all_requests(
    request: Request,
    user: SignedIn,
    box: Annotated[Box, Query(description="asked: by you; decide: that you may decide")] = Box.ASKED,
    state: Annotated[RequestState | None, Query(description="Only those")] = None,
    before: Annotated[int | None, Query(ge=0, le=ID_MAX, description="With a lower id: the next page")] = None,
    limit: Annotated[int, Query(ge=1, le=LIST_MAX)] = LIST_MAX,
) -> Response:
    """The newest first."""
    server, read = server_of(request), requests.asked if box is Box.ASKED else requests.to_decide
    return _all(server, user, read(server, user, state=state, before=before, limit=limit))


@router.post("/footage-requests", status_code=201, response_model=schemas.FootageRequest)
def ask(request: Request, user: SignedIn, body: schemas.FootageWish) -> Response:
    """For a case that you work in. You are answered the same whether there is such a thing or not."""
    refuse_unstorable(body.model_dump(include={"reason", "camera", "area"}))
    server = server_of(request)
    wanted = Wanted(body.incident, body.camera, body.area, body.from_, body.to)
    made = requests.ask(server, user, body.case, wanted, body.reason, item=body.item, source=source_of(request))
    return _answer(server, user, made, 201)


@router.get("/footage-requests/{request_id}", response_model=schemas.FootageRequest)
def get(request: Request, user: SignedIn, request_id: RequestId) -> Response:
    server = server_of(request)
    return _answer(server, user, requests.get(server, user, request_id, source=source_of(request)))


@router.post("/footage-requests/{request_id}/decision", response_model=schemas.FootageRequest)
def decide(request: Request, user: SignedIn, request_id: RequestId, body: schemas.Decision) -> Response:
    """By somebody else than who asked, with the right to export there. Approved, the people of the case may search,
    play and export it, and it is put into the case."""
    refuse_unstorable(body.reason, "reason")
    server, source = server_of(request), source_of(request)
    if body.approve:
        made = deciding.approve(server, user, request_id, body.reason, until=body.until, source=source)
    else:
        made = deciding.refuse(server, user, request_id, body.reason, source=source)
    return _answer(server, user, made)


@router.post("/footage-requests/{request_id}/withdraw", response_model=schemas.FootageRequest)
def withdraw(request: Request, user: SignedIn, request_id: RequestId) -> Response:
    """Before it is decided, by who asked or who leads the case."""
    server = server_of(request)
    return _answer(server, user, requests.withdraw(server, user, request_id, source=source_of(request)))


@router.post("/footage-requests/{request_id}/end", response_model=schemas.FootageRequest)
def end(request: Request, user: SignedIn, request_id: RequestId, body: schemas.Because) -> Response:
    """An approval ends now, by whoever could give it."""
    refuse_unstorable(body.reason, "reason")
    server = server_of(request)
    return _answer(server, user, deciding.end(server, user, request_id, body.reason, source=source_of(request)))


@router.get("/footage-requests/{request_id}/incidents", response_model=schemas.GivenIncidents)
def given(
    request: Request,
    user: SignedIn,
    request_id: RequestId,
    cursor: Annotated[str | None, Query(max_length=200, description="next_cursor of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = PAGE_MAX,
) -> Response:
    """What an approval gives, newest first, as long as it lasts."""
    page = requests.incidents_of(
        server_of(request), user, request_id, cursor=cursor, limit=limit, source=source_of(request)
    )
    return JSONResponse({"items": [incident_json(each) for each in page.items], "next_cursor": page.next_cursor})


@router.get("/cases/{case}/footage-requests", response_model=schemas.FootageRequests)
def of_case(request: Request, user: SignedIn, case: CaseId) -> Response:
    """All that was asked for it, the newest first."""
    server = server_of(request)
    return _all(server, user, requests.of_case(server, user, case, source=source_of(request)))


def _answer(server: Server, user: User, found: FootageRequest, status: int = 200) -> Response:
    decides = requests.may_decide(user, found)
    return JSONResponse(request_json(found, decides=decides, now=server.clock.now()), status)


def _all(server: Server, user: User, found: list[FootageRequest]) -> Response:
    now = server.clock.now()
    told = [request_json(each, decides=requests.may_decide(user, each), now=now) for each in found]
    return JSONResponse({"items": told})
