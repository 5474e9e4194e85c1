"""``/api/v1/cameras``, many at once: spreadsheets in and out. Before ``cameras``: "export.csv" is no camera's id."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from camsvc.api import schemas
from camsvc.api.access import SignedIn, source_of
from camsvc.api.context import server_of
from camsvc.api.services import camera_sheet, imports, rights
from camsvc.api.services.camera_sheet import Sheet
from camsvc.domain.account import Action
from camsvc.errors import InputError

router = APIRouter(prefix="/api/v1/cameras", tags=["cameras"])

CSV = "text/csv"
YAML_TYPES = frozenset({"application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"})
"""RFC 9512, and what was written before it."""
_TEXT = {"schema": {"type": "string"}}


@router.post(
    "/import",
    response_model=schemas.CameraImport,
    openapi_extra={"requestBody": {"required": True, "content": {CSV: _TEXT, "application/yaml": _TEXT}}},
)
async def import_(
    request: Request,
    user: SignedIn,
    dry_run: Annotated[bool, Query(description="Say row by row what would happen, and change nothing")] = False,
    make_areas: Annotated[
        bool, Query(description="Make areas that are not there yet; else such rows are refused")
    ] = False,
    if_match: Annotated[str | None, Header(description="The ETag of the dry run that this must still be")] = None,
) -> Response:
    """Add and change many cameras: all of the file or, when anything in it is wrong, nothing.

    A row of a CSV changes what its cells say: empty ones leave a camera as it is, ``-`` takes away. A camera of a YAML
    file replaces the stored one whole.
    """
    content = await request.body()
    return await run_in_threadpool(_import, request, user, content, dry_run, make_areas, if_match)


@router.get("/export.csv", response_class=Response, responses={200: {"content": {CSV: _TEXT}}})
def export(request: Request, user: SignedIn) -> Response:
    """The cameras that the asker may configure, as ``import`` takes them. Credentials are ***, which keeps them."""
    return _file(imports.export(server_of(request), user, source=source_of(request)), "cameras.csv")


@router.get("/template.csv", response_class=Response, responses={200: {"content": {CSV: _TEXT}}})
def template(_: SignedIn) -> Response:
    """The columns of ``import``, and one row as an example that is left out."""
    return _file(camera_sheet.template(), "cameras-template.csv")


def _import(
    request: Request,
    user: SignedIn,
    content: bytes,
    dry_run: bool,
    make_areas: bool,
    if_match: str | None,
) -> Response:
    server, source = server_of(request), source_of(request)
    rights.require_somewhere(server, user, Action.CONFIGURE, source=source)
    sheet = _sheet(request, content)
    if dry_run:
        found = imports.dry_run(server, user, sheet, make_areas=make_areas, source=source)
    else:
        found = imports.apply(server, user, sheet, make_areas=make_areas, expected=if_match, source=source)
    body: dict[str, Any] = imports.plan_json(found, applied=not dry_run)
    return JSONResponse(body, headers={"ETag": f'"{found.digest}"'})


def _sheet(request: Request, content: bytes) -> Sheet:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == CSV:
        return camera_sheet.read_csv(content)
    if kind in YAML_TYPES:
        return camera_sheet.read_yaml(content)
    raise InputError(
        "Content-Type says neither CSV nor YAML", parameter="Content-Type", cure=f"send {CSV} or application/yaml"
    )


def _file(content: bytes, name: str) -> Response:
    return Response(content, media_type=CSV, headers={"Content-Disposition": f'attachment; filename="{name}"'})
