"""Accounts, and the tokens that prove who asks. Passwords are kept as Argon2id, tokens as SHA-256."""

from __future__ import annotations

import hashlib
import re
import secrets
import unicodedata
from collections.abc import Collection
from datetime import timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import case, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from camsvc.db.database import Database
from camsvc.db.models import TokenKind, TokenRow, UserRow
from camsvc.db.queries import agencies, audit, grants, second_factor, tokens
from camsvc.domain.account import Agency, Grant, Role, User
from camsvc.domain.audit import Deed, Kind
from camsvc.domain.password import weakness
from camsvc.errors import AccessError, ConflictError, InputError, NotFoundError

ADMIN = "admin"
"""Name of the first administrator."""
LOCK_AFTER_FAILURES = 10
"""Attempts in a row. With LOCK_S, a guesser has 2,880 a day; a person who mistypes has enough."""
LOCK_S = 300.0
PASSWORD_MIN = 10
"""Characters (NIST SP 800-63B asks for 8 at least)."""
PASSWORD_MAX = 256
"""Bounds the work that a stranger can cause."""
TOKEN_BYTES = 32
"""256 random bits: not to be guessed, so a fast hash is enough to keep it."""
GENERATED_PASSWORD_BYTES = 15
"""120 random bits, as 20 characters to type."""
_USER_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_REFUSED = (
    "the name or the password is wrong, or the account is disabled, or locked for"
    f" {LOCK_S / 60:g} minutes after {LOCK_AFTER_FAILURES} failed attempts"
)
"""One answer for all, so that it tells a stranger nothing."""


def ensure_admin(session: Session, password: str | None) -> str | None:
    """Make the first administrator when there is none, with ``password`` or a generated one.

    Returns the password that was generated, to be shown once; None when ``password`` was taken, or when an
    administrator exists already (nothing is changed then). Raises InputError for a password that is too short.
    """
    grants.lock(session)
    if grants.administrators(session):
        return None
    generated = None if password else secrets.token_urlsafe(GENERATED_PASSWORD_BYTES)
    create(session, ADMIN, password or generated or "", [Role.ADMINISTRATOR])
    details = {"account": ADMIN, "granted": [str(Grant(Role.ADMINISTRATOR))], "by": "the first start"}
    audit.append(session, Deed(Kind.ADMINISTER, "account.added", details=details))
    return generated


def create(session: Session, name: str, password: str, roles: Collection[Role | Grant]) -> User:
    """A role alone is granted everywhere.

    Raises InputError for a name or password that will not do, or an area that is none; ConflictError when the name is
    taken.
    """
    name = name.strip().lower()
    if not _USER_NAME.fullmatch(name):
        raise InputError(
            f"{name!r} is not a user name", parameter="name", cure="use letters, digits, '.', '_' and '-', at most 64"
        )
    row = session.execute(
        insert(UserRow)
        .values(name=name, password_hash=_hash(password, name))
        .on_conflict_do_nothing()
        .returning(UserRow.id)
    ).one_or_none()
    if row is None:
        raise ConflictError(f"there is an account {name!r} already", parameter="name", cure="choose another name")
    given = frozenset(each if isinstance(each, Grant) else Grant(each) for each in roles)
    for grant in sorted(given, key=str):
        grants.give(session, row.id, grant)
    return User(row.id, name, given)


def find(session: Session, name: str) -> User:
    """Raises NotFoundError."""
    row = session.scalar(select(UserRow).where(UserRow.name == name.strip().lower()))
    if row is None:
        raise NotFoundError(f"there is no account {name[:100]!r}", parameter="name", cure="see `camsvc accounts list`")
    return _user(session, row)


def by_id(session: Session, user: int) -> User:
    """With what is granted now. Raises NotFoundError."""
    row = session.get(UserRow, user)
    if row is None:
        raise NotFoundError(f"there is no account {user}", parameter="user")
    return _user(session, row)


