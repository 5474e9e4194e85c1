"""What the page of an incident and its clip over the wall share: reading it, and what stands beside its title."""

from __future__ import annotations

import asyncio
from uuid import UUID

from camsvc.api.services import incidents as service
from camsvc.api.services.cases import access
from camsvc.domain.account import Action
from camsvc.domain.incident import Incident
from camsvc.errors import CamsvcError, NotFoundError
from camsvc.web.markup import icon, label, tag
from camsvc.web.site import Site
from camsvc.web.visitor import Visitor
from camsvc.web.words import STATE_ICONS, Words


async def read(site: Site, visitor: Visitor, words: Words, asked: str) -> tuple[Incident | None, str]:
    """The incident; else None, and why in words: also for an id that is none, or that this user may not know of."""
    try:
        return await asyncio.to_thread(service.get, site.server, visitor.user, UUID(asked), source=visitor.source), ""
    except (ValueError, NotFoundError):
        return None, words.language("incident.unknown")
    except CamsvcError:
        return None, words.language("results.away")


async def may_replay(site: Site, visitor: Visitor, incident: Incident) -> bool:
    """Where it lies, or because it was given to a case that ``visitor`` is on. Asks only where the first does not
    hold."""
    if visitor.user.may(Action.REPLAY, incident.area):
        return True

    def ask() -> bool:
        with site.server.database.session() as session:
            return access(session, visitor.user, Action.REPLAY).covers(incident)

    try:
        return await asyncio.to_thread(ask)
    except CamsvcError:
        return False


class Heading:
    """State, camera and time, made where the title is; ``tell`` again with a later revision."""

    def __init__(self, site: Site, words: Words) -> None:
        self._site = site
        self._words = words
        self._badge = tag("span", "cam-badge")
        self._where = label("span", "cam-soft", "")

    def tell(self, incident: Incident) -> None:
        words = self._words
        camera = self._site.lookout.last.directory.camera_name(incident.camera)
        self._where.text = f"{camera} · {words.wall.date_clock(incident.started_at)}"
        self._badge.clear()
        self._badge.classes(replace=f"cam-badge cam-badge--{incident.state.value}")
        with self._badge:
            icon(STATE_ICONS[incident.state])
            tag("span", "", words.language(f"state.{incident.state.value}"))
