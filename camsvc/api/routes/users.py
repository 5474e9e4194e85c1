"""``/api/v1/users``: accounts and what they are granted; for administrators of the whole system."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.responses import JSONResponse

from camsvc.api import people_schemas as schemas
from camsvc.api.access import Administrator, source_of
from camsvc.api.context import server_of
from camsvc.api.routes.tokens import NO_STORE
from camsvc.api.services import agencies, users
from camsvc.api.services.users import account_json
from camsvc.domain.account import Grant, Role

router = APIRouter(prefix="/api/v1/users", tags=["users"])

LIMIT_DEFAULT, LIMIT_MAX = 100, 1000
UserName = Annotated[str, Path(min_length=1, max_length=200, description="The account's name")]
Area = Annotated[str | None, Query(max_length=1000, description="With all below it. Default: everywhere")]


@router.get("", response_model=schemas.AccountPage)
def all_users(
    request: Request,
    user: Administrator,
    words: Annotated[
        str | None, Query(max_length=200, description="Each occurs in the name, full name or e-mail address")
    ] = None,
    cursor: Annotated[str | None, Query(max_length=200, description="next_cursor of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT,
) -> Response:
    """By name."""
    found, after = users.page(server_of(request), user, words, limit=limit, after=cursor, source=source_of(request))
    return JSONResponse({"items": [account_json(each) for each in found], "next_cursor": after})


@router.post("", status_code=201, response_model=schemas.NewAccount)
def add(request: Request, user: Administrator, body: schemas.AccountWish) -> Response:
    """Without a password a temporary one is made, and answered here alone."""
    account, password = users.add(
        server_of(request),
        user,
        body.name,
        [Grant(each.role, each.area) for each in body.grants],
        {"full_name": body.full_name, "email": body.email},
        password=body.password,
        must_change_password=body.must_change_password,
        source=source_of(request),
    )
    told = account_json(account) | {"password": password}
    return JSONResponse(told, 201, headers={**NO_STORE, "Location": f"/api/v1/users/{account.name}"})


@router.get("/{user}", response_model=schemas.Account)
def get(request: Request, asker: Administrator, user: UserName) -> Response:
    return JSONResponse(account_json(users.get(server_of(request), asker, user, source=source_of(request))))


@router.patch("/{user}", response_model=schemas.Account)
def change(request: Request, asker: Administrator, user: UserName, body: schemas.AccountChange) -> Response:
    """Disabling ends sessions and tokens at once. The last account that may administer everything stays."""
    given = body.model_fields_set
    if "agency" in given:
        agencies.join(server_of(request), asker, user, body.agency, source=source_of(request))
    details: dict[str, str | None] = {name: getattr(body, name) for name in ("full_name", "email") if name in given}
    account = users.change(server_of(request), asker, user, details, disabled=body.disabled, source=source_of(request))
    return JSONResponse(account_json(account))


@router.post("/{user}/password", response_model=schemas.TemporaryPassword)
def reset_password(request: Request, asker: Administrator, user: UserName) -> Response:
    """A temporary password, to be changed at the next log-in. Unlocks the account; ends its sessions and tokens."""
    made = users.reset_password(server_of(request), asker, user, source=source_of(request))
    return JSONResponse({"password": made}, headers=NO_STORE)


@router.put("/{user}/grants/{role}", response_model=schemas.Account)
def give(request: Request, asker: Administrator, user: UserName, role: Role, area: Area = None) -> Response:
    """In force with the account's next request. One that is held already stays."""
    source = source_of(request)
    given = users.set_grants(server_of(request), asker, user, give=[Grant(role, area)], source=source)
    return JSONResponse(account_json(given))


@router.delete("/{user}/grants/{role}", response_model=schemas.Account)
def take(request: Request, asker: Administrator, user: UserName, role: Role, area: Area = None) -> Response:
    """Exactly the one that is named, as the account's list shows it; one that is not held is gone already."""
    source = source_of(request)
    taken = users.set_grants(server_of(request), asker, user, take=[Grant(role, area)], source=source)
    return JSONResponse(account_json(taken))
