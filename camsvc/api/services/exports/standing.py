"""Whose footage somebody may take out, and which exports they may know of."""

from __future__ import annotations

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from camsvc.api.services import cases
from camsvc.db.models import ExportRow
from camsvc.db.queries import case_people, incidents
from camsvc.db.queries import exports as rows
from camsvc.domain.account import EVERYWHERE, Action, User
from camsvc.domain.case import Access, CaseRole
from camsvc.errors import NotFoundError


def access(session: Session, user: User) -> Access:
    """Where ``user`` may export, and what was given to them for a case."""
    return cases.access(session, user, Action.EXPORT)


def cases_of(user: User) -> Select[int] | None:
    """Ids of the cases whose exports ``user`` may know of: they work on them, and may export somewhere. None: none."""
    if user.reach(Action.EXPORT).is_nowhere:
        return None
    held = case_people.standing(case_people.asker(user))
    return select(held.c.case_id).where(held.c.role != CaseRole.READER)


def is_administrator(user: User) -> bool:
    """They see the exports of all."""
    return user.reach(Action.ADMINISTER) == EVERYWHERE


def require_known(session: Session, user: User, row: ExportRow) -> None:
    """Raises NotFoundError, as for one that never was, unless ``user`` asked for it, is on its case, or administers
    everything."""
    if row.user_id == user.id or is_administrator(user):
        return
    theirs = cases_of(user)
    if row.case_id is None or theirs is None or row.case_id not in session.scalars(theirs).all():
        raise rows.not_found(row.id)


def may_have(session: Session, user: User, row: ExportRow) -> bool:
    """Whether ``user`` may export all that the package holds, now: a grant or a share that ended ends it here too."""
    mine = access(session, user)
    if all(mine.reach.covers(area) for area in row.areas):
        return not mine.reach.is_nowhere
    if not mine.shares:
        return False
    for each in row.incidents:
        try:
            if not mine.covers(incidents.get(session, each)):
                return False
        except NotFoundError:
            return False  # gone from the index: nobody can say whose it was
    return bool(row.incidents)
