"""The bell in the header: how many alerts nobody looked at, and a word when there is a new one."""

from __future__ import annotations

import asyncio

from nicegui import background_tasks, ui

from camsvc.api.services.alerts import saved
from camsvc.errors import CamsvcError
from camsvc.web.markup import icon, label, tag
from camsvc.web.site import Site, for_page
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words

MOST_SHOWN = 99


class Bell:
    """Made within the header."""

    def __init__(self, site: Site, visitor: Visitor, words: Words) -> None:
        self._site = site
        self._visitor = visitor
        self._words = words
        self._client = ui.context.client
        self._unseen: int | None = None
        self._is_asking = False
        say = words.language("alerts.title")
        with tag(
            "a", "cam-headbtn cam-bell", href="/alerts", title=say, aria_label=say, data_test="bell"
        ) as self._link:
            icon("notifications")
            self._count = label("span", "cam-bell__count", "", aria_hidden="true")
        self._count.set_visibility(False)
        watcher = for_page(self._client, self._ask)
        site.bells.watch(visitor.admitted.id, watcher)
        self._client.on_delete(lambda: site.bells.unwatch(visitor.admitted.id, watcher))
        self._ask()

    def _ask(self) -> None:
        if not self._is_asking:
            self._is_asking = True
            background_tasks.create(self._read(), name="bell")

    async def _read(self) -> None:
        try:
            unseen = await asyncio.to_thread(saved.unseen, self._site.server, self._visitor.user)
        except CamsvcError:
            return  # the line under the header says what is away
        finally:
            self._is_asking = False
        if self._client.is_deleted:
            return
        with self._client:
            self._show(unseen)

    def _show(self, unseen: int) -> None:
        say = self._words.language
        before, self._unseen = self._unseen, unseen
        self._count.text = str(unseen) if unseen <= MOST_SHOWN else f"{MOST_SHOWN}+"
        self._count.set_visibility(unseen > 0)
        told = say.count("alerts.unseen", unseen) if unseen else say("alerts.title")
        self._link.props["aria-label"] = self._link.props["title"] = told
        if before is not None and unseen > before:
            ui.notify(say.count("alerts.new", unseen - before), type="info", icon="notifications_active")
