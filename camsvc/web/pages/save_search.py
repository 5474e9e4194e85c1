"""The dialog that saves a search, or changes one that is saved: its name, and how it tells of what it finds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import time
from typing import Any

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement
from nicegui.events import GenericEventArguments

from camsvc.api.services.alerts import saved
from camsvc.api.services.alerts.saved import KEEP, NOT_TOLD, Saved, Wish
from camsvc.db import named_filter
from camsvc.domain.account import Action
from camsvc.domain.alert import NAME_MAX, Alerting, Channel, Hours, SavedSearch, Span
from camsvc.domain.search import IncidentFilter
from camsvc.domain.search_json import search_json
from camsvc.errors import CamsvcError, InputError
from camsvc.web import typed
from camsvc.web.components.field import Field
from camsvc.web.markup import button, icon, icon_button, label, tag
from camsvc.web.site import Site
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words

WEEK = range(1, 8)
KNOWN_FAULTS = frozenset({"name", "webhook", "alerts", "hours"})
"""Parameters that the catalogue has words for (``saved.wrong.…``)."""
FORM = "(e) => emit([...new FormData(e.target)])"


class SaveSearch:
    """Made where the page is made. ``done`` is called after a search was saved."""

    def __init__(self, site: Site, visitor: Visitor, words: Words, done: Callable[[], Awaitable[None]]) -> None:
        self._site = site
        self._visitor = visitor
        self._words = words
        self._done = done
        self._dialog = ui.dialog()
        self._fault: TextElement | None = None

    def open(self, wanted: IncidentFilter) -> None:
        """To save what is searched for now."""
        now = self._site.server.clock.now()
        span = typed.quick(wanted, self._words.wall, now)
        moving = Span(span) if span in set(Span) else None
        self._show(wanted, moving, None)

    def change(self, search: SavedSearch) -> None:
        """To change one. Its conditions stay: they are changed where one searches."""
        wanted = named_filter.parse(search.conditions, self._site.zone.key)
        self._show(wanted, search.span, search)

    def _show(self, wanted: IncidentFilter, span: Span | None, search: SavedSearch | None) -> None:
        say = self._words.language
        title = say("saved.change" if search else "saved.save")
        self._dialog.clear()
        with (
            self._dialog,
            tag("div", "cam-dialog cam-save", role="dialog", aria_label=title),
            tag("form") as form,
        ):
            with tag("div", "cam-dialog__head"):
                tag("h2", "", title)
                close = icon_button("close", say("keys.close"), "cam-btn cam-btn--quiet cam-btn--icon")
                close.on("click", self._dialog.close)
            self._build(wanted, span, search)
        form.on("submit.prevent", lambda event: self._save(event, wanted, span, search), js_handler=FORM)
        self._dialog.open()

    def _build(self, wanted: IncidentFilter, span: Span | None, search: SavedSearch | None) -> None:
        say = self._words.language
        bare = replace(wanted, from_=None, to=None) if span else wanted
        tag("p", "cam-soft", self._words.searched(bare, self._site.lookout.last.directory))
        with tag("label", "cam-field"):
            tag("span", "cam-field__label", say("saved.name"))
            name = Field(search.name if search else "", name="name")
            name.props["required"], name.props["maxlength"] = True, NAME_MAX
        if span is not None:
            moves = say("saved.moves", span=say(f"range.{span.value}"))
            self._check("moving", moves, checked=search is None or search.span is not None)
        if any(getattr(wanted, member) for member in NOT_TOLD):
            tag("p", "cam-soft", say("saved.no_alerts"))
        else:
            self._build_alerts(search.alerting if search else None, search)
        with tag("span", "cam-field__error", role="alert") as self._line:
            icon("error_outline")
            self._fault = label("span", "", "")
        self._line.set_visibility(False)
        with tag("div", "cam-save__end"):
            button(say("pick.cancel")).on("click", self._dialog.close)
            with tag("button", "cam-btn cam-btn--main", type="submit", data_test="save-search"):
                icon("bookmark_add")
                tag("span", "", say("saved.do"))

    def _build_alerts(self, told: Alerting | None, search: SavedSearch | None) -> None:
        say = self._words.language
        self._check("alerts", say("saved.alerts"), checked=told is not None)
        hours = told.hours if told else None
        with tag("fieldset", "cam-save__alerts"):
            tag("legend", "cam-field__label", say("saved.hours", zone=self._site.zone.key))
            with tag("div", "cam-save__hours"):
                for name, at in (("begin", hours and hours.begin), ("end", hours and hours.end)):
                    clock = Field(at.isoformat("minutes") if at else "", name=name).classes("cam-input")
                    clock.props["type"], clock.props["aria-label"] = "time", say(f"saved.{name}")
                for day in WEEK:
                    self._check("day", say(f"saved.day.{day}"), checked=not hours or day in hours.days, value=str(day))
            self._build_channels(told, search)

    def _build_channels(self, told: Alerting | None, search: SavedSearch | None) -> None:
        say, settings = self._words.language, self._site.server.settings.alerts
        if self._visitor.user.reach(Action.EXPORT).is_nowhere:
            return
        channels = told.channels if told else frozenset()
        if settings.mqtt is not None:
            self._check("mqtt", say("saved.mqtt"), checked=Channel.MQTT in channels)
        if settings.webhook_hosts:
            has = bool(search and search.has_webhook and Channel.WEBHOOK in channels)
            with tag("label", "cam-field"):
                tag("span", "cam-field__label", say("saved.webhook", hosts=", ".join(settings.webhook_hosts)))
                Field(name="webhook", hint=say("saved.webhook_hint"))
            if has:
                self._check("webhook_stays", say("saved.webhook_stays"), checked=True)

    def _check(self, name: str, text: str, *, checked: bool, value: str = "on") -> None:
        with tag("label", "cam-check"):
            tag("input", "", type="checkbox", name=name, value=value, checked=checked)
            tag("span", "", text)

    async def _save(
        self, event: GenericEventArguments, wanted: IncidentFilter, span: Span | None, search: SavedSearch | None
    ) -> None:
        pairs = [(str(name), str(value)) for name, value in event.args]
        server, user, source = self._site.server, self._visitor.user, self._visitor.source
        try:
            wish = _wish(pairs, wanted, span)
            if search is None:
                made = await asyncio.to_thread(saved.add, server, user, wish, source=source)
            else:
                made = await asyncio.to_thread(saved.change, server, user, search.id, wish, source=source)
        except InputError as error:
            self._say(error)
            return
        except CamsvcError as error:
            self._say_text(str(error))
            return
        self._dialog.close()
        self._tell(made)
        await self._done()

    def _say(self, error: InputError) -> None:
        known = error.parameter if error.parameter in KNOWN_FAULTS else None
        self._say_text(self._words.language(f"saved.wrong.{known}") if known else str(error))

    def _say_text(self, text: str) -> None:
        if self._fault is not None:
            self._fault.text = text
            self._line.set_visibility(True)

    def _tell(self, made: Saved) -> None:
        say = self._words.language
        ui.notify(say("saved.done", name=made.search.name), type="positive")
        if made.secret is None:
            return
        with ui.dialog(value=True), tag("div", "cam-dialog", role="dialog", aria_label=say("saved.secret_title")):
            tag("h2", "", say("saved.secret_title"))
            tag("p", "", say("saved.secret"))
            tag("code", "cam-mono", made.secret)


def _wish(pairs: list[tuple[str, str]], wanted: IncidentFilter, span: Span | None) -> Wish:
    """Raises InputError."""
    given: Mapping[str, str] = dict(pairs)
    moving = span if "moving" in given else None
    conditions: dict[str, Any] = search_json(replace(wanted, from_=None, to=None) if moving else wanted)
    url = given.get("webhook", "").strip()
    stays = "webhook_stays" in given and not url
    alerting = None
    if "alerts" in given:
        channels = {Channel.MQTT} if "mqtt" in given else set()
        if url or stays:
            channels.add(Channel.WEBHOOK)
        alerting = Alerting(frozenset(channels), _hours(pairs))
    return Wish(given.get("name", ""), conditions, moving, alerting, KEEP if stays else url or None)


def _hours(pairs: list[tuple[str, str]]) -> Hours | None:
    """None: always. Raises InputError."""
    given = dict(pairs)
    days = frozenset(int(value) for name, value in pairs if name == "day" and value in set(map(str, WEEK)))
    begin, end = given.get("begin", ""), given.get("end", "")
    if not begin and not end and len(days) == len(WEEK):
        return None
    try:
        hours = Hours(time.fromisoformat(begin or "00:00"), time.fromisoformat(end or "00:00"), days)
    except ValueError as error:
        raise InputError("not hours of a day", parameter="hours", cure="write them like 22:00") from error
    if not days:
        raise InputError("no day of the week", parameter="hours", cure="choose one at least")
    return hours
