"""Incidents as they are searched and shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from camsvc.api.context import Server
from camsvc.api.services import audit, rights
from camsvc.db.queries import incidents as rows
from camsvc.db.queries.incidents import IncidentPage
from camsvc.domain.account import Action, User
from camsvc.domain.audit import Kind
from camsvc.domain.incident import Incident
from camsvc.domain.search import IncidentFilter
from camsvc.domain.search_json import search_json

EXPORT_PAGE = 500
"""Incidents read at once for an export: a few hundred kilobytes, and the database is asked anew for each."""


def search(
    server: Server,
    user: User,
    wanted: IncidentFilter,
    *,
    cursor: str | None,
    limit: int,
    source: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> IncidentPage:
    """Newest first, of where ``user`` may search. Recorded with its conditions and ``details``.

    Raises InputError, ForbiddenError, DatabaseUnavailableError.
    """
    page = look(server, user, wanted, cursor=cursor, limit=limit, source=source)
    told = search_json(wanted) | {"found": len(page.items), "is_first": cursor is None} | dict(details or {})
    audit.record(server, user, Kind.SEARCH, "incidents.searched", source=source, details=told)
    return page


def look(
    server: Server,
    user: User,
    wanted: IncidentFilter,
    *,
    cursor: str | None,
    limit: int,
    source: str | None = None,
) -> IncidentPage:
    """As ``search``, but not recorded: for what is part of another deed that is."""
    reach = rights.require_search(server, user, wanted, source=source)
    with server.database.session() as session:
        return rows.search(session, wanted.under(reach), cursor=cursor, limit=limit)


def follow(server: Server, user: User, wanted: IncidentFilter, *, source: str | None = None) -> None:
    """Before a stream of changes begins: recorded. Refuses what a search refuses, in the same words."""
    look(server, user, wanted, cursor=None, limit=1, source=source)
    details = search_json(wanted)
    audit.record(server, user, Kind.SEARCH, "incidents.followed", source=source, details=details)


def get(server: Server, user: User, incident: UUID, *, source: str | None = None) -> Incident:
    """Recorded once for each viewing. Raises NotFoundError, ForbiddenError, DatabaseUnavailableError."""
    found = rights.require_incident(server, user, Action.SEARCH, incident, source=source)
    _record_once(server, user, Kind.SEARCH, "incident.viewed", found, source)
    return found


def replay(
    server: Server, user: User, incident: UUID, *, source: str | None = None, part: int = 0, download: bool = False
) -> Incident:
    """The incident whose clip is about to be played. Recorded once for each viewing; errors as ``get``."""
    found = rights.require_incident(server, user, Action.REPLAY, incident, source=source)
    what = "clip.downloaded" if download else "clip.played"
    _record_once(server, user, Kind.REPLAY, what, found, source, {"part": part})
    return found


def _record_once(
    server: Server,
    user: User,
    kind: Kind,
    what: str,
    incident: Incident,
    source: str | None,
    details: Mapping[str, Any] | None = None,
) -> None:
    key = (user.id, source, what, incident.id, *sorted((details or {}).items()))
    with server.recent.once(key) as is_new:
        if is_new:
            audit.record(
                server,
                user,
                kind,
                what,
                source=source,
                camera=incident.camera,
                area=incident.area,
                incident=incident.id,
                details=details or {},
            )


def pages(server: Server, user: User, wanted: IncidentFilter, first: IncidentPage) -> Iterator[Sequence[Incident]]:
    """All that match, page by page from ``first``, which ``search`` found and recorded; no transaction stays open
    between two pages, however slowly they are taken."""
    page = first
    yield page.items
    while page.next_cursor is not None:
        page = look(server, user, wanted, cursor=page.next_cursor, limit=EXPORT_PAGE)
        yield page.items
