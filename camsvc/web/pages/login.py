"""``/login`` and what follows it, ``/logout``, ``/session``: all that is open without a log-in. The forms work without
script."""

from __future__ import annotations

import asyncio
import math
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from camsvc import log
from camsvc.api import access
from camsvc.api.context import Server, server_of
from camsvc.api.errors import BusyError, ForbiddenError, LockedOutError, StaleLogInError
from camsvc.api.services import accounts, sign_in
from camsvc.api.services.sign_in import LogIn, Pending
from camsvc.db.models import TokenKind
from camsvc.errors import AccessError, CamsvcError, DatabaseUnavailableError
from camsvc.web.language import LANGUAGES, Language, language
from camsvc.web.pages import provider
from camsvc.web.plain import local_path, login_page
from camsvc.web.proving import code_page, enrol_page, recovery_page
from camsvc.web.visitor import LANGUAGE_COOKIE, PREFERENCE_AGE_S, language_of
from camsvc.web.who import Who

_log = log.get(__name__)
_NO_STORE = {"Cache-Control": "no-store"}
_MINUTE_S = 60

_Ticket = Annotated[str, Form(max_length=4000)]
_Code = Annotated[str, Form(max_length=100)]
_Next = Annotated[str, Form(max_length=4000)]


def router(who: Who) -> APIRouter:
    pages = APIRouter(include_in_schema=False)
    _first_step(pages, who)
    _second_step(pages)
    _leaving(pages, who)
    provider.add(pages)
    return pages


def _first_step(pages: APIRouter, who: Who) -> None:
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
        next: _Next = "/",
    ) -> Response:
        server, chosen = server_of(request), local_path(next)
        try:
            access.require_same_origin(request, unsaid_is_fine=True)
            found = await asyncio.to_thread(
                sign_in.begin, server, name, password, TokenKind.SESSION, access.origin_of(request)
            )
            if isinstance(found, Pending):
                return await _next_page(request, server, found, chosen)
        except CamsvcError as error:
            fault, status = _fault(request, error)
            return login_page(request, server.settings, next_=chosen, name=name[:64], fault=fault, status=status)
        return _entered(server, found, chosen)


def _second_step(pages: APIRouter) -> None:
    @pages.get("/login/code")
    @pages.get("/login/enrol")
    async def begin_again() -> Response:
        """A page that was left and opened anew: what it knew is gone."""
        return RedirectResponse("/login", HTTPStatus.SEE_OTHER)

    @pages.post("/login/code")
    async def code(request: Request, ticket: _Ticket = "", code: _Code = "", next: _Next = "/") -> Response:
        server, chosen = server_of(request), local_path(next)
        try:
            access.require_same_origin(request, unsaid_is_fine=True)
            entered = await asyncio.to_thread(sign_in.prove, server, ticket, code, access.origin_of(request))
        except CamsvcError as error:
            fault, status = _fault(request, error, of_code=True)
            if _begins_anew(error):
                return login_page(request, server.settings, next_=chosen, fault=fault, status=status)
            return code_page(request, server.settings, ticket=ticket, next_=chosen, fault=fault, status=status)
        return _entered(server, entered, chosen)

    @pages.post("/login/enrol")
    async def enrol(request: Request, ticket: _Ticket = "", code: _Code = "", next: _Next = "/") -> Response:
        server, chosen = server_of(request), local_path(next)
        try:
            access.require_same_origin(request, unsaid_is_fine=True)
            entered, codes = await asyncio.to_thread(sign_in.enrol, server, ticket, code, access.origin_of(request))
        except CamsvcError as error:
            fault, status = _fault(request, error, of_code=True)
            if _begins_anew(error):
                return login_page(request, server.settings, next_=chosen, fault=fault, status=status)
            return await _next_page(request, server, Pending(ticket, must_enrol=True), chosen, fault, status)
        answer = recovery_page(request, server.settings, codes, account=entered.user.name, next_=chosen)
        access.let_in(answer, server.settings, entered)
        return answer


def _leaving(pages: APIRouter, who: Who) -> None:
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
        answer = await provider.leave(request) or RedirectResponse("/login", HTTPStatus.SEE_OTHER)
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


async def _next_page(
    request: Request,
    server: Server,
    pending: Pending,
    chosen: str,
    fault: str = "",
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    """Raises CamsvcError."""
    if not pending.must_enrol:
        return code_page(request, server.settings, ticket=pending.ticket, next_=chosen, fault=fault, status=status)
    enrolment = await asyncio.to_thread(sign_in.enrolment, server, pending.ticket)
    return enrol_page(
        request, server.settings, enrolment, ticket=pending.ticket, next_=chosen, fault=fault, status=status
    )


def _entered(server: Server, entered: LogIn, chosen: str) -> Response:
    answer = RedirectResponse(chosen, HTTPStatus.SEE_OTHER)
    access.let_in(answer, server.settings, entered)
    return answer


def _begins_anew(error: CamsvcError) -> bool:
    """Whether the step cannot be tried again."""
    return isinstance(error, StaleLogInError | ForbiddenError) or not isinstance(error, AccessError)


def _fault(request: Request, error: CamsvcError, *, of_code: bool = False) -> tuple[str, HTTPStatus]:
    """What the page says; never more than a stranger may know."""
    say = language(language_of(request, server_of(request).settings))
    if isinstance(error, ForbiddenError):
        is_own = access.is_same_origin(request, unsaid_is_fine=True)
        return say("proving.no_passwords" if is_own else "login.other_site"), HTTPStatus.FORBIDDEN
    if isinstance(error, LockedOutError):
        return _wait(say, error.retry_after_s, of_code=of_code), HTTPStatus.TOO_MANY_REQUESTS
    if isinstance(error, StaleLogInError):
        return say("proving.expired"), HTTPStatus.UNAUTHORIZED
    if isinstance(error, AccessError):
        return say("proving.wrong_code" if of_code else "login.refused"), HTTPStatus.UNAUTHORIZED
    if isinstance(error, BusyError):
        return say("login.busy"), HTTPStatus.SERVICE_UNAVAILABLE
    _log.warning("nobody can log in", reason=str(error))
    return say("away.database"), HTTPStatus.SERVICE_UNAVAILABLE


def _wait(say: Language, seconds: float, *, of_code: bool) -> str:
    if of_code:
        return say("proving.code_wait", n=math.ceil(seconds / _MINUTE_S))
    return say("proving.address_wait", n=math.ceil(seconds)) if seconds <= _MINUTE_S else say("login.locked")
