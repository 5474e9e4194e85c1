"""Stands before every page, file and web socket of the web application: only who is logged in passes.

A web socket is asked anew with every message that it brings: a session that ended does nothing any more.
"""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from camsvc import log
from camsvc.api.services import reasons
from camsvc.config import Settings
from camsvc.domain.account import User
from camsvc.errors import DatabaseUnavailableError
from camsvc.web.plain import away_page
from camsvc.web.visitor import VISITOR, visitor_of
from camsvc.web.who import Who

CLOSE_NOT_LOGGED_IN = 4401
"""Of the range that RFC 6455 §7.4.2 leaves to applications; reads as HTTP's 401."""
ACCOUNT, REASON = "/account", "/reason"
_MACHINERY = ("/_nicegui", "/favicon.ico")

_log = log.get(__name__)


class Guard:
    """ASGI middleware around NiceGUI's application."""

    def __init__(self, app: ASGIApp, *, who: Who, settings: Settings) -> None:
        self._app = app
        self._who = who
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._web_socket(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = HTTPConnection(scope)
        is_machinery = connection.url.path.startswith(_MACHINERY)
        if is_machinery and not is_same_origin(connection):
            await PlainTextResponse("from another site", HTTPStatus.FORBIDDEN)(scope, receive, send)
            return
        try:
            user = await self._who.ask(connection)
        except DatabaseUnavailableError:
            await away_page(connection, self._settings)(scope, receive, send)
            return
        if user is None:
            answer: Response = PlainTextResponse("log in first", HTTPStatus.UNAUTHORIZED)
            if not is_machinery and scope["method"] in {"GET", "HEAD"}:
                answer = RedirectResponse(login_path(connection), HTTPStatus.SEE_OTHER)
            await answer(scope, receive, send)
            return
        scope.setdefault("state", {})["user_name"] = user.name
        first = None if is_machinery else first_of_all(connection, user, self._settings)
        if first is not None:
            await RedirectResponse(first, HTTPStatus.SEE_OTHER)(scope, receive, send)
            return
        token = VISITOR.set(visitor_of(connection, user, self._settings, self._who.knows(connection, user)))
        try:
            await self._app(scope, receive, send)
        finally:
            VISITOR.reset(token)

    async def _web_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = HTTPConnection(scope)
        if not is_same_origin(connection) or not await self._may(connection):
            await receive()  # the server's "connect"
            await send({"type": "websocket.close", "code": CLOSE_NOT_LOGGED_IN})  # before "accept": refused with 403
            return

        async def checked() -> Message:
            message = await receive()
            if message["type"] == "websocket.receive" and not await self._may(connection):
                await send({"type": "websocket.close", "code": CLOSE_NOT_LOGGED_IN})
                return {"type": "websocket.disconnect", "code": CLOSE_NOT_LOGGED_IN}
            return message

        await self._app(scope, checked, send)

    async def _may(self, connection: HTTPConnection) -> bool:
        try:
            return await self._who.ask(connection) is not None
        except DatabaseUnavailableError as error:
            _log.warning("nobody can be let in", reason=str(error))
            return False


def is_same_origin(connection: HTTPConnection) -> bool:
    """Whether our own page asks. A request that does not say (no browser of today) passes: it has our cookie only by
    being sent by a program, which a cookie of ``SameSite=Strict`` does not make it."""
    headers = Headers(scope=connection.scope)
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None and site not in {"same-origin", "none"}:
        return False
    return origin is None or origin.partition("://")[2] == headers.get("host", "")


def first_of_all(connection: HTTPConnection, user: User, settings: Settings) -> str | None:
    """Where ``user`` has to go before any other page: to a password of their own, to say what they do this for."""
    if connection.url.path == ACCOUNT:
        return None
    if user.must_change_password:
        return ACCOUNT
    return reason_path(connection) if reasons.lacks(settings.policy, user) else None


def reason_path(connection: HTTPConnection) -> str:
    """The page that asks what for, and leads back to what was asked for."""
    return f"{REASON}?next={quote(_asked(connection), safe='')}"


def login_path(connection: HTTPConnection) -> str:
    """The log-in page that leads back to what was asked for."""
    asked = _asked(connection)
    return "/login" if asked == "/" else f"/login?next={quote(asked, safe='')}"


def _asked(connection: HTTPConnection) -> str:
    query = connection.url.query
    return connection.url.path + (f"?{query}" if query else "")
