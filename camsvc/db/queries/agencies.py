"""Agencies that share an installation, and whose accounts are of which."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from camsvc.db.models import AgencyRow, AreaRow, UserRow
from camsvc.db.queries import grants
from camsvc.domain.account import Agency
from camsvc.errors import ConflictError, InputError, NotFoundError

NAME_MAX = 200
AREAS_MAX = 200
"""Of one agency: a province has some hundred communes, and an area covers all below it."""


@dataclass(frozen=True, slots=True)
class Listed:
    agency: Agency
    accounts: int


def all_agencies(session: Session) -> list[Listed]:
    """By name, each with how many accounts it has."""
    count = select(func.count()).where(UserRow.agency_id == AgencyRow.id).scalar_subquery()
    rows = session.execute(select(AgencyRow, count).order_by(AgencyRow.name).execution_options(populate_existing=True))
    return [Listed(agency(row), accounts) for row, accounts in rows]


def get(session: Session, id_: int) -> Agency:
    """Raises NotFoundError."""
    return agency(_row(session, id_))


def add(session: Session, name: str, areas: Collection[str] | None) -> Agency:
    """Raises InputError for a name or area that will not do, ConflictError when the name is taken."""
    grants.lock(session)
    row = AgencyRow(name=_named(session, name, None), areas=_known(session, areas))
    session.add(row)
    session.flush()
    return agency(row)


def change(session: Session, id_: int, name: str, areas: Collection[str] | None) -> Agency:
    """In force with its accounts' next requests.

    Raises as ``add``; NotFoundError; ConflictError when nobody could administer the system any more.
    """
    with grants.administrator_stays(session):
        row = _row(session, id_)
        row.name, row.areas = _named(session, name, id_), _known(session, areas)
        session.flush()
    return agency(row)


def remove(session: Session, id_: int) -> Agency:
    """Raises NotFoundError; ConflictError while accounts are of it: without it they might do more."""
    row = _row(session, id_)
    accounts = session.scalars(select(func.count()).where(UserRow.agency_id == id_)).one()
    if accounts:
        raise ConflictError(
            f"{accounts} accounts are of {row.name!r}", parameter="id", cure="move them to another agency first"
        )
    session.delete(row)
    session.flush()
    return agency(row)


def join(session: Session, user: int, id_: int | None) -> Agency | None:
    """The account is of that agency from now on; None: of none.

    Raises NotFoundError, ConflictError when nobody could administer the system any more.
    """
    with grants.administrator_stays(session):
        found = None if id_ is None else get(session, id_)
        joined = update(UserRow).where(UserRow.id == user).values(agency_id=id_)
        session.execute(joined.execution_options(synchronize_session="fetch"))
    return found


def of(session: Session, users: Collection[int]) -> dict[int, Agency]:
    """The agency of each of ``users``; who is of none is left out."""
    rows = session.execute(
        select(UserRow.id, AgencyRow)
        .join(AgencyRow, AgencyRow.id == UserRow.agency_id)
        .where(UserRow.id.in_(list(users)))
        .execution_options(populate_existing=True)
    )
    return {user: agency(row) for user, row in rows}


def agency(row: AgencyRow) -> Agency:
    return Agency(row.id, row.name, None if row.areas is None else tuple(row.areas))


def _row(session: Session, id_: int) -> AgencyRow:
    row = session.get(AgencyRow, id_, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFoundError(f"there is no agency {id_}", parameter="id", cure="GET /api/v1/agencies lists all")
    return row


def _named(session: Session, name: str, but: int | None) -> str:
    name = " ".join(name.split())
    if not 0 < len(name) <= NAME_MAX or not name.isprintable():
        raise InputError("the name is empty or too long", parameter="name", cure=f"use 1 to {NAME_MAX} characters")
    taken = session.scalar(select(AgencyRow.id).where(AgencyRow.name == name))
    if taken is not None and taken != but:
        raise ConflictError(f"there is an agency {name!r} already", parameter="name", cure="choose another name")
    return name


def _known(session: Session, areas: Collection[str] | None) -> list[str] | None:
    if areas is None:
        return None
    wanted = sorted(set(areas))
    if not 0 < len(wanted) <= AREAS_MAX:
        raise InputError(
            f"{len(wanted)} areas", parameter="areas", cure=f"name 1 to {AREAS_MAX}, or leave it out: everywhere"
        )
    known = set(session.scalars(select(AreaRow.path).where(AreaRow.path.in_(wanted))))
    for path in wanted:
        if path not in known:
            raise InputError(
                f"there is no area {path!r}", parameter="areas", cure="give the whole path, like 'bac-ninh/yen-phong'"
            )
    return wanted
