"""One incident: the player, what is known of it, and the way to the next one. Lies over the search it was found in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Literal

from nicegui import ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from camsvc.api.services.rights import search_reach
from camsvc.db.queries.neighbours import Neighbours, neighbours
from camsvc.domain.account import Action
from camsvc.domain.incident import Incident
from camsvc.domain.search import IncidentFilter
from camsvc.errors import CamsvcError
from camsvc.web.components.player import Player, api_path
from camsvc.web.following import Following, News
from camsvc.web.markup import button, icon, icon_button, label, tag
from camsvc.web.pages import opened
from camsvc.web.pages.about import About
from camsvc.web.pages.around import TRANSPORT, Around
from camsvc.web.pages.cases.collecting import Collector
from camsvc.web.pages.cases.in_cases import InCases
from camsvc.web.pages.exporting import ExportDialog
from camsvc.web.pages.faults import FaultBanner
from camsvc.web.pages.hold import HoldState
from camsvc.web.pages.judgement import Judgement
from camsvc.web.shortcuts import ShortcutHelp
from camsvc.web.site import Site
from camsvc.web.view import SearchView
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words

SHORTCUTS = (
    ("keys.space", ("␣",)),
    ("keys.second", ("←", "→")),
    ("keys.ten_seconds", ("⇧ ←", "⇧ →")),
    ("keys.frame", (",", ".")),
    ("keys.speed", ("↑", "↓")),
    ("keys.ends", ("Home", "End")),
    ("keys.boxes", ("b",)),
    ("keys.beside", ("n",)),
    ("keys.fullscreen", ("f",)),
    ("keys.sound", ("m",)),
    ("keys.judge", ("t", "x")),
    ("keys.collect", ("c",)),
    ("keys.picture", ("s",)),
    ("keys.marks", ("i", "o")),
    ("keys.older", ("j",)),
    ("keys.newer", ("k",)),
    ("keys.leave", ("Esc",)),
    ("keys.help", ("?",)),
)

Scope = Literal["search", "camera"]


class IncidentPane:
    """``show`` fills it; ``leave`` is called when the user closes it, ``walk`` with the id to go to."""

    def __init__(
        self,
        site: Site,
        visitor: Visitor,
        words: Words,
        *,
        leave: Callable[[str | None], None],
        walk: Callable[[str], Awaitable[None]],
        below: Sequence[Element],
        collector: Collector,
    ) -> None:
        """``below``: what it covers, and what the keyboard therefore must not reach meanwhile."""
        self._collector = collector
        self._site = site
        self._visitor = visitor
        self._words = words
        self._leave = leave
        self._walk = walk
        self._below = below
        self._client = ui.context.client
        self._incident: Incident | None = None
        self._asked = 0
        self._view = SearchView()
        self._replays = False
        """Whether the incident's footage may be played."""
        self._scope: Scope = "search"
        self._next = Neighbours(None, None)
        self._player: Player | None = None
        self._play = False
        self._root = tag("section", "cam-over", tabindex="-1")
        self._root.set_visibility(False)
        self._help = ShortcutHelp(words.language, SHORTCUTS)
        self._around = Around(site, visitor, words, go=walk, collector=collector)
        self._export = ExportDialog(site, visitor, words)
        self._cases: InCases | None = None
        collector.listen(self._collected)
        self._following = Following(site.server.feed, self._client, visitor, tell=self._news, renew=self._renew)

    async def show(self, asked: str, view: SearchView, *, play: bool = False) -> bool:
        """Also for an id that is none, or nobody knows: then says so. ``play``: the clip begins by itself.

        Returns whether it is what is shown: not if meanwhile another one was asked for, or none.
        """
        self._asked += 1
        attempt = self._asked
        incident, trouble = await self._read(asked)
        replays = incident is not None and await opened.may_replay(self._site, self._visitor, incident)
        if attempt != self._asked or self._client.is_deleted:
            return False
        self._view, self._play, self._replays = view, play, replays
        self._incident = incident
        self._player = None
        self._root.clear()
        self._cover(True)
        with self._root:
            if incident is None:
                self._build_trouble(trouble)
                return True
            self._build(incident)
        self._client.title = f"{self._words.what(incident)} · camsvc"
        self._following.follow(IncidentFilter(cameras=(incident.camera,)))
        told = (self._judgement.tell(), self._faults.tell(incident), self._hold.tell())
        await asyncio.gather(*told, self._collected(), self._look_around(), self._around.show(incident))
        return attempt == self._asked

    def hide(self) -> None:
        self._asked += 1
        self._following.stop()
        self._incident = None
        self._player = None
        self._cases = None
        self._root.clear()
        self._cover(False)

    def _cover(self, covered: bool) -> None:
        self._root.set_visibility(covered)
        for element in self._below:
            element.props["inert"] = covered

    # Making --------------------------------------------------------------------------------------------------

    def _build(self, incident: Incident) -> None:
        say = self._words.language
        self._root.props["aria-label"] = self._words.what(incident)
        with tag("div", "cam-over__bar"):
            button(say("incident.back"), "cam-btn", "arrow_back", data_test="back").on("click", self._go_back)
            with tag("div", "cam-over__title"):
                self._title = label("h1", "", "")
                self._heading = opened.Heading(self._site, self._words)
            self._build_walk()
            self._download = tag("a", "cam-btn", download=True, href="#", data_test="download")
            with self._download:
                icon("download")
                tag("span", "", say("incident.download"))
            if self._visitor.user.may(Action.EXPORT, incident.area):
                package = button(say("export.open"), "cam-btn", "archive", data_test="export")
                package.on("click", lambda: self._export.open(incidents=(incident.id,)))
                redact = say("redact.open")
                with tag(
                    "a",
                    "cam-btn cam-btn--icon",
                    href=f"/incidents/{incident.id}/redact",
                    title=redact,
                    aria_label=redact,
                    data_test="redact",
                ):
                    icon("blur_on")
            icon_button("link", say("link.copy"), data_copy="", data_copied=say("link.copied"))
        self._faults = FaultBanner(self._site, self._visitor, self._words)
        with tag("div", "cam-over__body"):
            with tag("div", "cam-watch"):
                with tag("div", "cam-watch__pictures"):
                    self._build_player(incident)
                    beside = tag("div", "cam-beside", data_test="companions")
                self._around.build(self._player, beside)
            with tag("aside", "cam-about", aria_label=say("incident.about")):
                self._judgement = Judgement(self._site, self._visitor, self._words, incident)
                self._cases = InCases(self._site, self._visitor, self._words, incident, self._collector)
                self._hold = HoldState(self._site, self._visitor, self._words, incident)
                self._about = tag("div")
        self._fill(incident)

    def _build_player(self, incident: Incident) -> None:
        """The picture alone for who may search, but not replay; words where the footage expired."""
        if incident.footage_expired_at is not None:
            with tag("div", "cam-empty", data_test="expired"):
                icon("auto_delete")
                at = self._words.wall.date_clock(incident.footage_expired_at)
                tag("p", "", self._words.language("hold.expired", at=at))
            return
        if not self._replays:
            with tag("div", "cam-empty"):
                if incident.thumbnail:
                    tag("img", "cam-clip__still", src=f"{api_path(incident)}/thumbnail", alt="")
                tag("p", "", self._words.language("live.may_not_replay"), data_test="may-not-replay")
            return
        collects = self._collector.is_offered
        self._player = Player(self._words, incident, autoplay=self._play, transport=TRANSPORT, collects=collects)
        self._collector.attend(self._player, incident)
        self._player.on("beside", self._around.toggle)
        self._player.on("walk", self._on_walk)
        self._player.on("help", self._help.open)
        self._player.on("leave", self._go_back)

    def _build_walk(self) -> None:
        say = self._words.language
        with tag("div", "cam-walk", role="group", aria_label=say("walk.label")):
            self._newer = icon_button("chevron_left", f"{say('walk.newer')} (k)", disabled=True, data_test="newer")
            self._newer.on("click", lambda: self._go("newer"))
            select = tag("select", aria_label=say("walk.scope"), title=say("walk.scope"))
            with select:
                for scope in ("search", "camera"):
                    tag("option", "", say(f"walk.{scope}"), value=scope, selected=scope == self._scope)
            select.on("change", self._on_scope, js_handler="(e) => emit(e.target.value)")
            self._older = icon_button("chevron_right", f"{say('walk.older')} (j)", disabled=True, data_test="older")
            self._older.on("click", lambda: self._go("older"))

    def _fill(self, incident: Incident) -> None:
        """What a later revision changes."""
        words = self._words
        self._title.text = words.what(incident)
        self._heading.tell(incident)
        parts = incident.clip.parts if incident.clip and self._replays else ()
        self._download.props["href"] = (
            f"{api_path(incident)}/clip?part={parts[0].index}&download=true" if parts else "#"
        )
        self._download.props["aria-disabled"] = str(not parts).lower()
        self._download.props["tabindex"] = 0 if parts else -1
        self._about.clear()
        with self._about:
            About(self._site, words, may_replay=self._replays).build(incident)

    def _build_trouble(self, trouble: str) -> None:
        say = self._words.language
        self._root.props["aria-label"] = trouble
        with tag("div", "cam-empty"):
            icon("search_off")
            tag("h1", "", trouble)
            button(say("incident.back"), "cam-btn", "arrow_back").on("click", self._go_back)

    # What the user does --------------------------------------------------------------------------------------

    def _go_back(self) -> None:
        incident = str(self._incident.id) if self._incident else None
        self.hide()
        self._leave(incident)

    async def _on_walk(self, event: GenericEventArguments) -> None:
        if event.args in {"older", "newer"}:
            await self._go(event.args)

    async def _go(self, way: Literal["older", "newer"]) -> None:
        target = self._next.older if way == "older" else self._next.newer
        if target is None:
            with self._client:
                ui.notify(self._words.language(f"walk.no_{way}"), position="bottom", timeout=1500)
            return
        await self._walk(str(target))

    async def _on_scope(self, event: GenericEventArguments) -> None:
        if event.args in {"search", "camera"}:
            self._scope = event.args
            await self._look_around()

    # Reading -------------------------------------------------------------------------------------------------

    async def _collected(self) -> None:
        if self._cases is not None:
            await self._cases.tell()

    async def _read(self, asked: str) -> tuple[Incident | None, str]:
        return await opened.read(self._site, self._visitor, self._words, asked)

    async def _look_around(self) -> None:
        """Which incidents are on either side; the buttons tell whether there is one."""
        incident = self._incident
        if incident is None:
            return
        wanted = IncidentFilter(cameras=(incident.camera,)) if self._scope == "camera" else self._view.filter
        reach = search_reach(self._visitor.user, wanted)

        def ask() -> Neighbours:
            with self._site.server.database.session() as session:
                return neighbours(session, wanted.under(reach), incident)

        found = Neighbours(None, None)
        with suppress(CamsvcError):
            found = await asyncio.to_thread(ask)
        if incident is self._incident and not self._client.is_deleted:
            self._next = found
            self._newer.props["disabled"] = found.newer is None
            self._older.props["disabled"] = found.older is None

    async def _renew(self) -> None:
        """Changes may have been missed: read the incident again."""
        if self._incident is None:
            return
        incident, _ = await self._read(str(self._incident.id))
        if incident and incident.id == self._incident.id:
            self._news(News([incident], []))

    def _news(self, news: News) -> None:
        current = self._incident
        if current is None:
            return
        for each in news.matching:
            if each.id == current.id:  # also of no new revision, when somebody said something of it
                asyncio.create_task(self._judgement.tell())  # noqa: RUF006  as below
                asyncio.create_task(self._faults.tell(each))  # noqa: RUF006  as below
            if each.id == current.id and each.revision > current.revision:
                self._incident = each
                self._fill(each)
                if self._player:
                    self._player.renew(each)
        if self._next.newer is None and any(each.id != current.id for each in news.matching):
            asyncio.create_task(self._look_around())  # noqa: RUF006  short, and harmless if it is not finished
