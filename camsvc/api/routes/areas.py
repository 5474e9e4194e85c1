"""``/api/v1/areas``: the administrative tree."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse

from camsvc.api import schemas
from camsvc.api.access import SignedIn, source_of
from camsvc.api.context import server_of
from camsvc.api.services import areas

router = APIRouter(prefix="/api/v1/areas", tags=["areas"])


@router.get("", response_model=schemas.AreaTree)
def tree(request: Request, user: SignedIn) -> Response:
    """The tree, nested: of the areas where the asker is granted anything, and of what is above them."""
    return JSONResponse({"items": areas.tree(areas.all_areas(server_of(request), user))})


@router.get("/{path:path}", response_model=schemas.Area)
def get(request: Request, user: SignedIn, path: str) -> Response:
    return JSONResponse(areas.area_json(areas.get(server_of(request), user, path)))


@router.put("/{path:path}", response_model=schemas.Area)
def put(request: Request, user: SignedIn, path: str, body: schemas.AreaName) -> Response:
    """Name an area; it, and those above it, are made when missing."""
    return JSONResponse(
        areas.area_json(areas.name(server_of(request), user, path, body.name, source=source_of(request)))
    )


@router.post("/{path:path}/move", response_model=schemas.AreaMoved)
def move(request: Request, user: SignedIn, path: str, body: schemas.AreaMove) -> Response:
    """Put the cameras of an area, and of those below it, into another. An area itself never moves: what was seen in it
    stays there, and grants name it.
    """
    moved = areas.move_cameras(server_of(request), user, path, body.to, source=source_of(request))
    return JSONResponse({"moved": moved})
