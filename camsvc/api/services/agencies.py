"""Agencies in the hands of administrators of the whole system."""

from __future__ import annotations

from collections.abc import Collection

from camsvc.api.context import Server
from camsvc.api.services import audit, rights
from camsvc.api.services.text import refuse_unstorable
from camsvc.db.queries import agencies, people
from camsvc.db.queries.agencies import Listed
from camsvc.domain.account import Action, Agency, User
from camsvc.domain.audit import Kind


def all_agencies(server: Server, user: User, *, source: str | None = None) -> list[Listed]:
    """By name. Raises ForbiddenError."""
    rights.require_everywhere(server, user, Action.ADMINISTER, source=source)
    with server.database.session() as session:
        return agencies.all_agencies(session)


def add(server: Server, user: User, name: str, areas: Collection[str] | None, *, source: str | None = None) -> Agency:
    """Recorded. Raises ForbiddenError, InputError, ConflictError."""
    rights.require_everywhere(server, user, Action.ADMINISTER, source=source)
    refuse_unstorable(name, "name")
    with server.database.session() as session:
        made = agencies.add(session, name, areas)
        audit.append(session, user, Kind.ADMINISTER, "agency.added", source=source, details=_told(made))
    return made


def change(
    server: Server, user: User, id_: int, name: str, areas: Collection[str] | None, *, source: str | None = None
) -> Agency:
    """In force with its accounts' next requests. Recorded. Raises as ``add``, and NotFoundError."""
    rights.require_everywhere(server, user, Action.ADMINISTER, source=source)
    refuse_unstorable(name, "name")
    with server.database.session() as session:
        changed = agencies.change(session, id_, name, areas)
        audit.append(session, user, Kind.ADMINISTER, "agency.changed", source=source, details=_told(changed))
    return changed


def remove(server: Server, user: User, id_: int, *, source: str | None = None) -> None:
    """Recorded. Raises ForbiddenError, NotFoundError; ConflictError while accounts are of it."""
    rights.require_everywhere(server, user, Action.ADMINISTER, source=source)
    with server.database.session() as session:
        gone = agencies.remove(session, id_)
        audit.append(session, user, Kind.ADMINISTER, "agency.removed", source=source, details=_told(gone))


def join(server: Server, user: User, name: str, id_: int | None, *, source: str | None = None) -> None:
    """The account ``name`` is of that agency from now on; None: of none. Recorded.

    Raises ForbiddenError, NotFoundError; ConflictError when nobody could administer the system any more.
    """
    rights.require_everywhere(server, user, Action.ADMINISTER, source=source)
    with server.database.session() as session:
        account = people.get(session, name)
        before = account.user.agency
        if (before.id if before else None) == id_:
            return
        joined = agencies.join(session, account.user.id, id_)
        told = {"account": account.name, "agency": joined.name if joined else None}
        audit.append(session, user, Kind.ADMINISTER, "agency.joined", source=source, details=told)


def _told(agency: Agency) -> dict[str, object]:
    return {"agency": agency.name, "areas": agency.areas}