def set_password(session: Session, user: int, password: str, *, temporary: bool = False) -> None:
    """Also unlocks the account and ends all its tokens; ``temporary``: its owner must choose another first of all.

    Raises InputError, NotFoundError.
    """
    row = session.get(UserRow, user, with_for_update=True)
    if row is None:
        raise NotFoundError(f"there is no account {user}", parameter="user")
    _put_password(session, row, password, temporary=temporary)
    revoke_all(session, user)


def change_password(session: Session, user: int, password: str, *, keep: int | None) -> None:
    """By its owner, who has proved the old one: other sessions than the one of token ``keep`` end; API tokens stay.

    Raises InputError.
    """
    _put_password(session, session.get_one(UserRow, user, with_for_update=True), password, temporary=False)
    tokens.end_others(session, user, keep, (TokenKind.SESSION, TokenKind.BEARER))


def set_disabled(session: Session, user: int, *, disabled: bool) -> None:
    """A disabled account may not log in, and its tokens end at once.

    Raises NotFoundError; ConflictError when nobody could administer the system any more.
    """
    with grants.administrator_stays(session):
        row = session.get(UserRow, user, with_for_update=True)
        if row is None:
            raise NotFoundError(f"there is no account {user}", parameter="user")
        row.disabled_at = session.scalars(select(func.now())).one() if disabled else None
        session.flush()
        if disabled:
            revoke_all(session, user)


def all_users(session: Session) -> list[User]:
    rows = list(session.scalars(select(UserRow).order_by(UserRow.name)))
    held = grants.of(session, [row.id for row in rows])
    of = agencies.of(session, [row.id for row in rows])
    return [_with(row, held.get(row.id, frozenset()), of.get(row.id)) for row in rows]


def login(database: Database, name: str, password: str, *, is_known: bool = False) -> User:
    """Who ``name`` is, if ``password`` is theirs. Raises AccessError, always in the same words, after the same work.

    The attempt is counted and committed before the password is looked at: parallel guesses cannot pass the bound.
    No transaction is open while the hash is computed. ``is_known``: comes from where this account logged in before,
    whose failures are counted there, so that no stranger locks it out. Where a second factor is set up, failures are
    forgiven (``forgive``) only once that is proved too.
    """
    name = name.strip().lower()
    with database.session() as session:
        row = session.execute(_attempt(name, is_known=is_known)).one_or_none() if _USER_NAME.fullmatch(name) else None
    matches = _verify(row.password_hash if row else _decoy(), password[:PASSWORD_MAX])
    if row is None or not matches:
        raise AccessError(_REFUSED)
    with database.session() as session:
        user = session.get_one(UserRow, row.id, with_for_update=True)
        if user.disabled_at is not None or user.password_hash != row.password_hash:
            raise AccessError(_REFUSED)
        if not second_factor.is_set_up(session, row.id):
            user.failed_logins, user.locked_until = 0, None
        if _HASHER.check_needs_rehash(user.password_hash):
            user.password_hash = _HASHER.hash(_typed(password))
        return _user(session, user)


def forgive(session: Session, user: int) -> None:
    """Failed log-ins: who it was has been proved."""
    changed = update(UserRow).where(UserRow.id == user).values(failed_logins=0, locked_until=None)
    session.execute(changed.execution_options(synchronize_session=False))


