"""``/alerts``: saved searches, and what they were told of."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from functools import partial

from nicegui import background_tasks, ui

from camsvc.api.errors import ForbiddenError
from camsvc.api.services.alerts import saved
from camsvc.db import named_filter
from camsvc.domain.alert import Alert, SavedSearch, Span
from camsvc.errors import CamsvcError, InputError
from camsvc.web import confirm
from camsvc.web.frame import frame
from camsvc.web.markup import button, icon, icon_button, tag
from camsvc.web.pages.save_search import SaveSearch
from camsvc.web.site import Site, SitePage, for_page
from camsvc.web.view import SearchView
from camsvc.web.visitor import VISITOR, Visitor

PAGE = 40
"""Alerts at once: more than a screen of them."""


def add(site: Site) -> None:
    @SitePage("/alerts")
    async def alerts() -> None:
        await AlertsPage(site, VISITOR.get()).open()


class AlertsPage:
    """One open page."""

    def __init__(self, site: Site, visitor: Visitor) -> None:
        self._site = site = site.seen_by(visitor)
        self._visitor = visitor
        self._words = site.words(visitor)
        self._client = ui.context.client
        self._shown: list[Alert] = []
        self._chosen: SavedSearch | None = None

    async def open(self) -> None:
        await self._site.lookout.now()
        say = self._words.language
        with frame(
            self._site, self._visitor, self._words, "alerts", say("alerts.title"), styles=("people.css", "alerts.css")
        ):
            self._save = SaveSearch(self._site, self._visitor, self._words, self._again)
            with tag("div", "cam-alerts-page"):
                with tag("section", "cam-saved", aria_label=say("saved.title")):
                    tag("h1", "", say("saved.title"))
                    self._searches = tag("div", "cam-saved__list")
                with tag("section", "cam-told", aria_label=say("alerts.title")):
                    with tag("div", "cam-told__head"):
                        self._title = tag("h1", "", say("alerts.title"))
                        tag("span", "cam-header__space")
                        self._seen = button(say("alerts.all_seen"), "cam-btn", "done_all", data_test="all-seen")
                        self._seen.on("click", self._see)
                    self._list = tag("div", "cam-told__list")
                    self._more = button(say("alerts.more"), "cam-btn", "expand_more", data_test="more-alerts")
                    self._more.on("click", self._go_on)
        await self._again()
        watcher = for_page(self._client, self._news)
        user = self._visitor.admitted.id
        self._site.bells.watch(user, watcher)
        self._client.on_delete(lambda: self._site.bells.unwatch(user, watcher))

    async def _again(self) -> None:
        """Read everything anew: a search was changed, or there is a new alert."""
        try:
            searches = await asyncio.to_thread(saved.all_of, self._site.server, self._visitor.user)
            found = await self._read(None)
        except ForbiddenError:
            self._say_instead("lock", "results.forbidden")
            return
        except CamsvcError:
            self._say_instead("cloud_off", "results.away")
            return
        if self._client.is_deleted:
            return
        self._show_searches(searches)
        self._shown = found
        self._list.clear()
        self._show(found)

    def _news(self) -> None:
        background_tasks.create(self._again(), name="alerts")

    async def _go_on(self) -> None:
        if self._shown:
            found = await self._read(self._shown[-1].id)
            self._shown += found
            self._show(found)

    async def _read(self, before: int | None) -> list[Alert]:
        chosen = self._chosen.id if self._chosen else None
        server, visitor = self._site.server, self._visitor
        return await asyncio.to_thread(
            saved.alerts_of, server, visitor.user, before=before, search=chosen, limit=PAGE, source=visitor.source
        )

    async def _see(self) -> None:
        if self._shown:
            chosen = self._chosen.id if self._chosen else None
            await asyncio.to_thread(saved.see, self._site.server, self._visitor.user, self._shown[0].id, chosen)
            await self._again()

    # Saved searches ------------------------------------------------------------------------------------------

    def _show_searches(self, searches: list[SavedSearch]) -> None:
        say = self._words.language
        chosen = self._chosen.id if self._chosen else None
        self._chosen = next((each for each in searches if each.id == chosen), None)
        self._searches.clear()
        with self._searches:
            if not searches:
                with tag("div", "cam-empty"):
                    icon("bookmark_border")
                    tag("p", "cam-empty__said", say("saved.none"))
                    with tag("a", "cam-btn cam-btn--main", href="/incidents"):
                        icon("manage_search")
                        tag("span", "", say("saved.go_search"))
            for each in searches:
                self._show_search(each)

    def _show_search(self, search: SavedSearch) -> None:
        say = self._words.language
        is_chosen = self._chosen is not None and self._chosen.id == search.id
        with tag(
            "article", "cam-saved__one" + (" cam-saved__one--chosen" if is_chosen else ""), data_search=str(search.id)
        ):
            with tag("div", "cam-saved__head"):
                link = self._link(search)
                if link is None:
                    tag("h2", "", search.name)
                else:
                    with tag("h2"):
                        tag("a", "", search.name, href=link, title=say("saved.open"))
                if search.unseen:
                    tag(
                        "span",
                        "cam-bell__count",
                        say.number(search.unseen),
                        title=say.count("alerts.unseen", search.unseen),
                    )
            tag("p", "cam-soft", self._what(search))
            with tag("div", "cam-saved__state"):
                if search.alerting is None:
                    icon("notifications_off")
                    tag("span", "", say("saved.silent"))
                elif search.paused_at is not None:
                    icon("pause_circle")
                    tag(
                        "span",
                        "cam-saved__paused",
                        say("saved.paused", time=self._words.wall.date_clock(search.paused_at)),
                    )
                else:
                    icon("notifications_active")
                    tag("span", "", self._how(search))
            with tag("div", "cam-saved__do"):
                only = button(say("saved.all" if is_chosen else "saved.only"), "cam-btn cam-btn--quiet", "filter_list")
                only.on("click", lambda: self._choose(None if is_chosen else search))
                change = icon_button("edit", say("saved.change"), "cam-btn cam-btn--quiet cam-btn--icon")
                change.on("click", lambda: self._save.change(search))
                gone = icon_button("delete", say("saved.remove"), "cam-btn cam-btn--quiet cam-btn--icon")
                gone.on("click", lambda: self._ask_remove(search))

    async def _choose(self, search: SavedSearch | None) -> None:
        self._chosen = search
        await self._again()

    def _ask_remove(self, search: SavedSearch) -> None:
        say = self._words.language
        title = say("saved.remove_sure", name=search.name)
        confirm.ask(say, title, say("saved.remove_what"), say("saved.remove"), partial(self._remove, search))

    async def _remove(self, search: SavedSearch) -> None:
        server, visitor = self._site.server, self._visitor
        with suppress(InputError):  # gone already, by another page
            await asyncio.to_thread(saved.remove, server, visitor.user, search.id, source=visitor.source)
        await self._again()

    def _link(self, search: SavedSearch) -> str | None:
        """To what it finds; None when it is no longer understood."""
        try:
            wanted = named_filter.parse(search.conditions, self._site.zone.key)
        except InputError:
            return None
        if search.span is not None:
            from_, to = self._words.wall.quick(search.span.value, self._site.server.clock.now())
            wanted = replace(wanted, from_=from_, to=to)
        return SearchView(wanted).path()

    def _what(self, search: SavedSearch) -> str:
        try:
            wanted = named_filter.parse(search.conditions, self._site.zone.key)
        except InputError as error:
            return str(error)
        said = self._words.searched(wanted, self._site.lookout.last.directory)
        return (
            f"{self._words.language(f'range.{search.span.value}')} · {said}" if isinstance(search.span, Span) else said
        )

    def _how(self, search: SavedSearch) -> str:
        say = self._words.language
        hours = search.alerting.hours if search.alerting else None
        told = say("saved.always")
        if hours:
            told = f"{hours.begin:%H:%M}–{hours.end:%H:%M}"
            if len(hours.days) < 7:
                told += " · " + ", ".join(say(f"saved.day.{day}") for day in sorted(hours.days))
        channels = sorted(search.alerting.channels) if search.alerting else []
        return " · ".join([told, *(say(f"saved.channel.{each.value}") for each in channels)])

    # Alerts --------------------------------------------------------------------------------------------------

    def _show(self, found: list[Alert]) -> None:
        say = self._words.language
        self._more.set_visibility(len(found) == PAGE)
        self._seen.props["disabled"] = not any(each.seen_at is None for each in self._shown)
        with self._list:
            if not self._shown:
                with tag("div", "cam-empty"):
                    icon("notifications_none")
                    tag("p", "cam-empty__said", say("alerts.none"))
            for each in found:
                self._show_alert(each)

    def _show_alert(self, alert: Alert) -> None:
        say, wall = self._words.language, self._words.wall
        directory = self._site.lookout.last.directory
        is_new = alert.seen_at is None
        with tag(
            "a",
            "cam-told__one" + (" cam-told__one--new" if is_new else ""),
            href=SearchView().path(str(alert.incident)),
            data_incident=str(alert.incident),
        ):
            with tag("span", "cam-told__picture"):
                icon("image_not_supported")
                tag("img", "", src=f"/api/v1/incidents/{alert.incident}/thumbnail", alt="", loading="lazy")
            with tag("span", "cam-told__text"):
                with tag("span", "cam-told__what"):
                    if is_new:
                        tag("span", "cam-told__new", say("alerts.is_new"))
                    tag("b", "", say.known("kind", alert.kind))
                    tag(
                        "span",
                        f"cam-told__severity cam-told__severity--{alert.severity.value}",
                        say(f"severity.{alert.severity.value}"),
                    )
                tag("span", "", f"{directory.camera_name(alert.camera)} · {directory.area_name(alert.area)}")
                at = wall.date_clock(alert.incident_started_at)
                tag("span", "cam-num", at, title=wall.utc(alert.incident_started_at))
                tag("span", "cam-soft", alert.search_name)

    def _say_instead(self, icon_name: str, key: str) -> None:
        self._list.clear()
        self._more.set_visibility(False)
        with self._list, tag("div", "cam-empty"):
            icon(icon_name)
            tag("p", "cam-empty__said", self._words.language(key))
