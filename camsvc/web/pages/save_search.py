"""The dialog that saves a search, or changes one that is saved: its name, and how it tells of what it finds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import time
from functools import partial
from typing import Any

from nicegui import ui

from camsvc.api.services.alerts import saved
from camsvc.api.services.alerts.saved import KEEP, Saved, Wish
from camsvc.db import named_filter
from camsvc.domain.account import Action
from camsvc.domain.alert import NAME_MAX, Alerting, Channel, Hours, SavedSearch, Span
from camsvc.domain.search import IncidentFilter
from camsvc.domain.search_json import search_json
from camsvc.errors import InputError
from camsvc.web import confirm, typed
from camsvc.web.forms import Form, Told, check, entry, one, several, submit
from camsvc.web.markup import button, tag
from camsvc.web.site import Site
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words

WEEK = range(1, 8)


class SaveSearch:
    """``done`` is called after a search was saved."""

    def __init__(self, site: Site, visitor: Visitor, words: Words, done: Callable[[], Awaitable[None]]) -> None:
        self._site = site
        self._visitor = visitor
        self._words = words
        self._done = done

    def open(self, wanted: IncidentFilter) -> None:
        """To save what is searched for now."""
        now = self._site.server.clock.now()
        span = typed.quick(wanted, self._words.wall, now)
        self._show(wanted, Span(span) if span in set(Span) else None, None)

    def change(self, search: SavedSearch) -> None:
        """To change one. Its conditions stay: they are changed where one searches."""
        wanted = named_filter.parse(search.conditions, self._site.zone.key)
        self._show(wanted, search.span, search)

    def _show(self, wanted: IncidentFilter, span: Span | None, search: SavedSearch | None) -> None:
        say = self._words.language
        title = say("saved.change" if search else "saved.save")
        with ui.dialog(value=True) as dialog, tag("div", "cam-dialog cam-save", role="dialog", aria_label=title):
            dialog.on("hide", dialog.delete)
            tag("h2", "", title)

            async def save(told: Told) -> None:
                made = await self._save(_wish(told, wanted, span), search)
                dialog.close()
                self._tell(made)
                await self._done()

            with Form(say, "", save, data_test="save-form"):
                self._build(wanted, span, search)
                with tag("div", "cam-save__end"):
                    button(say("ask.no")).on("click", dialog.close)
                    submit(say("saved.do"), "bookmark_add", data_test="save-search")

    def _build(self, wanted: IncidentFilter, span: Span | None, search: SavedSearch | None) -> None:
        say = self._words.language
        bare = replace(wanted, from_=None, to=None) if span else wanted
        tag("p", "cam-soft", self._words.searched(bare, self._site.lookout.last.directory))
        name = search.name if search else ""
        entry(say("saved.name"), "name", name, required=True, maxlength=NAME_MAX, autofocus=True)
        if span is not None:
            moves = say("saved.moves", span=say(f"range.{span.value}"))
            check(moves, "moving", checked=search is None or search.span is not None)
        self._build_alerts(search.alerting if search else None, search)

    def _build_alerts(self, told: Alerting | None, search: SavedSearch | None) -> None:
        say = self._words.language
        check(say("saved.alerts"), "alerts", checked=told is not None)
        hours = told.hours if told else None
        with tag("fieldset", "cam-save__alerts"):
            tag("legend", "cam-field__label", say("saved.hours", zone=self._site.zone.key))
            with tag("div", "cam-save__hours"):
                for name, at in (("begin", hours and hours.begin), ("end", hours and hours.end)):
                    entry(say(f"saved.{name}"), name, at.isoformat("minutes") if at else "", type="time")
                for day in WEEK:
                    check(say(f"saved.day.{day}"), "day", str(day), checked=not hours or day in hours.days)
            self._build_channels(told, search)

    def _build_channels(self, told: Alerting | None, search: SavedSearch | None) -> None:
        say, settings = self._words.language, self._site.server.settings.alerts
        if self._visitor.user.reach(Action.EXPORT).is_nowhere:
            return
        channels = told.channels if told else frozenset()
        if settings.mqtt is not None:
            check(say("saved.mqtt"), "mqtt", checked=Channel.MQTT in channels)
        if settings.webhook_hosts:
            hosts = ", ".join(settings.webhook_hosts)
            entry(say("saved.webhook", hosts=hosts), "webhook", hint="https://…")
            if search and search.has_webhook and Channel.WEBHOOK in channels:
                check(say("saved.webhook_stays"), "webhook_stays", checked=True)

    async def _save(self, wish: Wish, search: SavedSearch | None) -> Saved:
        server, visitor = self._site.server, self._visitor
        if search is None:
            return await asyncio.to_thread(saved.add, server, visitor.user, wish, source=visitor.source)
        change = partial(saved.change, source=visitor.source)
        return await asyncio.to_thread(change, server, visitor.user, search.id, wish)

    def _tell(self, made: Saved) -> None:
        say = self._words.language
        ui.notify(say("saved.done", name=made.search.name), type="positive")
        if made.secret is not None:
            confirm.show_once(say, say("saved.secret_title"), say("saved.secret"), made.secret)


def _wish(told: Told, wanted: IncidentFilter, span: Span | None) -> Wish:
    """Raises InputError."""
    moving = span if one(told, "moving") else None
    conditions: dict[str, Any] = search_json(replace(wanted, from_=None, to=None) if moving else wanted)
    url = one(told, "webhook")
    stays = bool(one(told, "webhook_stays")) and not url
    alerting = None
    if one(told, "alerts"):
        channels = {Channel.MQTT} if one(told, "mqtt") else set()
        if url or stays:
            channels.add(Channel.WEBHOOK)
        alerting = Alerting(frozenset(channels), _hours(told))
    return Wish(one(told, "name"), conditions, moving, alerting, KEEP if stays else url or None)


def _hours(told: Told) -> Hours | None:
    """None: always. Raises InputError."""
    days = frozenset(int(each) for each in several(told, "day") if each in set(map(str, WEEK)))
    begin, end = one(told, "begin"), one(told, "end")
    if not begin and not end and len(days) == len(WEEK):
        return None
    try:
        hours = Hours(time.fromisoformat(begin or "00:00"), time.fromisoformat(end or "00:00"), days)
    except ValueError as error:
        raise InputError("not hours of a day", parameter="hours", cure="write them like 22:00") from error
    if not days:
        raise InputError("no day of the week", parameter="hours", cure="choose one at least")
    return hours
