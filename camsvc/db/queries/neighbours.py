"""The incidents before and after one, within a search."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from camsvc.db.cursor import Position
from camsvc.db.filters import check
from camsvc.db.queries import search_plan, walks
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
    above, below = (walks.find(session, asked, viewpoints, here, 1, upwards=upwards) for upwards in (True, False))
    return Neighbours(above[0].id if above else None, below[0].id if below else None)
