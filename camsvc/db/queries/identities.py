"""Whose account somebody is who comes from a sign-in provider, and what the provider's groups grant them."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from camsvc.db.models import AreaRow, GrantRow, ProviderIdentityRow, UserRow
from camsvc.db.queries import accounts, grants
from camsvc.domain.account import Grant, User
from camsvc.errors import ConflictError, InputError

SUBJECT_MAX = 255
"""OpenID Connect Core §2."""


class Refusal(StrEnum):
    """Why somebody whom the provider knows does not get in."""

    UNKNOWN = "unknown"
    """No account, and none is made."""
    NAME = "name"
    """What the provider calls them cannot be an account's name."""
    OTHER = "other"
    """The account of that name is somebody else's at the provider, or is the first administrator's."""
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Found:
    user: User | None
    refusal: Refusal | None = None
    is_new: bool = False
    """The account was made just now."""
    is_linked: bool = False
    """From now on it is theirs."""


def link(session: Session, issuer: str, subject: str, name: str | None, *, create: bool) -> Found:
    """The account of ``subject`` at ``issuer``: the one that is theirs already; else that of ``name``, unless it is
    another's; else, with ``create``, a new one, which nobody can log in to with a password.

    The first administrator's is never given to a provider: it is the way in when that fails.
    """
    identity = session.get(ProviderIdentityRow, (issuer, subject), with_for_update=True)
    if identity is not None:
        identity.last_at = session.scalars(select(func.now())).one()
        return _admitted(session, identity.user_id)
    if name is None or not subject or len(subject) > SUBJECT_MAX:
        return Found(None, Refusal.NAME)
    grants.lock(session)  # two log-ins at once would both find the account free
    row = session.scalar(select(UserRow).where(UserRow.name == name))
    if row is None:
        return _made(session, issuer, subject, name) if create else Found(None, Refusal.UNKNOWN)
    taken = select(ProviderIdentityRow.subject).where(
        ProviderIdentityRow.issuer == issuer, ProviderIdentityRow.user_id == row.id
    )
    if row.name == accounts.ADMIN or session.scalar(taken) is not None:
        return Found(None, Refusal.OTHER)
    found = _admitted(session, row.id, is_linked=True)
    if found.user is not None:
        _insert(session, issuer, subject, row.id)
    return found


def follow_groups(session: Session, user: int, wanted: Collection[Grant]) -> tuple[list[Grant], list[Grant]]:
    """Gives and takes what groups at the provider grant: what was given and taken. What was granted here stays; areas
    that are none are left out. Of the last administrator nothing is taken."""
    known = set(session.scalars(select(AreaRow.path).where(AreaRow.path.in_([each.area for each in wanted]))))
    wanted = {each for each in wanted if each.area is None or each.area in known}
    rows = session.scalars(select(GrantRow).where(GrantRow.user_id == user)).all()
    held = {Grant(row.role, row.area) for row in rows}
    given = sorted(wanted - held, key=str)
    if given:
        session.execute(
            insert(GrantRow)
            .values([{"user_id": user, "role": g.role, "area": g.area, "from_provider": True} for g in given])
            .on_conflict_do_nothing()
        )
    gone = [row for row in rows if row.from_provider and Grant(row.role, row.area) not in wanted]
    taken = sorted((Grant(row.role, row.area) for row in gone), key=str)
    try:
        if gone:
            with session.begin_nested(), grants.administrator_stays(session):
                session.execute(
                    delete(GrantRow)
                    .where(GrantRow.id.in_([row.id for row in gone]))
                    .execution_options(synchronize_session=False)
                )
    except ConflictError:
        taken = []
    return given, taken


def _made(session: Session, issuer: str, subject: str, name: str) -> Found:
    try:
        user = accounts.create(session, name, secrets.token_urlsafe(accounts.TOKEN_BYTES), [])
    except InputError:
        return Found(None, Refusal.NAME)
    _insert(session, issuer, subject, user.id)
    return Found(user, is_new=True, is_linked=True)


def _admitted(session: Session, user: int, *, is_linked: bool = False) -> Found:
    row = session.get_one(UserRow, user)
    if row.disabled_at is not None:
        return Found(None, Refusal.DISABLED)
    return Found(accounts.find(session, row.name), is_linked=is_linked)


def _insert(session: Session, issuer: str, subject: str, user: int) -> None:
    session.execute(insert(ProviderIdentityRow).values(issuer=issuer, subject=subject, user_id=user))
