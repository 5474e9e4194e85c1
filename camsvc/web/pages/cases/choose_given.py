"""What was given to a case for an area or a camera, to choose from what belongs to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

from nicegui import ui

from camsvc.api.services.cases import requests as service
from camsvc.domain.case import FootageRequest
from camsvc.domain.incident import Incident
from camsvc.errors import CamsvcError
from camsvc.web.components.player import api_path
from camsvc.web.forms import Told, several
from camsvc.web.lookout import Lookout
from camsvc.web.markup import icon, tag
from camsvc.web.pages.cases import casework
from camsvc.web.pages.cases.casework import CaseFile
from camsvc.web.pages.cases.dialogs import asking, dialog
from camsvc.web.pages.cases.faults import fault
from camsvc.web.pages.cases.wishes import Wish
from camsvc.web.sight import Sight
from camsvc.web.site import Site
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words

SHOWN = 100
"""The newest; of a longer list one asks for a shorter time."""


class ChooseGiven:
    """``whole``: names also what lies outside of the visitor's areas. ``changed`` is awaited after some were added."""

    def __init__(
        self,
        site: Site,
        visitor: Visitor,
        words: Words,
        whole: Lookout | Sight,
        changed: Callable[[], Awaitable[None]],
    ) -> None:
        self._site = site
        self._visitor = visitor
        self._words = words
        self._whole = whole
        self._changed = changed

    async def open(self, found: CaseFile, request: FootageRequest) -> None:
        """Within the element where the dialog is to stand."""
        say, server, visitor = self._words.language, self._site.server, self._visitor
        try:
            page = await asyncio.to_thread(
                service.incidents_of, server, visitor.user, request.id, limit=SHOWN, source=visitor.source
            )
        except CamsvcError as error:
            ui.notify(fault(say, error), type="negative")
            return
        there = {each.item.incident for each in found.pieces}

        async def go(told: Told) -> None:
            known = {str(each.id) for each in page.items}
            chosen = [Wish(incident=UUID(each)) for each in several(told, "incident") if each in known]
            if chosen:
                await asyncio.to_thread(
                    casework.add, server, visitor.user, found.case.id, chosen, "", source=visitor.source
                )
            await self._changed()

        with dialog(say, say("request.given"), say("request.given_means"), wide=True) as opened:
            if not page.items:
                tag("p", "cam-note", say("request.given_none"))
                return
            with asking(say, opened, go, say("request.given_do"), "playlist_add", test="given-do"):
                with tag("div", "cam-given"):
                    for each in page.items:
                        self._one(each, is_there=each.id in there)
                if page.next_cursor is not None:
                    tag("p", "cam-soft", say("request.given_most", n=SHOWN))

    def _one(self, incident: Incident, *, is_there: bool) -> None:
        words = self._words
        with tag("label", "cam-given__one"):
            if incident.thumbnail:
                tag("img", src=f"{api_path(incident)}/thumbnail", alt="", loading="lazy")
            else:
                icon("image_not_supported")
            with tag("span", "cam-given__head"):
                ticked: dict[str, str | bool | int] = {"^checked": "", "disabled": True} if is_there else {}
                tag("input", "", type="checkbox", name="incident", value=str(incident.id), **ticked)
                tag("strong", "", words.what(incident))
            tag("span", "", words.wall.date_clock(incident.started_at))
            tag("span", "cam-soft", self._whole.last.directory.camera_name(incident.camera))
