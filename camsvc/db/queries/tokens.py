"""Tokens and sessions: who holds one, what it is good for, which there are. ``accounts`` makes those of a log-in."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Select, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from camsvc.db.models import AgencyRow, GrantRow, TokenKind, TokenRow, UserRow
from camsvc.db.queries import agencies
from camsvc.domain.account import Action, Grant, Proof, Reason, Scope, User
from camsvc.domain.audit import storable
from camsvc.errors import InputError, NotFoundError

PREFIX = "camsvc_"
"""Of an API token: what finds secrets in files that were published looks for such a beginning."""
TOKEN_BYTES = 32
"""256 random bits, as ``accounts.TOKEN_BYTES``."""
SEEN_EVERY_S = 60
"""How exactly it is known when a token was last used: a write for each request would be dear."""
AGENT_MAX = 200
"""Characters of what a browser calls itself; the beginning names it."""
NAME_MAX = 100
PER_ACCOUNT_MAX = 50
"""API tokens; who needs more needs another account."""


@dataclass(frozen=True, slots=True)
class Held:
    """One that is in force, as a list shows it: what it opens with is known to nobody."""

    id: int
    kind: TokenKind
    user: str
    name: str | None
    scope: Scope | None
    created_at: datetime
    last_seen_at: datetime | None
    expires_at: datetime
    source: str | None
    agent: str | None
    reason: Reason


def digest(token: str) -> bytes:
    """A stranger may send anything, also what is no Unicode."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def issue(session: Session, user: int, name: str, scope: Scope, ttl_s: float) -> tuple[int, str]:
    """A new API token: its id, and the token, which is shown here and never again.

    Raises InputError: a name that will not do, no action, too many tokens.
    """
    name = name.strip()
    if not 0 < len(name) <= NAME_MAX:
        raise InputError("the name is empty or too long", parameter="name", cure=f"use 1 to {NAME_MAX} characters")
    if not scope.actions:
        raise InputError("a token for nothing", parameter="actions", cure="name what it is for, like search")
    session.get_one(UserRow, user, with_for_update=True)  # two at once would both find room
    count = select(func.count()).where(TokenRow.user_id == user, TokenRow.kind == TokenKind.API, _in_force())
    if session.scalars(count).one() >= PER_ACCOUNT_MAX:
        raise InputError(
            f"this account has {PER_ACCOUNT_MAX} tokens", parameter="name", cure="revoke those that are not used"
        )
    token = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    id_ = session.scalars(
        insert(TokenRow)
        .values(
            hash=digest(token),
            user_id=user,
            kind=TokenKind.API,
            name=name,
            actions=sorted(scope.actions),
            areas=None if scope.areas is None else list(scope.areas),
            expires_at=func.clock_timestamp() + timedelta(seconds=ttl_s),
        )
        .returning(TokenRow.id)
    ).one()
    return id_, token


def holders(session: Session, keys: Collection[bytes]) -> dict[bytes, User]:
    """Whose tokens (SHA-256 each) are in force, with what they are granted now, in one statement. A token that ended,
    or whose account is disabled, is left out."""
    return {key: user for key, (user, _) in _found(session, keys, ()).items()}


def recognise(
    session: Session,
    token: str,
    kinds: Collection[TokenKind] = (),
    *,
    source: str | None = None,
    agent: str | None = None,
) -> User | None:
    """Whose ``token`` is, as ``holders``; None when it is not in force, or not of ``kinds`` (none: of any).

    One statement, and once in SEEN_EVERY_S another that notes the use, from which address and by what program.
    """
    found = _found(session, [digest(token)], kinds)
    if not found:
        return None
    [(user, is_stale)] = found.values()
    if is_stale and user.proof is not None:
        seen = {name: value for name, value in (("source", source), ("agent", told(agent))) if value is not None}
        session.execute(
            update(TokenRow)
            .where(TokenRow.id == user.proof.id, _is_stale())
            .values(last_seen_at=func.clock_timestamp(), **seen)
            .execution_options(synchronize_session=False)
        )
    return user


def told(agent: str | None) -> str | None:
    """What a browser calls itself (User-Agent), as it is kept."""
    return storable(agent)[:AGENT_MAX] if agent else None


def listed(session: Session, kinds: Collection[TokenKind], user: int | None = None) -> list[Held]:
    """Those in force, of one account or of all, the newest first."""
    rows = session.execute(_listed(kinds, [] if user is None else [TokenRow.user_id == user]))
    return [_held(row, name) for row, name in rows]


