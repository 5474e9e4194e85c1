"""Whether a case is held: with all that is in it, and what is added later; how that begins, and ends by two people."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from nicegui import ui

from camsvc.api.services.cases import holding as service
from camsvc.domain.account import Action
from camsvc.domain.hold import REASON_MAX, HoldState
from camsvc.web.forms import Told, one
from camsvc.web.markup import button, icon, tag
from camsvc.web.pages.cases.casework import CaseFile
from camsvc.web.pages.cases.dialogs import asking, dialog, words_field
from camsvc.web.pages.hold_cards import BADGES, HoldCards
from camsvc.web.site import Site
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words

Changed = Callable[[], Awaitable[None]]


class CaseHold:
    """Made where it is to stand."""

    def __init__(self, site: Site, visitor: Visitor, words: Words, changed: Changed) -> None:
        self._site = site
        self._visitor = visitor
        self._words = words
        self._changed = changed
        self._cards = HoldCards(site, visitor, words, changed)
        self._root = tag("section", "cam-block cam-block--first", data_test="case-hold")

    def show(self, found: CaseFile) -> None:
        say = self._words.language
        known = [each for each in found.pieces if each.is_open and not each.is_lost]
        held = sum(each.is_held for each in known)
        state = found.view.hold
        may = found.may_write and not self._visitor.user.reach(Action.HOLD).is_nowhere
        self._root.clear()
        with self._root:
            with tag("div", "cam-hold__title"):
                tag("h2", "", say("hold.title"))
                if state is not None:
                    told = say(f"hold.state.{state.value}")
                    tag("span", f"cam-badge cam-badge--{BADGES[state]}", told, data_test="case-hold-state")
                if may and found.pieces and (state is None or held < len(known)):
                    made = button(say("case.hold_all"), "cam-btn cam-btn--small", "lock", data_test="hold-case")
                    made.on("click", lambda: self._ask(found))
            self._say(held, len(known), is_whole=state is not None)
            self._details(found)
            if may and state is not None:
                self._deeds(found, state)

    def _say(self, held: int, known: int, *, is_whole: bool) -> None:
        say = self._words.language
        if is_whole and held == known:
            key, kind, sign = "case.hold_whole", "cam-note cam-note--held", "lock"
        elif held:
            key, kind, sign = "case.hold_part", "cam-note cam-note--warn", "lock_open"
        elif is_whole:
            key, kind, sign = "case.hold_elsewhere", "cam-note cam-note--warn", "lock"
        else:
            key, kind, sign = "case.hold_none", "cam-soft cam-case__nohold", "lock_open"
        numbers = {"n": say.number(held), "all": say.number(known)} if key == "case.hold_part" else {}
        with tag("p", kind):
            icon(sign)
            tag("span", "", say(key, **numbers))

    def _details(self, found: CaseFile) -> None:
        """By whose word; for who may hold somewhere."""
        say, wall, hold = self._words.language, self._words.wall, found.hold
        if hold is None:
            return
        tag("p", "cam-hold__reason", hold.reason)
        tag("p", "cam-soft", say("hold.placed_by", who=hold.placed_by, at=wall.date_clock(hold.placed_at)))
        if hold.requested_at and hold.requested_by:
            told = say("hold.asked_by", who=hold.requested_by, at=wall.date_clock(hold.requested_at))
            tag("p", "cam-soft", f"{told}: “{hold.request_reason}”" if hold.request_reason else told)

    def _deeds(self, found: CaseFile, state: HoldState) -> None:
        """Of all holds under the case's number together; each by itself on the page of holds."""
        say = self._words.language
        with tag("div", "cam-hold__deeds"):
            if state is HoldState.ACTIVE:
                self._deed(found, "request", "lock_open", service.request_release)
            elif found.hold is not None and found.hold.requested_by_id == self._visitor.user.id:
                tag("span", "cam-soft", say("hold.waits_for_second"))
                self._deed(found, "withdraw", "undo", service.end_request)
            else:
                self._deed(found, "confirm", "lock_open", service.release, grave=True)
                self._deed(found, "refuse", "lock", service.end_request)

    def _deed(
        self, found: CaseFile, name: str, icon_name: str, step: Callable[..., int], *, grave: bool = False
    ) -> None:
        say = self._words.language

        async def ask() -> None:
            with self._root, dialog(say, say(f"hold.{name}"), say(f"hold.{name}_means")) as opened:

                async def go(told: Told) -> None:
                    server, visitor = self._site.server, self._visitor
                    await asyncio.to_thread(
                        step, server, visitor.user, found.case.id, one(told, "reason"), source=visitor.source
                    )
                    await self._changed()

                with asking(say, opened, go, say(f"hold.{name}"), icon_name, grave=grave, test="hold-do"):
                    words_field(say("hold.reason"), "reason", maxlength=REASON_MAX, required=True)

        button(say(f"hold.{name}"), "cam-btn cam-btn--small", icon_name, data_test=f"hold-{name}").on("click", ask)

    async def _ask(self, found: CaseFile) -> None:
        say, server, visitor = self._words.language, self._site.server, self._visitor
        # Asked here, so that the dialog can say at once what the store does.
        await asyncio.to_thread(server.enforcement.is_kept)
        with self._root, dialog(say, say("case.hold_all"), say("case.hold_means")) as opened:

            async def go(told: Told) -> None:
                held = await asyncio.to_thread(
                    service.hold,
                    server,
                    visitor.user,
                    found.case.id,
                    one(told, "reason"),
                    legal="here" not in told,
                    source=visitor.source,
                )
                if held.elsewhere:
                    ui.notify(say.count("case.hold_left_out", held.elsewhere), type="warning", multi_line=True)
                await self._changed()

            with asking(say, opened, go, say("hold.place"), "lock", test="hold-do"):
                words_field(say("case.reason"), "reason", maxlength=REASON_MAX, required=True)
                self._cards.legality()
