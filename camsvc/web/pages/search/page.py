"""One open search page: what the user asks, what is searched for it, and what then stands where."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, get_args
from urllib.parse import parse_qsl, urlsplit

from nicegui import background_tasks, ui
from nicegui.events import GenericEventArguments
from starlette.requests import Request

from camsvc.api.errors import ForbiddenError
from camsvc.api.services import annotating, faults, holds, tallies
from camsvc.api.services import incidents as service
from camsvc.db.queries.facets import Facets
from camsvc.db.queries.incidents import IncidentPage
from camsvc.domain.incident import Incident
from camsvc.domain.search import IncidentFilter
from camsvc.errors import CamsvcError, InputError
from camsvc.web import asked, typed
from camsvc.web.components.ask import Ask
from camsvc.web.components.brush import Brush, moment
from camsvc.web.components.filters import Filters
from camsvc.web.components.map import HEAT_CELL_DEG
from camsvc.web.directory import Directory
from camsvc.web.fields import FieldError
from camsvc.web.following import Following, News
from camsvc.web.frame import frame
from camsvc.web.markup import tag
from camsvc.web.moments import QuickRange
from camsvc.web.pages.cases.casework import of_incidents
from camsvc.web.pages.cases.collecting import Collector, may_collect
from camsvc.web.pages.incident import IncidentPane
from camsvc.web.pages.outcome import Count
from camsvc.web.pages.pick import PlacePicker
from camsvc.web.pages.save_search import SaveSearch
from camsvc.web.pages.search.around import Around
from camsvc.web.pages.search.bar import Bar
from camsvc.web.pages.search.bulk import Bulk
from camsvc.web.pages.search.chips import Chips
from camsvc.web.pages.search.found import Beside, FoundView
from camsvc.web.shapes import NO_PLACE
from camsvc.web.shortcuts import ShortcutHelp
from camsvc.web.site import Site
from camsvc.web.view import Layout, Parsed, SearchView, member_of, parse
from camsvc.web.visitor import Visitor

PAGE = 40
"""Incidents at once: two screens of cards."""
SHORTCUTS = (
    ("search_keys.ask", ("/",)),
    ("search_keys.walk", ("j", "k")),
    ("search_keys.arrows", ("←", "→", "↑", "↓")),
    ("search_keys.open", ("Enter",)),
    ("search_keys.choose", ("x",)),
    ("search_keys.choose_to", ("⇧ x",)),
    ("search_keys.collect", ("c",)),
    ("search_keys.unchoose", ("Esc",)),
    ("search_keys.layout", ("g",)),
    ("search_keys.layouts", ("1", "2", "3", "4")),
    ("search_keys.again", ("r",)),
    ("search_keys.save", ("s",)),
    ("keys.help", ("?",)),
)


class SearchPage:
    """Keeps the conditions and where the list ends, not the list."""

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
        page, beside, trouble = await self._ask(None)
        say = self._words.language
        with frame(self._site, self._visitor, self._words, "incidents", say("nav.incidents"), styles=("search.css",)):
            self._build()
        self._found.begin(self.view, page.items, beside, more=page.next_cursor is not None)
        self._show_conditions()
        self._show_outcome(page, trouble)
        ui.on("cam-address", self._on_address)
        background_tasks.create(self._suggest(), name="suggest")
        if incident is not None:
            await self._pane.show(incident, self.view)

    # Making the page -----------------------------------------------------------------------------------------

    def _build(self) -> None:
        words, say = self._words, self._words.language
        self._picker = PlacePicker(self._site, words, self._set)
        self._help = ShortcutHelp(say, SHORTCUTS)
        self._save = SaveSearch(self._site, self._visitor, words, _nothing)
        self._collector = Collector(self._site, self._visitor, words)
        self._bulk = Bulk(self._site, self._visitor, words, lambda: self._found.list.let_go(), self._collector)
        self._filters = Filters(words, self._directory, words.wall.zone_name(self._site.server.clock.now()))
        self._filters.on("change", self._on_change)
        self._filters.on("range", self._on_range)
        self._filters.on("clear", self._clear)
        self._filters.on("unpick", lambda: self._set({**NO_PLACE, "sees": True}))
        self._filters.on("pick", lambda: self._picker.open(self.view.filter, self._site.lookout.last))
        with tag("section", "cam-found", aria_label=say("results.label")) as found:
            with tag("div", "cam-top"):
                self._line = Ask(say)
                self._line.on("ask", self._on_ask)
                self._bar = Bar(say, self._on_layout, lambda: self._save.open(self.view.filter), self._help.open)
            with tag("div", "cam-bar"):
                self._count = Count(words)
                self._chips = Chips(words, self._go_filter, self._clear)
            self._brush = Brush(words)
            self._brush.on("select", self._on_brush)
            self._brush.on("extent", self._on_extent)
            self._found = FoundView(
                self._site, self._visitor, words, open_=self._on_open, change=self._set, heat=self._on_heat
            )
        self._around = Around(
            self._site, self._visitor, self._client, brush=self._brush, filters=self._filters, counted=self._on_counted
        )
        results = self._found.list
        results.on("more", self._on_more)
        results.on("reload", self._again)
        results.on("key", self._on_key)
        results.on("bulk", self._bulk.start)
        self._pane: IncidentPane = IncidentPane(
            self._site,
            self._visitor,
            words,
            leave=self._on_leave,
            walk=self._on_walk,
            below=(self._filters, found),
            collector=self._collector,
        )

    # What the user does --------------------------------------------------------------------------------------

    async def _on_ask(self, event: GenericEventArguments) -> None:
        text = str(event.args)
        if not text.strip():
            self._line.refuse("")
            return
        say = self._words.language
        try:
            found = asked.read(text, self._words.wall, self._site.server.clock.now(), self._directory)
        except FieldError as error:
            self._line.refuse(error.text(say))
            return
        if found.unknown or not found.conditions:
            unknown = ", ".join(f"“{each}”" for each in found.unknown) or f"“{text.strip()}”"
            self._line.refuse(say("ask.unknown", what=unknown))
            return
        self._line.understood()
        await self._set(asked.whole(found.conditions))

    async def _on_change(self, event: GenericEventArguments) -> None:
        changes = event.args if isinstance(event.args, Mapping) else {}
        now = self._site.server.clock.now()
        parsed, self._typed = typed.apply(changes, self._parsed, self._typed, self._words.wall, now)
        await self._take(parsed, keep_typed=bool(parsed.errors))

    async def _on_range(self, event: GenericEventArguments) -> None:
        if event.args == "any":
            await self._set({"from_": None, "to": None})
        elif event.args in get_args(QuickRange):
            from_, to = self._words.wall.quick(event.args, self._site.server.clock.now())
            await self._set({"from_": from_, "to": to})

    async def _on_brush(self, event: GenericEventArguments) -> None:
        edges = [moment(each) for each in event.args] if isinstance(event.args, list) else [None, None]
        if len(edges) == 2 and (edges[0] is None or edges[1] is None or edges[0] < edges[1]):
            await self._set({"from_": edges[0], "to": edges[1]})

    def _on_extent(self, event: GenericEventArguments) -> None:
        edges = [moment(each) for each in event.args] if isinstance(event.args, list) else []
        if len(edges) == 2 and edges[0] and edges[1] and edges[0] < edges[1]:
            self._around.show(edges[0], edges[1])

    async def _on_key(self, event: GenericEventArguments) -> None:
        layouts = list(Layout)
        if event.args == "help":
            self._help.open()
        elif event.args == "save":
            self._save.open(self.view.filter)
        elif event.args == "layout":
            await self._on_layout(layouts[(layouts.index(self.view.layout) + 1) % len(layouts)])
        elif str(event.args).isdigit() and 1 <= int(event.args) <= len(layouts):
            await self._on_layout(layouts[int(event.args) - 1])

    async def _on_layout(self, layout: Layout) -> None:
        if layout is self.view.layout:
            return
        self._parsed = replace(self._parsed, view=replace(self.view, layout=layout))
        self._address()
        self._found.lay_out(self.view)
        self._show_conditions()
        # Links in the list lead back to this layout.
        page, beside, trouble = await self._ask(None)
        self._fill(page, beside, trouble)

    async def _on_heat(self, wanted: bool) -> None:
        self._hot = wanted
        await self._warm()

    async def _on_more(self) -> None:
        search, cursor = self._search, self._cursor
        if cursor is None:
            return
        page, beside, trouble = await self._ask(cursor)
        if search != self._search:
            return  # another search was begun meanwhile
        if trouble:
            self._found.list.failed()
            with self._client:
                ui.notify(trouble, type="negative")
            return
        self._cursor = page.next_cursor
        self._found.append(page.items, beside, more=self._cursor is not None)

    async def _on_open(self, event: GenericEventArguments) -> None:
        if await self._pane.show(str(event.args), self.view, play=True):
            self._address(str(event.args))

    async def _on_walk(self, incident: str) -> None:
        if await self._pane.show(incident, self.view):
            self._address(incident)
            self._found.list.point_out(incident)

    def _on_leave(self, incident: str | None) -> None:
        self._address()
        self._client.title = f"{self._words.language('nav.incidents')} · camsvc"
        self._found.list.point_out(incident)
        self._found.list.focus_on(incident)

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

    async def _set(self, conditions: Mapping[str, Any]) -> None:
        """Set these members of the filter. What could not be read of the others stays refused."""
        view = replace(self.view, filter=replace(self.view.filter, **conditions))
        errors = {name: error for name, error in self._parsed.errors.items() if member_of(name) not in conditions}
        await self._take(Parsed(view, errors), keep_typed=bool(errors))

    async def _go_filter(self, wanted: IncidentFilter) -> None:
        await self._take(Parsed(replace(self.view, filter=wanted)), keep_typed=False)

    async def _clear(self) -> None:
        await self._go_filter(IncidentFilter())

    async def _again(self) -> None:
        await self._take(self._parsed, keep_typed=True, address=False)

    async def _take(self, parsed: Parsed, *, keep_typed: bool, address: bool = True) -> None:
        """Show ``parsed`` and what it finds. While a condition cannot be read nothing is searched."""
        changed_layout = parsed.view.layout is not self.view.layout
        self._parsed = parsed
        if not keep_typed:
            self._typed = {}
        self._search += 1
        if parsed.errors:
            self._show_conditions()
            self._show_outcome(IncidentPage((), None), None)
            return
        if address:
            self._address()
        if changed_layout:
            self._found.lay_out(self.view)
        search = self._search
        self._show_conditions()
        self._found.list.searching()
        self._following.follow(parsed.view.filter)
        page, beside, trouble = await self._ask(None)
        if search == self._search:
            self._fill(page, beside, trouble)
            await self._warm()

    def _fill(self, page: IncidentPage, beside: Beside, trouble: str | None) -> None:
        self._found.fill(self.view, page.items, beside, more=page.next_cursor is not None)
        self._show_outcome(page, trouble)

    async def _ask(self, cursor: str | None) -> tuple[IncidentPage, Beside, str | None]:
        """A page of results and what stands beside them, or what to say instead."""
        nothing = IncidentPage((), None)
        if self._parsed.errors:
            return nothing, Beside(), None
        wanted = self.view.filter, cursor
        try:
            found = await asyncio.to_thread(
                service.look if wanted == self._recorded else service.search,
                self._site.server,
                self._visitor.user,
                self.view.filter,
                cursor=cursor,
                limit=PAGE,
                source=self._visitor.source,
            )
            beside = await self._beside(found.items)
        except InputError as error:
            name = error.parameter or "link"
            self._parsed.errors[name] = FieldError(name, f"field.{name}_unknown", text=_values(self.view, name))
            if hasattr(self, "_filters"):
                self._show_conditions()
            return nothing, Beside(), None
        except ForbiddenError:
            return nothing, Beside(), self._words.language("results.forbidden")
        except CamsvcError:
            return nothing, Beside(), self._words.language("results.away")
        self._recorded = wanted
        return found, beside, None

    async def _beside(self, incidents: Sequence[Incident]) -> Beside:
        server, user = self._site.server, self._visitor.user
        said = await asyncio.to_thread(annotating.summaries, server, user, incidents)
        held = await asyncio.to_thread(holds.held_among, server, incidents)
        ids = [each.id for each in incidents]
        wrong = await asyncio.to_thread(faults.of, server, ids)
        if not may_collect(self._visitor):
            return Beside(said, held, faults=wrong)
        return Beside(said, held, await asyncio.to_thread(of_incidents, server, user, ids), wrong)

    async def _warm(self) -> None:
        """How many where, while that is wanted."""
        shown = self._found.map
        if shown is None:
            return
        if not self._hot or self._parsed.errors:
            shown.show_heat(None)
            return
        server, user, source = self._site.server, self._visitor.user, self._visitor.source
        search = self._search
        with suppress(CamsvcError):
            found = await asyncio.to_thread(tallies.heat, server, user, self.view.filter, HEAT_CELL_DEG, source=source)
            if search == self._search and not self._client.is_deleted:
                shown.show_heat(found)

    async def _suggest(self) -> None:
        """What people have said elsewhere, to choose from; the form does without."""
        server, user = self._site.server, self._visitor.user
        with suppress(CamsvcError):
            tags = await asyncio.to_thread(annotating.tags, server, user)
            names = await asyncio.to_thread(annotating.assignees, server, user, ())
            if not self._client.is_deleted:
                self._filters.suggest([each.tag for each in tags], names)

    # News ----------------------------------------------------------------------------------------------------

    def _news(self, news: News) -> None:
        if not self._parsed.errors:
            background_tasks.create(self._tell(news, self._search), name="news")

    async def _tell(self, news: News, search: int) -> None:
        beside = Beside()
        with suppress(CamsvcError):
            beside = await self._beside(news.matching)
        if search != self._search or self._client.is_deleted:
            return
        with self._client:
            self._found.news(news.matching, news.gone, beside)
            self._around.ask_later()
            self._found.show_lanes(self._around.extent)

    # Showing -------------------------------------------------------------------------------------------------

    def _on_counted(self, found: Facets) -> None:
        self._count.tell(found.total)

    def _show_conditions(self) -> None:
        wanted, words = self.view.filter, self._words
        errors, now = self._parsed.errors, self._site.server.clock.now()
        texts = {
            name: self._typed[name] if name in errors and name in self._typed else words.wall.typed(at) if at else ""
            for name, at in (("from", wanted.from_), ("to", wanted.to))
        }
        span = None if errors.keys() & {"from", "to"} else typed.quick(wanted, words.wall, now)
        self._filters.fill(wanted, texts, errors, span)
        self._chips.show(wanted, self._directory)
        self._bar.show(self.view)

    def _show_outcome(self, page: IncidentPage, trouble: str | None) -> None:
        self._cursor = page.next_cursor
        self._found.show(bool(page.items), self._around.extent)
        if self._parsed.errors:
            self._count.say(self._words.language("results.not_searched"))
            self._found.say_wrong()
            return
        if trouble:
            self._count.say("")
            self._found.say_trouble(trouble, self._again)
            return
        if page.next_cursor is None:
            self._count.know(len(page.items))
        else:
            self._count.say("")
        if not page.items:
            self._found.say_nothing(self._go_filter)
        self._around.ask(self.view.filter)

    def _address(self, incident: str | None = None) -> None:
        path = self.view.path(incident)
        self._client.run_javascript(f"camAddress({json.dumps(path)})")


async def _nothing() -> None:
    """The search that was saved is the one that is shown."""


def _values(view: SearchView, name: str) -> str:
    values = {"camera": view.filter.cameras, "area": view.filter.areas}.get(name, ())
    return ", ".join(values)
