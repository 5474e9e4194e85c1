"""``/admin/agencies``: who shares the installation, and where what their accounts are granted ends."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from nicegui import ui
from nicegui.events import GenericEventArguments

from camsvc.api.services import agencies
from camsvc.db.queries.agencies import NAME_MAX, Listed
from camsvc.domain.account import Agency
from camsvc.errors import InputError
from camsvc.web import confirm
from camsvc.web.components.area_picker import EVERYWHERE, AreaPicker
from camsvc.web.forms import Form, Told, entry, one, submit
from camsvc.web.markup import button, icon_button, tag
from camsvc.web.pages.admin.desk import desk
from camsvc.web.site import Site, SitePage
from camsvc.web.visitor import VISITOR, Visitor

STYLES = ("people.css",)


def add(site: Site) -> None:
    @SitePage("/admin/agencies")
    async def all_agencies() -> None:
        await AgenciesPage(site, VISITOR.get()).open()


class AgenciesPage:
    def __init__(self, site: Site, visitor: Visitor) -> None:
        self._site = site.seen_by(visitor)
        self._visitor = visitor
        self._words = site.words(visitor)
        self._where: Sequence[str] = ()

    async def open(self) -> None:
        await self._site.lookout.now()
        say = self._words.language
        with desk(self._site, self._visitor, self._words, "agencies", say("agencies.title"), styles=STYLES) as middle:
            if middle is None:
                return
            with tag("div", "cam-page__head"):
                tag("h1", "", say("agencies.title"))
                new = button(say("agencies.add"), "cam-btn cam-btn--main", "domain_add", data_test="add")
                new.on("click", lambda: self._edit(None))
            tag("p", "cam-soft", say("agencies.hint"))
            with tag("div", "cam-sheet cam-wide"), tag("table", "cam-rows", data_test="agencies"):
                with tag("thead"), tag("tr"):
                    for name in ("name", "areas", "accounts"):
                        tag("th", "", say(f"agencies.{name}"), scope="col")
                    tag("th", "", "")
                self._rows = tag("tbody")
            await self._show()

    async def _show(self) -> None:
        visitor = self._visitor
        found = await asyncio.to_thread(agencies.all_agencies, self._site.server, visitor.user, source=visitor.source)
        self._rows.clear()
        with self._rows:
            for each in found:
                self._row(each)
            if not found:
                with tag("tr"):
                    tag("td", "cam-soft", self._words.language("agencies.none"), colspan=4)

    def _row(self, each: Listed) -> None:
        say, directory, agency = self._words.language, self._site.lookout.last.directory, each.agency
        with tag("tr", "", data_agency=str(agency.id)):
            tag("td", "", agency.name)
            with tag("td"):
                if agency.areas is None:
                    tag("span", "", say("area_picker.everywhere"))
                for path in agency.areas or ():
                    tag("div", "", directory.area_trail(path))
            tag("td", "cam-num", say.number(each.accounts))
            with tag("td"):
                change = icon_button("edit", say("agencies.change"), "cam-btn cam-btn--quiet cam-btn--icon")
                change.on("click", partial(self._edit, agency))
                gone = icon_button("delete", say("agencies.remove"), "cam-btn cam-btn--quiet cam-btn--icon")
                gone.on("click", partial(self._ask_remove, agency))

    def _edit(self, agency: Agency | None, *_: object) -> None:
        say = self._words.language
        title = say("agencies.change" if agency else "agencies.add")
        self._where = (EVERYWHERE,) if agency and agency.areas is None else (agency.areas or ()) if agency else ()
        with (
            ui.dialog(value=True) as dialog,
            tag("div", "cam-dialog cam-ask cam-ask--wide", role="dialog", aria_label=title),
        ):
            dialog.on("hide", dialog.delete)
            tag("h2", "", title)

            async def save(told: Told) -> None:
                await self._save(agency, one(told, "name"))
                dialog.close()

            with Form(say, "", save, data_test="agency"):
                entry(say("agencies.name"), "name", agency.name if agency else "", required=True, maxlength=NAME_MAX)
                tag("p", "cam-legend", say("agencies.areas"))
                directory = self._site.lookout.last.directory
                picker = AreaPicker(say, directory, many=True, everywhere=True, chosen=self._where)
                picker.on("picked", self._on_picked)
                with tag("div", "cam-ask__end"):
                    button(say("ask.no")).on("click", dialog.close)
                    submit(say("agencies.save"), "save", data_test="do")

    def _on_picked(self, event: GenericEventArguments) -> None:
        self._where = [str(each) for each in event.args] if isinstance(event.args, list) else ()

    async def _save(self, agency: Agency | None, name: str) -> None:
        if not self._where:
            raise InputError("no area is chosen", parameter="where")
        areas = None if EVERYWHERE in self._where else list(self._where)
        server, visitor = self._site.server, self._visitor
        if agency is None:
            await asyncio.to_thread(agencies.add, server, visitor.user, name, areas, source=visitor.source)
        else:
            change = partial(agencies.change, source=visitor.source)
            await asyncio.to_thread(change, server, visitor.user, agency.id, name, areas)
        await self._show()

    def _ask_remove(self, agency: Agency, *_: object) -> None:
        say = self._words.language
        text = say("agencies.remove_text", name=agency.name)
        confirm.ask(say, say("agencies.remove_ask"), text, say("agencies.remove"), partial(self._remove, agency))

    async def _remove(self, agency: Agency) -> None:
        visitor = self._visitor
        await asyncio.to_thread(agencies.remove, self._site.server, visitor.user, agency.id, source=visitor.source)
        await self._show()
