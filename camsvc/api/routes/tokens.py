"""``/api/v1/tokens``: API tokens, for programs. What one may do is narrowed by its scope, never widened."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.responses import JSONResponse

from camsvc.api import people_schemas as schemas
from camsvc.api.access import SignedIn, source_of
from camsvc.api.context import server_of
from camsvc.api.services import credentials
from camsvc.api.services.credentials import API, held_json

router = APIRouter(prefix="/api/v1/tokens", tags=["tokens"])

ID_MAX = 2**63 - 1
TokenId = Annotated[int, Path(ge=0, le=ID_MAX, description="As the list names it")]
Of = Annotated[
    str | None,
    Query(alias="user", max_length=200, description="Of this account, for administrators. Default: your own"),
]
Everybody = Annotated[bool, Query(alias="all", description="Of all accounts, for administrators")]
NO_STORE = {"Cache-Control": "no-store"}


@router.get("", response_model=schemas.ApiTokens)
def all_tokens(request: Request, user: SignedIn, of: Of = None, everybody: Everybody = False) -> Response:
    """Those in force, the newest first."""
    server, source = server_of(request), source_of(request)
    found = credentials.listed(server, user, API, of, everybody=everybody, source=source)
    return JSONResponse({"items": [held_json(each, user.proof.id if user.proof else None) for each in found]})


@router.post("", status_code=201, response_model=schemas.NewApiToken)
def make(request: Request, user: SignedIn, body: schemas.TokenWish) -> Response:
    """Make one of your own: sent as ``Authorization: Bearer TOKEN``. Not with another API token."""
    held, token = credentials.make_token(
        server_of(request), user, body.name, body.actions, body.areas, body.days, source=source_of(request)
    )
    told = held_json(held, None) | {"token": token}
    return JSONResponse(told, 201, headers={**NO_STORE, "Location": f"/api/v1/tokens/{held.id}"})


@router.delete("/{token}", status_code=204)
def revoke(request: Request, user: SignedIn, token: TokenId) -> Response:
    """Your own; administrators, anybody's. It is refused from then on."""
    credentials.end(server_of(request), user, API, token, source=source_of(request))
    return Response(status_code=204)
