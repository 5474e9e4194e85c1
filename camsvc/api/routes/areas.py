"""``/api/v1/areas``: the administrative tree."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import JSONResponse

from camsvc.api import schemas
from camsvc.api.access import Administrator, signed_in
from camsvc.api.context import server_of
from camsvc.api.services import areas

router = APIRouter(prefix="/api/v1/areas", tags=["areas"])


@router.get("", response_model=schemas.AreaTree, dependencies=[Depends(signed_in)])
def tree(request: Request) -> Response:
    """The whole tree, nested."""
    return JSONResponse({"items": areas.tree(areas.all_areas(server_of(request)))})


@router.get("/{path:path}", response_model=schemas.Area, dependencies=[Depends(signed_in)])
def get(request: Request, path: str) -> Response:
    return JSONResponse(areas.area_json(areas.get(server_of(request), path)))


@router.put("/{path:path}", response_model=schemas.Area)
def put(request: Request, user: Administrator, path: str, body: schemas.AreaName) -> Response:
    """Name an area; it, and those above it, are made when missing."""
    return JSONResponse(areas.area_json(areas.name(server_of(request), user, path, body.name)))
