"""``/api/v1/sessions``: where an account is logged in, and ending that."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse

from camsvc.api import people_schemas as schemas
from camsvc.api.access import SignedIn, source_of
from camsvc.api.context import server_of
from camsvc.api.routes.tokens import Everybody, Of, TokenId
from camsvc.api.services import credentials
from camsvc.api.services.credentials import LOG_INS, held_json

router = APIRouter(prefix="/api/v1/sessions", tags=["sessions"])


@router.get("", response_model=schemas.LogInSessions)
def all_sessions(request: Request, user: SignedIn, of: Of = None, everybody: Everybody = False) -> Response:
    """Log-ins in force, the newest first: of browsers (``session``), and of programs with a password (``bearer``)."""
    server, source = server_of(request), source_of(request)
    found = credentials.listed(server, user, LOG_INS, of, everybody=everybody, source=source)
    return JSONResponse({"items": [held_json(each, user.proof.id if user.proof else None) for each in found]})


@router.delete("", response_model=schemas.Ended)
def end_others(request: Request, user: SignedIn) -> Response:
    """End all of your own but the one that this request comes with."""
    return JSONResponse({"ended": credentials.end_others(server_of(request), user, source=source_of(request))})


@router.delete("/{login}", status_code=204)
def end(request: Request, user: SignedIn, login: TokenId) -> Response:
    """Your own; administrators, anybody's. An open page of it goes to the log-in within seconds."""
    credentials.end(server_of(request), user, LOG_INS, login, source=source_of(request))
    return Response(status_code=204)
