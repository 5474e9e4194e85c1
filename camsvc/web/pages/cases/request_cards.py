"""Requests for footage as people see them: what is wanted, why, how it stands; and the dialogs that decide on them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

from nicegui.element import Element

from camsvc.api.services.cases import deciding
from camsvc.api.services.cases import requests as service
from camsvc.domain.case import FootageRequest, RequestState, Wanted
from camsvc.domain.incident import Incident
from camsvc.web.components.player import api_path
from camsvc.web.confirm import ask
from camsvc.web.forms import Told, entry, one
from camsvc.web.markup import button, icon, tag
from camsvc.web.pages.cases.casework import REASON_MAX, CaseFile
from camsvc.web.pages.cases.dialogs import asking, dialog, words_field
from camsvc.web.site import Site
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words

UNTIL = timedelta(days=30)
"""For how long an approval is offered at first: an investigation's first month, then somebody looks at it again."""
ICONS = {
    RequestState.ASKED: "hourglass_empty",
    RequestState.APPROVED: "handshake",
    RequestState.REFUSED: "block",
    RequestState.WITHDRAWN: "undo",
}
BADGES = {
    RequestState.ASKED: "warn",
    RequestState.APPROVED: "ok",
    RequestState.REFUSED: "bad",
    RequestState.WITHDRAWN: "idle",
}
Changed = Callable[[], Awaitable[None]]
Choose = Callable[[FootageRequest], Awaitable[None]]


