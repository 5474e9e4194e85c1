"""Errors as RFC 9457 problem documents: what was wrong, with which parameter, and the cure.

Members beside the standard ones: ``parameter`` and ``cure`` (the first fault), ``errors`` (every fault of a request
that has several) and ``id`` (a fault of ours: the same id is in the log).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from camsvc import log
from camsvc.api.errors import (
    BusyError,
    EnrolmentNeededError,
    FootageFaultError,
    ForbiddenError,
    InvalidBodyError,
    LockedOutError,
    NotAcceptableError,
    NotYetError,
    PasswordChangeError,
    PreconditionError,
    ReasonError,
    SecondFactorNeededError,
    faults_of,
)
from camsvc.domain.fault import FaultKind
from camsvc.errors import (
    AccessError,
    CamsvcError,
    ConflictError,
    DatabaseUnavailableError,
    InputError,
    IntegrityError,
    LimitError,
    LiveUnavailableError,
    NotFoundError,
    SourceError,
    StoreUnavailableError,
)

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:problem-type:camsvc:"

REASON_HEADERS = {"purpose": "Camsvc-Purpose", "case_number": "Camsvc-Case"}

RETRY_UNAVAILABLE_S = 5
"""PostgreSQL and S3 are restarted within seconds by their supervisors; sooner is a storm."""

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Problem:
    status: int
    name: str
    """Last part of ``type``; stable, for programs."""
    detail: str
    parameter: str | None = None
    cure: str | None = None
    errors: Sequence[Mapping[str, str]] = ()
    id: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        document: dict[str, Any] = {
            "type": TYPE_PREFIX + self.name,
            "title": self.name.replace("-", " ").capitalize(),
            "status": self.status,
            "detail": log.redact(self.detail),
        }
        optional = {"parameter": self.parameter, "cure": self.cure, "errors": list(self.errors), "id": self.id}
        return document | {name: value for name, value in optional.items() if value}

    def response(self) -> Response:
        headers = {"Cache-Control": "no-store", **self.headers}
        return JSONResponse(self.to_json(), self.status, headers=headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Every error that ``app`` answers becomes a problem document."""

    async def on_error(_: Request, error: Exception) -> Response:
        return problem_of(error).response()

    for kind in (CamsvcError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, on_error)


def problem_of(error: Exception) -> Problem:
    """The problem document of ``error``. One that is our fault is logged here, under the id it is given."""
    if isinstance(error, RequestValidationError):
        return _of_validation(error)
    if isinstance(error, HTTPException):
        return _of_http(error)
    if isinstance(error, InputError):
        return _of_input(error)
    if isinstance(error, AccessError):
        return _of_access(error)
    if isinstance(error, _UNAVAILABLE):
        return _of_unavailable(error)
    return _of_fault(error)


_UNAVAILABLE = (
    DatabaseUnavailableError,
    StoreUnavailableError,
    LiveUnavailableError,
    SourceError,
    LimitError,
    BusyError,
)
_INPUT: tuple[tuple[type[InputError], int, str], ...] = (
    (NotAcceptableError, 406, "not-acceptable"),
    (PreconditionError, 412, "changed-meanwhile"),
    (NotYetError, 409, "not-yet"),
    (NotFoundError, 404, "not-found"),
    (ConflictError, 409, "conflict"),
    (InputError, 422, "invalid-request"),
)
"""The first that fits; a subclass stands before its parent."""


def _of_input(error: InputError) -> Problem:
    status, name = next((status, name) for kind, status, name in _INPUT if isinstance(error, kind))
    headers = {"Retry-After": _seconds(error.retry_after_s)} if isinstance(error, NotYetError) else {}
    faults = error.faults if isinstance(error, InvalidBodyError) and len(error.faults) > 1 else ()
    return Problem(status, name, str(error), error.parameter, error.cure, faults, headers=headers)


