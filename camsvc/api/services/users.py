"""Accounts in the hands of administrators: of the whole system, so each of these needs the right everywhere."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from camsvc import log
from camsvc.api.context import Server
from camsvc.api.services import audit, credentials, rights
from camsvc.api.services.text import refuse_unstorable
from camsvc.db.queries import accounts, grants, people
from camsvc.db.queries.people import Account
from camsvc.domain.account import Action, Grant, User
from camsvc.domain.audit import Kind
from camsvc.domain.incident_json import time_json

GROUPS = 4
GROUP = 4
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without what looks alike (i, l, o, 0, 1): a temporary password is read out over the telephone. 16 of them hold 79
random bits."""

_log = log.get(__name__)


def page(
    server: Server,
    user: User,
    words: str | None,
    *,
    limit: int,
    after: str | None = None,
    source: str | None = None,
) -> tuple[list[Account], str | None]:
    """As ``people.page``. Raises ForbiddenError."""
    rights.require_everywhere(server, user, Action.ADMINISTER, source=source)
    with server.database.session() as session:
        return people.page(session, words, limit=limit, after=after)


def get(server: Server, user: User, name: str, *, source: str | None = None) -> Account:
    """Raises ForbiddenError, NotFoundError."""
    rights.require_everywhere(server, user, Action.ADMINISTER, source=source)
    with server.database.session() as session:
        return people.get(session, name)


def add(
    server: Server,
    user: User,
    name: str,
    given: Collection[Grant],
    details: Mapping[str, str | None],
    *,
    password: str | None = None,
    must_change_password: bool = True,
    source: str | None = None,
) -> tuple[Account, str | None]:
    """A new account, and its password where that was made here: shown once, and changed at the first log-in.

    Raises ForbiddenError; InputError, ConflictError as ``accounts.create``.
    """
    rights.require_everywhere(server, user, Action.ADMINISTER, source=source)
    refuse_unstorable({"name": name, **details, "grants": [each.area for each in given]})
    made = None if password is not None else temporary_password()
    with server.database.session() as session:
        grants.lock(session)
        new = accounts.create(session, name, password or made or "", list(given))
        people.must_change_password(session, new.id, must=made is not None or must_change_password)
        people.change(session, new.id, details)
        account = people.get(session, new.name)
        told = {"account": new.name, "granted": [str(each) for each in sorted(given, key=str)]}
        audit.append(session, user, Kind.ADMINISTER, "account.added", source=source, details=told)
    _log.info("account added", account=new.name, user=user.name)
    return account, made


def change(
    server: Server,
    user: User,
    name: str,
    details: Mapping[str, str | None],
    *,
    disabled: bool | None = None,
    source: str | None = None,
) -> Account:
    """Set full name and e-mail address, those given; let log in, or no longer: sessions and tokens then end at once.

    Raises ForbiddenError, NotFoundError, InputError; ConflictError when nobody could administer the system any more.
    """
    rights.require_everywhere(server, user, Action.ADMINISTER, source=source)
    refuse_unstorable(dict(details))
    with server.database.session() as session:
        before = people.get(session, name)
        changed = people.change(session, before.user.id, details)
        is_switched = disabled is not None and disabled != before.user.disabled
        if is_switched and disabled is not None:
            accounts.set_disabled(session, before.user.id, disabled=disabled)
        account = people.get(session, name)
        if changed:
            told: dict[str, Any] = {"account": account.name, "changed": changed}
            audit.append(session, user, Kind.ADMINISTER, "account.changed", source=source, details=told)
        if is_switched:
            what = "account.disabled" if disabled else "account.enabled"
            audit.append(session, user, Kind.ADMINISTER, what, source=source, details={"account": account.name})
    return account


def reset_password(server: Server, user: User, name: str, *, source: str | None = None) -> str:
    """A temporary password, shown once: its owner must choose another at the next log-in. Unlocks the account, and ends
    its sessions and tokens. Raises ForbiddenError, also for who came with an API token; NotFoundError."""
    credentials.refuse_tokens(server, user, "password.set", source=source)
    rights.require_everywhere(server, user, Action.ADMINISTER, source=source)
    made = temporary_password()
    with server.database.session() as session:
        account = people.get(session, name)
        accounts.set_password(session, account.user.id, made, temporary=True)
        details = {"account": account.name, "temporary": True}
        audit.append(session, user, Kind.ADMINISTER, "password.set", source=source, details=details)
    _log.info("password reset", account=account.name, user=user.name)
    return made


def set_grants(
    server: Server,
    user: User,
    name: str,
    *,
    give: Collection[Grant] = (),
    take: Collection[Grant] = (),
    source: str | None = None,
) -> Account:
    """Give and take; what is held, or not held, already stays so. Both or neither. In force with the next request.

    Raises ForbiddenError, NotFoundError; InputError for an area that is none; ConflictError when nobody could
    administer the system any more.
    """
    rights.require_everywhere(server, user, Action.ADMINISTER, source=source)
    with server.database.session() as session, grants.administrator_stays(session):
        id_ = people.get(session, name).user.id
        new = [each for each in sorted(give, key=str) if grants.give(session, id_, each)]
        gone = [each for each in sorted(take, key=str) if grants.take(session, id_, each)]
        account = people.get(session, name)
        for what, changed in (("grant.given", new), ("grant.taken", gone)):
            if changed:
                details = {"account": account.name, "grants": [str(each) for each in changed]}
                audit.append(session, user, Kind.ADMINISTER, what, source=source, details=details)
    return account


def temporary_password() -> str:
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(GROUP)) for _ in range(GROUPS))


def account_json(account: Account) -> dict[str, Any]:
    user = account.user
    held = sorted(user.grants, key=lambda each: (each.area or "", each.role.value))
    return {
        "name": user.name,
        "full_name": account.full_name,
        "email": account.email,
        "disabled": user.disabled,
        "disabled_at": _time(account.disabled_at),
        "locked_until": _time(account.locked_until),
        "must_change_password": user.must_change_password,
        "second_factor": account.second_factor,
        "roles": sorted(role.value for role in user.roles),
        "grants": [{"role": each.role.value, "area": each.area} for each in held],
        "agency": {"id": user.agency.id, "name": user.agency.name} if user.agency else None,
        "created_at": _time(account.created_at),
        "password_set_at": _time(account.password_set_at),
        "last_seen_at": _time(account.last_seen_at),
        "sessions": account.sessions,
    }


def _time(at: datetime | None) -> str | None:
    return time_json(at) if at is not None else None
