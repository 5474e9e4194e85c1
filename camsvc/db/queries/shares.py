"""Footage given to the people of a case though it lies outside of their areas: approved requests that go on."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from camsvc.db.models import FootageRequestRow
from camsvc.db.queries import case_people
from camsvc.domain.account import Action, User
from camsvc.domain.case import CaseRole, RequestState, Wanted

GIVEN = frozenset({Action.SEARCH, Action.REPLAY, Action.EXPORT})
"""What a share lets the people of its case do. To hold, to watch live and to write tags and notes it does not."""


def of_user(session: Session, user: User, action: Action) -> tuple[Wanted, ...]:
    """What was given to ``user`` for ``action``, over what cases they are on. One statement; none for who needs none.

    A share moves the border of a right, it gives none: ``action`` must be granted somewhere. A reader of a case may
    look, and takes nothing out. A token that is for some areas only goes nowhere else.
    """
    return of_user_for_each(session, user, (action,))[action]


def of_user_for_each(session: Session, user: User, actions: Collection[Action]) -> dict[Action, tuple[Wanted, ...]]:
    """As ``of_user``, of several actions in one statement."""
    moved = [each for each in actions if _moves(user, each)]
    found: dict[Action, tuple[Wanted, ...]] = dict.fromkeys(actions, ())
    if not moved:
        return found
    held = case_people.standing(case_people.asker(user))
    wanted = (
        select(FootageRequestRow, held.c.role)
        .join(held, held.c.case_id == FootageRequestRow.case_id)
        .where(is_live())
        .order_by(FootageRequestRow.id)
    )
    given = [(wanted_of(row), role) for row, role in session.execute(wanted)]
    for action in moved:
        without = CaseRole.READER if action is Action.EXPORT else None
        found[action] = tuple(dict.fromkeys(each for each, role in given if role is not without))
    return found


def _moves(user: User, action: Action) -> bool:
    """Whether a share can move the border of this right."""
    reach = user.reach(action)
    is_bound = user.scope is not None and user.scope.areas is not None
    return action in GIVEN and not reach.is_nowhere and not reach.is_everywhere and not is_bound


def is_live() -> ColumnElement[bool]:
    return and_(
        FootageRequestRow.state == RequestState.APPROVED,
        FootageRequestRow.ended_at.is_(None),
        or_(FootageRequestRow.until.is_(None), FootageRequestRow.until > func.now()),
    )


def wanted_of(row: FootageRequestRow) -> Wanted:
    return Wanted(row.incident, row.camera, row.area, row.from_at, row.to_at)
