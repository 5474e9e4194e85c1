"""``/login``, ``/logout``, ``/session``: all that is open without a log-in. The forms work without script."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from camsvc import log
from camsvc.api import access
from camsvc.api.context import server_of
from camsvc.api.errors import BusyError, ForbiddenError, LockedOutError
from camsvc.api.services import accounts
from camsvc.db.models import TokenKind
from camsvc.errors import AccessError, CamsvcError, DatabaseUnavailableError
from camsvc.web.language import LANGUAGES
from camsvc.web.plain import local_path, login_page
from camsvc.web.visitor import LANGUAGE_COOKIE, PREFERENCE_AGE_S
from camsvc.web.who import Who

_log = log.get(__name__)
_NO_STORE = {"Cache-Control": "no-store"}


def router(who: Who) -> APIRouter:
    pages = APIRouter(include_in_schema=False)

    @pages.get("/login")
    async def show(request: Request, next: str = "/", lang: str | None = None) -> Response:
        chosen = local_path(next)
        if lang in LANGUAGES:
            again = RedirectResponse(f"/login?next={quote(chosen, safe='')}", HTTPStatus.SEE_OTHER)
            again.set_cookie(LANGUAGE_COOKIE, lang, max_age=PREFERENCE_AGE_S, path="/", samesite="lax")
            return again
        try:
            if await who.ask(request) is not None:
                return RedirectResponse(chosen, HTTPStatus.SEE_OTHER)
        except DatabaseUnavailableError as error:
            _log.warning("log-in page without a database", reason=str(error))
        return login_page(request, server_of(request).settings, next_=chosen)

    @pages.post("/login")
    async def enter(
        request: Request,
        name: Annotated[str, Form(max_length=100)] = "",
        password: Annotated[str, Form(max_length=1000)] = "",
        next: Annotated[str, Form(max_length=4000)] = "/",
    ) -> Response:
        server = server_of(request)
        chosen = local_path(next)
        try:
            access.require_same_origin(request, unsaid_is_fine=True)
            entered = await asyncio.to_thread(
                accounts.log_in,
                server,
                name,
                password,
                TokenKind.SESSION,
                source=access.source_of(request),
                agent=access.agent_of(request),
            )
        except CamsvcError as error:
            key, status = _fault(error)
            return login_page(request, server.settings, next_=chosen, name=name[:64], error=key, status=status)
        answer = RedirectResponse(chosen, HTTPStatus.SEE_OTHER)
        access.set_session_cookie(answer, server.settings, entered.token, entered.ttl_s)
        return answer

    @pages.post("/logout")
    async def leave(request: Request) -> Response:
        server = server_of(request)
        try:
            access.require_same_origin(request)
        except ForbiddenError:
            return RedirectResponse("/", HTTPStatus.SEE_OTHER)
        if token := access.session_cookie(request):
            user = await who.ask(request)
            await asyncio.to_thread(accounts.log_out, server, user, token, source=access.source_of(request))
        who.forget(request)
        answer = RedirectResponse("/login", HTTPStatus.SEE_OTHER)
        access.clear_session_cookie(answer, server.settings)
        return answer

    @pages.get("/session")
    async def session(request: Request) -> Response:
        """Whether the session is in force, null when that cannot be told: asked by the pages' own script."""
        try:
            is_in = await who.ask(request) is not None
        except DatabaseUnavailableError:
            return JSONResponse({"logged_in": None}, headers=_NO_STORE)
        return JSONResponse({"logged_in": is_in}, headers=_NO_STORE)

    return pages


def _fault(error: CamsvcError) -> tuple[str, HTTPStatus]:
    """What the page says; never more than a stranger may know."""
    if isinstance(error, ForbiddenError):
        return "login.other_site", HTTPStatus.FORBIDDEN
    if isinstance(error, LockedOutError):
        return "login.locked", HTTPStatus.TOO_MANY_REQUESTS
    if isinstance(error, AccessError):
        return "login.refused", HTTPStatus.UNAUTHORIZED
    if isinstance(error, BusyError):
        return "login.busy", HTTPStatus.SERVICE_UNAVAILABLE
    _log.warning("nobody can log in", reason=str(error))
    return "away.database", HTTPStatus.SERVICE_UNAVAILABLE
