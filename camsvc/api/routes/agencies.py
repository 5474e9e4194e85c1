"""``/api/v1/agencies``: who shares the installation; for administrators of the whole system."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from camsvc.api.access import Administrator, source_of
from camsvc.api.context import server_of
from camsvc.api.services import agencies
from camsvc.db.queries.agencies import AREAS_MAX, NAME_MAX
from camsvc.domain.account import Agency

router = APIRouter(prefix="/api/v1/agencies", tags=["agencies"])

AgencyId = Annotated[int, Path(ge=1, le=2**31 - 1, description="The agency's id")]


class AgencyWish(BaseModel):
    """What POST and PUT take."""

    model_config = {"extra": "forbid"}
    name: str = Field(min_length=1, max_length=NAME_MAX)
    areas: list[str] | None = Field(
        default=None,
        min_length=1,
        max_length=AREAS_MAX,
        description="Where its accounts' grants end, each with all below it; null: nowhere, they reach everywhere",
    )


class AgencyOut(BaseModel):
    id: int
    name: str
    areas: list[str] | None


class AgencyListed(AgencyOut):
    accounts: int


class Agencies(BaseModel):
    items: list[AgencyListed]


@router.get("", response_model=Agencies)
def all_agencies(request: Request, user: Administrator) -> Response:
    """By name."""
    found = agencies.all_agencies(server_of(request), user, source=source_of(request))
    items = [agency_json(each.agency) | {"accounts": each.accounts} for each in found]
    return JSONResponse({"items": items})


@router.post("", response_model=AgencyOut, status_code=201)
def add(request: Request, user: Administrator, body: AgencyWish) -> Response:
    made = agencies.add(server_of(request), user, body.name, body.areas, source=source_of(request))
    return JSONResponse(agency_json(made), 201)


@router.put("/{agency}", response_model=AgencyOut)
def change(request: Request, user: Administrator, agency: AgencyId, body: AgencyWish) -> Response:
    """In force with its accounts' next requests."""
    changed = agencies.change(server_of(request), user, agency, body.name, body.areas, source=source_of(request))
    return JSONResponse(agency_json(changed))


@router.delete("/{agency}", status_code=204)
def remove(request: Request, user: Administrator, agency: AgencyId) -> Response:
    """Refused while accounts are of it: without it they might do more."""
    agencies.remove(server_of(request), user, agency, source=source_of(request))
    return Response(status_code=204)


def agency_json(agency: Agency) -> dict[str, Any]:
    return {"id": agency.id, "name": agency.name, "areas": agency.areas}
