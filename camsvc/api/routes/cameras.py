"""``/api/v1/cameras``: desired cameras with their state. No answer holds a credential (invariant 9)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Path, Query, Request, Response
from starlette.responses import JSONResponse

from camsvc.api import schemas
from camsvc.api.access import SignedIn, source_of
from camsvc.api.context import server_of
from camsvc.api.formats import MEDIA_TYPES, Format, geojson, negotiated
from camsvc.api.services import cameras
from camsvc.api.services.cameras import CameraView
from camsvc.config import AREA_PATH, CAMERA_ID, CameraConfig
from camsvc.db.filters import parse_choices
from camsvc.domain.camera import CameraState
from camsvc.errors import InputError

router = APIRouter(prefix="/api/v1/cameras", tags=["cameras"])

LIMIT_MAX = 1000
"""A camera is some kilobytes of JSON."""
DEFAULT_LIMIT = 500

CameraId = Annotated[str, Path(pattern=f"^(?:{CAMERA_ID.pattern})$", description="The camera's id")]
IfMatch = Annotated[str | None, Header(description="The ETag of the version that the change was made on")]
CameraBody = Annotated[
    dict[str, Any],
    Body(
        description="Names as in the configuration file. A stream URL as it was given out, with ***, keeps its"
        " credentials. has_credentials and status are ignored.",
        json_schema_extra={"$ref": "#/components/schemas/CameraConfig"},
    ),
]


@router.get("", response_model=schemas.CameraPage)
def search(
    request: Request,
    user: SignedIn,
    area: Annotated[list[str] | None, Query(description="Area paths; each includes all below it")] = None,
    state: Annotated[list[str] | None, Query(description="Of: " + ", ".join(CameraState))] = None,
    cursor: Annotated[str | None, Query(description="next_cursor of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = DEFAULT_LIMIT,
    format: Annotated[Format | None, Query(description="Instead of Accept: json or geojson")] = None,
) -> Response:
    """Cameras by id: those over which the asker is granted anything. GeoJSON with ``Accept: application/geo+json``."""
    kind = negotiated(request, format, (Format.JSON, Format.GEOJSON))
    page = cameras.search(
        server_of(request),
        user,
        areas=_areas(area or ()),
        states=parse_choices(CameraState, state or (), "state"),
        cursor=cursor,
        limit=limit,
    )
    items = [cameras.camera_json(view) for view in page.items]
    body = geojson(items, page.next_cursor) if kind is Format.GEOJSON else _page(items, page.next_cursor)
    return JSONResponse(body, media_type=MEDIA_TYPES[kind], headers={"Vary": "Accept"})


@router.post("", status_code=201, response_model=schemas.Camera)
def create(request: Request, user: SignedIn, body: CameraBody) -> Response:
    """Add a camera. 409 when the id is, or ever was, another camera's."""
    view = cameras.create(server_of(request), user, body, source=source_of(request))
    return _answer(view, 201)


@router.get("/{camera}", response_model=schemas.Camera)
def get(request: Request, user: SignedIn, camera: CameraId) -> Response:
    return _answer(cameras.get(server_of(request), user, camera, source=source_of(request)))


@router.put("/{camera}", response_model=schemas.Camera, responses={201: {"model": schemas.Camera}})
def put(request: Request, user: SignedIn, camera: CameraId, body: CameraBody, if_match: IfMatch = None) -> Response:
    """Add or replace a camera."""
    view, is_new = cameras.replace(server_of(request), user, camera, body, if_match=if_match, source=source_of(request))
    return _answer(view, 201 if is_new else 200)


@router.patch("/{camera}", response_model=schemas.Camera)
def patch(request: Request, user: SignedIn, camera: CameraId, body: CameraBody, if_match: IfMatch = None) -> Response:
    """Change some members (JSON Merge Patch, RFC 7396)."""
    return _answer(cameras.change(server_of(request), user, camera, body, if_match=if_match, source=source_of(request)))


@router.delete("/{camera}", status_code=204)
def delete(request: Request, user: SignedIn, camera: CameraId, if_match: IfMatch = None) -> Response:
    """The camera is no longer wanted. Its incidents stay, its id is never reused."""
    cameras.remove(server_of(request), user, camera, if_match=if_match, source=source_of(request))
    return Response(status_code=204)


def describe(document: dict[str, Any]) -> None:
    """Put the schema of a desired camera into the OpenAPI document: bodies are checked by hand, credentials first."""
    schema = CameraConfig.model_json_schema(ref_template="#/components/schemas/{model}")
    trial = schemas.RuleTrial.model_json_schema(ref_template="#/components/schemas/{model}")
    trial.pop("$defs")  # those of a camera
    document["components"]["schemas"] |= schema.pop("$defs") | {"CameraConfig": schema, "RuleTrial": trial}


def _answer(view: CameraView, status: int = 200) -> Response:
    headers = {"ETag": cameras.version(view.config)}
    if status == 201:
        headers["Location"] = f"/api/v1/cameras/{view.config.id}"
    return JSONResponse(cameras.camera_json(view), status, headers=headers)


def _page(items: list[dict[str, Any]], next_cursor: str | None) -> dict[str, Any]:
    return {"items": items, "next_cursor": next_cursor}


def _areas(texts: list[str] | tuple[()]) -> tuple[str, ...]:
    paths = tuple(path.strip() for text in texts for path in text.split(",") if path.strip())
    for path in paths:
        if not AREA_PATH.fullmatch(path):
            raise InputError(
                f"{path[:100]!r} cannot be an area",
                parameter="area",
                cure="give the path, like bac-ninh/yen-phong/tam-giang",
            )
    return paths
