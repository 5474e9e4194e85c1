"""Whether somebody may. What is outside of all their grants does not exist for them; refusals are recorded."""

from __future__ import annotations

from collections.abc import Iterable

from camsvc.api.context import Server
from camsvc.api.errors import ForbiddenError
from camsvc.api.services import audit
from camsvc.db.queries import directory
from camsvc.db.queries.directory import CameraEntry
from camsvc.domain.account import Action, User
from camsvc.domain.audit import Kind, Outcome


def may(user: User, action: Action, area: str) -> bool:
    """Whether ``user`` is granted ``action`` in ``area`` (a path). Asks nobody: grants came with the user."""
    return user.may(action, area)


def require(server: Server, user: User, action: Action, camera: str, *, source: str | None = None) -> CameraEntry:
    """The camera, over which ``user`` may do ``action``. Blocks for one look-up by key.

    Raises NotFoundError when there is none (or it was removed) and, in the same words, when ``user`` is granted nothing
    where it stands; ForbiddenError when they are granted something else there. Both refusals are recorded.
    """
    with server.database.session() as session:
        found = directory.find(session, camera)
    if found is None or found.removed or not user.sees().covers(found.area):
        known = found is not None and not found.removed
        if known:
            refuse(server, user, action, source=source, camera=camera, area=found.area if found else None)
        raise directory.not_found(camera)
    if not user.may(action, found.area):
        refuse(server, user, action, source=source, camera=camera, area=found.area)
        raise ForbiddenError(
            f"You may not do this with the camera {camera}: it needs the right '{action.value}' there."
        )
    return found


def cameras(server: Server, user: User, action: Action, among: Iterable[str] | None = None) -> dict[str, CameraEntry]:
    """Those over which ``user`` may do ``action``, by id; in one query. ``among`` leaves out others."""
    reach = user.reach(action)
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


def require_everywhere(server: Server, user: User, action: Action, *, source: str | None = None) -> None:
    """For what is of the whole system. Raises ForbiddenError, recorded."""
    if not user.reach(action).is_everywhere:
        refuse(server, user, action, source=source)
        raise ForbiddenError(f"This needs the right '{action.value}' everywhere.")


def refuse(
    server: Server,
    user: User | None,
    action: Action,
    *,
    source: str | None = None,
    camera: str | None = None,
    area: str | None = None,
) -> None:
    """Record that ``user`` tried what they may not."""
    audit.record(
        server,
        user,
        Kind(action.value),
        "access.refused",
        outcome=Outcome.REFUSED,
        source=source,
        camera=camera,
        area=area,
    )
