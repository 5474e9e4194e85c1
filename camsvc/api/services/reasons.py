"""What people say that they do their work for: with each request, or once for a session of the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import unquote

from camsvc.api.context import Server
from camsvc.api.problems import REASON_HEADERS
from camsvc.api.services import audit
from camsvc.config import PolicySettings
from camsvc.db.queries import tokens
from camsvc.domain.account import Action, Reason, User
from camsvc.domain.audit import Kind
from camsvc.errors import InputError

PURPOSE_MAX = 300
CASE_MAX = 100
"""Characters; case numbers of other agencies are long."""
_MAX = {"purpose": PURPOSE_MAX, "case_number": CASE_MAX}


def read(given: Mapping[str, str | None], names: Mapping[str, str] | None = None) -> Reason:
    """``purpose`` and ``case_number`` as people type them; empty is not said. ``names``: what the caller calls them.

    Raises InputError.
    """
    return Reason(**{name: _read(given.get(name), (names or {}).get(name, name), _MAX[name]) for name in _MAX})


def with_headers(user: User, headers: Mapping[str, str]) -> User:
    """``user`` with what the headers say; what they leave out is as it was said for the session."""
    given = {name: headers.get(header) for name, header in REASON_HEADERS.items()}
    if not any(given.values()):
        return user
    told = read({name: _decoded(value, REASON_HEADERS[name]) for name, value in given.items()}, REASON_HEADERS)
    reason = Reason(told.purpose or user.reason.purpose, told.case_number or user.reason.case_number)
    return replace(user, reason=reason)


def keep(server: Server, user: User, reason: Reason, *, source: str | None = None) -> None:
    """For what ``user`` does from now on with the session or token that they came with. Recorded."""
    if user.proof is None or reason == user.reason:
        return
    with server.database.session() as session:
        tokens.set_reason(session, user.proof.id, reason)
        audit.append(session, replace(user, reason=reason), Kind.SIGN_IN, "reason.given", source=source)


def asked_of(policy: PolicySettings, user: User) -> frozenset[str]:
    """Which of ``purpose`` and ``case_number`` are asked of ``user``, for anything that they may do somewhere."""
    nothing = Reason()
    held = [action for action in Action if not user.reach(action).is_nowhere]
    return frozenset(name for action in held for name in policy.lacks(action, nothing))


def lacks(policy: PolicySettings, user: User) -> bool:
    """Whether something that is asked of ``user`` is not said yet."""
    return any(getattr(user.reason, name) is None for name in asked_of(policy, user))


def _read(text: str | None, name: str, most: int) -> str | None:
    text = " ".join((text or "").split())
    if not text:
        return None
    if len(text) > most:
        raise InputError(f"{name}: longer than {most} characters", parameter=name, cure="say it in fewer words")
    if not text.isprintable():
        raise InputError(f"{name}: holds what is no text", parameter=name, cure="send plain text")
    return text


def _decoded(text: str | None, name: str) -> str | None:
    """Headers are ASCII: other letters come percent-encoded."""
    if text is None:
        return None
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name}: not percent-encoded UTF-8", parameter=name, cure="write 'điều tra' as %C4%91i%E1%BB%81u%20tra"
        ) from error
