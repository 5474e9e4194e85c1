"""API tokens and sessions: made, listed and ended by who holds them; listed and ended by administrators."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from camsvc import log
from camsvc.api.context import Server
from camsvc.api.errors import ForbiddenError
from camsvc.api.services import audit, rights
from camsvc.api.services.text import refuse_unstorable
from camsvc.db.models import TokenKind
from camsvc.db.queries import accounts, areas, tokens
from camsvc.db.queries.tokens import Held
from camsvc.domain.account import Action, Scope, User
from camsvc.domain.audit import Kind, Outcome
from camsvc.domain.incident_json import time_json
from camsvc.errors import InputError

API = (TokenKind.API,)
LOG_INS = (TokenKind.SESSION, TokenKind.BEARER)
"""What a log-in began: sessions of the page, and the short-lived tokens of programs that know a password."""
DAY_S = 24 * 3600.0

_log = log.get(__name__)


def make_token(
    server: Server,
    user: User,
    name: str,
    actions: Collection[Action],
    within: Sequence[str] | None,
    days: float | None = None,
    *,
    source: str | None = None,
) -> tuple[Held, str]:
    """A new API token of ``user``, valid for ``days`` (None: as long as policy allows), with what opens it: shown once.

    Raises InputError for what ``user`` may not do themselves, for an area that is none (or that they may not know),
    and for too long a time; ForbiddenError when they came with an API token.
    """
    refuse_tokens(server, user, "token.made", source=source)
    refuse_unstorable(name, "name")
    most = server.settings.policy.token_max_days
    if days is not None and not 0 < days <= most:
        raise InputError(f"a token is valid for at most {most:g} days", parameter="days", cure=f"give 1 to {most:g}")
    for action in actions:
        if user.reach(action).is_nowhere:
            raise InputError(
                f"your account lacks the right '{action}'", parameter="actions", cure="a token cannot do more than you"
            )
    scope = Scope(frozenset(actions), None if within is None else tuple(dict.fromkeys(within)))
    with server.database.session() as session:
        _require_areas({each.path for each in areas.all_areas(session, user.sees())}, scope.areas or ())
        id_, token = tokens.issue(session, user.id, name, scope, (most if days is None else days) * DAY_S)
        held = tokens.get(session, id_, API)
        details = {"token": id_, "name": held.name, **scope_json(scope), "expires_at": time_json(held.expires_at)}
        audit.append(session, user, Kind.ADMINISTER, "token.made", source=source, details=details)
    _log.info("token made", user=user.name, token=id_)
    return held, token


def listed(
    server: Server,
    user: User,
    kinds: Collection[TokenKind],
    of: str | None = None,
    *,
    everybody: bool = False,
    source: str | None = None,
) -> list[Held]:
    """Those of ``user``; of the account named ``of``, or of ``everybody``, for administrators.

    Raises ForbiddenError, NotFoundError.
    """
    if everybody or (of is not None and of.strip().lower() != user.name):
        rights.require_everywhere(server, user, Action.ADMINISTER, source=source)
    with server.database.session() as session:
        owner = None if everybody else (user.id if of is None else accounts.find(session, of).id)
        return tokens.listed(session, kinds, owner)


def end(server: Server, user: User, kinds: Collection[TokenKind], id_: int, *, source: str | None = None) -> None:
    """End one of ``user``'s own; administrators, anybody's. Recorded.

    Raises NotFoundError, for others' in the words of one that is none; ForbiddenError for an API token that would end
    what is not itself.
    """
    is_administrator = user.reach(Action.ADMINISTER).is_everywhere
    if user.proof is not None and user.proof.id != id_ and not is_administrator:
        refuse_tokens(server, user, "token.revoked", source=source)
    with server.database.session() as session:
        held = tokens.get(session, id_, kinds, None if is_administrator else user.id)
        if held.user != user.name:
            rights.require_everywhere(server, user, Action.ADMINISTER, source=source)
        tokens.end(session, id_)
        what = "token.revoked" if held.kind is TokenKind.API else "session.ended"
        details = {"token": id_, "name": held.name, "account": held.user, "kind": held.kind.value}
        kind = Kind.ADMINISTER if held.kind is TokenKind.API or held.user != user.name else Kind.SIGN_IN
        told = {name: value for name, value in details.items() if value is not None}
        audit.append(session, user, kind, what, source=source, details=told)
    _log.info("token or session ended", user=user.name, of=held.user, token=id_)


def end_others(server: Server, user: User, *, source: str | None = None) -> int:
    """End all log-ins of ``user`` but the one they came with; how many. API tokens stay: they are revoked by name."""
    refuse_tokens(server, user, "session.ended", source=source)
    with server.database.session() as session:
        ended = tokens.end_others(session, user.id, user.proof.id if user.proof else None, LOG_INS)
        if ended:
            details = {"account": user.name, "others": ended}
            audit.append(session, user, Kind.SIGN_IN, "session.ended", source=source, details=details)
    return ended


def refuse_tokens(server: Server, user: User, what: str, *, source: str | None = None) -> None:
    """Where only a person may: raises ForbiddenError, recorded, for who came with an API token."""
    if user.proof is not None and user.proof.is_api:
        audit.record(server, user, Kind.ADMINISTER, what, outcome=Outcome.REFUSED, source=source)
        raise ForbiddenError("An API token cannot do this: log in with a password.")


def held_json(held: Held, mine: int | None) -> dict[str, Any]:
    """``mine``: id of the one that the asker came with."""
    told: dict[str, Any] = {
        "id": held.id,
        "user": held.user,
        "created_at": time_json(held.created_at),
        "last_seen_at": time_json(held.last_seen_at) if held.last_seen_at else None,
        "expires_at": time_json(held.expires_at),
        "source": held.source,
        "agent": held.agent,
        "current": held.id == mine,
    }
    if held.kind is TokenKind.API:
        return told | {"name": held.name, **scope_json(held.scope or Scope(frozenset()))}
    return told | {
        "kind": held.kind.value,
        "purpose": held.reason.purpose,
        "case_number": held.reason.case_number,
    }


def scope_json(scope: Scope) -> dict[str, Any]:
    return {
        "actions": [each.value for each in Action if each in scope.actions],
        "areas": None if scope.areas is None else list(scope.areas),
    }


def _require_areas(known: Collection[str], asked: Collection[str]) -> None:
    for path in asked:
        if path not in known:
            raise InputError(
                f"there is no area {path[:100]!r}, and never was", parameter="areas", cure="GET /api/v1/areas lists all"
            )
