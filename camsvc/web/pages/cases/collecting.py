"""Putting what is seen into a case, from wherever it is seen. The case that was chosen last takes the next thing at one
key; a line says so, and takes it back."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from itertools import count

from nicegui import ui
from nicegui.events import GenericEventArguments

from camsvc.api.services.cases import items
from camsvc.domain.account import Action
from camsvc.domain.case import Case, CaseRole, CaseState
from camsvc.domain.incident import Incident
from camsvc.errors import CamsvcError, InputError, NotFoundError
from camsvc.web.components.collect import COOKIE, Collect
from camsvc.web.components.player import Player
from camsvc.web.forms import Told, entry, one
from camsvc.web.frame import add_styles
from camsvc.web.markup import tag
from camsvc.web.pages.cases import casework, wishes
from camsvc.web.pages.cases.faults import fault
from camsvc.web.pages.cases.pick_case import PickCase, Wanted
from camsvc.web.pages.cases.wishes import Wish, moment
from camsvc.web.site import Site
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words

REMEMBERED_MAX = 20
"""Of what was said: no more can still be on the screen to be taken back."""
LOOK_BACK = timedelta(minutes=5)
"""What of a live camera is offered at first."""

Listener = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Done:
    """What one line on the screen speaks of."""

    case: Case
    wanted: tuple[Wish, ...]
    comment: str
    items: tuple[int, ...]


def may_collect(visitor: Visitor) -> bool:
    return not visitor.user.reach(Action.EXPORT).is_nowhere


class Collector:
    """Made once within a page. ``changed`` is awaited after something went into a case or out again. On the event
    loop."""

    def __init__(self, site: Site, visitor: Visitor, words: Words) -> None:
        self._site = site
        self._visitor = visitor
        self._words = words
        self._client = ui.context.client
        self._listeners: list[Listener] = []
        self._numbers = count(1)
        self._done: OrderedDict[int, _Done] = OrderedDict()
        self._current: int | None = _remembered()
        add_styles("people.css", "cases.css")
        self._line = Collect(words.language)
        self._line.on("undo", self._on_undo)
        self._line.on("other", self._on_other)
        self._line.on("current", self._on_current)
        self._root = tag("div")
        self._pick = PickCase(site, visitor, words, self._into)

    @property
    def is_offered(self) -> bool:
        """Whether this visitor may collect at all."""
        return may_collect(self._visitor)

    def listen(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def attend(self, player: Player, incident: Incident) -> None:
        """What ``player`` is asked to put into a case."""
        player.on("collect", lambda: self.add([wishes.of_incident(incident)]))
        player.on("snapshot", lambda event: self._on_picture(event, incident.camera, incident))
        player.on("span", lambda event: self._on_marked(event, incident))

    async def current(self) -> Case | None:
        """The case that the next thing goes into, as it is now; None where none was chosen, or it takes nothing."""
        if self._current is None or not self.is_offered:
            return None
        try:
            case, role = await asyncio.to_thread(casework.brief, self._site.server, self._visitor.user, self._current)
        except CamsvcError:
            return None
        return case if case.state is CaseState.OPEN and role is not CaseRole.READER else None

    def take_up(self, case: Case) -> None:
        """What is added next, on whatever page, goes into ``case``."""
        self._current = case.id
        self._line.remember(case.id)
        self._say(self._words.language("case.taken_up", number=case.number))

    async def add(self, wanted: Sequence[Wish]) -> None:
        """Into the current case at once; where there is none it is asked which."""
        case = await self.current()
        if case is None:
            await self.choose(wanted)
        else:
            await self._try(case, tuple(wanted), "")

    async def choose(self, wanted: Sequence[Wish]) -> None:
        """Ask into which case."""
        if not wanted or not self.is_offered:
            return
        told = tuple(wanted)
        what = wishes.told(told, self._words, self._site.lookout.last.directory)
        with self._client, self._root:
            await self._pick.open(Wanted(what, lambda _: told), self._current)

    async def on_live_picture(self, event: GenericEventArguments) -> None:
        """Of a live tile: {token, camera, at_ms}."""
        camera = event.args.get("camera") if isinstance(event.args, Mapping) else None
        if isinstance(camera, str):
            await self._on_picture(event, camera, None)

    async def on_live_span(self, event: GenericEventArguments) -> None:
        """Of a live tile: {camera, at_ms}. Asks from when to when, and into which case."""
        given = event.args if isinstance(event.args, Mapping) else {}
        camera = given.get("camera")
        directory = self._site.lookout.last.directory
        if not isinstance(camera, str) or camera not in directory.cameras or not self.is_offered:
            return
        say, wall = self._words.language, self._words.wall
        to = moment(given.get("at_ms")) or self._site.server.clock.now()
        from_ = to - LOOK_BACK

        def fields() -> None:
            with tag("div", "cam-columns"):
                entry(say("case.from"), "from", wall.typed(from_), say("audit.time_hint"), required=True)
                entry(say("case.to"), "to", wall.typed(to), say("audit.time_hint"), required=True)

        def read(told: Told) -> tuple[Wish, ...]:
            now = self._site.server.clock.now()
            began, ended = wall.read(one(told, "from"), "from", now), wall.read(one(told, "to"), "to", now)
            items.check_span(began, ended)
            return (Wish(camera=camera, from_at=began, to_at=ended),)

        what = say("collect.span_of", camera=directory.camera_name(camera))
        with self._client, self._root:
            await self._pick.open(Wanted(what, read, fields), self._current)

    # What the page tells ---------------------------------------------------------------------------------------

    async def _on_picture(self, event: GenericEventArguments, camera: str, incident: Incident | None) -> None:
        given = event.args if isinstance(event.args, Mapping) else {}
        token, at = given.get("token"), moment(given.get("at_ms"))
        if isinstance(token, str) and at is not None:
            known = incident.id if incident else None
            await self.add([Wish(incident=known, camera=camera, from_at=at, to_at=at, picture=token)])

    async def _on_marked(self, event: GenericEventArguments, incident: Incident) -> None:
        given = event.args if isinstance(event.args, Mapping) else {}
        from_, to = moment(given.get("from_ms")), moment(given.get("to_ms"))
        if from_ is not None and to is not None and from_ < to:
            await self.add([Wish(camera=incident.camera, from_at=from_, to_at=to)])

    def _on_current(self, event: GenericEventArguments) -> None:
        self._current = casework.case_id(str(event.args))

    async def _on_undo(self, event: GenericEventArguments) -> None:
        done = self._taken(event)
        if done is not None and await self._undo(done):
            self._say(self._words.language("collect.undone", number=done.case.number))  # before anything else is done
            await self._tell()

    async def _on_other(self, event: GenericEventArguments) -> None:
        """It was the wrong case: out of it, and into another."""
        done = self._taken(event)
        if done is None or not await self._undo(done):
            return
        await self._tell()
        await self.choose(done.wanted)

    def _taken(self, event: GenericEventArguments) -> _Done | None:
        return self._done.pop(event.args, None) if isinstance(event.args, int) else None

    # Doing -----------------------------------------------------------------------------------------------------

    async def _into(self, case: Case, wanted: tuple[Wish, ...], comment: str) -> None:
        """From the dialog: what goes wrong is said there."""
        await self._put(case, wanted, comment)

    async def _try(self, case: Case, wanted: tuple[Wish, ...], comment: str) -> None:
        try:
            await self._put(case, wanted, comment)
        except NotFoundError:
            self._say_wrong(self._words.language("case.wrong.items"))
        except CamsvcError as error:
            self._say_wrong(fault(self._words.language, error))

    async def _put(self, case: Case, wanted: tuple[Wish, ...], comment: str) -> None:
        server, visitor = self._site.server, self._visitor
        stored = [each for each in wanted if each.picture is None]
        added: list[int] = []
        if stored:
            made = await asyncio.to_thread(
                casework.add, server, visitor.user, case.id, stored, comment, source=visitor.source
            )
            added += made
        for each in wanted:
            if each.picture is not None:
                added += await self._send(case, each, comment)
        self._current = case.id
        self._line.remember(case.id)
        number = next(self._numbers)
        self._done[number] = _Done(case, wanted, comment, tuple(added))
        while len(self._done) > REMEMBERED_MAX:
            _, gone = self._done.popitem(last=False)
            self._line.forget([each.picture for each in gone.wanted if each.picture])
        say = self._words.language
        directory = self._site.lookout.last.directory
        what = wishes.told(wanted, self._words, directory)
        key = "collect.added" if added else "collect.there_already"
        text = say(key, what=what, number=case.number, title=case.title)
        self._line.say(text, href=f"/cases/{case.id}", undo=number if added else None, other=number)
        await self._tell()

    async def _send(self, case: Case, wish: Wish, comment: str) -> list[int]:
        """The browser has the picture: it goes from there. Raises InputError where it did not arrive."""
        status, told = await self._line.upload(wish.picture or "", casework.picture_url(case.id, wish, comment))
        item = told.get("id")
        if status == HTTPStatus.CREATED and isinstance(item, int):
            return [item]
        if status == HTTPStatus.OK:
            return []  # it is there already
        said = str(told.get("detail") or self._words.language("collect.picture_failed"))
        raise InputError(said, parameter="picture", cure="take it again")

    async def _undo(self, done: _Done) -> bool:
        server, visitor = self._site.server, self._visitor
        try:
            for item in done.items:
                await asyncio.to_thread(items.remove, server, visitor.user, done.case.id, item, source=visitor.source)
        except CamsvcError as error:
            self._say_wrong(fault(self._words.language, error))
            return False
        return True

    async def _tell(self) -> None:
        for listener in self._listeners:
            await listener()

    def _say(self, text: str) -> None:
        self._line.say(text)

    def _say_wrong(self, text: str) -> None:
        self._line.say(text, bad=True)


def _remembered() -> int | None:
    request = ui.context.client.request
    return casework.case_id(request.cookies.get(COOKIE, "")) if request is not None else None
