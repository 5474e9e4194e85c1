"""Whether an incident is held: on its page, with the way to hold it and to let go."""

from __future__ import annotations

import asyncio

from nicegui import ui

from camsvc.api.services import holds
from camsvc.api.services.holds import Protection
from camsvc.domain.account import Action
from camsvc.domain.hold import Target
from camsvc.domain.incident import Incident
from camsvc.errors import CamsvcError
from camsvc.web.frame import add_styles
from camsvc.web.markup import button, icon, tag
from camsvc.web.pages.hold_cards import Done, HoldCards
from camsvc.web.site import Site
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words

STYLES = ("people.css", "holds.css")
LOOK_AGAIN_S = 3.0
"""After a hold was placed the store's files follow within seconds: then it says so."""


class HoldState:
    """Made where it is to stand, for one incident; ``tell`` reads how it stands. On the event loop."""

    def __init__(
        self, site: Site, visitor: Visitor, words: Words, incident: Incident, *, then: Done | None = None
    ) -> None:
        """``then`` is awaited after each change."""
        self._then = then
        self._site = site
        self._visitor = visitor
        self._words = words
        self._incident = incident
        self._client = ui.context.client
        self._cards = HoldCards(site, visitor, words, self._changed)
        self._holder = tag("section", "cam-block", aria_label=words.language("hold.title"), data_test="hold")
        self._holder.set_visibility(False)
        add_styles(*STYLES)

    async def tell(self) -> None:
        try:
            found = await asyncio.to_thread(holds.protection, self._site.server, self._visitor.user, self._incident)
            # Asked here, so that a dialog can say at once what the store does.
            await asyncio.to_thread(self._site.server.enforcement.is_kept)
        except CamsvcError:
            return  # the line of alarms says it; the rest of the page stands
        if self._client.is_deleted or self._holder.is_deleted:
            return
        self._holder.clear()
        gone = self._incident.footage_expired_at is not None
        may = self._visitor.user.may(Action.HOLD, self._incident.area) and not gone
        self._holder.set_visibility(found.is_held or may)
        with self._holder:
            self._build(found, may=may)
        if found.is_held and not found.is_locked and any(each.legal for each in found.holds):
            with self._holder:
                ui.timer(LOOK_AGAIN_S, self.tell, once=True)

    def _build(self, found: Protection, *, may: bool) -> None:
        say = self._words.language
        with tag("div", "cam-hold__title"):
            tag("h2", "", say("hold.title"))
            if may:
                made = button(say("hold.place"), "cam-btn cam-btn--small", "lock", data_test="hold-place")
                made.on("click", self._ask)
        if found.is_held:
            with tag("p", "cam-note cam-note--held"):
                icon("lock")
                tag("span", "", say("hold.is_locked" if found.is_locked else "hold.is_held"))
        else:
            tag("p", "cam-soft", say("hold.is_not_held"))
        for each in found.holds:
            self._cards.card(each)

    def _ask(self) -> None:
        say = self._words.language
        with self._holder:
            self._cards.place(Target(incident=self._incident.id), say("hold.place_incident"), say("hold.means"))

    async def _changed(self) -> None:
        await self.tell()
        if self._then is not None:
            await self._then()
