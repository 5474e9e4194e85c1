"""Who is on a case: people, and agencies that it is shared with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from nicegui import ui
from nicegui.element import Element

from camsvc.api.services.cases import people as service
from camsvc.api.services.cases.people import Candidates
from camsvc.domain.case import CaseRole, Person, SharedWith
from camsvc.errors import CamsvcError
from camsvc.web.confirm import ask
from camsvc.web.forms import Told, choice, entry, one
from camsvc.web.markup import button, icon, icon_button, tag
from camsvc.web.pages.cases.casework import CaseFile
from camsvc.web.pages.cases.dialogs import asking, dialog
from camsvc.web.pages.cases.faults import fault
from camsvc.web.site import Site
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words

AGENCY_ROLES = (CaseRole.MEMBER, CaseRole.READER)
"""An agency leads no case, its people do."""
Changed = Callable[[], Awaitable[None]]


class People:
    """Made where it is to stand."""

    def __init__(self, site: Site, visitor: Visitor, words: Words, changed: Changed) -> None:
        self._site = site
        self._visitor = visitor
        self._words = words
        self._changed = changed
        self._root = tag("section", "cam-block cam-case__people", data_test="case-people")

    def show(self, found: CaseFile) -> None:
        say = self._words.language
        self._root.clear()
        with self._root:
            with tag("div", "cam-hold__title"):
                tag("h2", "", say("case.people"))
                if found.may_lead:
                    self._plus("case.add_person", "person_add", "add-person", lambda: self._ask_person(found))
            with tag("ul", "cam-case__list"):
                for person in found.people:
                    self._row(found, "person", person.user_name, person.role, person=person)
            with tag("div", "cam-hold__title"):
                tag("h2", "", say("case.agencies"))
                if found.may_lead:
                    self._plus("case.add_agency", "group_add", "add-agency", lambda: self._ask_agency(found))
            if not found.agencies:
                tag("p", "cam-soft", say("case.no_agencies"))
            with tag("ul", "cam-case__list"):
                for agency in found.agencies:
                    self._row(found, "corporate_fare", agency.agency_name, agency.role, agency=agency)

    def _plus(self, key: str, icon_name: str, test: str, does: Callable[[], Awaitable[None]]) -> Element:
        made = button(self._words.language(key), "cam-btn cam-btn--small", icon_name, data_test=test)
        made.on("click", does)
        return made

    def _row(
        self,
        found: CaseFile,
        icon_name: str,
        name: str,
        role: CaseRole,
        *,
        person: Person | None = None,
        agency: SharedWith | None = None,
    ) -> None:
        say = self._words.language
        with tag("li", "", data_name=name):
            icon(icon_name)
            tag("span", "cam-case__name", name)
            if not found.may_lead:
                tag("span", "cam-soft", say(f"case.role.{role.value}"))
                return
            told = say("case.role_of", name=name)
            with tag("select", "cam-input cam-case__role", aria_label=told, title=told) as select:
                for each in AGENCY_ROLES if agency else tuple(CaseRole):
                    tag("option", "", say(f"case.role.{each.value}"), value=each.value, selected=each is role)
            select.on(
                "change",
                lambda event: self._set(found, str(event.args), person, agency),
                js_handler="(e) => emit(e.target.value)",
            )
            gone = icon_button("person_remove", say("case.take_off", name=name), "cam-btn cam-btn--quiet cam-btn--icon")
            gone.on("click", lambda: self._ask_off(found, name, person, agency))

    async def _set(self, found: CaseFile, role: str, person: Person | None, agency: SharedWith | None) -> None:
        if role not in set(CaseRole):
            return
        server, user, source = self._site.server, self._visitor.user, self._visitor.source
        try:
            if person is not None:
                await asyncio.to_thread(
                    service.put, server, user, found.case.id, person.user_name, CaseRole(role), source=source
                )
            elif agency is not None:
                await asyncio.to_thread(
                    service.share, server, user, found.case.id, agency.agency_id, CaseRole(role), source=source
                )
        except CamsvcError as error:
            say = self._words.language
            ui.notify(fault(say, error), type="negative")
        await self._changed()

    def _ask_off(self, found: CaseFile, name: str, person: Person | None, agency: SharedWith | None) -> None:
        say = self._words.language

        async def go() -> None:
            server, user, source = self._site.server, self._visitor.user, self._visitor.source
            if person is not None:
                await asyncio.to_thread(service.take, server, user, found.case.id, person.user_name, source=source)
            elif agency is not None:
                await asyncio.to_thread(service.unshare, server, user, found.case.id, agency.agency_id, source=source)
            await self._changed()

        with self._root:
            ask(say, say("case.take_off", name=name), say("case.take_off_means"), say("case.take_off_do"), go)

    async def _candidates(self, found: CaseFile) -> Candidates:
        server, visitor = self._site.server, self._visitor
        try:
            return await asyncio.to_thread(
                service.candidates, server, visitor.user, found.case.id, source=visitor.source
            )
        except CamsvcError:
            return Candidates((), ())  # what is typed is found all the same

    async def _ask_person(self, found: CaseFile) -> None:
        say = self._words.language
        names = (await self._candidates(found)).people
        with self._root, dialog(say, say("case.add_person"), say("case.add_person_means")) as opened:

            async def go(told: Told) -> None:
                await asyncio.to_thread(
                    service.put,
                    self._site.server,
                    self._visitor.user,
                    found.case.id,
                    one(told, "person"),
                    CaseRole(one(told, "role")),
                    source=self._visitor.source,
                )
                await self._changed()

            with asking(say, opened, go, say("case.add"), "person_add"):
                entry(say("case.person"), "person", required=True, autofocus=True, list="case-people")
                with tag("datalist", id="case-people"):
                    for name in names:
                        tag("option", value=name)
                self._roles(tuple(CaseRole), CaseRole.MEMBER)

    async def _ask_agency(self, found: CaseFile) -> None:
        say = self._words.language
        offered = {str(each.id): each.name for each in (await self._candidates(found)).agencies}
        with self._root, dialog(say, say("case.add_agency"), say("case.add_agency_means")) as opened:
            if not offered:
                tag("p", "cam-note", say("case.no_other_agency"))
                return

            async def go(told: Told) -> None:
                await asyncio.to_thread(
                    service.share,
                    self._site.server,
                    self._visitor.user,
                    found.case.id,
                    int(one(told, "agency")),
                    CaseRole(one(told, "role")),
                    source=self._visitor.source,
                )
                await self._changed()

            with asking(say, opened, go, say("case.share"), "group_add"):
                choice(say("case.agency"), "agency", offered)
                self._roles(AGENCY_ROLES, CaseRole.READER)

    def _roles(self, roles: Sequence[CaseRole], chosen: CaseRole) -> None:
        say = self._words.language
        told = {each.value: f"{say(f'case.role.{each.value}')}: {say(f'case.role_may.{each.value}')}" for each in roles}
        choice(say("case.role_label"), "role", told, chosen.value)
