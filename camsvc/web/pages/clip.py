"""The clip of one incident over the wall, which goes on around it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from nicegui import ui
from nicegui.element import Element

from camsvc.domain.account import Action
from camsvc.domain.incident import Incident, IncidentState
from camsvc.domain.search import IncidentFilter
from camsvc.web.components.player import Player, api_path
from camsvc.web.following import Following, News
from camsvc.web.markup import button, icon, icon_button, tag
from camsvc.web.pages import opened
from camsvc.web.pages.cases import wishes
from camsvc.web.pages.cases.collecting import Collector
from camsvc.web.pages.faults import FaultBanner
from camsvc.web.pages.hold_badge import HoldBadge
from camsvc.web.site import Site
from camsvc.web.view import SearchView
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words


class ClipDialog:
    """``show`` opens it over ``below``, which the keyboard does not reach meanwhile; ``left`` is called at its end."""

    def __init__(
        self,
        site: Site,
        visitor: Visitor,
        words: Words,
        *,
        below: Element,
        left: Callable[[], None],
        look_back: Callable[[str], None],
        help_: Callable[[], None],
        collector: Collector,
    ) -> None:
        self._collector = collector
        self._site = site
        self._visitor = visitor
        self._words = words
        self._below = below
        self._left = left
        self._look_back = look_back
        self._help = help_
        self._client = ui.context.client
        self._incident: Incident | None = None
        self._player: Player | None = None
        self._faults: FaultBanner | None = None
        self._asked = 0
        self._replays = False
        self._root = tag("div", "cam-clip")
        self._root.set_visibility(False)
        self._following = Following(site.server.feed, self._client, visitor, tell=self._news, renew=self._renew)

    async def show(self, asked: str) -> None:
        """Also for an id that is none, or of an incident that this user may not know of: then says so."""
        self._asked += 1
        attempt = self._asked
        incident, trouble = await self._read(asked)
        if attempt != self._asked or self._client.is_deleted:
            return  # another one was asked for meanwhile
        self._root.clear()
        self._root.set_visibility(True)
        self._below.props["inert"] = True
        self._replays = incident is not None and await opened.may_replay(self._site, self._visitor, incident)
        if attempt != self._asked or self._client.is_deleted:
            return
        self._incident = incident
        title = self._words.what(incident) if incident else trouble
        with (
            self._root,
            tag("section", "cam-clip__box", role="dialog", aria_modal="true", aria_label=title, tabindex="-1"),
        ):
            self._build(title, incident)
        if incident and self._faults:
            await self._faults.tell(incident)
        if incident and attempt == self._asked:
            self._following.follow(IncidentFilter(cameras=(incident.camera,)))
            await self._held.tell()

    def hide(self) -> None:
        self._asked += 1
        self._following.stop()
        self._incident = self._player = None
        self._root.clear()
        self._root.set_visibility(False)
        self._below.props["inert"] = False
        self._left()

    def _build(self, title: str, incident: Incident | None) -> None:
        say = self._words.language
        with tag("div", "cam-over__bar"):
            with tag("div", "cam-over__title"):
                tag("h1", "", title, title=title)
                self._heading = opened.Heading(self._site, self._words)
            if incident:
                self._held = HoldBadge(self._site, self._visitor, self._words, incident)
                self._offer_live(incident)
                if self._collector.is_offered:
                    made = button(say("collect.button"), "cam-btn", "create_new_folder", data_test="collect")
                    made.on("click", lambda: self._collector.add([wishes.of_incident(incident)]))
                with tag("a", "cam-btn", href=SearchView().path(str(incident.id)), target="_blank", data_test="whole"):
                    icon("open_in_new")
                    tag("span", "", say("live.whole_incident"))
            icon_button("close", f"{say('keys.close')} (Esc)", data_test="close-clip").on("click", self.hide)
        if incident is None:
            self._say_instead("search_off", title)
            return
        self._heading.tell(incident)
        self._faults = FaultBanner(self._site, self._visitor, self._words)
        if incident.footage_expired_at is not None:
            at = self._words.wall.date_clock(incident.footage_expired_at)
            self._say_instead("auto_delete", say("hold.expired", at=at))
            return
        if not self._replays:
            self._say_instead("lock", say("live.may_not_replay"), incident)
            return
        with tag("div", "cam-watch"):
            self._player = Player(self._words, incident, autoplay=True, collects=self._collector.is_offered)
        self._collector.attend(self._player, incident)
        self._player.on("leave", self.hide)
        self._player.on("help", self._help)

    def _offer_live(self, incident: Incident) -> None:
        """Of what goes on not all is stored yet: the ring has it."""
        if incident.state is IncidentState.OPEN and self._visitor.user.may(Action.LIVE, incident.area):
            back = button(self._words.language("live.look_back"), "cam-btn", "replay_30", data_test="look-back")
            back.on("click", lambda: self._leave_for(incident.camera))

    def _leave_for(self, camera: str) -> None:
        self.hide()
        self._look_back(camera)

    def _say_instead(self, icon_name: str, text: str, incident: Incident | None = None) -> None:
        with tag("div", "cam-empty"):
            if incident and incident.thumbnail:
                tag("img", "cam-clip__still", src=f"{api_path(incident)}/thumbnail", alt="")
            else:
                icon(icon_name)
            tag("p", "", text)
            close = button(self._words.language("keys.close"))
            close.on("click", self.hide)
            ui.run_javascript(f"getHtmlElement({close.id}).focus()")

    async def _read(self, asked: str) -> tuple[Incident | None, str]:
        return await opened.read(self._site, self._visitor, self._words, asked)

    async def _renew(self) -> None:
        """Changes may have been missed: read the incident again."""
        if self._incident is None:
            return
        incident, _ = await self._read(str(self._incident.id))
        if incident:
            self._news(News([incident], []))

    def _news(self, news: News) -> None:
        """The incident that is open may have gone on: more footage, or its end."""
        for each in news.matching:
            if self._incident and each.id == self._incident.id and self._faults:  # also of no new revision
                asyncio.create_task(self._faults.tell(each))  # noqa: RUF006  short, and harmless if it is not finished
            if self._incident and each.id == self._incident.id and each.revision > self._incident.revision:
                self._incident = each
                self._heading.tell(each)
                if self._player:
                    self._player.renew(each)
