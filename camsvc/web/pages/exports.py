"""``/exports``: the packages that were asked for: on their way, made, gone."""

from __future__ import annotations

import asyncio

from nicegui import ui

from camsvc.api.errors import ForbiddenError
from camsvc.api.services import exports
from camsvc.domain.account import EVERYWHERE, Action
from camsvc.domain.export_job import Export
from camsvc.errors import CamsvcError
from camsvc.web.frame import frame
from camsvc.web.markup import button, icon, tag
from camsvc.web.pages.cases.tabs import tabs
from camsvc.web.pages.export_card import ExportCard
from camsvc.web.pages.exporting import ExportDialog
from camsvc.web.site import Site, SitePage, for_page
from camsvc.web.visitor import VISITOR, Visitor

STYLES = ("people.css", "cases.css", "exports.css")
PAGE = 30
"""Exports at once: some screens of them."""


def add(site: Site) -> None:
    @SitePage("/exports")
    async def all_exports(everyone: str = "") -> None:
        await ExportsPage(site, VISITOR.get(), everyone=everyone == "true").open()


class ExportsPage:
    def __init__(self, site: Site, visitor: Visitor, *, everyone: bool) -> None:
        self._site = site.seen_by(visitor)
        self._visitor = visitor
        self._words = site.words(visitor)
        self._everyone = everyone and visitor.user.reach(Action.ADMINISTER) == EVERYWHERE
        self._client = ui.context.client
        self._cards: dict[str, ExportCard] = {}
        self._shown: list[Export] = []
        self._is_reading = self._is_due = False

    async def open(self) -> None:
        await self._site.lookout.now()
        say, visitor = self._words.language, self._visitor
        with (
            frame(self._site, visitor, self._words, "cases", say("export.all"), styles=STYLES),
            tag("div", "cam-page"),
            tag("div", "cam-page__middle"),
        ):
            tabs(say, "exports")
            with tag("div", "cam-page__head"):
                tag("h1", "", say("export.all"))
                if visitor.user.reach(Action.ADMINISTER) == EVERYWHERE:
                    self._whose()
            tag("p", "cam-soft xp-page__means", say("export.all_means"))
            if visitor.user.reach(Action.EXPORT).is_nowhere:
                self._nothing("lock", say("export.may_not"))
                return
            self._room = tag("div", "", data_test="room")
            self._list = tag("div", "xp-page__list", data_test="exports")
            self._more = button(say("alerts.more"), "cam-btn", "expand_more", data_test="more-exports")
            self._more.on("click", self._go_on)
            self._dialog = ExportDialog(self._site, visitor, self._words, self._begun)
        await self._read()
        whose = None if self._everyone else visitor.admitted.id
        watcher = for_page(self._client, self._news)
        self._site.exports.watch(whose, watcher)
        self._client.on_delete(lambda: self._site.exports.unwatch(whose, watcher))

    def _whose(self) -> None:
        say = self._words.language
        with tag("nav", "cam-seg xp-page__whose", aria_label=say("export.whose")):
            for key, href, is_on in (
                ("mine", "/exports", not self._everyone),
                ("everyone", "/exports?everyone=true", self._everyone),
            ):
                current = {"aria-current": "true"} if is_on else {}
                tag("a", "", say(f"export.{key}"), href=href, **current)

    async def _read(self) -> None:
        """All that is shown, anew: the newest first."""
        self._is_due = True
        if self._is_reading:
            return  # who reads just now does so once more
        self._is_reading = True
        try:
            while self._is_due and not self._client.is_deleted:
                self._is_due = False
                await self._read_once()
        finally:
            self._is_reading = False

    async def _read_once(self) -> None:
        server, user, source = self._site.server, self._visitor.user, self._visitor.source
        count = max(PAGE, len(self._shown))
        try:
            found = await asyncio.to_thread(
                exports.listed, server, user, everyone=self._everyone, limit=count, source=source
            )
            room = await asyncio.to_thread(exports.quota, server, user)
        except ForbiddenError:
            if not self._client.is_deleted:
                with self._client:
                    ui.navigate.to("/exports")  # no administrator any more: their own are left
            return
        except CamsvcError:
            return  # the line of alarms says it
        if self._client.is_deleted:
            return
        self._show_room(room)
        self._show(found, has_more=len(found) == count)

    def _show_room(self, room: exports.Quota) -> None:
        size = self._words.bytes
        self._room.clear()
        with self._room:
            share = min(1.0, room.used.account_bytes / room.account_max_bytes) if room.account_max_bytes else 1.0
            with tag("div", "xp__quota"), tag("div", "xp__bar", aria_hidden="true"):
                tag("span", "xp__used").style(f"width: {share:.2%}")
            told = {"used": size(room.used.account_bytes), "most": size(room.account_max_bytes), "days": room.keep.days}
            tag("p", "cam-soft xp__told", self._words.language("export.quota", **told))

    def _show(self, found: list[Export], *, has_more: bool) -> None:
        same = [each.id for each in found] == [each.id for each in self._shown]
        self._shown = found
        if not same or not found:
            self._list.clear()
            self._cards = {}
            with self._list:
                for each in found:
                    card = self._cards[str(each.id)] = ExportCard(
                        self._site, self._visitor, self._words, self._make_again
                    )
                    card.build(each)
                if not found:
                    self._nothing("archive", self._words.language("export.none"))
        else:
            for each in found:
                self._cards[str(each.id)].show(each)
        self._more.set_visibility(has_more)

    def _nothing(self, icon_name: str, text: str) -> None:
        with tag("div", "cam-empty"):
            icon(icon_name)
            tag("p", "", text)

    async def _go_on(self) -> None:
        if not self._shown:
            return
        server, user, source = self._site.server, self._visitor.user, self._visitor.source
        before = self._shown[-1].id
        try:
            found = await asyncio.to_thread(
                exports.listed, server, user, everyone=self._everyone, before=before, limit=PAGE, source=source
            )
        except CamsvcError:
            return
        if not self._client.is_deleted and self._shown and self._shown[-1].id == before:  # else somebody was quicker
            self._show([*self._shown, *found], has_more=len(found) == PAGE)

    def _news(self) -> None:
        asyncio.create_task(self._read())  # noqa: RUF006  short, and harmless if it is not finished

    async def _begun(self, _: Export) -> None:
        await self._read()

    async def _make_again(self, export: Export) -> None:
        await self._dialog.open(
            case=export.case_id,
            subjects=export.subjects,
            case_number=export.case_number,
            contents=export.contents,
        )
