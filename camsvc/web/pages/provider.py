"""``/login/provider``: logging in with a sign-in provider (OpenID Connect), and out again."""

from __future__ import annotations

import asyncio
from html import escape
from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from camsvc import log
from camsvc.api import access
from camsvc.api.context import Server, server_of
from camsvc.api.errors import NothingGrantedError, NotLinkedError, ProviderAwayError, ProviderRefusedError
from camsvc.api.services import sign_on
from camsvc.config import OIDC_CALLBACK
from camsvc.errors import AccessError, CamsvcError, NotFoundError
from camsvc.web.language import language
from camsvc.web.plain import asset, local_path, login_page, plain_page
from camsvc.web.visitor import language_of

BEGUN_COOKIE = "camsvc_log_in"
BY_PROVIDER_COOKIE = "camsvc_by_provider"
"""That the session was begun by the provider, where a log-out may lead back to."""
_PATH = "/login/provider"

_log = log.get(__name__)


def add(pages: APIRouter) -> None:
    """Its routes, beside those of the log-in page."""

    @pages.get(_PATH)
    async def begin(request: Request, next: str = "/") -> Response:
        server = server_of(request)
        try:
            url, cookie = await asyncio.to_thread(sign_on.begin, server, local_path(next))
        except NotFoundError:
            return RedirectResponse("/login", HTTPStatus.SEE_OTHER)
        except CamsvcError as error:
            return _refused(request, error)
        answer = RedirectResponse(url, HTTPStatus.SEE_OTHER, headers={"Cache-Control": "no-store"})
        _set_cookie(answer, server, BEGUN_COOKIE, cookie, int(sign_on.BEGUN_AGE.total_seconds()))
        return answer

    @pages.get(OIDC_CALLBACK)
    async def back(request: Request) -> Response:
        server = server_of(request)
        cookie, answer = request.cookies.get(BEGUN_COOKIE), dict(request.query_params)
        try:
            entered, next_ = await asyncio.to_thread(sign_on.finish, server, cookie, answer, access.origin_of(request))
        except CamsvcError as error:
            page = _refused(request, error)
            page.delete_cookie(BEGUN_COOKIE, path=_PATH)
            return page
        page = _going(request, local_path(next_))
        access.let_in(page, server.settings, entered)
        page.delete_cookie(BEGUN_COOKIE, path=_PATH)
        page.set_cookie(
            BY_PROVIDER_COOKIE,
            "1",
            max_age=entered.ttl_s,
            path="/logout",
            secure=server.settings.server.cookie_secure,
            httponly=True,
            samesite="strict",
        )
        return page


async def leave(request: Request) -> Response | None:
    """After a log-out: the page that logs out at the provider too, where the session was its and that is wanted."""
    server = server_of(request)
    if server.provider is None or not server.provider.settings.log_out or BY_PROVIDER_COOKIE not in request.cookies:
        return None
    url = await asyncio.to_thread(server.provider.log_out_url)
    if url is None:
        return None
    page = _going(request, url)
    page.delete_cookie(BY_PROVIDER_COOKIE, path="/logout")
    return page


def _going(request: Request, url: str) -> Response:
    """A page of ours that goes on to ``url`` by itself: a redirect would still count as coming from the provider's
    page, to which browsers give no strict cookie; and none may follow a form to another host."""
    settings = server_of(request).settings
    words = language(language_of(request, settings))("proving.entering")
    body = f"""<main>
<div class="brand"><img src="{asset("mark.svg")}" alt="" width="30" height="30"><h1>camsvc</h1></div>
<p class="what"><a href="{escape(url)}">{escape(words)}</a></p>
</main>"""
    page = plain_page(request, settings, words, body)
    page.headers["Refresh"] = f"0; url={url}"
    return page


def _set_cookie(answer: Response, server: Server, name: str, value: str, max_age_s: int) -> None:
    """Lax: it must come along when the provider sends the browser back."""
    answer.set_cookie(
        name,
        value,
        max_age=max_age_s,
        path=_PATH,
        secure=server.settings.server.cookie_secure,
        httponly=True,
        samesite="lax",
    )


def _refused(request: Request, error: CamsvcError) -> Response:
    """What the page says; why exactly is for the log."""
    settings = server_of(request).settings
    say = language(language_of(request, settings))
    if isinstance(error, NothingGrantedError):
        hint = escape(say("proving.provider_nothing_hint", name=error.account))
        title = say("proving.provider_nothing")
        body = f"""<main>
<div class="brand"><img src="{asset("mark.svg")}" alt="" width="30" height="30"><h1>camsvc</h1></div>
<p class="error" role="alert">{escape(title)}</p>
<p class="what">{hint}</p>
<a href="/login">{escape(say("proving.back"))}</a>
</main>"""
        return plain_page(request, settings, title, body, status=HTTPStatus.FORBIDDEN)
    if isinstance(error, ProviderAwayError):
        _log.warning("the sign-in provider is away", reason=str(error))
        key, status = "proving.provider_away", HTTPStatus.BAD_GATEWAY
    elif isinstance(error, NotLinkedError):
        key, status = f"proving.provider_{error.refusal.value}", HTTPStatus.FORBIDDEN
    elif isinstance(error, ProviderRefusedError):
        _log.warning("the sign-in provider refused", reason=str(error))
        key = "proving.provider_denied" if error.denied else "proving.provider_refused"
        status = HTTPStatus.UNAUTHORIZED
    elif isinstance(error, AccessError):
        key, status = "proving.expired", HTTPStatus.UNAUTHORIZED
    else:
        key, status = "away.database", HTTPStatus.SERVICE_UNAVAILABLE
    return login_page(request, settings, next_="/", fault=say(key), status=status)