def _of_access(error: AccessError) -> Problem:
    if isinstance(error, ReasonError):
        names = [REASON_HEADERS[each] for each in error.missing]
        cure = f"send {' and '.join(names)} with the request, percent-encoded UTF-8; in the page it is asked for"
        return Problem(403, "reason-needed", str(error), names[0], cure)
    if isinstance(error, PasswordChangeError):
        cure = "choose your own with POST /api/v1/auth/password, or on the page /account"
        return Problem(403, "password-change-needed", str(error), cure=cure)
    if isinstance(error, EnrolmentNeededError):
        cure = "log in once on the page /login, which leads through it"
        return Problem(403, "second-factor-not-set-up", str(error), cure=cure)
    if isinstance(error, ForbiddenError):
        return Problem(403, "forbidden", str(error))
    if isinstance(error, SecondFactorNeededError):
        cure = "send the current code, or a recovery code, as 'totp'"
        headers = {"WWW-Authenticate": "Bearer"}
        return Problem(401, "second-factor-needed", str(error), "totp", cure, headers=headers)
    if isinstance(error, LockedOutError):
        wait = _seconds(error.retry_after_s)
        return Problem(429, "locked-out", str(error), cure=f"wait {wait} s", headers={"Retry-After": wait})
    cure = "log in at /api/v1/auth/login, or send 'Authorization: Bearer TOKEN' with a token of /api/v1/auth/token"
    return Problem(401, "unauthenticated", str(error), cure=cure, headers={"WWW-Authenticate": "Bearer"})


def _of_unavailable(error: CamsvcError) -> Problem:
    _log.warning("request refused for now", reason=str(error))
    return Problem(
        503,
        "unavailable",
        str(error),
        cure=f"try again in {RETRY_UNAVAILABLE_S} s",
        headers={"Retry-After": str(RETRY_UNAVAILABLE_S)},
    )


def _of_footage(error: FootageFaultError, fault: str) -> Problem:
    """What the store gave is wrong, as a gateway would say; what is not there at all is not there for the client."""
    status = 404 if error.what is FaultKind.MISSING else 502
    cure = "tell the administrator: `camsvc fsck` says what else is at fault; /admin/storage lists it"
    return Problem(status, f"footage-{error.what.value}", str(error), cure=cure, id=fault)


def _of_fault(error: Exception) -> Problem:
    fault = str(uuid4())
    if isinstance(error, FootageFaultError):
        _log.error("footage is not shown", id=fault, reason=str(error), fault=error.what.value)
        return _of_footage(error, fault)
    if isinstance(error, CamsvcError):
        _log.error("request failed", id=fault, reason=str(error), kind=type(error).__name__)
        name = "altered" if isinstance(error, IntegrityError) else "failed"
        return Problem(500, name, str(error), id=fault)
    _log.error("request failed unexpectedly", id=fault, exc_info=error)
    cure = f"tell the administrator the id {fault}: the log says more under it"
    return Problem(500, "unexpected", "An unexpected error happened on the server.", cure=cure, id=fault)


def _of_http(error: HTTPException) -> Problem:
    """Errors of the framework itself: no such path, no such method, a body that cannot be parsed."""
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.NOT_FOUND:
        return Problem(404, "not-found", "There is nothing at this path.", cure="see /api/openapi.json for all paths")
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = headers.get("allow") or headers.get("Allow") or "none"
        detail = f"This path does not take this method. It takes: {allowed}."
        return Problem(405, "method-not-allowed", detail, cure=f"use one of: {allowed}", headers=headers)
    name = _HTTP_NAMES.get(error.status_code, HTTPStatus(error.status_code).phrase.lower().replace(" ", "-"))
    return Problem(error.status_code, name, str(error.detail), headers=headers)


_HTTP_NAMES = {408: "timeout", 413: "too-large"}
"""Stable: Python's phrases for these differ from version to version."""


def _of_validation(error: RequestValidationError) -> Problem:
    return _of_input(InvalidBodyError(faults_of(error.errors())))


def _seconds(value: float) -> str:
    """Whole seconds, rounded up, for Retry-After."""
    return str(max(1, -int(-value // 1)))
