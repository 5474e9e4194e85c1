"""``/footage-requests``: what one may decide, and what one asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from uuid import UUID

from nicegui import ui

from camsvc.api.services.cases import requests as service
from camsvc.domain.case import FootageRequest, RequestState
from camsvc.domain.incident import Incident
from camsvc.errors import CamsvcError
from camsvc.web.frame import frame
from camsvc.web.markup import icon, tag
from camsvc.web.pages.cases import casework
from camsvc.web.pages.cases.request_cards import RequestCards
from camsvc.web.pages.cases.tabs import tabs
from camsvc.web.site import Site
from camsvc.web.visitor import Visitor

STYLES = ("people.css", "holds.css", "cases.css")
GROUPS = ("to_decide", "mine", "decided")


class InboxPage:
    def __init__(self, site: Site, visitor: Visitor) -> None:
        self._site = site.seen_by(visitor)
        self._visitor = visitor
        self._words = site.words(visitor)
        self._client = ui.context.client

    async def open(self) -> None:
        await self._site.lookout.now()
        say = self._words.language
        with (
            frame(self._site, self._visitor, self._words, "cases", say("request.inbox"), styles=STYLES),
            tag("div", "cam-page"),
            tag("div", "cam-page__middle cam-inbox"),
        ):
            tabs(say, "requests")
            with tag("div", "cam-page__head"):
                tag("h1", "", say("request.inbox"))
            tag("p", "cam-soft", say("request.means"))
            self._cards = RequestCards(self._site, self._visitor, self._words, self._show)
            self._places = {name: tag("section", "cam-holds__group", data_test=f"requests-{name}") for name in GROUPS}
        await self._show()

    async def _show(self) -> None:
        server, visitor = self._site.server, self._visitor
        try:
            to_decide = await asyncio.to_thread(service.to_decide, server, visitor.user, state=None)
            mine = await asyncio.to_thread(service.asked, server, visitor.user)
            wanted = [each.wanted.incident for each in to_decide if each.wanted.incident is not None]
            known = await asyncio.to_thread(casework.known, server, visitor.user, wanted)
        except CamsvcError:
            with self._client:
                ui.notify(self._words.language("results.away"), type="negative")
            return
        if self._client.is_deleted:
            return
        waiting = [each for each in to_decide if each.state is RequestState.ASKED]
        self._fill("to_decide", waiting, known)
        self._fill("mine", mine, known)
        self._fill("decided", [each for each in to_decide if each.state is not RequestState.ASKED], known)

    def _fill(self, name: str, found: Sequence[FootageRequest], known: Mapping[UUID, Incident]) -> None:
        """Those that wait first. ``known``: incidents that are asked for, as far as the visitor may know of them."""
        say, place = self._words.language, self._places[name]
        place.clear()
        with place:
            waiting = sum(each.state is RequestState.ASKED for each in found)
            with tag("h2"):
                tag("span", "", say(f"request.{name}"))
                if waiting:
                    tag("span", "cam-badge cam-badge--warn", say.count("request.waiting", waiting))
            if not found:
                with tag("p", "cam-soft cam-case__nohold"):
                    icon("inbox")
                    tag("span", "", say(f"request.none_{name}"))
            for each in sorted(found, key=lambda each: (each.state is not RequestState.ASKED, -each.id)):
                shown = known.get(each.wanted.incident) if each.wanted.incident else None
                self._cards.card(each, shown=shown)
