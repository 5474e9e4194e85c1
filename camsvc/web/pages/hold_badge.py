"""Whether a clip is held, in one word beside its title; behind it what holds it, with the way to hold it or let go."""

from __future__ import annotations

import asyncio

from nicegui import ui

from camsvc.api.services import holds
from camsvc.domain.account import Action
from camsvc.domain.incident import Incident
from camsvc.errors import CamsvcError
from camsvc.web.frame import add_styles
from camsvc.web.markup import button, icon_button, tag
from camsvc.web.pages.hold import STYLES, HoldState
from camsvc.web.site import Site
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words


class HoldBadge:
    """Made where it is to stand; ``tell`` reads how it stands. On the event loop."""

    def __init__(self, site: Site, visitor: Visitor, words: Words, incident: Incident) -> None:
        self._site = site
        self._visitor = visitor
        self._words = words
        self._incident = incident
        self._client = ui.context.client
        add_styles(*STYLES)
        self._place = tag("span", "cam-held", data_test="held")
        self._place.set_visibility(False)
        self._aside = tag("span")  # for the dialog: the word changes while it is open

    async def tell(self) -> None:
        try:
            held = await asyncio.to_thread(holds.held_among, self._site.server, [self._incident])
        except CamsvcError:
            return  # the line of alarms says it; the rest stands
        if self._client.is_deleted or self._place.is_deleted:
            return
        may = self._visitor.user.may(Action.HOLD, self._incident.area) and self._incident.footage_expired_at is None
        self._place.set_visibility(bool(held) or may)
        self._place.clear()
        say = self._words.language
        with self._place:
            if held:
                made = button(say("hold.mark"), "cam-badge cam-badge--ok", "lock", title=say("hold.is_held"))
            else:
                made = button(say("hold.place"), "cam-btn cam-btn--small", "lock", title=say("hold.is_not_held"))
        made.on("click", self._open)

    async def _open(self) -> None:
        say = self._words.language
        with (
            self._aside,
            ui.dialog(value=True) as dialog,
            tag("div", "cam-dialog cam-holdask", role="dialog", aria_label=say("hold.title")),
        ):
            dialog.on("hide", dialog.delete)
            with tag("div", "cam-dialog__head"):
                tag("span", "cam-header__space")
                close = icon_button("close", say("keys.close"), "cam-btn cam-btn--quiet cam-btn--icon")
                close.on("click", dialog.close)
            state = HoldState(self._site, self._visitor, self._words, self._incident, then=self.tell)
        await state.tell()
