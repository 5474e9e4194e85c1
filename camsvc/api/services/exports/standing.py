"""Whose footage somebody may take out, and which exports they may know of."""

from __future__ import annotations

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from camsvc.api.services import cases
from camsvc.db.models import ExportRow
from camsvc.db.queries import case_people, directory, incidents
from camsvc.db.queries import exports as rows
from camsvc.domain.account import EVERYWHERE, Action, User
from camsvc.domain.case import Access, CaseRole
from camsvc.domain.export_job import Span
from camsvc.domain.export_json import subjects_of


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
    role = case_people.role(session, case_people.asker(user), row.case_id) if row.case_id is not None else None
    if role in {None, CaseRole.READER} or user.reach(Action.EXPORT).is_nowhere:
        raise rows.not_found(row.id)


def may_have(session: Session, user: User, row: ExportRow) -> bool:
    """Whether ``user`` may export all that the package holds, now: a grant or a share that ended ends it here too."""
    mine = access(session, user)
    if all(mine.reach.covers(area) for area in row.areas):
        return not mine.reach.is_nowhere
    if not mine.shares:
        return False
    found = incidents.named(session, row.incidents)
    if len(found) < len(row.incidents):
        return False  # gone from the index: nobody can say whose it was
    subjects = subjects_of(row.subjects)
    return (
        all(mine.covers(each) for each in found.values())
        and all(mine.shows(each) for each in subjects.snapshots)
        and all(_gives(session, mine, each) for each in subjects.spans)
    )


def _gives(session: Session, access: Access, span: Span) -> bool:
    """Whether it gives some of it: of a span that was given in parts the package holds no more than those."""
    camera = directory.find(session, span.camera)
    return camera is not None and bool(access.given(camera.id, camera.area, span.from_at, span.to_at))
