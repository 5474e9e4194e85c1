"""``/api/v1/auth``: bearer tokens for programs, sessions for pages."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from starlette.responses import JSONResponse

from camsvc.api import schemas
from camsvc.api.access import (
    SignedIn,
    clear_session_cookie,
    let_in,
    origin_of,
    require_same_origin,
    session_cookie,
    source_of,
)
from camsvc.api.context import server_of
from camsvc.api.services import accounts, second_factor, sign_in
from camsvc.api.services.text import refuse_unstorable
from camsvc.db.models import TokenKind
from camsvc.domain.account import Action, User

router = APIRouter(prefix="/api/v1/auth", tags=["auth"])

Name = Annotated[str, Form(max_length=200)]
Password = Annotated[str, Form(max_length=1000)]
Code = Annotated[str | None, Form(max_length=100, description="One-time code, or recovery code")]


@router.post("/token", response_model=schemas.Token)
def token(
    request: Request,
    username: Name,
    password: Password,
    grant_type: Annotated[str | None, Form(pattern="^password$")] = None,
    scope: Annotated[str, Form()] = "",
    totp: Code = None,
) -> Response:
    """OAuth2 password form (RFC 6749 §4.3): a bearer token for a program. Scopes are not used.

    Where a second factor is set up, ``totp`` is its current code, or a recovery code; without it the problem
    ``second-factor-needed`` says so.
    """
    del grant_type, scope
    refuse_unstorable(username, "username")
    server = server_of(request)
    made = sign_in.log_in(server, username, password, TokenKind.BEARER, origin_of(request), code=totp)
    return JSONResponse({"access_token": made.token, "token_type": "bearer", "expires_in": made.ttl_s})


@router.post("/login", response_model=schemas.Me)
def login(request: Request, username: Name, password: Password, totp: Code = None) -> Response:
    """Sets the page's session cookie. ``totp`` as in ``/token``."""
    require_same_origin(request, unsaid_is_fine=True)
    refuse_unstorable(username, "username")
    server = server_of(request)
    made = sign_in.log_in(server, username, password, TokenKind.SESSION, origin_of(request), code=totp)
    response = JSONResponse(_me(made.user))
    let_in(response, server.settings, made)
    return response


@router.post("/logout", status_code=204)
def logout(request: Request, user: SignedIn) -> Response:
    """Ends the session (cookie) or the token (Authorization) that the request came with."""
    server = server_of(request)
    header = request.headers.get("authorization")
    ended = header.partition(" ")[2].strip() if header is not None else session_cookie(request)
    if ended:
        accounts.log_out(server, user, ended, source=source_of(request))
    response = Response(status_code=204)
    clear_session_cookie(response, server.settings)
    return response


@router.post("/password", status_code=204)
def change_password(request: Request, user: SignedIn, body: schemas.PasswordChange) -> Response:
    """One's own password. All other sessions and tokens of log-ins end; API tokens stay."""
    second_factor.change_password(server_of(request), user, body.old, body.new, origin_of(request))
    return Response(status_code=204)


@router.get("/me", response_model=schemas.Me)
def me(user: SignedIn) -> Response:
    """Who is logged in."""
    return JSONResponse(_me(user))


def _me(user: User) -> dict[str, object]:
    grants = sorted(user.grants, key=lambda each: (each.role.value, each.area or ""))
    return {
        "name": user.name,
        "roles": sorted(role.value for role in user.roles),
        "grants": [{"role": each.role.value, "area": each.area} for each in grants],
        "actions": {action.value: user.reach(action).areas for action in Action if not user.reach(action).is_nowhere},
    }
