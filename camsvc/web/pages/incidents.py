"""``/incidents`` and ``/incidents/{id}``: search, and one incident laid over the search it was found in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, get_args
from urllib.parse import parse_qsl, urlsplit

from nicegui import ui
from nicegui.events import GenericEventArguments
from starlette.requests import Request

from camsvc.api.errors import ForbiddenError
from camsvc.api.services import incidents as service
from camsvc.api.services import tallies
from camsvc.db.queries.incidents import IncidentPage
from camsvc.domain.incident import Incident
from camsvc.domain.search import IncidentFilter
from camsvc.errors import CamsvcError, InputError
from camsvc.web import typed
from camsvc.web.cards import card
from camsvc.web.components.filters import Filters
from camsvc.web.components.map import HEAT_CELL_DEG, Map
from camsvc.web.components.results import Results
from camsvc.web.directory import Directory
from camsvc.web.fields import FieldError
from camsvc.web.following import Following, News
from camsvc.web.frame import frame
from camsvc.web.markup import button, icon_button, label, tag
from camsvc.web.moments import QuickRange
from camsvc.web.pages.incident import IncidentPane
from camsvc.web.pages.outcome import Count, say_not_searched, say_nothing_found, say_trouble
from camsvc.web.pages.pick import PlacePicker
from camsvc.web.places import Found
from camsvc.web.shapes import NO_PLACE, TOOLS, conditions
from camsvc.web.site import Site, SitePage
from camsvc.web.view import Layout, Parsed, SearchView, member_of, parse
from camsvc.web.visitor import VISITOR, Visitor

PAGE = 40
"""Incidents at once: two screens of cards."""
RECOUNT_S = 2.0
"""After a change; a count is a query, and changes come in swarms."""
LAYOUT_ICONS = {Layout.CARDS: "grid_view", Layout.TABLE: "table_rows", Layout.MAP: "map"}


def add(site: Site) -> None:
    @SitePage("/incidents")
    async def search(request: Request) -> None:
        await SearchPage(site, VISITOR.get(), request).open(None)

    @SitePage("/incidents/{incident}")
    async def one(request: Request, incident: str) -> None:
        await SearchPage(site, VISITOR.get(), request).open(incident)


class SearchPage:
    """One open page. Keeps the conditions and where the list ends, not the list."""

    def __init__(self, site: Site, visitor: Visitor, request: Request) -> None:
        self._site = site = site.seen_by(visitor)
        self._visitor = visitor
        self._words = site.words(visitor)
        self._client = ui.context.client
        self._parsed: Parsed = parse(parse_qsl(request.url.query), site.zone.key)
        self._typed: dict[str, str] = {
            name: error.values.get("text", "") for name, error in self._parsed.errors.items() if name in {"from", "to"}
        }
        self._cursor: str | None = None
        self._recorded: tuple[IncidentFilter, str | None] | None = None
        """The search that was last put on record: a list that is laid out anew, or read again, is no new one."""
        self._search = 0
        self._found = Found()
        self._hot = False
        """The heat map is wanted."""

    @property
    def view(self) -> SearchView:
        return self._parsed.view

    @property
    def _directory(self) -> Directory:
        return self._site.lookout.last.directory

    async def open(self, incident: str | None) -> None:
        await self._site.lookout.now()
        following = Following(self._site.server.feed, self._client, self._visitor, tell=self._news, renew=self._again)
        self._following = following
        if not self._parsed.errors:
            following.follow(self.view.filter)
        page, trouble = await self._ask(None)
        say = self._words.language
        with frame(self._site, self._visitor, self._words, "incidents", say("nav.incidents")):
            self._build(page)
        self._show_conditions()
        self._show_outcome(page, trouble)
        ui.on("cam-address", self._on_address)
        if incident is not None:
            await self._pane.show(incident, self.view)

    # Making the page -----------------------------------------------------------------------------------------

    def _build(self, page: IncidentPage) -> None:
        words, say = self._words, self._words.language
        self._picker = PlacePicker(self._site, words, self._on_place)
        self._filters = Filters(words, self._directory, words.wall.zone_name(self._site.server.clock.now()))
        self._filters.on("change", self._on_change)
        self._filters.on("range", self._on_range)
        self._filters.on("clear", lambda: self._go(SearchView(layout=self.view.layout)))
        self._filters.on("unpick", lambda: self._go_filter(**NO_PLACE))
        self._filters.on("pick", lambda: self._picker.open(self.view.filter, self._site.lookout.last))
        with tag("section", "cam-found", aria_label=say("results.label")) as found:
            self._build_bar()
            self._split = tag("div", "cam-split")
            with self._split:
                self._map: Map | None = None
                self._results = Results(
                    say,
                    words.wall.offset(self._site.server.clock.now()),
                    self.view.layout.value,
                    [self._card(each) for each in page.items],
                    page.next_cursor is not None,
                )
            self._empty = tag("div", "cam-empty")
        self._results.on("open", self._on_open)
        self._results.on("more", self._on_more)
        self._results.on("reload", self._again)
        self._pane: IncidentPane = IncidentPane(
            self._site, self._visitor, words, leave=self._on_leave, walk=self._on_walk, below=(self._filters, found)
        )

    def _build_bar(self) -> None:
        say = self._words.language
        with tag("div", "cam-bar"):
            self._count = Count(self._site, self._visitor, self._words)
            self._said = label("span", "cam-bar__what", "", title="")
            with tag("div", "cam-seg", role="group", aria_label=say("layout.label")):
                self._layouts = {}
                for layout in Layout:
                    made = button(say(f"layout.{layout.value}"), "", LAYOUT_ICONS[layout], data_layout=layout.value)
                    made.on("click", lambda chosen=layout: self._on_layout(chosen))
                    self._layouts[layout] = made
            icon_button("link", say("link.copy"), data_copy="", data_copied=say("link.copied"))

    # What the user does --------------------------------------------------------------------------------------

    async def _on_change(self, event: GenericEventArguments) -> None:
        changes = event.args if isinstance(event.args, Mapping) else {}
        now = self._site.server.clock.now()
        parsed, self._typed = typed.apply(changes, self._parsed, self._typed, self._words.wall, now)
        await self._take(parsed, keep_typed=bool(parsed.errors))

    async def _on_range(self, event: GenericEventArguments) -> None:
        if event.args == "any":
            await self._go_filter(from_=None, to=None)
        elif event.args in get_args(QuickRange):
            from_, to = self._words.wall.quick(event.args, self._site.server.clock.now())
            await self._go_filter(from_=from_, to=to)

    async def _on_place(self, conditions: Mapping[str, Any]) -> None:
        await self._go_filter(**conditions)

    async def _on_draw(self, event: GenericEventArguments) -> None:
        found = conditions(event.args)
        if found is not None:
            await self._go_filter(**found)

    async def _on_heat(self, event: GenericEventArguments) -> None:
        self._hot = event.args is True
        await self._warm()

    async def _warm(self) -> None:
        """How many where, while that is wanted."""
        if self._map is None:
            return
        if not self._hot or self._parsed.errors:
            self._map.show_heat(None)
            return
        server, user, source = self._site.server, self._visitor.user, self._visitor.source
        search = self._search
        with suppress(CamsvcError):
            found = await asyncio.to_thread(tallies.heat, server, user, self.view.filter, HEAT_CELL_DEG, source=source)
            if search == self._search and not self._client.is_deleted:
                self._map.show_heat(found)

    async def _on_layout(self, layout: Layout) -> None:
        if layout is self.view.layout:
            return
        self._parsed = replace(self._parsed, view=replace(self.view, layout=layout))
        self._address()
        self._results.lay_out(layout.value)
        self._show_conditions()
        self._show_map()
        # Links in the list lead back to this layout.
        page, trouble = await self._ask(None)
        self._fill(page, trouble)

    async def _on_more(self) -> None:
        search, cursor = self._search, self._cursor
        if cursor is None:
            return
        page, trouble = await self._ask(cursor)
        if search != self._search:
            return  # another search was begun meanwhile
        if trouble:
            self._results.failed()
            with self._client:
                ui.notify(trouble, type="negative")
            return
        self._cursor = page.next_cursor
        self._found.add(page.items)
        self._results.append([self._card(each) for each in page.items], self._cursor is not None)
        self._show_map()

    async def _on_open(self, event: GenericEventArguments) -> None:
        await self._pane.show(str(event.args), self.view)
        self._address(str(event.args))

    async def _on_walk(self, incident: str) -> None:
        await self._pane.show(incident, self.view)
        self._address(incident)
        self._results.point_out(incident)

    def _on_leave(self, incident: str | None) -> None:
        self._address()
        self._client.title = f"{self._words.language('nav.incidents')} · camsvc"
        self._results.point_out(incident)
        self._results.focus_on(incident)

    async def _on_address(self, event: GenericEventArguments) -> None:
        """Back or forward in the browser."""
        parts = urlsplit(str(event.args))
        _, _, incident = parts.path.removeprefix("/incidents").partition("/")
        parsed = parse(parse_qsl(parts.query), self._site.zone.key)
        if parsed != self._parsed:
            await self._take(parsed, keep_typed=False, address=False)
        if incident:
            await self._pane.show(incident, self.view)
        else:
            self._pane.hide()

    # Searching -----------------------------------------------------------------------------------------------

    async def _go_filter(self, **conditions: Any) -> None:  # noqa: ANN401  members of IncidentFilter
        """Set these conditions. What could not be read of the others stays refused."""
        view = replace(self.view, filter=replace(self.view.filter, **conditions))
        errors = {name: error for name, error in self._parsed.errors.items() if member_of(name) not in conditions}
        await self._take(Parsed(view, errors), keep_typed=bool(errors))

    async def _go(self, view: SearchView) -> None:
        await self._take(Parsed(view), keep_typed=False)

    async def _again(self) -> None:
        await self._take(self._parsed, keep_typed=True, address=False)

    async def _take(self, parsed: Parsed, *, keep_typed: bool, address: bool = True) -> None:
        """Show ``parsed`` and what it finds. While a condition cannot be read nothing is searched."""
        changed_layout = parsed.view.layout is not self.view.layout
        self._parsed = parsed
        if not keep_typed:
            self._typed = {}
        if parsed.errors:
            self._show_conditions()
            self._show_outcome(IncidentPage((), None), None)
            return
        if address:
            self._address()
        if changed_layout:
            self._results.lay_out(parsed.view.layout.value)
        self._search += 1
        search = self._search
        self._show_conditions()
        self._following.follow(parsed.view.filter)
        page, trouble = await self._ask(None)
        if search == self._search:
            self._fill(page, trouble)
            await self._warm()

    def _fill(self, page: IncidentPage, trouble: str | None) -> None:
        self._results.reset([self._card(each) for each in page.items], page.next_cursor is not None)
        self._show_outcome(page, trouble)

    async def _ask(self, cursor: str | None) -> tuple[IncidentPage, str | None]:
        """A page of results, or what to say instead."""
        nothing = IncidentPage((), None)
        if self._parsed.errors:
            return nothing, None
        asked = self.view.filter, cursor
        try:
            found = await asyncio.to_thread(
                service.look if asked == self._recorded else service.search,
                self._site.server,
                self._visitor.user,
                self.view.filter,
                cursor=cursor,
                limit=PAGE,
                source=self._visitor.source,
            )
        except InputError as error:
            name = error.parameter or "link"
            self._parsed.errors[name] = FieldError(name, f"field.{name}_unknown", text=_values(self.view, name))
            self._show_fields_if_built()
            return nothing, None
        except ForbiddenError:
            return nothing, self._words.language("results.forbidden")
        except CamsvcError:
            return nothing, self._words.language("results.away")
        self._recorded = asked
        return found, None

    def _show_fields_if_built(self) -> None:
        if hasattr(self, "_filters"):
            self._show_conditions()

    # News ----------------------------------------------------------------------------------------------------

    def _news(self, news: News) -> None:
        if self._parsed.errors:
            return
        self._found.add(news.matching)
        self._found.remove(news.gone)
        self._results.change([self._card(each) for each in news.matching], [str(each.id) for each in news.gone])
        if news.matching:
            self._show_list(True)
        self._show_map()
        self._count.ask(self.view.filter, RECOUNT_S)

    # Showing -------------------------------------------------------------------------------------------------

    def _show_conditions(self) -> None:
        wanted, words = self.view.filter, self._words
        errors, now = self._parsed.errors, self._site.server.clock.now()
        texts = {
            name: self._typed[name] if name in errors and name in self._typed else words.wall.typed(at) if at else ""
            for name, at in (("from", wanted.from_), ("to", wanted.to))
        }
        span = None if errors.keys() & {"from", "to"} else typed.quick(wanted, words.wall, now)
        self._filters.fill(wanted, texts, errors, span)
        said = words.searched(wanted, self._directory)
        self._said.text = said
        self._said.props["title"] = said
        for layout, made in self._layouts.items():
            made.props["aria-pressed"] = str(layout is self.view.layout).lower()

    def _show_outcome(self, page: IncidentPage, trouble: str | None) -> None:
        self._cursor = page.next_cursor
        self._found = Found()
        self._found.add(page.items)
        self._show_list(bool(page.items))
        self._show_map()
        if self._parsed.errors:
            self._count.say(self._words.language("results.not_searched"))
        elif page.next_cursor is None:
            self._count.know(len(page.items))
        else:
            self._count.say("")
            self._count.ask(self.view.filter)
        self._empty.clear()
        if page.items:
            return
        with self._empty:
            if self._parsed.errors:
                say_not_searched(self._words)
            elif trouble:
                say_trouble(self._words, trouble, self._again)
            else:
                searched = self._words.searched(self.view.filter, self._directory)
                say_nothing_found(self._words, searched, self.view.filter, lambda values: self._go_filter(**values))

    def _show_list(self, shown: bool) -> None:
        on_map = self.view.layout is Layout.MAP
        self._split.set_visibility(shown or on_map)
        self._results.set_visibility(shown)
        self._empty.set_visibility(not shown)

    def _show_map(self) -> None:
        on_map = self.view.layout is Layout.MAP
        if not on_map:
            if self._map:
                self._map.set_visibility(False)
            return
        places = self._found.places(self._directory, self._words)
        if self._map is None:
            with self._split:
                self._map = Map(
                    self._words.language, self._site.server.settings.map, places, tools=TOOLS, offers_heat=True
                )
                self._map.move(self._split, 0)
            self._map.on("pick", lambda event: self._go_filter(cameras=(str(event.args),)))
            self._map.on("draw", self._on_draw)
            self._map.on("heat", self._on_heat)
        else:
            self._map.set_visibility(True)
            self._map.show(places=places)
        self._map.show_filter(self.view.filter)

    def _card(self, incident: Incident) -> dict[str, Any]:
        return card(incident, self._words, self._directory, self.view)

    def _address(self, incident: str | None = None) -> None:
        path = self.view.path(incident)
        self._client.run_javascript(f"camAddress({json.dumps(path)})")


def _values(view: SearchView, name: str) -> str:
    values = {"camera": view.filter.cameras, "area": view.filter.areas}.get(name, ())
    return ", ".join(values)
