"""Incidents as they are searched and shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from camsvc.api.context import Server
from camsvc.db.queries import incidents as rows
from camsvc.db.queries.incidents import IncidentPage
from camsvc.domain.incident import Incident
from camsvc.domain.search import IncidentFilter

EXPORT_PAGE = 500
"""Incidents read at once for an export: a few hundred kilobytes, and the database is asked anew for each."""


def search(server: Server, wanted: IncidentFilter, *, cursor: str | None, limit: int) -> IncidentPage:
    """Newest first. Raises InputError, DatabaseUnavailableError."""
    with server.database.session() as session:
        return rows.search(session, wanted, cursor=cursor, limit=limit)


def get(server: Server, incident: UUID) -> Incident:
    """Raises NotFoundError, DatabaseUnavailableError."""
    with server.database.session() as session:
        return rows.get(session, incident)


def pages(server: Server, wanted: IncidentFilter, *, first: IncidentPage | None = None) -> Iterator[Sequence[Incident]]:
    """All that match, page by page; no transaction stays open between two pages, however slowly they are taken."""
    page = first or search(server, wanted, cursor=None, limit=EXPORT_PAGE)
    yield page.items
    while page.next_cursor is not None:
        page = search(server, wanted, cursor=page.next_cursor, limit=EXPORT_PAGE)
        yield page.items
