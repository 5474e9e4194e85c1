"""Accounts as administrators see them: who they are of, what they may do, when they were last here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Row, Select, exists, func, or_, select
from sqlalchemy.orm import Session

from camsvc.db.models import SecondFactorRow, TokenKind, TokenRow, UserRow
from camsvc.db.queries import agencies, grants
from camsvc.domain.account import User
from camsvc.errors import InputError, NotFoundError

FULL_NAME_MAX = 200
EMAIL_MAX = 254
"""Characters (RFC 5321 §4.5.3.1.3, without the angle brackets)."""


@dataclass(frozen=True, slots=True)
class Account:
    user: User
    full_name: str | None
    email: str | None
    created_at: datetime
    disabled_at: datetime | None
    password_set_at: datetime
    locked_until: datetime | None
    """Of wrong passwords; None: not locked now."""
    last_seen_at: datetime | None
    """Of the sessions and tokens in force; None: of those no longer in force nothing is kept."""
    sessions: int
    """Sessions of the page in force."""
    second_factor: bool

    @property
    def name(self) -> str:
        return self.user.name


def page(
    session: Session, words: str | None, *, limit: int, after: str | None = None
) -> tuple[list[Account], str | None]:
    """Accounts by name, ``after`` that of the page before, and where the next page begins. ``words``: parts of the
    name, the full name or the e-mail address, each of them somewhere."""
    query = _query().order_by(UserRow.name).limit(limit + 1)
    for word in (words or "").split()[:8]:
        columns = (UserRow.name, UserRow.full_name, UserRow.email)
        query = query.where(or_(*(column.icontains(word, autoescape=True) for column in columns)))
    if after is not None:
        query = query.where(UserRow.name > after)
    found = _accounts(session, session.execute(query).all())
    return found[:limit], found[limit - 1].name if len(found) > limit else None


def get(session: Session, name: str) -> Account:
    """Raises NotFoundError."""
    rows = session.execute(_query().where(UserRow.name == name.strip().lower())).all()
    if not rows:
        raise NotFoundError(f"there is no account {name[:100]!r}", parameter="name", cure="GET /api/v1/users lists all")
    return _accounts(session, rows)[0]


def change(session: Session, user: int, details: Mapping[str, str | None]) -> list[str]:
    """Set ``full_name`` and ``email``, those that are given; empty is none. Names of what changed.

    Raises InputError.
    """
    row = session.get_one(UserRow, user, with_for_update=True)
    changed = []
    for name, most in (("full_name", FULL_NAME_MAX), ("email", EMAIL_MAX)):
        if name not in details:
            continue
        value = " ".join((details[name] or "").split()) or None
        if value is not None and (len(value) > most or not value.isprintable()):
            raise InputError(f"{name}: longer than {most} characters, or no text", parameter=name, cure="shorten it")
        if name == "email" and value is not None and (value.count("@") != 1 or " " in value):
            raise InputError("email: no address", parameter="email", cure="write it like lan@example.vn")
        if getattr(row, name) != value:
            setattr(row, name, value)
            changed.append(name)
    session.flush()
    return changed


def must_change_password(session: Session, user: int, *, must: bool) -> None:
    """Whether they have to choose their own before anything else: somebody else has set it."""
    session.get_one(UserRow, user, with_for_update=True).must_change_password = must
    session.flush()


def _query() -> Select[UserRow, datetime | None, int, bool]:
    mine = (TokenRow.user_id == UserRow.id, TokenRow.expires_at > func.clock_timestamp())
    seen = select(func.max(func.coalesce(TokenRow.last_seen_at, TokenRow.created_at))).where(*mine).scalar_subquery()
    sessions = (
        select(func.count()).select_from(TokenRow).where(*mine, TokenRow.kind == TokenKind.SESSION).scalar_subquery()
    )
    second = exists().where(SecondFactorRow.user_id == UserRow.id, SecondFactorRow.confirmed_at.is_not(None))
    return select(UserRow, seen, sessions, second).execution_options(populate_existing=True)


def _accounts(session: Session, rows: Collection[Row[UserRow, datetime | None, int, bool]]) -> list[Account]:
    held = grants.of(session, [row.id for row, *_ in rows])
    of = agencies.of(session, [row.id for row, *_ in rows])
    now = session.scalars(select(func.clock_timestamp())).one()
    return [
        Account(
            User(
                row.id,
                row.name,
                held.get(row.id, frozenset()),
                disabled=row.disabled_at is not None,
                must_change_password=row.must_change_password,
                agency=of.get(row.id),
            ),
            row.full_name,
            row.email,
            row.created_at.astimezone(UTC),
            row.disabled_at.astimezone(UTC) if row.disabled_at else None,
            row.password_set_at.astimezone(UTC),
            row.locked_until.astimezone(UTC) if row.locked_until and row.locked_until > now else None,
            seen.astimezone(UTC) if seen else None,
            sessions,
            second,
        )
        for row, seen, sessions, second in rows
    ]