def get(session: Session, id_: int, kinds: Collection[TokenKind], user: int | None = None) -> Held:
    """Raises NotFoundError, also for one of another account than ``user``."""
    conditions = [TokenRow.id == id_, *([] if user is None else [TokenRow.user_id == user])]
    found = session.execute(_listed(kinds, conditions)).one_or_none()
    if found is None:
        raise NotFoundError("there is no such token or session (any more)", parameter="id", cure="list them again")
    return _held(*found)


def end(session: Session, id_: int) -> None:
    """One that has ended stays so."""
    session.execute(delete(TokenRow).where(TokenRow.id == id_))


def end_others(session: Session, user: int, keep: int | None, kinds: Collection[TokenKind]) -> int:
    """How many ended: all of the account of these kinds but ``keep``."""
    gone = delete(TokenRow).where(
        TokenRow.user_id == user, TokenRow.kind.in_(list(kinds)), *([] if keep is None else [TokenRow.id != keep])
    )
    return len(session.scalars(gone.returning(TokenRow.id)).all())


def set_reason(session: Session, id_: int, reason: Reason) -> None:
    """What is done with it from now on is for this."""
    session.execute(
        update(TokenRow)
        .where(TokenRow.id == id_)
        .values(purpose=reason.purpose, case_number=reason.case_number)
        .execution_options(synchronize_session=False)
    )


def _found(session: Session, keys: Collection[bytes], kinds: Collection[TokenKind]) -> dict[bytes, tuple[User, bool]]:
    """With each whether its use was not noted for SEEN_EVERY_S."""
    rows = session.execute(
        select(TokenRow, _is_stale(), UserRow, AgencyRow, GrantRow.role, GrantRow.area)
        .join(UserRow, UserRow.id == TokenRow.user_id)
        .outerjoin(AgencyRow, AgencyRow.id == UserRow.agency_id)
        .outerjoin(GrantRow, GrantRow.user_id == UserRow.id)
        .where(
            TokenRow.hash.in_(list(keys)),
            _in_force(),
            UserRow.disabled_at.is_(None),
            *([TokenRow.kind.in_(list(kinds))] if kinds else []),
        )
        .execution_options(populate_existing=True)
    ).all()
    held: dict[bytes, set[Grant]] = {}
    tokens: dict[bytes, tuple[TokenRow, bool, UserRow, AgencyRow | None]] = {}
    for row, is_stale, user, of, role, area in rows:
        tokens[row.hash] = (row, is_stale, user, of)
        grants = held.setdefault(row.hash, set())
        if role is not None:
            grants.add(Grant(role, area))
    return {
        key: (
            User(
                row.user_id,
                user.name,
                frozenset(held[key]),
                scope=_scope(row),
                proof=Proof(row.id, is_api=row.kind is TokenKind.API),
                reason=Reason(row.purpose, row.case_number),
                must_change_password=user.must_change_password,
                agency=agencies.agency(of) if of else None,
            ),
            is_stale,
        )
        for key, (row, is_stale, user, of) in tokens.items()
    }


def _is_stale() -> ColumnElement[bool]:
    before = func.clock_timestamp() - timedelta(seconds=SEEN_EVERY_S)
    return func.coalesce(TokenRow.last_seen_at < before, True)


def _listed(kinds: Collection[TokenKind], conditions: Collection[ColumnElement[bool]]) -> Select[TokenRow, str]:
    return (
        select(TokenRow, UserRow.name)
        .join(UserRow, UserRow.id == TokenRow.user_id)
        .where(TokenRow.kind.in_(list(kinds)), _in_force(), *conditions)
        .order_by(TokenRow.created_at.desc(), TokenRow.id.desc())
        .execution_options(populate_existing=True)
    )


def _in_force() -> ColumnElement[bool]:
    return TokenRow.expires_at > func.clock_timestamp()


def _scope(row: TokenRow) -> Scope | None:
    if row.actions is None:
        return None
    known = frozenset(Action(each) for each in row.actions if each in set(Action))
    return Scope(known, None if row.areas is None else tuple(row.areas))


def _held(row: TokenRow, user: str) -> Held:
    return Held(
        row.id,
        row.kind,
        user,
        row.name,
        _scope(row),
        row.created_at.astimezone(UTC),
        row.last_seen_at.astimezone(UTC) if row.last_seen_at else None,
        row.expires_at.astimezone(UTC),
        row.source,
        row.agent,
        Reason(row.purpose, row.case_number),
    )
