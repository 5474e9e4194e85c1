"""Who is on which case: accounts, and agencies with all their accounts that may export somewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, delete, exists, func, or_, select, union_all
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import Subquery

from camsvc.db.models import AgencyRow, CaseAgencyRow, CasePersonRow, UserRow
from camsvc.domain.account import Action, User
from camsvc.domain.case import CaseRole, Person, SharedWith
from camsvc.errors import ConflictError, NotFoundError

PEOPLE_MAX, AGENCIES_MAX = 200, 50
"""Of one case. More than that is an agency."""
_STRENGTH = {CaseRole.READER: 0, CaseRole.MEMBER: 1, CaseRole.LEAD: 2}


@dataclass(frozen=True, slots=True)
class Asker:
    """By what somebody may be on a case."""

    user_id: int | None
    """None: on none, as one who came with a token that is not for exporting."""
    agency_id: int | None
    """None: of none, or may export nowhere."""
    leads_all: bool
    """Administers everything."""


NOBODY = Asker(None, None, False)


def asker(user: User) -> Asker:
    if user.reach(Action.ADMINISTER).is_everywhere:
        return Asker(user.id, user.agency.id if user.agency else None, True)
    if user.scope is not None and Action.EXPORT not in user.scope.actions:
        return NOBODY
    counts = user.agency is not None and not user.reach(Action.EXPORT).is_nowhere
    return Asker(user.id, user.agency.id if user.agency and counts else None, False)


def role(session: Session, asking: Asker, case_id: int) -> CaseRole | None:
    """The strongest by which they are on it; None: they are not, and do not know of it. Asks nothing for who leads
    all."""
    if asking.leads_all:
        return CaseRole.LEAD
    held = standing(asking)
    found = session.scalars(select(held.c.role).where(held.c.case_id == case_id)).all()
    return strongest(found)


def strongest(roles: Iterable[CaseRole]) -> CaseRole | None:
    return max(roles, key=_STRENGTH.__getitem__, default=None)


def standing(asking: Asker) -> Subquery:
    """``case_id`` and ``role`` of all that ``asking`` is on, as person and by agency; a case may be there twice."""
    return union_all(
        select(CasePersonRow.case_id, CasePersonRow.role).where(CasePersonRow.user_id == asking.user_id),
        select(CaseAgencyRow.case_id, CaseAgencyRow.role).where(CaseAgencyRow.agency_id == asking.agency_id),
    ).subquery("standing")


def is_on(asking: Asker, case_id: ColumnElement[int], *, mine: bool = False) -> ColumnElement[bool]:
    """Condition: on the case, by name or, unless ``mine``, by agency. Not for who leads all."""
    person = exists().where(CasePersonRow.case_id == case_id, CasePersonRow.user_id == asking.user_id)
    if mine:
        return person
    return or_(person, exists().where(CaseAgencyRow.case_id == case_id, CaseAgencyRow.agency_id == asking.agency_id))


def people(session: Session, case_id: int) -> list[Person]:
    """By name."""
    rows = session.execute(
        select(CasePersonRow.user_id, UserRow.name, CasePersonRow.role)
        .join(UserRow, UserRow.id == CasePersonRow.user_id)
        .where(CasePersonRow.case_id == case_id)
        .order_by(UserRow.name)
    )
    return [Person(row.user_id, row.name, row.role) for row in rows]


def agencies(session: Session, case_id: int) -> list[SharedWith]:
    """By name."""
    rows = session.execute(
        select(AgencyRow.id, AgencyRow.name, CaseAgencyRow.role)
        .join(CaseAgencyRow, CaseAgencyRow.agency_id == AgencyRow.id)
        .where(CaseAgencyRow.case_id == case_id)
        .order_by(AgencyRow.name)
    )
    return [SharedWith(row.id, row.name, row.role) for row in rows]


def put_person(session: Session, case_id: int, user_id: int, role: CaseRole) -> CaseRole | None:
    """On the case in ``role`` from now on; the role before, None: was not on it. The caller has locked the case.

    Raises ConflictError when nobody would lead it any more, or too many are on it.
    """
    before = session.scalar(
        select(CasePersonRow.role).where(CasePersonRow.case_id == case_id, CasePersonRow.user_id == user_id)
    )
    if before is CaseRole.LEAD and role is not CaseRole.LEAD:
        _somebody_else_leads(session, case_id, user_id)
    if before is None:
        _room(session, select(func.count()).where(CasePersonRow.case_id == case_id), PEOPLE_MAX, "user")
    session.execute(
        insert(CasePersonRow)
        .values(case_id=case_id, user_id=user_id, role=role)
        .on_conflict_do_update(index_elements=["case_id", "user_id"], set_={"role": role})
    )
    return before


def take_person(session: Session, case_id: int, user_id: int, name: str) -> None:
    """Raises NotFoundError; ConflictError when nobody would lead it any more."""
    _somebody_else_leads(session, case_id, user_id, only_if_leading=True)
    gone = delete(CasePersonRow).where(CasePersonRow.case_id == case_id, CasePersonRow.user_id == user_id)
    if session.execute(gone.returning(CasePersonRow.user_id)).one_or_none() is None:
        raise NotFoundError(f"{name!r} is not on this case", parameter="user", cure="see who is on it")


def put_agency(session: Session, case_id: int, agency_id: int, role: CaseRole) -> CaseRole | None:
    """Shared with it in ``role`` from now on; the role before. Raises ConflictError for too many."""
    before = session.scalar(
        select(CaseAgencyRow.role).where(CaseAgencyRow.case_id == case_id, CaseAgencyRow.agency_id == agency_id)
    )
    if before is None:
        _room(session, select(func.count()).where(CaseAgencyRow.case_id == case_id), AGENCIES_MAX, "agency")
    session.execute(
        insert(CaseAgencyRow)
        .values(case_id=case_id, agency_id=agency_id, role=role)
        .on_conflict_do_update(index_elements=["case_id", "agency_id"], set_={"role": role})
    )
    return before


def take_agency(session: Session, case_id: int, agency_id: int) -> None:
    """Raises NotFoundError."""
    gone = delete(CaseAgencyRow).where(CaseAgencyRow.case_id == case_id, CaseAgencyRow.agency_id == agency_id)
    if session.execute(gone.returning(CaseAgencyRow.agency_id)).one_or_none() is None:
        raise NotFoundError(
            f"the case is not shared with agency {agency_id}", parameter="agency", cure="see with whom it is shared"
        )


def _somebody_else_leads(session: Session, case_id: int, user_id: int, *, only_if_leading: bool = False) -> None:
    leads = select(CasePersonRow.user_id).where(CasePersonRow.case_id == case_id, CasePersonRow.role == CaseRole.LEAD)
    leading = set(session.scalars(leads))
    if only_if_leading and user_id not in leading:
        return
    if not leading - {user_id}:
        raise ConflictError(
            "nobody would lead this case any more", parameter="user", cure="let somebody else lead it first"
        )


def _room(session: Session, count: Select[int], most: int, parameter: str) -> None:
    if session.execute(count).scalar_one() >= most:
        raise ConflictError(f"{most} are on this case already", parameter=parameter, cure="take somebody off first")
