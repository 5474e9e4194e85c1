"""Who may do what where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from camsvc.db.locks import ACCOUNTS, SPACE
from camsvc.db.models import AgencyRow, AreaRow, GrantRow, UserRow
from camsvc.domain.account import Grant, Role
from camsvc.errors import ConflictError, InputError


def give(session: Session, user: int, grant: Grant) -> bool:
    """Whether it is new. In force with the account's next request. Raises InputError for an area that is none."""
    if grant.area is not None and session.get(AreaRow, grant.area) is None:
        raise InputError(
            f"there is no area {grant.area!r}",
            parameter="area",
            cure="give the whole path, like 'bac-ninh/yen-phong'; `camsvc cameras list` shows areas",
        )
    insertion = insert(GrantRow).values(user_id=user, role=grant.role, area=grant.area)
    return session.scalar(insertion.on_conflict_do_nothing().returning(GrantRow.id)) is not None


def take(session: Session, user: int, grant: Grant) -> bool:
    """Whether it was held. Raises ConflictError when nobody could administer the system any more."""
    with administrator_stays(session):
        gone = session.scalar(
            delete(GrantRow)
            .where(
                GrantRow.user_id == user, GrantRow.role == grant.role, GrantRow.area.is_not_distinct_from(grant.area)
            )
            .returning(GrantRow.id)
        )
    return gone is not None


def of(session: Session, users: Iterable[int]) -> dict[int, frozenset[Grant]]:
    """Those of each of ``users``; who has none is left out."""
    held: dict[int, set[Grant]] = {}
    rows = session.execute(
        select(GrantRow.user_id, GrantRow.role, GrantRow.area).where(GrantRow.user_id.in_(list(users)))
    )
    for user, role, area in rows:
        held.setdefault(user, set()).add(Grant(role, area))
    return {user: frozenset(grants) for user, grants in held.items()}


def administrators(session: Session) -> list[int]:
    """Accounts that may administer everything and may log in."""
    return list(
        session.scalars(
            select(GrantRow.user_id)
            .join(UserRow, UserRow.id == GrantRow.user_id)
            .outerjoin(AgencyRow, AgencyRow.id == UserRow.agency_id)
            .where(
                GrantRow.role == Role.ADMINISTRATOR,
                GrantRow.area.is_(None),
                UserRow.disabled_at.is_(None),
                AgencyRow.areas.is_(None),
            )
        )
    )


@contextmanager
def administrator_stays(session: Session) -> Iterator[None]:
    """Raises ConflictError when what is done within it leaves nobody who may administer everything.

    Locked until the transaction ends: two at once could each take away the other's last administrator.
    """
    lock(session)
    before = administrators(session)
    yield
    if before and not administrators(session):
        raise ConflictError(
            "this is the last account that may administer everything",
            cure="make another account administrator everywhere first",
        )


def lock(session: Session) -> None:
    """One transaction at a time makes, or unmakes, administrators."""
    session.execute(text("SELECT pg_advisory_xact_lock(:space, :what)"), {"space": SPACE, "what": ACCOUNTS})
