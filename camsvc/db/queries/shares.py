"""Footage given to the people of a case though it lies outside of their areas: approved requests that go on."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from camsvc.db.models import FootageRequestRow
from camsvc.db.queries import case_people
from camsvc.domain.account import Action, User
from camsvc.domain.case import CaseRole, RequestState, Share, Wanted

GIVEN = frozenset({Action.SEARCH, Action.REPLAY, Action.EXPORT})
"""What a share lets the people of its case do. To hold, to watch live and to write tags and notes it does not."""


def of_user(session: Session, user: User, action: Action) -> tuple[Wanted, ...]:
    """What was given to ``user`` for ``action``, over what cases they are on. One statement; none for who needs none.

    A share moves the border of a right, it gives none: ``action`` must be granted somewhere. A reader of a case may
    look, and takes nothing out. A token that is for some areas only goes nowhere else.
    """
    reach = user.reach(action)
    if action not in GIVEN or reach.is_nowhere or reach.is_everywhere:
        return ()
    if user.scope is not None and user.scope.areas is not None:
        return ()
    held = case_people.standing(case_people.asker(user))
    wanted = select(FootageRequestRow).join(held, held.c.case_id == FootageRequestRow.case_id).where(is_live())
    if action is Action.EXPORT:
        wanted = wanted.where(held.c.role != CaseRole.READER)
    return tuple(dict.fromkeys(wanted_of(row) for row in session.scalars(wanted.order_by(FootageRequestRow.id))))


def of_case(session: Session, case_id: int) -> list[Share]:
    """Those that are in force, in order."""
    rows = session.scalars(
        select(FootageRequestRow).where(FootageRequestRow.case_id == case_id, is_live()).order_by(FootageRequestRow.id)
    )
    return [Share(case_id, wanted_of(row), row.until) for row in rows]


def is_live() -> ColumnElement[bool]:
    return and_(
        FootageRequestRow.state == RequestState.APPROVED,
        FootageRequestRow.ended_at.is_(None),
        or_(FootageRequestRow.until.is_(None), FootageRequestRow.until > func.now()),
    )


def wanted_of(row: FootageRequestRow) -> Wanted:
    return Wanted(row.incident, row.camera, row.area, row.from_at, row.to_at)
