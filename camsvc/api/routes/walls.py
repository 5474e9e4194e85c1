"""``/api/v1/walls``: layouts of live pictures, each of the account that saved it. Whose rights end loses pictures, not
walls: what a tile shows is asked of the camera when it is shown."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from starlette.responses import JSONResponse

from camsvc.api import schemas
from camsvc.api.access import SignedIn
from camsvc.api.context import server_of
from camsvc.db.queries import walls
from camsvc.domain.wall import NAME_MAX, Wall
from camsvc.errors import InputError

router = APIRouter(prefix="/api/v1/walls", tags=["walls"])

WallName = Annotated[str, Path(min_length=1, max_length=NAME_MAX, description="The wall's name")]


@router.get("", response_model=schemas.Walls)
def all_walls(request: Request, user: SignedIn) -> Response:
    """Those of the account that asks, by name."""
    with server_of(request).database.session() as session:
        found = walls.all_of(session, user.id)
    return JSONResponse({"items": [wall_json(each) for each in found]})


@router.get("/{name}", response_model=schemas.Wall)
def get(request: Request, user: SignedIn, name: WallName) -> Response:
    with server_of(request).database.session() as session:
        return JSONResponse(wall_json(walls.get(session, user.id, name)))


@router.put("/{name}", response_model=schemas.Wall, responses={201: {"model": schemas.Wall}})
def put(request: Request, user: SignedIn, name: WallName, body: schemas.WallLayout) -> Response:
    """Save a wall: add it, or replace the one of that name."""
    if body.name is not None and body.name != name:
        raise InputError("name: the body names another wall than the path", parameter="name", cure="leave it out")
    wall = Wall(name, body.tiles, tuple(body.cameras), body.cycle_s)
    with server_of(request).database.session() as session:
        is_new = walls.put(session, user.id, wall)
    return JSONResponse(wall_json(wall), 201 if is_new else 200)


@router.delete("/{name}", status_code=204)
def delete(request: Request, user: SignedIn, name: WallName) -> Response:
    with server_of(request).database.session() as session:
        walls.remove(session, user.id, name)
    return Response(status_code=204)


def wall_json(wall: Wall) -> dict[str, Any]:
    return {"name": wall.name, "tiles": wall.tiles, "cameras": list(wall.cameras), "cycle_s": wall.cycle_s}
