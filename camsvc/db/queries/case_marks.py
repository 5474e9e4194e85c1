"""On which cases incidents are, as far as somebody may know: the marks beside what a search found."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from camsvc.db.models import CaseItemRow, CaseRow
from camsvc.db.queries import case_people
from camsvc.db.queries.case_people import Asker


def numbers(session: Session, asking: Asker, incidents: Collection[UUID]) -> dict[UUID, tuple[tuple[int, str], ...]]:
    """Id and number of the cases that ``asking`` is on and each incident is in, itself or a part of its clip. Without
    those that are in none. One statement, by ``ix_case_items_incident``; none where nothing is asked."""
    if not incidents:
        return {}
    wanted = (
        select(CaseItemRow.incident, CaseRow.id, CaseRow.number)
        .join(CaseRow, CaseRow.id == CaseItemRow.case_id)
        .where(CaseItemRow.incident.in_(list(incidents)), CaseItemRow.removed_at.is_(None))
        .distinct()
        .order_by(CaseRow.id)
    )
    if not asking.leads_all:
        wanted = wanted.where(case_people.is_on(asking, CaseRow.id.expression))
    found: dict[UUID, tuple[tuple[int, str], ...]] = {}
    for incident, case_id, number in session.execute(wanted):
        if incident is not None:
            found[incident] = (*found.get(incident, ()), (case_id, number))
    return found
