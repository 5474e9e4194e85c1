"""``/cases``: the cases that somebody is on, those of their agency, for administrators all; and a new one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from nicegui import ui
from nicegui.events import GenericEventArguments
from starlette.requests import Request

from camsvc.api.services.cases import register
from camsvc.domain.account import Action
from camsvc.domain.case import NUMBER_MAX, TITLE_MAX, CaseState
from camsvc.domain.hold import HoldState
from camsvc.errors import CamsvcError
from camsvc.web.forms import Told, entry, one
from camsvc.web.frame import frame
from camsvc.web.markup import button, icon, tag
from camsvc.web.pages.cases import casework
from camsvc.web.pages.cases.casework import DESCRIPTION_MAX, Narrowed, Summary
from camsvc.web.pages.cases.dialogs import asking, dialog, words_field
from camsvc.web.pages.cases.faults import fault
from camsvc.web.pages.cases.head import STATE_ICONS
from camsvc.web.pages.cases.tabs import tabs
from camsvc.web.site import Site
from camsvc.web.visitor import Visitor

PAGE = 50
STYLES = ("people.css", "holds.css", "search.css", "cases.css")
TEXT_MAX = 200
"""Characters of what is searched for: as much as a title holds."""


class CasesPage:
    def __init__(self, site: Site, visitor: Visitor, request: Request) -> None:
        self._site = site.seen_by(visitor)
        self._visitor = visitor
        self._words = site.words(visitor)
        self._client = ui.context.client
        asked = dict(parse_qsl(request.url.query))
        self._text = asked.get("text", "")[:TEXT_MAX]
        self._state = CaseState(asked["state"]) if asked.get("state") in set(CaseState) else None
        self._mine = asked.get("mine") == "true"
        self._cursor: str | None = None
        self._attempt = 0

    async def open(self) -> None:
        await self._site.lookout.now()
        say = self._words.language
        with (
            frame(self._site, self._visitor, self._words, "cases", say("nav.cases"), styles=STYLES),
            tag("div", "cam-page"),
            tag("div", "cam-page__middle cam-cases"),
        ):
            tabs(say, "cases")
            if self._visitor.user.reach(Action.EXPORT).is_nowhere:
                # Whoever was put on a case by name is on it all the same.
                tag("p", "cam-soft", say("case.may_not_open"))
            with tag("div", "cam-page__head"):
                tag("h1", "", say("nav.cases"))
                if not self._visitor.user.reach(Action.EXPORT).is_nowhere:
                    made = button(say("case.new"), "cam-btn cam-btn--main", "create_new_folder", data_test="new-case")
                    made.on("click", self._ask_new)
            self._build_filter()
            self._list = tag("div", "cam-cases__list", data_test="cases")
            self._more = button(say("case.more"), "cam-btn", "expand_more", data_test="more-cases")
            self._more.on("click", self._read_more)
            self._more.set_visibility(False)
            self._dialogs = tag("div")
        await self._read()

    def _build_filter(self) -> None:
        say = self._words.language
        with tag("form", "cam-cases__filter", role="search") as form:
            find = tag(
                "input",
                "cam-input",
                type="search",
                name="text",
                maxlength=TEXT_MAX,
                placeholder=say("case.find"),
                aria_label=say("case.find"),
                data_test="find-cases",
            )
            find.props["^value"] = self._text
            with tag("select", "cam-input", name="state", aria_label=say("case.state_label")):
                for value, text in self._states().items():
                    chosen = {"^selected": ""} if value == (self._state.value if self._state else "") else {}
                    tag("option", "", text, value=value, **chosen)
            with tag("label", "cam-check"):
                ticked = {"^checked": ""} if self._mine else {}
                tag("input", "", type="checkbox", name="mine", value="true", data_test="mine", **ticked)
                tag("span", "", say("case.mine"))
        form.on("submit.prevent", lambda: None)
        form.on("input", self._on_narrow, js_handler=_SOON)

    def _states(self) -> dict[str, str]:
        say = self._words.language
        return {"": say("case.any_state")} | {each.value: say(f"case.state.{each.value}") for each in CaseState}

    # What the user does ----------------------------------------------------------------------------------------

    async def _on_narrow(self, event: GenericEventArguments) -> None:
        given = event.args if isinstance(event.args, Mapping) else {}
        self._text = str(given.get("text") or "")[:TEXT_MAX]
        state = str(given.get("state") or "")
        self._state = CaseState(state) if state in set(CaseState) else None
        self._mine = given.get("mine") == "true"
        asked = {"text": self._text, "state": state, "mine": "true" if self._mine else ""}
        query = urlencode({name: value for name, value in asked.items() if value})
        path = f"/cases?{query}" if query else "/cases"
        self._client.run_javascript(f"camAddress({path!r}, true)")
        await self._read()

    def _ask_new(self) -> None:
        say = self._words.language
        with self._dialogs, dialog(say, say("case.new"), say("case.new_means")) as opened:

            async def go(told: Told) -> None:
                made = await asyncio.to_thread(
                    casework.open_case,
                    self._site.server,
                    self._visitor.user,
                    one(told, "number"),
                    one(told, "title"),
                    one(told, "description"),
                    source=self._visitor.source,
                )
                ui.navigate.to(f"/cases/{made.id}")

            with asking(say, opened, go, say("case.open_do"), "create_new_folder"):
                with tag("div", "cam-columns"):
                    entry(say("case.number"), "number", required=True, maxlength=NUMBER_MAX, autofocus=True)
                entry(say("case.title"), "title", required=True, maxlength=TITLE_MAX)
                words_field(say("case.description"), "description", maxlength=DESCRIPTION_MAX)

    async def _read_more(self) -> None:
        await self._read(more=True)

    # Reading ---------------------------------------------------------------------------------------------------

    async def _read(self, *, more: bool = False) -> None:
        self._attempt += 1
        attempt = self._attempt
        say = self._words.language
        narrowed = Narrowed(text=self._text or None, state=self._state, mine=self._mine)
        try:
            page = await asyncio.to_thread(
                register.listed,
                self._site.server,
                self._visitor.user,
                narrowed,
                cursor=self._cursor if more else None,
                limit=PAGE,
            )
        except CamsvcError as error:
            if attempt == self._attempt and not self._client.is_deleted:
                with self._client:
                    ui.notify(fault(say, error), type="negative")
            return
        if attempt != self._attempt or self._client.is_deleted:
            return  # another one was asked for meanwhile
        self._cursor = page.next_cursor
        if not more:
            self._list.clear()
        with self._list:
            for each in page.items:
                self._row(each)
            if not page.items and not more:
                self._say_nothing(is_narrow=bool(self._text or self._state or self._mine))
        self._more.set_visibility(page.next_cursor is not None)

    def _row(self, found: Summary) -> None:
        say, wall, case = self._words.language, self._words.wall, found.case
        with tag("a", f"cam-caserow cam-caserow--{case.state.value}", href=f"/cases/{case.id}", data_case=case.id):
            icon(STATE_ICONS[case.state])
            with tag("span", "cam-caserow__name"):
                with tag("span", "cam-caserow__line"):
                    tag("strong", "", case.number)
                    tag("span", "", case.title)
                if case.description:
                    tag("span", "cam-soft cam-caserow__about", case.description)
            with tag("span", "cam-caserow__marks"):
                if found.hold is not None:
                    kind = "ok" if found.hold is HoldState.ACTIVE else "warn"
                    with tag("span", f"cam-badge cam-badge--{kind}", title=say(f"hold.state.{found.hold.value}")):
                        icon("lock")
                        tag("span", "", say("case.held"))
                if found.asked:
                    with tag("span", "cam-badge cam-badge--warn"):
                        icon("hourglass_empty")
                        tag("span", "", say.count("request.waiting", found.asked))
                if case.state is CaseState.CLOSED:
                    tag("span", "cam-badge cam-badge--idle", say("case.state.closed"))
                tag("span", "cam-badge cam-badge--idle", say(f"case.role.{found.role.value}"))
            tag("span", "cam-caserow__items cam-num", say.count("collect.items", found.items))
            at = case.changed_at or case.created_at
            tag("span", "cam-caserow__when cam-soft cam-num", wall.date_clock(at), title=say("case.changed"))

    def _say_nothing(self, *, is_narrow: bool) -> None:
        say = self._words.language
        with tag("div", "cam-empty", data_test="no-cases"):
            icon("search_off" if is_narrow else "create_new_folder")
            tag("p", "", say("case.none_found" if is_narrow else "case.none"))
            if not is_narrow:
                tag("p", "cam-empty__said", say("case.none_how"))


_SOON = """(event) => {
  clearTimeout(window.camCasesTimer);
  window.camCasesTimer = setTimeout(() => emit(Object.fromEntries(new FormData(event.target.form))), 250);
}"""
"""A moment after the last key: each is a query."""