def issue(
    session: Session,
    user: User,
    kind: TokenKind,
    ttl_s: float,
    *,
    source: str | None = None,
    agent: str | None = None,
) -> str:
    """A new token of ``user``, in force for ``ttl_s``, who came from ``source`` with ``agent`` (User-Agent).

    It is shown here and never again.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    session.execute(
        insert(TokenRow).values(
            hash=_digest(token),
            user_id=user.id,
            kind=kind,
            expires_at=func.clock_timestamp() + timedelta(seconds=ttl_s),
            source=source,
            agent=tokens.told(agent),
        )
    )
    return token


def authenticate(session: Session, token: str, kind: TokenKind | None = None) -> User:
    """Whose ``token`` is, with what they are granted now, in one statement.

    Raises AccessError when it is unknown, expired, revoked, of another ``kind`` or disabled.
    """
    found = tokens.recognise(session, token, [kind] if kind else [])
    if found is None:
        raise AccessError("not logged in, or no longer: log in again")
    return found


def revoke(session: Session, token: str) -> None:
    """Ends ``token``; one that is unknown already ended."""
    session.execute(delete(TokenRow).where(TokenRow.hash == _digest(token)))


def revoke_all(session: Session, user: int) -> None:
    session.execute(delete(TokenRow).where(TokenRow.user_id == user))


def purge(session: Session) -> None:
    """Forget tokens that expired. They are refused anyway; this keeps the table small."""
    session.execute(delete(TokenRow).where(TokenRow.expires_at <= func.clock_timestamp()))


_HASHER = PasswordHasher()
"""Argon2id with the library's parameters: RFC 9106 §4, second recommended option (3 passes, 64 MiB, 4 lanes)."""


def _attempt(name: str, *, is_known: bool) -> ReturningUpdate[int, str]:
    """Count one attempt on ``name`` and give its hash; no row when it is unknown, disabled or, unless ``is_known``,
    locked.

    The attempt that reaches the bound locks the account (it is itself still looked at); the count starts anew after it.
    """
    now = func.clock_timestamp()
    attempts = UserRow.failed_logins + 1
    full = attempts >= LOCK_AFTER_FAILURES
    return (
        update(UserRow)
        .where(
            UserRow.name == name,
            UserRow.disabled_at.is_(None),
            *([] if is_known else [or_(UserRow.locked_until.is_(None), UserRow.locked_until <= now)]),
        )
        .values(
            failed_logins=UserRow.failed_logins if is_known else case((full, 0), else_=attempts),
            locked_until=UserRow.locked_until
            if is_known
            else case((full, now + timedelta(seconds=LOCK_S)), else_=None),
        )
        .returning(UserRow.id, UserRow.password_hash)
        .execution_options(synchronize_session=False)
    )


def _put_password(session: Session, row: UserRow, password: str, *, temporary: bool) -> None:
    row.password_hash = _hash(password, row.name)
    row.password_set_at = session.scalars(select(func.now())).one()
    row.failed_logins, row.locked_until = 0, None
    row.must_change_password = temporary
    session.flush()


def _hash(password: str, *names: str) -> str:
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        raise InputError(
            f"the password has {len(password)} characters",
            parameter="password",
            cure=f"use {PASSWORD_MIN} to {PASSWORD_MAX}; several words make a good one",
        )
    if reason := weakness(password, names):
        raise InputError(
            f"the password is soon guessed: {reason}", parameter="password", cure="several words make a good one"
        )
    return _HASHER.hash(_typed(password))


def _verify(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, _typed(password))
    except (VerificationError, InvalidHashError):
        return False


@cache
def _decoy() -> str:
    """Hash of a password that nobody has: an unknown name must take as long as a known one."""
    return _HASHER.hash(secrets.token_urlsafe(TOKEN_BYTES))


def _typed(password: str) -> bytes:
    """The same for the same letters, whether a keyboard sends ``ế`` as one character or as three."""
    return _bytes(unicodedata.normalize("NFKC", password))


def _bytes(text_: str) -> bytes:
    """A stranger may send anything, also what is no Unicode."""
    return text_.encode("utf-8", "surrogatepass")


def _digest(token: str) -> bytes:
    return hashlib.sha256(_bytes(token)).digest()


def _user(session: Session, row: UserRow) -> User:
    held, of = grants.of(session, [row.id]), agencies.of(session, [row.id])
    return _with(row, held.get(row.id, frozenset()), of.get(row.id))


def _with(row: UserRow, held: frozenset[Grant], of: Agency | None) -> User:
    return User(
        row.id,
        row.name,
        held,
        disabled=row.disabled_at is not None,
        must_change_password=row.must_change_password,
        agency=of,
    )
