"""``/admin/holds``: all holds where one may hold, those first whose release waits for a second person."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from nicegui import ui

from camsvc.api.services import holds
from camsvc.api.services.holds import State
from camsvc.db.queries.holds import LIST_MAX
from camsvc.domain.account import Action
from camsvc.domain.hold import CASE_MAX, Hold, HoldState, Target
from camsvc.errors import CamsvcError
from camsvc.web.forms import Form, Told, choice, entry, one, submit
from camsvc.web.markup import icon, tag
from camsvc.web.pages.admin.desk import desk
from camsvc.web.pages.hold_cards import HoldCards, fault, reason
from camsvc.web.site import Site, SitePage
from camsvc.web.visitor import VISITOR, Visitor

STYLES = ("people.css", "holds.css")


def add(site: Site) -> None:
    @SitePage("/admin/holds")
    async def all_holds() -> None:
        await HoldsPage(site, VISITOR.get()).open()


class HoldsPage:
    def __init__(self, site: Site, visitor: Visitor) -> None:
        self._site = site.seen_by(visitor)
        self._visitor = visitor
        self._words = site.words(visitor)
        self._client = ui.context.client
        self._cards = HoldCards(self._site, visitor, self._words, self._show)

    async def open(self) -> None:
        await self._site.lookout.now()
        say = self._words.language
        with desk(self._site, self._visitor, self._words, "holds", say("hold.all"), styles=STYLES) as middle:
            if middle is None:
                return
            with tag("div", "cam-page__head"):
                tag("h1", "", say("hold.all"))
            tag("p", "cam-soft", say("hold.means"))
            self._state = tag("div", "", data_test="enforcement")
            with tag("details", "cam-sheet cam-hold__new"):
                tag("summary", "", say("hold.new"), data_test="new-hold")
                self._build_new()
            self._list = tag("div", "cam-holds", data_test="holds")
            await self._show()

    def _build_new(self) -> None:
        say = self._words.language
        directory = self._site.lookout.last.directory
        cameras = {each.id: each.name for each in directory.wanted if self._visitor.user.may(Action.HOLD, each.area)}
        with tag("div", "cam-columns"):
            self._span = Form(say, "", self._hold_span, data_test="hold-span")
            with self._span:
                tag("h3", "", say("hold.span"))
                choice(say("hold.camera"), "camera", {"": "–"} | cameras)
                with tag("div", "cam-columns"):
                    entry(say("hold.from"), "from", "", say("audit.time_hint"))
                    entry(say("hold.to"), "to", "", say("audit.time_hint"))
                entry(say("hold.case_number"), "case", maxlength=CASE_MAX)
                reason(say)
                self._cards.legality()
                submit(say("hold.place"), "lock")
            self._case = Form(say, "", self._hold_case, data_test="hold-case")
            with self._case:
                tag("h3", "", say("hold.whole_case"))
                tag("p", "cam-soft", say("hold.whole_case_means"))
                entry(say("hold.case_number"), "case", maxlength=CASE_MAX)
                reason(say)
                self._cards.legality()
                submit(say("hold.place"), "lock")

    async def _hold_span(self, told: Told) -> None:
        now = self._site.server.clock.now()
        try:
            from_ = self._words.wall.read(one(told, "from"), "from", now)
            to = self._words.wall.read(one(told, "to"), "to", now)
            if not one(told, "camera"):
                self._span.refuse(self._words.language("hold.wrong.camera"))
                return
            target = Target(camera=one(told, "camera"), from_at=from_, to_at=to, case_number=one(told, "case") or None)
            await self._place(target, told)
        except CamsvcError as error:
            self._span.refuse(self._refusal(error))
            return
        self._span.reset()
        await self._show()

    async def _hold_case(self, told: Told) -> None:
        try:
            await self._place(Target(case_number=one(told, "case")), told)
        except CamsvcError as error:
            self._case.refuse(self._refusal(error))
            return
        self._case.reset()
        await self._show()

    async def _place(self, target: Target, told: Told) -> None:
        await self._cards.hold(target, one(told, "reason"), legal="here" not in told)

    def _refusal(self, error: CamsvcError) -> str:
        say = self._words.language
        return fault(say, error)

    async def _show(self) -> None:
        server, visitor = self._site.server, self._visitor
        found = await asyncio.to_thread(holds.listed, server, visitor.user, limit=LIST_MAX, source=visitor.source)
        state = await asyncio.to_thread(holds.state, server)
        if self._client.is_deleted:
            return
        self._show_state(state)
        self._list.clear()
        with self._list:
            self._groups(found)

    def _show_state(self, state: State) -> None:
        say = self._words.language
        self._state.clear()
        key, kind, sign = {
            True: ("hold.kept", "ok", "verified_user"),
            False: ("hold.not_kept", "warn", "gpp_maybe"),
            None: ("hold.kept_unknown", "warn", "help_outline"),
        }[state.is_kept]
        with self._state:
            with tag("p", f"cam-note cam-note--{kind}"):
                icon(sign)
                tag("span", "", say(key, n=say.number(state.mirror.locked)))
            if state.mirror.failed:
                with tag("p", "cam-note cam-note--bad"):
                    icon("error_outline")
                    tag("span", "", say("hold.mirror_failed", n=state.mirror.failed, said=state.mirror.error or ""))

    def _groups(self, found: Sequence[Hold]) -> None:
        say = self._words.language
        for state in (HoldState.RELEASE_REQUESTED, HoldState.ACTIVE, HoldState.RELEASED):
            of_state = [each for each in found if each.state is state]
            if not of_state:
                continue
            with tag("section", "cam-holds__group", aria_label=say(f"hold.group.{state.value}")):
                tag("h2", "", f"{say(f'hold.group.{state.value}')} ({say.number(len(of_state))})")
                for each in of_state:
                    self._cards.card(each)
        if not found:
            tag("p", "cam-soft", say("hold.none"))
