"""The incidents before and after one, within a search."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from camsvc.db.cursor import Position
from camsvc.db.filters import check
from camsvc.db.queries import search_plan
from camsvc.domain.incident import Incident
from camsvc.domain.search import IncidentFilter


@dataclass(frozen=True, slots=True)
class Neighbours:
    newer: UUID | None
    older: UUID | None


def neighbours(session: Session, asked: IncidentFilter, incident: Incident) -> Neighbours:
    """Of what ``asked`` finds, the next on either side of ``incident``, which need not match itself.

    Raises InputError as ``incidents.search``.
    """
    check(asked)
    viewpoints = search_plan.viewpoints(session, asked)
    if viewpoints == []:
        return Neighbours(None, None)
    here = Position(incident.started_at, incident.id)
    found = [
        session.execute(search_plan.page(asked, viewpoints, here, 1, upwards=upwards)).first()
        for upwards in (True, False)
    ]
    newer, older = (row[0].id if row else None for row in found)
    return Neighbours(newer, older)
