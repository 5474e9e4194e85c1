"""Whether somebody may, and has said what for where policy asks (ReasonError, a ForbiddenError, if not).

What is outside of all their grants does not exist for them; refusals are recorded.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from camsvc.api.context import Server
from camsvc.api.errors import ForbiddenError, ReasonError
from camsvc.api.services import audit
from camsvc.db.queries import directory, shares
from camsvc.db.queries import incidents as incident_rows
from camsvc.db.queries.directory import CameraEntry
from camsvc.domain.account import EVERYWHERE, Action, Reach, User
from camsvc.domain.audit import Kind
from camsvc.domain.case import gives
from camsvc.domain.incident import Incident
from camsvc.domain.marks import asks_people
from camsvc.domain.search import IncidentFilter
from camsvc.errors import NotFoundError


def may(user: User, action: Action, area: str) -> bool:
    """Whether ``user`` is granted ``action`` in ``area`` (a path). Asks nobody: grants came with the user."""
    return user.may(action, area)


def require(
    server: Server, user: User, action: Action | None, camera: str, *, source: str | None = None
) -> CameraEntry:
    """The camera, over which ``user`` may do ``action`` (None: anything). Blocks for one look-up by key.

    Raises NotFoundError when there is none (or it was removed) and, in the same words after the same work, when
    ``user`` is granted nothing where it stands; ForbiddenError when they are granted something else there. Refusals
    are recorded; of whoever may see everything a name that is none is only a slip.
    """
    with server.database.session() as session:
        found = directory.find(session, camera)
    if found is None or found.removed or not user.sees().covers(found.area):
        if not user.sees().is_everywhere:
            area = found.area if found else None
            refuse(server, user, action, source=source, camera=camera, area=area)
        raise directory.not_found(camera)
    if action is not None and not user.may(action, found.area):
        refuse(server, user, action, source=source, camera=camera, area=found.area)
        raise _forbidden(action)
    if action is not None:
        _require_reason(server, user, action)
    return found


def cameras(
    server: Server, user: User, action: Action | None, among: Iterable[str] | None = None
) -> dict[str, CameraEntry]:
    """Those over which ``user`` may do ``action`` (None: anything), by id, in one query; ``among``: no others."""
    reach = user.sees() if action is None else user.reach(action)
    if reach.is_nowhere:
        return {}
    wanted = None if among is None else frozenset(among)
    with server.database.session() as session:
        entries = directory.cameras(session)
    return {
        each.id: each
        for each in entries
        if not each.removed and (wanted is None or each.id in wanted) and reach.covers(each.area)
    }


def require_incident(
    server: Server,
    user: User,
    action: Action,
    incident: UUID,
    *,
    source: str | None = None,
    honour_shares: bool = True,
) -> Incident:
    """The incident, over whose area ``user`` may do ``action``: the area where its camera stood then; or whose footage
    was given to them for a case (``shares.GIVEN``), unless not ``honour_shares``.

    Shares are looked up only for who would be refused. Raises NotFoundError and ForbiddenError as ``require``.
    """
    with server.database.session() as session:
        try:
            found = incident_rows.get(session, incident)
        except NotFoundError:
            found = None
        may_ = found is not None and user.may(action, found.area)
        given = () if may_ or not honour_shares else shares.of_user(session, user, action)
    if found is not None and (may_ or any(gives(each, found) for each in given)):
        _require_reason(server, user, action)
        return found
    if found is None or not user.sees().covers(found.area):
        if not user.sees().is_everywhere:
            camera, area = (found.camera, found.area) if found else (None, None)
            refuse(server, user, action, source=source, camera=camera, area=area, incident=incident)
        raise incident_rows.not_found(incident)
    refuse(server, user, action, source=source, camera=found.camera, area=found.area, incident=incident)
    raise _forbidden(action)


def require_area(server: Server, user: User, action: Action, area: str, *, source: str | None = None) -> None:
    """Raises ForbiddenError, recorded, also for an area that is none: who asks named it, and learns nothing."""
    if not user.may(action, area):
        refuse(server, user, action, source=source, area=area)
        raise _forbidden(action)
    _require_reason(server, user, action)


def require_somewhere(server: Server, user: User, action: Action, *, source: str | None = None) -> Reach:
    """Where ``user`` may do ``action``. Raises ForbiddenError, recorded, when that is nowhere."""
    reach = user.reach(action)
    if reach.is_nowhere:
        refuse(server, user, action, source=source)
        raise _forbidden(action)
    _require_reason(server, user, action)
    return reach


def search_reach(user: User, wanted: IncidentFilter) -> Reach:
    """Where ``user`` may search by ``wanted``: by what people said only where they may read it."""
    reach = user.reach(Action.SEARCH)
    return reach.within(user.reach(Action.REPLAY).areas) if asks_people(wanted) else reach


def require_search(server: Server, user: User, wanted: IncidentFilter, *, source: str | None = None) -> Reach:
    """``search_reach``. Raises ForbiddenError, recorded, when that is nowhere."""
    require_somewhere(server, user, Action.SEARCH, source=source)
    if asks_people(wanted):
        require_somewhere(server, user, Action.REPLAY, source=source)
    return search_reach(user, wanted)


def require_everywhere(server: Server, user: User, action: Action, *, source: str | None = None) -> None:
    """For what is of the whole system. Raises ForbiddenError, recorded."""
    if user.reach(action) != EVERYWHERE:
        refuse(server, user, action, source=source)
        raise ForbiddenError(f"This needs the right '{action.value}' everywhere.")
    _require_reason(server, user, action)


def refuse(
    server: Server,
    user: User | None,
    action: Action | None,
    *,
    source: str | None = None,
    camera: str | None = None,
    area: str | None = None,
    incident: UUID | None = None,
) -> None:
    """Record that ``user`` tried what they may not."""
    kind = Kind(action.value) if action else Kind.SEARCH
    audit.refused(server, user, kind, source=source, camera=camera, area=area, incident=incident)


def _require_reason(server: Server, user: User, action: Action) -> None:
    """Where policy wants to know what for: raises ReasonError. No right is refused by it, so it is not recorded."""
    if missing := server.settings.policy.lacks(action, user.reason):
        raise ReasonError(action.value, missing)


def _forbidden(action: Action) -> ForbiddenError:
    return ForbiddenError(f"You lack the right '{action.value}' for this.")
