"""How many incidents, when and where: the same conditions, rights and refusals as a search. Each is recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from camsvc.api.context import Server
from camsvc.api.services import audit, rights
from camsvc.db.queries import tallies as rows
from camsvc.db.queries.tallies import Heat, Histogram, Tally, Unit
from camsvc.domain.account import User
from camsvc.domain.audit import Kind
from camsvc.domain.search import IncidentFilter
from camsvc.domain.search_json import search_json

_Found = TypeVar("_Found")


def tally(server: Server, user: User, wanted: IncidentFilter, *, source: str | None = None) -> Tally:
    """Raises InputError, ForbiddenError, DatabaseUnavailableError."""
    return _counted(server, user, wanted, rows.tally, source)


def histogram(
    server: Server, user: User, wanted: IncidentFilter, unit: Unit, zone: ZoneInfo, *, source: str | None = None
) -> Histogram:
    """Errors as ``tally``; InputError also for too many bars."""
    return _counted(server, user, wanted, lambda session, asked: rows.histogram(session, asked, unit, zone), source)


def heat(server: Server, user: User, wanted: IncidentFilter, cell_deg: float, *, source: str | None = None) -> Heat:
    """Errors as ``tally``; InputError also for cells of no size."""
    return _counted(server, user, wanted, lambda session, asked: rows.heat(session, asked, cell_deg), source)


def _counted(
    server: Server,
    user: User,
    wanted: IncidentFilter,
    count: Callable[[Session, IncidentFilter], _Found],
    source: str | None,
) -> _Found:
    reach = rights.require_search(server, user, wanted, source=source)
    with server.database.session() as session:
        found = count(session, wanted.under(reach))
    audit.record(server, user, Kind.SEARCH, "incidents.counted", source=source, details=search_json(wanted))
    return found
