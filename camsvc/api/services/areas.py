"""The administrative tree: provinces, districts, communes."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from camsvc import log
from camsvc.api.context import Server
from camsvc.api.errors import InvalidBodyError
from camsvc.api.services import audit, rights
from camsvc.api.services.text import refuse_unstorable
from camsvc.config import AreaConfig
from camsvc.db.queries import areas as rows
from camsvc.db.queries import cameras as camera_rows
from camsvc.db.queries.areas import Area
from camsvc.domain.account import Action, User
from camsvc.domain.audit import Kind
from camsvc.errors import InputError, NotFoundError

_log = log.get(__name__)


def all_areas(server: Server, user: User) -> list[Area]:
    """Each after the one above it: those where ``user`` is granted anything, and what leads to them."""
    with server.database.session() as session:
        return rows.all_areas(session, user.sees())


def get(server: Server, user: User, path: str) -> Area:
    """Raises NotFoundError, also for one that ``user`` may not know of."""
    for area in all_areas(server, user):
        if area.path == path:
            return area
    raise NotFoundError(f"there is no area {path[:100]!r}", parameter="path", cure="GET /api/v1/areas lists all")


def name(server: Server, user: User, path: str, name: str, *, source: str | None = None) -> Area:
    """Give the area ``path`` a name; it, and those above it, are made when missing.

    Raises InputError, ForbiddenError.
    """
    rights.require_area(server, user, Action.CONFIGURE, path, source=source)
    refuse_unstorable(name, "name")
    try:
        area = AreaConfig(path=path, name=name)
    except ValidationError as error:
        raise InvalidBodyError.of(error) from error
    with server.database.session() as session:
        rows.put(session, area)
        audit.append(session, user, Kind.CONFIGURE, "area.named", source=source, area=path, details={"name": name})
    _log.info("area named", area=path, name=name, user=user.name)
    return get(server, user, path)


def move_cameras(server: Server, user: User, path: str, to: str, *, source: str | None = None) -> int:
    """Put the cameras of the area ``path`` into the area ``to``, those of areas below it into areas of the same names
    below ``to``; how many. Each is recorded. What they saw stays where it was seen, and the area itself stays: paths
    never change, as incidents and grants name them.

    Raises ForbiddenError; InputError for an area that is not there, or that lies within the other.
    """
    for each in (path, to):
        rights.require_area(server, user, Action.CONFIGURE, each, source=source)
    if to.startswith(f"{path}/"):
        raise InputError(
            "the cameras cannot move into an area below their own", parameter="to", cure="choose an area beside it"
        )
    with server.database.session() as session:
        known = {each.path for each in rows.all_areas(session)}
        for each, name_ in ((path, "path"), (to, "to")):
            if each not in known:
                raise InputError(
                    f"there is no area {each[:100]!r}", parameter=name_, cure="GET /api/v1/areas lists all"
                )
        found = [] if path == to else camera_rows.all_cameras(session, server.cipher, area=path, lock=True)
        for camera in found:
            moved = camera.model_copy(update={"area": to + camera.area.removeprefix(path)})
            camera_rows.put(session, moved, server.cipher)
        for camera in found:
            area, details = to + camera.area.removeprefix(path), {"changed": ["area"], "moved_from": camera.area}
            audit.append(
                session,
                user,
                Kind.CONFIGURE,
                "camera.changed",
                source=source,
                camera=camera.id,
                area=area,
                details=details,
            )
    _log.info("cameras moved", area=path, to=to, cameras=len(found), user=user.name)
    return len(found)


def tree(areas: list[Area]) -> list[dict[str, Any]]:
    """Nested: each area with the areas below it. ``cameras`` counts those in it and in all below."""
    roots: list[dict[str, Any]] = []
    nodes: dict[str, dict[str, Any]] = {}
    for area in areas:
        node = area_json(area) | {"areas": []}
        nodes[area.path] = node
        (nodes[area.parent]["areas"] if area.parent in nodes else roots).append(node)
    return roots


def area_json(area: Area) -> dict[str, Any]:
    return {"path": area.path, "name": area.name, "parent": area.parent, "cameras": area.cameras}
