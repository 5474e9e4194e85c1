"""The bell in the header: how much nobody looked at yet, alerts and notices; under it the newest notices.

The list is a popover of the browser's own: it closes by Escape and by a click beside it, without a script.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from nicegui import background_tasks, events, ui

from camsvc.api.context import Server
from camsvc.api.services import notices
from camsvc.api.services.alerts import saved
from camsvc.domain.account import User
from camsvc.domain.notice import Notice
from camsvc.errors import CamsvcError
from camsvc.web.markup import button, icon, label, tag
from camsvc.web.noticing import ICONS, URGENT, noticed
from camsvc.web.site import Site, for_page
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words

MOST_SHOWN = 99
PAGE = 15
"""Notices at once: what a screen of 768 lines has room for, with their reasons."""
PANEL = "bell-panel"


@dataclass(frozen=True, slots=True)
class _Count:
    alerts: int
    notices: int

    @property
    def all(self) -> int:
        return self.alerts + self.notices


class Bell:
    """Made within the header."""

    def __init__(self, site: Site, visitor: Visitor, words: Words) -> None:
        self._site = site
        self._visitor = visitor
        self._words = words
        self._client = ui.context.client
        self._count: _Count | None = None
        self._shown: list[Notice] = []
        self._is_open = False
        self._is_asking = False
        say = words.language("notices.title")
        with tag(
            "button",
            "cam-headbtn cam-bell",
            type="button",
            title=say,
            aria_label=say,
            aria_haspopup="dialog",
            popovertarget=PANEL,
            data_test="bell",
        ) as self._button:
            icon("notifications")
            self._badge = label("span", "cam-bell__count", "", aria_hidden="true")
        self._badge.set_visibility(False)
        self._build_panel()
        watcher = for_page(self._client, self._ask)
        site.bells.watch(visitor.admitted.id, watcher)
        self._client.on_delete(lambda: site.bells.unwatch(visitor.admitted.id, watcher))
        self._ask()

    def _build_panel(self) -> None:
        say = self._words.language
        with tag(
            "div", "cam-bellpanel", id=PANEL, popover="auto", role="dialog", aria_label=say("notices.title")
        ) as panel:
            with tag("div", "cam-bellpanel__head"):
                tag("h2", "", say("notices.title"))
                self._read_all = button(
                    say("notices.all_read"), "cam-btn cam-btn--quiet", "done_all", data_test="all-read"
                )
                self._read_all.on("click", self._see_all)
            with tag("a", "cam-bellpanel__alerts", href="/alerts", data_test="bell-alerts"):
                icon("manage_search")
                self._alerts = label("span", "", say("notices.alerts"))
                icon("chevron_right")
            self._list = tag("ul", "cam-bellpanel__list")
            self._more = button(say("notices.earlier"), "cam-btn", "expand_more", data_test="earlier-notices")
            self._more.on("click", self._go_on)
        self._more.set_visibility(False)
        panel.on("toggle", self._toggled, args=["newState"])

    def _toggled(self, event: events.GenericEventArguments) -> None:
        self._is_open = event.args.get("newState") == "open"
        if self._is_open:
            background_tasks.create(self._again(), name="notices")

    # How many -------------------------------------------------------------------------------------------------

    def _ask(self) -> None:
        if not self._is_asking:
            self._is_asking = True
            background_tasks.create(self._read(), name="bell")

    async def _read(self) -> None:
        try:
            count = await asyncio.to_thread(_counted, self._site.server, self._visitor.user)
        except CamsvcError:
            return  # the line under the header says what is away
        finally:
            self._is_asking = False
        if self._client.is_deleted:
            return
        with self._client:
            self._show_count(count)
        if self._is_open:
            await self._again()

    def _show_count(self, count: _Count) -> None:
        say = self._words.language
        before, self._count = self._count, count
        self._badge.text = str(count.all) if count.all <= MOST_SHOWN else f"{MOST_SHOWN}+"
        self._badge.set_visibility(count.all > 0)
        told = [
            *([say.count("notices.unread", count.notices)] if count.notices else []),
            *([say.count("alerts.unseen", count.alerts)] if count.alerts else []),
        ]
        self._button.props["aria-label"] = self._button.props["title"] = ", ".join(told) or say("notices.title")
        self._alerts.text = say.count("alerts.unseen", count.alerts) if count.alerts else say("notices.alerts")
        self._read_all.set_visibility(count.notices > 0)
        if before is None:
            return
        if count.alerts > before.alerts:
            ui.notify(say.count("alerts.new", count.alerts - before.alerts), type="info", icon="notifications_active")
        if count.notices > before.notices:
            background_tasks.create(self._announce(), name="notice")

    async def _announce(self) -> None:
        """What the newest says, where somebody works: an export is ready, footage was given."""
        try:
            found = await asyncio.to_thread(notices.listed, self._site.server, self._visitor.user, unread=True, limit=1)
        except CamsvcError:
            return
        if found and not self._client.is_deleted:
            with self._client:
                told = noticed(self._words, found[0]).sentence
                ui.notify(told, type="warning" if found[0].kind in URGENT else "info", icon=ICONS[found[0].kind])

    # The list -------------------------------------------------------------------------------------------------

    async def _again(self) -> None:
        found = await self._page(None)
        if found is not None:
            self._shown = []
            self._list.clear()
            self._show(found)

    async def _go_on(self) -> None:
        before = self._last
        found = await self._page(before)
        if found is not None and before == self._last:  # else a second click was quicker, or the list is another one
            self._show(found)

    @property
    def _last(self) -> int | None:
        return self._shown[-1].id if self._shown else None

    async def _page(self, before: int | None) -> list[Notice] | None:
        """None: it could not be read, or the page is gone."""
        try:
            found = await asyncio.to_thread(
                notices.listed, self._site.server, self._visitor.user, before=before, limit=PAGE
            )
        except CamsvcError:
            return None
        return None if self._client.is_deleted else found

    def _show(self, found: list[Notice]) -> None:
        self._shown += found
        self._more.set_visibility(len(found) == PAGE)
        with self._list:
            if not self._shown:
                tag("li", "cam-bellpanel__none", self._words.language("notices.none"))
            for notice in found:
                self._one(notice)

    def _one(self, notice: Notice) -> None:
        told = noticed(self._words, notice)
        look = "cam-notice cam-notice--unread" if notice.read_at is None else "cam-notice"
        look += " cam-notice--urgent" if notice.kind in URGENT else ""
        with tag("li"), tag("a", look, href=notice.path, data_notice=str(notice.id)) as link:
            icon(ICONS[notice.kind])
            with tag("span", "cam-notice__text"):
                tag("span", "cam-notice__what", told.sentence)
                for line in told.lines:
                    tag("span", "cam-notice__why", line)
                tag("span", "cam-notice__when", self._words.wall.date_clock(notice.at))
            if notice.read_at is None:
                tag("span", "cam-hidden", self._words.language("notices.is_unread"))
                link.on("click", lambda: self._see(notice))

    async def _see(self, notice: Notice) -> None:
        await self._mark(ids=[notice.id])

    async def _see_all(self) -> None:
        if self._shown:
            await self._mark(up_to=self._shown[0].id)

    async def _mark(self, **which: int | list[int]) -> None:
        try:
            await asyncio.to_thread(notices.mark_read, self._site.server, self._visitor.user, **which)  # type: ignore[arg-type]
        except CamsvcError:
            return


def _counted(server: Server, user: User) -> _Count:
    return _Count(saved.unseen(server, user), notices.unread(server, user))
