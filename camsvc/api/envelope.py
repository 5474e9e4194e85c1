"""What is around every HTTP exchange: its id, its limits, its headers, its line in the log, its place in the metrics.

Pure ASGI: nothing is buffered, so streams stay streams. Runs on the event loop and never waits for anything of its own.
"""

from __future__ import annotations

import asyncio
import re
import time
from uuid import uuid4

import structlog
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from camsvc import log
from camsvc.api.headers import SecurityHeaders, is_api
from camsvc.api.metrics import HttpMetrics
from camsvc.api.problems import problem_of
from camsvc.api.streaming import ClientTooSlowError
from camsvc.errors import CamsvcError

MAX_BODY_BYTES = 1024 * 1024
"""The largest thing that is sent here is one camera with its zones, a few kilobytes; pages send nothing larger."""
BOUNDED_BY_THEMSELVES = re.compile(r"/api/v1/(verification|cases/\d+/snapshots)")
"""Paths whose routes read the body in pieces, and count it."""
BODY_TIMEOUT_S = 20.0
"""Between two pieces of a request's body: a slower sender holds a connection on purpose."""
QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds by machines: logged only when they fail."""

_log = log.get("camsvc.access")


class Envelope:
    """ASGI middleware; outside of everything but the framework's own last resort."""

    def __init__(self, app: ASGIApp, *, security: SecurityHeaders, metrics: HttpMetrics) -> None:
        self._app = app
        self._security = security
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send, self._security)
        with self._metrics.in_progress(), structlog.contextvars.bound_contextvars(request=exchange.id):
            try:
                await self._app(scope, exchange.receive, exchange.send)
            except ClientDisconnect:
                pass  # nobody is left to answer; `finish` says so in the log
            except Exception as error:  # noqa: BLE001  the top of a request: answered, logged, and the server lives on
                await exchange.fail(error)
            finally:
                exchange.finish(self._metrics)


class _Exchange:
    def __init__(self, scope: Scope, receive: Receive, send: Send, security: SecurityHeaders) -> None:
        self.id = uuid4().hex[:16]
        self._scope = scope
        self._receive = receive
        self._send = send
        self._security = security
        self._started_s = time.perf_counter()
        self._received_bytes = 0
        self._sent_bytes = 0
        self._status: int | None = None
        self._body_done = False

    async def receive(self) -> Message:
        if self._body_done:
            return await self._receive()
        limited = BOUNDED_BY_THEMSELVES.fullmatch(self._scope["path"]) is None
        if limited and self._received_bytes == 0 and _content_length(self._scope) > MAX_BODY_BYTES:
            raise _too_large()
        try:
            async with asyncio.timeout(BODY_TIMEOUT_S):
                message = await self._receive()
        except TimeoutError as error:
            raise HTTPException(408, f"No more of the body came for {BODY_TIMEOUT_S:g} s.") from error
        if message["type"] == "http.request":
            self._received_bytes += len(message.get("body", b""))
            if limited and self._received_bytes > MAX_BODY_BYTES:
                raise _too_large()
            self._body_done = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._add_headers(message)
        elif message["type"] == "http.response.body":
            self._sent_bytes += len(message.get("body", b""))
        await self._send(message)

    def _add_headers(self, message: Message) -> None:
        headers: list[tuple[bytes, bytes]] = list(message.get("headers", ()))
        present = {name.lower() for name, _ in headers}
        path = self._scope["path"]
        extra = [*self._security.of(path), (b"request-id", self.id.encode("ascii"))]
        if is_api(path):
            extra.append((b"cache-control", b"no-store"))
        message["headers"] = headers + [(name, value) for name, value in extra if name not in present]

    async def fail(self, error: Exception) -> None:
        """Answer an error that nobody else answered. Once the answer has begun it is broken off, so that what was sent
        so far is not taken for the whole: uvicorn closes a connection whose answer was not finished."""
        if self._status is None:
            await problem_of(error).response()(self._scope, self._receive, self.send)
            return
        if isinstance(error, RuntimeError) and isinstance(error.__cause__, CamsvcError):
            error = error.__cause__  # the framework's "response already started" hides what happened
        if isinstance(error, ClientTooSlowError):
            _log.info("answer given up", reason=str(error), path=self._scope["path"])
        elif isinstance(error, CamsvcError):
            _log.warning("answer broken off", reason=str(error), path=self._scope["path"])
        else:
            problem_of(error)  # logs it

    def finish(self, metrics: HttpMetrics) -> None:
        elapsed_s = time.perf_counter() - self._started_s
        route = getattr(self._scope.get("route"), "path_format", None) or "other"
        status = self._status or 499  # nginx's number for "the client went away before the answer"
        metrics.observe(self._scope["method"], route, status, elapsed_s)
        # The query is left out: it says what was searched for, and a careless client puts a token there.
        level = _log.debug if self._scope["path"] in QUIET and status < 500 else _log.info
        client = self._scope.get("client")
        level(
            "request",
            method=self._scope["method"],
            path=self._scope["path"],
            status=status,
            ms=round(elapsed_s * 1000, 1),
            bytes=self._sent_bytes,
            client=client[0] if client else None,
            user=self._scope.get("state", {}).get("user_name"),
        )


def _content_length(scope: Scope) -> int:
    value = Headers(scope=scope).get("content-length", "0")
    return int(value) if value.isdecimal() else 0


def _too_large() -> HTTPException:
    # The framework passes an HTTPException through while it reads a body, and hides any other error.
    return HTTPException(413, f"The body is longer than {MAX_BODY_BYTES} bytes, the most that is read.")
