"""The head of a case: what it is called and about, how it stands, and what can be done with it as a whole."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from camsvc.domain.case import NUMBER_MAX, TITLE_MAX, Case, CaseState
from camsvc.web.forms import Told, entry, one
from camsvc.web.markup import button, icon, tag
from camsvc.web.pages.cases import casework
from camsvc.web.pages.cases.casework import DESCRIPTION_MAX, REASON_MAX, CaseFile
from camsvc.web.pages.cases.dialogs import asking, dialog, words_field
from camsvc.web.site import Site
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words

STATE_ICONS = {CaseState.OPEN: "folder_open", CaseState.CLOSED: "folder_off"}


class CaseHead:
    """Made where it is to stand. ``changed`` is awaited after each deed, ``export`` when the package is wanted;
    ``take_up``: the next thing that is added anywhere goes into this case."""

    def __init__(
        self,
        site: Site,
        visitor: Visitor,
        words: Words,
        *,
        changed: Callable[[], Awaitable[None]],
        export: Callable[[], Awaitable[None]],
        take_up: Callable[[Case], None],
    ) -> None:
        self._site = site
        self._visitor = visitor
        self._words = words
        self._changed = changed
        self._export = export
        self._take_up = take_up
        self._root = tag("header", "cam-case__head")

    def show(self, found: CaseFile) -> None:
        say, case = self._words.language, found.case
        self._root.clear()
        with self._root:
            tag("a", "cam-case__back", say("case.all"), href="/cases")
            with tag("div", "cam-case__line"):
                with tag("h1", "", data_test="case-title"):
                    tag("span", "cam-case__number", case.number)
                    tag("span", "", case.title)
                kind = "ok" if case.state is CaseState.OPEN else "idle"
                with tag("span", f"cam-badge cam-badge--{kind}", data_test="case-state"):
                    icon(STATE_ICONS[case.state])
                    tag("span", "", say(f"case.state.{case.state.value}"))
                if found.hold is not None:
                    with tag("span", "cam-badge cam-badge--ok"):
                        icon("lock")
                        tag("span", "", say("case.held"))
                role = say(f"case.role.{found.role.value}") if found.role else say("case.as_administrator")
                tag("span", "cam-badge cam-badge--idle", role, title=say("case.your_role"))
            if case.description:
                tag("p", "cam-case__about", case.description)
            told = say("case.opened_by", who=case.created_by, at=self._words.wall.date_clock(case.created_at))
            if case.closed_at:
                told += " · " + say("case.closed_at", at=self._words.wall.date_clock(case.closed_at))
            tag("p", "cam-soft", told)
            self._deeds(found)

    def _deeds(self, found: CaseFile) -> None:
        say = self._words.language
        with tag("div", "cam-case__deeds", role="toolbar", aria_label=say("case.deeds")):
            if found.may_export:
                made = button(say("case.export"), "cam-btn cam-btn--main", "archive", data_test="export-case")
                made.on("click", lambda: self._export())
            if found.case.state is CaseState.OPEN and found.may_change:
                made = button(say("case.take_up"), "cam-btn", "push_pin", data_test="take-up")
                made.props["title"] = say("case.take_up_hint")
                made.on("click", lambda: self._take_up(found.case))
            if found.may_lead and found.may_change:
                made = button(say("case.edit"), "cam-btn", "edit", data_test="edit-case")
                made.on("click", lambda: self._edit(found))
            if found.may_lead:
                closes = found.case.state is CaseState.OPEN
                key = "case.close" if closes else "case.reopen"
                made = button(say(key), "cam-btn", "folder_off" if closes else "folder_open", data_test="close-case")
                made.on("click", lambda: self._turn(found))

    def _edit(self, found: CaseFile) -> None:
        say, case = self._words.language, found.case
        with self._root, dialog(say, say("case.edit")) as opened:

            async def go(told: Told) -> None:
                await asyncio.to_thread(
                    casework.change,
                    self._site.server,
                    self._visitor.user,
                    case,
                    number=one(told, "number"),
                    title=one(told, "title"),
                    description=one(told, "description"),
                    source=self._visitor.source,
                )
                await self._changed()

            with asking(say, opened, go, say("case.save"), "check"):
                entry(say("case.number"), "number", case.number, required=True, maxlength=NUMBER_MAX)
                entry(say("case.title"), "title", case.title, required=True, maxlength=TITLE_MAX)
                words_field(say("case.description"), "description", case.description, maxlength=DESCRIPTION_MAX, rows=5)

    def _turn(self, found: CaseFile) -> None:
        """Close it, or open it again: with a reason."""
        say, case = self._words.language, found.case
        closes = case.state is CaseState.OPEN
        name = "close" if closes else "reopen"
        with self._root, dialog(say, say(f"case.{name}"), say(f"case.{name}_means")) as opened:

            async def go(told: Told) -> None:
                state = CaseState.CLOSED if closes else CaseState.OPEN
                await asyncio.to_thread(
                    casework.turn,
                    self._site.server,
                    self._visitor.user,
                    case,
                    state,
                    one(told, "reason"),
                    source=self._visitor.source,
                )
                await self._changed()

            with asking(say, opened, go, say(f"case.{name}"), "folder_off" if closes else "folder_open", grave=closes):
                words_field(say("case.reason"), "reason", maxlength=REASON_MAX, required=True)