class RequestCards:
    """``changed`` is awaited after each deed. ``show_of_case`` fills a section of its own; ``card``: one anywhere."""

    def __init__(
        self, site: Site, visitor: Visitor, words: Words, changed: Changed, *, choose: Choose | None = None
    ) -> None:
        """``choose`` is awaited when somebody wants to see what was given for an area."""
        self._choose = choose
        self._site = site
        self._visitor = visitor
        self._words = words
        self._changed = changed
        self._root = tag("section", "cam-block", data_test="case-requests")
        self._root.set_visibility(False)

    def show_of_case(self, found: CaseFile, ask_for: Callable[[], None]) -> None:
        say = self._words.language
        self._root.set_visibility(True)
        self._root.clear()
        with self._root:
            with tag("div", "cam-hold__title"):
                tag("h2", "", say("request.title"))
                if found.may_change:
                    made = button(say("request.ask"), "cam-btn cam-btn--small", "front_hand", data_test="ask-footage")
                    made.on("click", ask_for)
            if not found.requests:
                tag("p", "cam-soft", say("request.none_of_case"))
            known = {each.incident.id: each.incident for each in found.pieces if each.incident is not None}
            for each in found.requests:
                shown = known.get(each.wanted.incident) if each.wanted.incident else None
                self.card(each, with_case=False, shown=shown, chooses=found.may_change)

    def card(
        self, request: FootageRequest, *, with_case: bool = True, shown: Incident | None = None, chooses: bool = False
    ) -> None:
        """``shown``: the incident that is asked for, as far as the visitor may know of it; ``chooses``: they may put
        what is given into the case."""
        say, wall = self._words.language, self._words.wall
        decides = service.may_decide(self._visitor.user, request)
        now = self._site.server.clock.now()
        is_over = request.state is RequestState.APPROVED and not request.is_live(now)
        with tag("article", f"cam-hold cam-request cam-request--{request.state.value}", data_request=request.id):
            with tag("div", "cam-hold__head"):
                icon(ICONS[request.state])
                tag("strong", "", self.what(request.wanted))
                kind = "idle" if is_over else BADGES[request.state]
                key = "request.over" if is_over else f"request.state.{request.state.value}"
                tag("span", f"cam-badge cam-badge--{kind}", say(key))
            if shown is not None:
                self._incident(shown)
            if with_case:
                told = say("request.for_case", number=request.case_number)
                if decides:
                    tag("p", "cam-soft", told)  # who decides need not be on the case
                else:
                    tag("a", "", told, href=f"/cases/{request.case_id}")
            tag("p", "cam-hold__reason", request.reason)
            tag("p", "cam-soft", say("request.asked_by", who=request.asked_by, at=wall.date_clock(request.asked_at)))
            if decides and request.state is RequestState.ASKED:
                where = self._site.lookout.last.directory.area_trail(request.place) if request.place else None
                text = say("request.place", area=where) if where else say("request.place_none")
                tag("p", "cam-soft", text, data_test="request-place")
            if request.decided_at and request.decided_by:
                at = wall.date_clock(request.decided_at)
                told = say(f"request.{request.state.value}_by", who=request.decided_by, at=at)
                tag("p", "cam-soft", f"{told}: “{request.decision}”" if request.decision else told)
            if request.state is RequestState.APPROVED and request.ended_at is None:
                until = request.until
                tag("p", "", say("request.until", at=wall.date_clock(until)) if until else say("request.for_ever"))
            if request.ended_at and request.ended_by:
                told = say("request.ended_by", who=request.ended_by, at=wall.date_clock(request.ended_at))
                tag("p", "cam-soft", f"{told}: “{request.end_reason}”" if request.end_reason else told)
            self._deeds(request, decides=decides, is_live=request.is_live(now), chooses=chooses)

    def _incident(self, incident: Incident) -> None:
        words, directory = self._words, self._site.lookout.last.directory
        with tag("a", "cam-request__incident", href=f"/incidents/{incident.id}"):
            if incident.thumbnail:
                tag("img", src=f"{api_path(incident)}/thumbnail", alt="", loading="lazy")
            with tag("span"):
                tag("strong", "", words.what(incident))
                tag("span", "", words.wall.date_clock(incident.started_at))
                tag("span", "cam-soft", directory.camera_name(incident.camera))

    def what(self, wanted: Wanted) -> str:
        """In one line, by names where they are known here."""
        say, directory = self._words.language, self._site.lookout.last.directory
        if wanted.incident is not None:
            return say("request.incident", id=str(wanted.incident)[:INCIDENT_SHOWN])
        span = self._words.span(wanted.from_at, wanted.to_at) if wanted.from_at and wanted.to_at else ""
        if wanted.camera is not None:
            return f"{directory.camera_name(wanted.camera)}, {span}"
        return f"{directory.area_trail(wanted.area)}, {span}" if wanted.area else span

    def _deeds(self, request: FootageRequest, *, decides: bool, is_live: bool, chooses: bool) -> None:
        say = self._words.language
        mine = request.asked_by_id == self._visitor.user.id
        asked = request.state is RequestState.ASKED
        with tag("div", "cam-hold__deeds") as deeds:
            if asked and mine:
                self._deed("request.withdraw", "undo", "withdraw-request", lambda: self._ask_withdraw(request, deeds))
            if asked and decides and not mine:
                self._deed("request.decide", "gavel", "decide-request", lambda: self._ask_decision(request, deeds))
            if is_live and chooses and request.wanted.incident is None and self._choose is not None:
                made = button(say("request.choose"), "cam-btn cam-btn--small", "playlist_add", data_test="choose-given")
                made.on("click", partial(self._choose, request))
            if is_live and decides:
                self._deed("request.end", "link_off", "end-share", lambda: self._ask_end(request, deeds))

    def _deed(self, key: str, icon_name: str, test: str, does: Callable[[], None]) -> None:
        button(self._words.language(key), "cam-btn cam-btn--small", icon_name, data_test=test).on("click", does)

    def _ask_decision(self, request: FootageRequest, within: Element) -> None:
        """Both answers in one dialog: words for either, a date for the one."""
        say, wall = self._words.language, self._words.wall
        until = (self._site.server.clock.now() + UNTIL).replace(second=0, microsecond=0)
        with within, dialog(say, say("request.decide"), say("request.decide_means")) as opened:
            tag("p", "", self.what(request.wanted))
            tag("p", "cam-hold__reason", f"“{request.reason}”")

            async def go(told: Told) -> None:
                approves = one(told, "answer") != "refuse"
                now = self._site.server.clock.now()
                ends = wall.read(one(told, "until"), "to", now) if approves else None
                server, user, source = self._site.server, self._visitor.user, self._visitor.source
                said = one(told, "words")
                if approves:
                    await asyncio.to_thread(deciding.approve, server, user, request.id, said, until=ends, source=source)
                else:
                    await asyncio.to_thread(deciding.refuse, server, user, request.id, said, source=source)
                await self._changed()

            with asking(say, opened, go, say("request.decide_do"), "gavel", test="decide-do"):
                with tag("div", "cam-casepick", role="radiogroup", aria_label=say("request.answer")):
                    self._answer("approve", checked=True)
                    self._answer("refuse", checked=False)
                entry(say("request.until_label"), "until", wall.typed(until), say("request.until_hint"))
                words_field(say("request.words"), "words", maxlength=REASON_MAX, required=True)

    def _answer(self, value: str, *, checked: bool) -> None:
        say = self._words.language
        with tag("label", "cam-casepick__one"):
            given = {"^checked": ""} if checked else {}
            tag("input", "", type="radio", name="answer", value=value, data_answer=value, **given)
            with tag("span", "cam-casepick__name"):
                tag("strong", "", say(f"request.{value}"))
                tag("span", "", say(f"request.{value}_means"))

    def _ask_withdraw(self, request: FootageRequest, within: Element) -> None:
        say = self._words.language

        async def go() -> None:
            server, visitor = self._site.server, self._visitor
            await asyncio.to_thread(service.withdraw, server, visitor.user, request.id, source=visitor.source)
            await self._changed()

        with within:
            ask(say, say("request.withdraw"), say("request.withdraw_means"), say("request.withdraw"), go, grave=False)

    def _ask_end(self, request: FootageRequest, within: Element) -> None:
        say = self._words.language
        with within, dialog(say, say("request.end"), say("request.end_means")) as opened:
            tag("p", "", self.what(request.wanted))

            async def go(told: Told) -> None:
                await asyncio.to_thread(
                    deciding.end,
                    self._site.server,
                    self._visitor.user,
                    request.id,
                    one(told, "reason"),
                    source=self._visitor.source,
                )
                await self._changed()

            with asking(say, opened, go, say("request.end"), "link_off", grave=True):
                words_field(say("case.reason"), "reason", maxlength=REASON_MAX, required=True)


INCIDENT_SHOWN = 13
"""Characters of an id: those that tell its moment, which is enough to tell two apart by eye."""
