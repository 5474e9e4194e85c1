"""What a search found, in one of four layouts. Keeps where the list ends, not the list: the browser has that."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from nicegui import ui
from nicegui.events import GenericEventArguments

from camsvc.domain.annotation import Said
from camsvc.domain.fault import Fault
from camsvc.domain.incident import Incident
from camsvc.domain.search import IncidentFilter
from camsvc.web.cards import card
from camsvc.web.components.map import Map
from camsvc.web.components.results import Results
from camsvc.web.extent import Extent
from camsvc.web.markup import tag
from camsvc.web.pages.outcome import NothingFound, say_not_searched, say_trouble
from camsvc.web.pages.search import bulk
from camsvc.web.pages.search.lanes import Lanes
from camsvc.web.places import Found
from camsvc.web.shapes import TOOLS, conditions
from camsvc.web.site import Site
from camsvc.web.view import Layout, SearchView
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words


@dataclass(frozen=True)
class Beside:
    """What stands on the cards besides the incidents: what people said of them, which are held, in which of the
    reader's cases they are (id and number), what is wrong with their footage."""

    said: Mapping[UUID, Said] = field(default_factory=dict)
    held: Collection[UUID] = frozenset()
    cases: Mapping[UUID, Sequence[tuple[int, str]]] = field(default_factory=dict)
    faults: Mapping[UUID, Sequence[Fault]] = field(default_factory=dict)


Change = Callable[[Mapping[str, Any]], Awaitable[None]]
"""Sets members of the filter."""


class FoundView:
    """Within the element where it is made."""

    def __init__(
        self,
        site: Site,
        visitor: Visitor,
        words: Words,
        *,
        open_: Callable[[GenericEventArguments], Awaitable[None]],
        change: Change,
        heat: Callable[[bool], Awaitable[None]],
    ) -> None:
        self._site = site
        self._visitor = visitor
        self._words = words
        self._open = open_
        self._change = change
        self._heat = heat
        self._view = SearchView()
        self._seen = Found()
        self.map: Map | None = None
        self._lanes: Lanes | None = None
        self._client = ui.context.client
        self._split = tag("div", "cam-split")
        with self._split:
            self.list = Results(
                words.language,
                words.wall.offset(site.server.clock.now()),
                Layout.CARDS.value,
                [],
                more=False,
                bulk=bulk.offers(words.language, visitor),
            )
        self._empty = tag("div", "cam-empty")
        self._nothing = NothingFound(site, visitor, words, self._client)
        self.list.on("open", open_)

    def begin(self, view: SearchView, items: Sequence[Incident], beside: Beside, *, more: bool) -> None:
        """What the page opens with: sent with the page itself."""
        self._view = view
        self.list.props["initial"] = self._cards(items, beside)
        self.list.props["initial-more"] = more
        self.list.props["layout"] = view.layout.value
        self._seen.add(items)

    def fill(self, view: SearchView, items: Sequence[Incident], beside: Beside, *, more: bool) -> None:
        self._view = view
        self._seen = Found()
        self._seen.add(items)
        self.list.reset(self._cards(items, beside), more)

    def append(self, items: Sequence[Incident], beside: Beside, *, more: bool) -> None:
        self._seen.add(items)
        self.list.append(self._cards(items, beside), more)
        self._show_map()

    def news(self, matching: Sequence[Incident], gone: Sequence[Incident], beside: Beside) -> None:
        self._seen.add(matching)
        self._seen.remove(gone)
        self.list.change(self._cards(matching, beside), [str(each.id) for each in gone])
        if matching:
            self._show(True)
        self._show_map()

    def lay_out(self, view: SearchView) -> None:
        self._view = view
        self.list.lay_out(view.layout.value)

    def show(self, has_items: bool, brushed: Extent | None) -> None:
        self._empty.clear()
        self._nothing.stop()
        self._show(has_items)
        self._show_map()
        self.show_lanes(brushed)

    def show_lanes(self, brushed: Extent | None) -> None:
        if self._view.layout is not Layout.TIMELINE:
            if self._lanes:
                self._lanes.element.set_visibility(False)
            return
        if self._lanes is None:
            with self._split:
                self._lanes = Lanes(self._site, self._visitor, self._words, self._client)
            self._lanes.element.on("open", self._open)
            self._lanes.element.on("camera", lambda event: self._change({"cameras": (str(event.args),)}))
        self._lanes.element.set_visibility(True)
        self._lanes.show(self._view, brushed)

    def say_wrong(self) -> None:
        with self._empty:
            say_not_searched(self._words)

    def say_trouble(self, trouble: str, again: Callable[[], Awaitable[None]]) -> None:
        with self._empty:
            say_trouble(self._words, trouble, again)

    def say_nothing(self, go: Callable[[IncidentFilter], Awaitable[None]]) -> None:
        with self._empty:
            self._nothing.say(self._view.filter, self._site.lookout.last.directory, go)

    def _show(self, has_items: bool) -> None:
        layout = self._view.layout
        with_map = layout is Layout.MAP
        self._split.set_visibility(has_items or with_map)
        self.list.set_visibility(has_items and layout is not Layout.TIMELINE)
        self._empty.set_visibility(not has_items)

    def _show_map(self) -> None:
        if self._view.layout is not Layout.MAP:
            if self.map:
                self.map.set_visibility(False)
            return
        places = self._seen.places(self._site.lookout.last.directory, self._words)
        if self.map is None:
            self._make_map(places)
        else:
            self.map.set_visibility(True)
            self.map.show(places=places)
        if self.map:
            self.map.show_filter(self._view.filter)

    def _make_map(self, places: Sequence[dict[str, Any]]) -> None:
        with self._split:
            made = Map(self._words.language, self._site.server.settings.map, places, tools=TOOLS, offers_heat=True)
        made.move(self._split, 0)
        made.on("pick", lambda event: self._change({"cameras": (str(event.args),)}))
        made.on("draw", self._on_draw)
        made.on("heat", lambda event: self._heat(event.args is True))
        self.map = made

    async def _on_draw(self, event: GenericEventArguments) -> None:
        found = conditions(event.args)
        if found is not None:
            await self._change(found)

    def _cards(self, items: Sequence[Incident], beside: Beside) -> list[dict[str, Any]]:
        directory = self._site.lookout.last.directory
        return [
            card(
                each,
                self._words,
                directory,
                self._view,
                beside.said.get(each.id),
                is_held=each.id in beside.held,
                cases=[number for _, number in beside.cases.get(each.id, ())],
                faults=beside.faults.get(each.id, ()),
            )
            for each in items
        ]
