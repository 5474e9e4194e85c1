"""Sessions and API tokens of one account as tables, with the buttons that end them: its owner's page, and an
administrator's page of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial

from nicegui import ui
from nicegui.element import Element

from camsvc.api.services import credentials
from camsvc.api.services.credentials import API, LOG_INS
from camsvc.db.models import TokenKind
from camsvc.db.queries.tokens import Held
from camsvc.domain.account import Action
from camsvc.web import confirm
from camsvc.web.agents import browser_name
from camsvc.web.markup import button, tag
from camsvc.web.site import Site
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words


class CredentialList:
    """``kinds``: LOG_INS or API; of the account named ``of``. Made where the page is made, filled by ``show``."""

    def __init__(self, site: Site, visitor: Visitor, words: Words, kinds: Collection[TokenKind], of: str) -> None:
        self._site = site
        self._visitor = visitor
        self._words = words
        self._kinds = kinds
        self._of = of
        self._place = tag("div", "cam-wide")

    async def show(self) -> int:
        """Read it anew; how many there are. Raises CamsvcError."""
        found = await asyncio.to_thread(
            credentials.listed,
            self._site.server,
            self._visitor.user,
            self._kinds,
            self._of,
            source=self._visitor.source,
        )
        self._place.clear()
        with self._place:
            (self._tokens if self._kinds is API else self._sessions)(found)
        return len(found)

    def _sessions(self, found: Sequence[Held]) -> None:
        say, wall = self._words.language, self._words.wall
        if not found:
            tag("p", "cam-soft", say("sessions.none"))
            return
        mine = self._visitor.user.proof.id if self._visitor.user.proof else None
        with _table([say(f"sessions.{name}") for name in ("with", "from", "since", "seen")]):
            for each in sorted(found, key=lambda one: one.id != mine):
                with tag("tr", "", data_id=each.id):
                    with tag("td"):
                        program = each.kind is TokenKind.BEARER
                        name = say("sessions.program") if program else browser_name(each.agent)
                        tag("span", "", name or say("sessions.unknown"), title=each.agent or "")
                        if each.id == mine:
                            tag("span", "cam-badge cam-badge--ok", say("sessions.current"))
                    tag("td", "cam-num", each.source or say("sessions.unknown"))
                    tag("td", "cam-num", wall.date_clock(each.created_at))
                    tag("td", "cam-num", wall.date_clock(each.last_seen_at or each.created_at))
                    with tag("td", "cam-rows__end"):
                        if each.id != mine:
                            end = button(say("sessions.end"), "cam-btn cam-btn--small", data_test="end")
                            end.on("click", partial(self._ask_session, each))

    def _tokens(self, found: Sequence[Held]) -> None:
        say, wall = self._words.language, self._words.wall
        if not found:
            tag("p", "cam-soft", say("tokens.none"))
            return
        directory = self._site.lookout.last.directory
        with _table([say(f"tokens.{name}") for name in ("name", "for", "where", "used", "until")]):
            for each in found:
                scope = each.scope
                with tag("tr", "", data_id=each.id):
                    tag("td", "", each.name or "")
                    actions = [say(f"action.{one.value}") for one in Action if scope and one in scope.actions]
                    tag("td", "", ", ".join(actions))
                    areas = scope.areas if scope else None
                    trails = ", ".join(directory.area_trail(path) for path in areas or ())
                    tag("td", "", say("tokens.everywhere") if areas is None else trails)
                    with tag("td", "cam-num"):
                        tag(
                            "span", "", wall.date_clock(each.last_seen_at) if each.last_seen_at else say("tokens.never")
                        )
                        if each.source:
                            tag("small", "", each.source)
                    tag("td", "cam-num", wall.date(each.expires_at), title=wall.utc(each.expires_at))
                    with tag("td", "cam-rows__end"):
                        end = button(say("tokens.revoke"), "cam-btn cam-btn--small", data_test="revoke")
                        end.on("click", partial(self._ask_token, each))

    def _ask_session(self, held: Held) -> None:
        say = self._words.language
        text = say("sessions.ask_text")
        confirm.ask(say, say("sessions.ask"), text, say("sessions.end"), self._ending(held, LOG_INS))

    def _ask_token(self, held: Held) -> None:
        say = self._words.language
        title = say("tokens.revoke_ask", name=held.name)
        confirm.ask(say, title, say("tokens.revoke_text"), say("tokens.revoke"), self._ending(held, API))

    def _ending(self, held: Held, kinds: Collection[TokenKind]) -> Callable[[], Awaitable[None]]:
        async def end() -> None:
            visitor, say = self._visitor, self._words.language
            await asyncio.to_thread(
                credentials.end, self._site.server, visitor.user, kinds, held.id, source=visitor.source
            )
            await self.show()
            text = say("tokens.revoked") if kinds is API else say.count("sessions.ended", 1)
            ui.notify(text, type="positive")

        return end


def _table(heads: Sequence[str]) -> Element:
    """Its body, to be filled; a last column without a head is for buttons."""
    with tag("table", "cam-rows"):
        with tag("thead"), tag("tr"):
            for head in (*heads, ""):
                tag("th", "", head, scope="col")
        return tag("tbody")
