"""``/api/v1/auth/second-factor``: one's own; ``/api/v1/users/{name}/second-factor``: reset by an administrator."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from starlette.responses import JSONResponse

from camsvc.api import schemas
from camsvc.api.access import Administrator, SignedIn, origin_of, source_of
from camsvc.api.context import server_of
from camsvc.api.services import second_factor
from camsvc.domain.incident_json import time_json

router = APIRouter(prefix="/api/v1", tags=["auth"])

_NO_STORE = {"Cache-Control": "no-store"}
"""Secrets that are shown once."""


@router.get("/auth/second-factor", response_model=schemas.SecondFactor)
def get(request: Request, user: SignedIn) -> Response:
    """Whether one is set up, whether policy wants one, and how many recovery codes are left."""
    found = second_factor.standing(server_of(request), user)
    since = found.state.since
    told = {
        "since": time_json(since) if since else None,
        "required": found.is_required,
        "recovery_codes": found.state.recovery_codes,
    }
    return JSONResponse(told)


@router.post("/auth/second-factor", response_model=schemas.SecondFactorBegun)
def begin(request: Request, user: SignedIn, body: schemas.PasswordAgain) -> Response:
    """Begin to set one up: what to put into an authenticator. It counts once ``confirm`` has seen a code of it."""
    begun = second_factor.begin(server_of(request), user, body.password, origin_of(request))
    return JSONResponse({"secret": begun.secret, "uri": begun.uri}, headers=_NO_STORE)


@router.post("/auth/second-factor/confirm", response_model=schemas.RecoveryCodes)
def confirm(request: Request, user: SignedIn, body: schemas.CodeGiven) -> Response:
    """Set up what was begun. The recovery codes are shown here and never again."""
    codes = second_factor.confirm(server_of(request), user, body.code, origin_of(request))
    return JSONResponse({"recovery_codes": codes}, headers=_NO_STORE)


@router.post("/auth/second-factor/recovery-codes", response_model=schemas.RecoveryCodes)
def renew_recovery_codes(request: Request, user: SignedIn, body: schemas.PasswordAgain) -> Response:
    """New recovery codes in place of all before; shown here and never again."""
    codes = second_factor.renew_recovery_codes(server_of(request), user, body.password, origin_of(request))
    return JSONResponse({"recovery_codes": codes}, headers=_NO_STORE)


@router.post("/auth/second-factor/remove", status_code=204)
def remove(request: Request, user: SignedIn, body: schemas.PasswordAndCode) -> Response:
    """From then on the password alone is asked for, unless policy wants more: then it cannot be removed."""
    second_factor.remove(server_of(request), user, body.password, body.code, origin_of(request))
    return Response(status_code=204)


@router.delete("/users/{name}/second-factor", status_code=204)
def reset(
    request: Request, user: Administrator, name: Annotated[str, Path(max_length=200, description="Of the account")]
) -> Response:
    """For somebody who lost their second factor and the recovery codes too. None set up: nothing happens."""
    second_factor.reset(server_of(request), user, name, source=source_of(request))
    return Response(status_code=204)
