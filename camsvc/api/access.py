"""Who asks, and whether they may: a bearer token, or the page's session cookie.

Every route needs one of them, but liveness, readiness, log-in and the OpenAPI document.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.security import APIKeyCookie, OAuth2PasswordBearer
from fastapi.security.utils import get_authorization_scheme_param
from starlette.requests import HTTPConnection
from starlette.responses import Response

from camsvc.api.context import server_of
from camsvc.api.errors import ForbiddenError, PasswordChangeError
from camsvc.api.services import accounts, devices, reasons, rights
from camsvc.api.services.sign_in import LogIn, Origin
from camsvc.config import Settings
from camsvc.domain.account import Action, User
from camsvc.errors import AccessError

COOKIE = "camsvc_session"
DEVICE_COOKIE = "camsvc_device"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
BEFORE_PASSWORD_CHANGE = frozenset({"/api/v1/auth/password", "/api/v1/auth/logout", "/api/v1/auth/me"})
"""What is answered to somebody who has yet to choose their own password."""

_bearer = OAuth2PasswordBearer("/api/v1/auth/token", auto_error=False, description="A token of POST /api/v1/auth/token")
_cookie = APIKeyCookie(name=COOKIE, auto_error=False, description="The page's session, set by POST /api/v1/auth/login")


def _said(name: str, what: str) -> Any:  # noqa: ANN401  FastAPI's own
    return Header(alias=name, description=f"{what}; recorded. Percent-encoded UTF-8. Asked for where policy says so")


def user_of(connection: HTTPConnection) -> User | None:
    """Who asks; None when nobody that is known. For pages and web sockets as well. Blocks for one look-up.

    A token in the Authorization header is taken alone: when it is not valid, the cookie does not help.
    Raises DatabaseUnavailableError.
    """
    server, seen = server_of(connection), (source_of(connection), agent_of(connection))
    header = connection.headers.get("authorization")
    if header is not None:
        scheme, token = get_authorization_scheme_param(header)
        return accounts.bearer(server, token.strip(), *seen) if scheme.lower() == "bearer" else None
    cookie = session_cookie(connection)
    return accounts.session(server, cookie, *seen) if cookie else None


def admitted(connection: HTTPConnection, user: User) -> User:
    """``user``, whom ``connection`` was found to be of, with what they say that it is for.

    Raises PasswordChangeError, InputError for words that cannot be read.
    """
    if user.must_change_password and connection.url.path not in BEFORE_PASSWORD_CHANGE:
        raise PasswordChangeError("Somebody else has set this account's password: choose your own first.")
    return reasons.with_headers(user, connection.headers)


def session_cookie(connection: HTTPConnection) -> str | None:
    return connection.cookies.get(cookie_name(server_of(connection).settings))


def agent_of(connection: HTTPConnection) -> str | None:
    """What the browser or program calls itself."""
    return connection.headers.get("user-agent")


def origin_of(connection: HTTPConnection) -> Origin:
    """From where somebody logs in, or proves anew who they are."""
    marks = connection.cookies.get(_cookie_name(DEVICE_COOKIE, server_of(connection).settings))
    return Origin(source_of(connection), agent_of(connection), marks)


def source_of(connection: HTTPConnection) -> str | None:
    """Address that the audit names: of the client, or of its proxy where the server is not told to trust one."""
    return connection.client.host if connection.client else None


def signed_in(
    request: Request,
    _: Annotated[str | None, Depends(_bearer)],
    __: Annotated[str | None, Depends(_cookie)],
    purpose: Annotated[str | None, _said("Camsvc-Purpose", "What this is done for")] = None,
    case_number: Annotated[str | None, _said("Camsvc-Case", "Number of the case that this is done for")] = None,
) -> User:
    """Dependency: the user who asks. Raises AccessError (401), ForbiddenError (403) for a forged request."""
    del purpose, case_number  # said in the document; read where web sockets find them too
    user = user_of(request)
    if user is None:
        given = request.headers.get("authorization") or session_cookie(request)
        raise AccessError(
            "The token or session is not valid (any more)." if given else "This needs a token, or to be logged in."
        )
    request.state.user_name = user.name
    if request.method not in SAFE_METHODS and "authorization" not in request.headers:
        require_same_origin(request)
    return admitted(request, user)


def administrator(request: Request, user: Annotated[User, Depends(signed_in)]) -> User:
    """Dependency: the user who asks, who may administer everything. Raises ForbiddenError."""
    rights.require_everywhere(server_of(request), user, Action.ADMINISTER, source=source_of(request))
    return user


SignedIn = Annotated[User, Depends(signed_in)]
Administrator = Annotated[User, Depends(administrator)]


def require_same_origin(request: Request, *, unsaid_is_fine: bool = False) -> None:
    """A page of another site may make a browser send our cookie along (CSRF): only our own pages may change things.

    Browsers say where a request comes from: Sec-Fetch-Site, or at least Origin. Hosts are compared, not schemes: behind
    a proxy that ends TLS this server is asked by plain HTTP. Raises ForbiddenError.
    """
    if not is_same_origin(request, unsaid_is_fine=unsaid_is_fine):
        raise ForbiddenError(
            "This request came from another site's page, or does not say from where: a session cookie is taken only"
            " from this server's own pages. Programs use a bearer token."
        )


def is_same_origin(request: Request, *, unsaid_is_fine: bool = False) -> bool:
    """Whether one of our own pages asks."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None:
        return site == "same-origin"
    if origin is not None:
        return origin.partition("://")[2] == request.headers.get("host", "nowhere")
    return unsaid_is_fine


def cookie_name(settings: Settings) -> str:
    """``__Host-``: browsers then take it only over TLS, for this host and no other."""
    return _cookie_name(COOKIE, settings)


def let_in(response: Response, settings: Settings, entered: LogIn) -> None:
    """The browser's session begins; it is marked as one that the account is known to use."""
    _set_cookie(response, settings, COOKIE, entered.token, entered.ttl_s)
    _set_cookie(response, settings, DEVICE_COOKIE, entered.device, int(devices.MARK_AGE.total_seconds()))


def _cookie_name(name: str, settings: Settings) -> str:
    return f"__Host-{name}" if settings.server.cookie_secure else name


def _set_cookie(response: Response, settings: Settings, name: str, value: str, max_age_s: int) -> None:
    response.set_cookie(
        _cookie_name(name, settings),
        value,
        max_age=max_age_s,
        path="/",
        secure=settings.server.cookie_secure,
        httponly=True,
        samesite="strict",
    )


def clear_session_cookie(response: Response, settings: Settings) -> None:
    response.delete_cookie(
        cookie_name(settings), path="/", secure=settings.server.cookie_secure, httponly=True, samesite="strict"
    )
