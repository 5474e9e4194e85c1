"""The dialog that asks into which case something goes: one of the own open ones, or a new one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from nicegui import ui

from camsvc.api.services.cases import register
from camsvc.domain.case import NUMBER_MAX, TITLE_MAX, Case, CaseRole, CaseState
from camsvc.errors import CamsvcError, InputError
from camsvc.web.forms import Form, Told, entry, one
from camsvc.web.markup import tag
from camsvc.web.pages.cases import casework
from camsvc.web.pages.cases.casework import COMMENT_MAX, Narrowed, Summary
from camsvc.web.pages.cases.dialogs import asking, dialog
from camsvc.web.pages.cases.faults import fault
from camsvc.web.pages.cases.wishes import Wish
from camsvc.web.site import Site
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words

OFFERED_MAX = 8
"""Cases in the list, those changed last first; who wants another types a part of its name."""
NEW = "new"


@dataclass(frozen=True)
class Wanted:
    what: str
    """In words."""
    read: Callable[[Told], tuple[Wish, ...]]
    """From the form. Raises FieldError, InputError."""
    fields: Callable[[], None] | None = None
    """What has to be typed for it."""


Go = Callable[[Case, tuple[Wish, ...], str], Awaitable[None]]


class PickCase:
    """``go`` with the case, the wishes and a comment; what it raises is said in the dialog."""

    def __init__(self, site: Site, visitor: Visitor, words: Words, go: Go) -> None:
        self._site = site
        self._visitor = visitor
        self._words = words
        self._go = go
        self._client = ui.context.client
        self._asked = 0

    async def open(self, wanted: Wanted, current: int | None) -> None:
        """Within the element where it is to stand."""
        say = self._words.language
        try:
            found = await self._find("")
        except CamsvcError as error:
            ui.notify(fault(say, error), type="negative")
            return
        if self._client.is_deleted:
            return
        with dialog(say, say("collect.title"), wanted.what) as opened:
            opened.props["data-test"] = "pick-case"

            async def typed(told: Told) -> None:
                await self._narrow(one(told, "find"), current)

            if found:
                with Form(say, "cam-casepick__find", typed, live="typed"):
                    entry(say("collect.find"), "find", autofocus=True, data_test="find-case")

            async def go(told: Told) -> None:
                case = await self._case(told)
                await self._go(case, wanted.read(told), one(told, "comment"))

            with asking(say, opened, go, say("collect.do"), "create_new_folder", test="collect-do"):
                if wanted.fields is not None:
                    wanted.fields()
                self._list = tag("div", "cam-casepick", role="radiogroup", aria_label=say("collect.which"))
                self._draw(found, current, nothing="collect.none_yet")
                with tag("div", "cam-casepick__new"):
                    with tag("label", "cam-casepick__one"):
                        chosen = {} if found else {"^checked": ""}
                        tag("input", "", type="radio", name="case", value=NEW, **chosen)
                        tag("strong", "", say("case.new"))
                    with tag("div", "cam-columns cam-casepick__fields"):
                        entry(say("case.number"), "number", maxlength=NUMBER_MAX, autofocus=not found)
                        entry(say("case.title"), "title", maxlength=TITLE_MAX)
                entry(say("collect.comment"), "comment", "", say("collect.comment_hint"), maxlength=COMMENT_MAX)

    async def _case(self, told: Told) -> Case:
        server, visitor = self._site.server, self._visitor
        chosen = one(told, "case")
        # Who typed a number without pressing the button before it means the new one.
        if chosen == NEW or (not chosen and one(told, "number")):
            return await asyncio.to_thread(
                casework.open_case, server, visitor.user, one(told, "number"), one(told, "title"), source=visitor.source
            )
        known = casework.case_id(chosen)
        if known is None:
            raise InputError("case: choose one", parameter="case", cure="choose one, or open a new one")
        case, _ = await asyncio.to_thread(casework.brief, server, visitor.user, known)
        return case

    async def _find(self, text: str) -> Sequence[Summary]:
        narrowed = Narrowed(text=text or None, state=CaseState.OPEN)
        page = await asyncio.to_thread(
            register.listed, self._site.server, self._visitor.user, narrowed, limit=OFFERED_MAX
        )
        return [each for each in page.items if each.role is not CaseRole.READER]

    async def _narrow(self, text: str, current: int | None) -> None:
        self._asked += 1
        attempt = self._asked
        found = await self._find(text)
        if attempt == self._asked and not self._client.is_deleted and not self._list.is_deleted:
            self._draw(found, current)

    def _draw(self, found: Sequence[Summary], current: int | None, nothing: str = "collect.none") -> None:
        say = self._words.language
        first = next((each.case.id for each in found if each.case.id == current), found[0].case.id if found else None)
        self._list.clear()
        with self._list:
            for each in found:
                chosen = {"^checked": ""} if each.case.id == first else {}
                with tag("label", "cam-casepick__one", data_case=each.case.id):
                    tag("input", "", type="radio", name="case", value=str(each.case.id), **chosen)
                    with tag("span", "cam-casepick__name"):
                        tag("strong", "", each.case.number)
                        tag("span", "", each.case.title)
                    tag("span", "cam-soft cam-num", say.count("collect.items", each.items))
            if not found:
                tag("p", "cam-soft", say(nothing))
