"""Errors of this interface that are more than the ones every layer knows (camsvc.errors)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

from pydantic import ValidationError

from camsvc.db.queries.identities import Refusal
from camsvc.domain.fault import FaultKind
from camsvc.errors import AccessError, CamsvcError, ConflictError, InputError, IntegrityError

MAX_FAULTS = 20
"""Of one request: more tell nobody anything, and a hostile body can hold thousands."""


class ForbiddenError(AccessError):
    """Who asks is known and may not."""


class ReasonError(ForbiddenError):
    """Who asks may, but policy wants to know what for; ``missing``: of ``purpose`` and ``case_number``."""

    def __init__(self, action: str, missing: Sequence[str]) -> None:
        asked = " and ".join(each.replace("_", " ") for each in missing)
        super().__init__(f"The right '{action}' is used only with a {asked}, which is then recorded.")
        self.missing = tuple(missing)


class PasswordChangeError(ForbiddenError):
    """Somebody else has set the password of who asks: first they choose their own."""


class WrongProofError(InputError):
    """Somebody who is logged in was asked to prove it again: their password or code is wrong. Their session goes on."""


class SecondFactorNeededError(AccessError):
    """The password is right; a code of the second factor must come with it."""


class EnrolmentNeededError(ForbiddenError):
    """The password is right; policy wants a second factor, which the account has yet to set up."""


class StaleLogInError(AccessError):
    """A log-in of several steps took too long, or something changed meanwhile: it begins anew."""

    def __init__(self) -> None:
        super().__init__("this took too long, or something changed meanwhile: log in again")


class ProviderRefusedError(AccessError):
    """The sign-in provider, or what came in its name, does not prove who somebody is."""

    def __init__(self, message: str, *, denied: bool = False) -> None:
        """``denied``: the person said no, or the provider did for them."""
        super().__init__(message)
        self.denied = denied


class ProviderAwayError(CamsvcError):
    """The sign-in provider does not answer: worth a retry."""


class NotLinkedError(AccessError):
    """The sign-in provider knows somebody, and no account here is theirs."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"no account for who came from the provider: {refusal.value}")
        self.refusal = refusal


class NothingGrantedError(AccessError):
    """Somebody is known, but may do nothing yet."""

    def __init__(self, account: str) -> None:
        super().__init__(f"nothing is granted to {account}")
        self.account = account


class LockedOutError(AccessError):
    """Too many wrong passwords in a row; ``retry_after_s`` says how long to wait."""

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class NotAcceptableError(InputError):
    """None of the media types that the client accepts can be made."""


class FootageFaultError(IntegrityError):
    """A stored file is not what was recorded: nothing of it is shown."""

    def __init__(self, name: str, what: FaultKind, detail: str) -> None:
        sentence = {
            FaultKind.MISSING: "is missing from the object store, although it is listed",
            FaultKind.ALTERED: "is not what was recorded: it was altered",
            FaultKind.FORGED: "is not what was recorded: its record was altered, and the worker's seal does not fit",
        }[what]
        super().__init__(f"The stored file {name} {sentence} ({detail}). It is not shown.")
        self.what = what


class PreconditionError(ConflictError):
    """``If-Match`` names another version than the current one."""


class NotYetError(ConflictError):
    """What is asked for will exist, but does not yet: come back after ``retry_after_s``."""

    def __init__(self, message: str, *, retry_after_s: float, cure: str) -> None:
        super().__init__(message, cure=cure)
        self.retry_after_s = retry_after_s


class BusyError(CamsvcError):
    """A bounded resource of this server is in use up to its bound."""


class InvalidBodyError(InputError):
    """One or several members of a request are wrong. ``str()``, ``parameter`` and ``cure`` are those of the first."""

    def __init__(self, faults: Sequence[Mapping[str, str]]) -> None:
        first = faults[0]
        super().__init__(first["detail"], parameter=first.get("parameter"), cure=first.get("cure"))
        self.faults = faults

    @classmethod
    def of(cls, error: ValidationError) -> Self:
        return cls(faults_of(error.errors(include_input=False, include_url=False, include_context=False)))


def faults_of(errors: Sequence[Any]) -> list[dict[str, str]]:
    """pydantic's errors as ``parameter``, ``detail``, ``cure``; the first MAX_FAULTS."""
    return [_fault(each) for each in errors[:MAX_FAULTS]]


_LOCATIONS = frozenset({"query", "path", "body", "header", "cookie"})


def _fault(fault: Mapping[str, Any]) -> dict[str, str]:
    """One error of pydantic: which member, what is wrong, the cure. The refused value is not repeated."""
    where = [str(part) for part in fault["loc"]]
    if where and where[0] in _LOCATIONS:
        where = where[1:]
    parameter = ".".join(where) or "body"
    message = str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] == "json_invalid":
        return {
            "parameter": "body",
            "detail": f"The body is not valid JSON: {message}.",
            "cure": "send one JSON object with 'Content-Type: application/json'",
        }
    cures = {
        "missing": f"give {parameter}",
        "extra_forbidden": f"leave {parameter} out, or mend its name",
        "model_attributes_type": "send one JSON object with 'Content-Type: application/json'",
    }
    return {
        "parameter": parameter,
        "detail": f"{parameter}: {message}",
        "cure": cures.get(fault["type"], f"see {parameter} in /api/openapi.json"),
    }
