"""What a search page says above and in place of its list: how many were found, or why none are shown."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from nicegui import Client
from nicegui.elements.mixins.text_element import TextElement

from camsvc.api.services import overview
from camsvc.db.queries.tallies import Tally
from camsvc.domain.search import IncidentFilter
from camsvc.errors import CamsvcError
from camsvc.web.conditions import conditions, groups, without_group
from camsvc.web.directory import Directory
from camsvc.web.markup import button, icon, label, tag
from camsvc.web.site import Site
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words

Go = Callable[[IncidentFilter], Awaitable[None]]


class Count:
    """The headline: "312 incidents". Counting is a query of its own, made after the list is shown."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._label = label("h1", "cam-bar__count", "", aria_live="polite")

    def say(self, text: str) -> None:
        self._label.text = text

    def know(self, number: int) -> None:
        self.tell(Tally(number, True))

    def tell(self, tally: Tally) -> None:
        self.say(counted(self._words, tally))


def counted(words: Words, tally: Tally) -> str:
    say = words.language
    if not tally.exact:
        return say("results.about", n=say.number(_rounded(tally)))
    return say.count("results.count", tally.number)


def say_not_searched(words: Words) -> None:
    icon("edit_note")
    tag("h2", "", words.language("results.not_searched"))
    tag("p", "cam-empty__said", words.language("results.not_searched_why"))


def say_trouble(words: Words, trouble: str, again: Callable[[], Awaitable[None]]) -> None:
    icon("cloud_off")
    tag("h2", "", trouble)
    button(words.language("results.again"), "cam-btn", "refresh").on("click", again)


class NothingFound:
    """What was searched, and for each condition a button that lets it go, with how many would then be found."""

    def __init__(self, site: Site, visitor: Visitor, words: Words, client: Client) -> None:
        self._site = site
        self._visitor = visitor
        self._words = words
        self._client = client
        self._task: asyncio.Task[None] | None = None
        client.on_delete(self.stop)

    def stop(self) -> None:
        if self._task:
            self._task.cancel()
            self._task = None

    def say(self, wanted: IncidentFilter, directory: Directory, go: Go) -> None:
        """Within the element that stands in place of the list."""
        say = self._words.language
        icon("search_off")
        tag("h2", "", say("results.nothing"))
        tag("p", "cam-empty__said", say("results.searched", what=self._words.searched(wanted, directory)))
        offers: dict[str, IncidentFilter] = {}
        numbers: dict[str, TextElement] = {}
        with tag("div", "cam-empty__cures"):
            for group, found in groups(conditions(wanted, self._words, directory)):
                offers[group] = without_group(wanted, group)
                said = say("searched.or").join(each.text for each in found)
                cure = button(say("conditions.without", what=said), "cam-btn", "filter_alt_off", data_widen=group)
                cure.on("click", lambda rest=offers[group]: go(rest))
                with cure:
                    numbers[group] = label("span", "cam-chip__count", "")
        if not offers:
            tag("p", "cam-empty__said", say("results.none_ever"))
            return
        self.stop()
        self._task = asyncio.create_task(self._count(offers, numbers), name="widen")

    async def _count(self, offers: Mapping[str, IncidentFilter], numbers: Mapping[str, TextElement]) -> None:
        server, user, source = self._site.server, self._visitor.user, self._visitor.source
        for group, rest in offers.items():
            try:
                found = await asyncio.to_thread(overview.tallies_of, server, user, {group: rest}, source=source)
            except CamsvcError:
                return
            if self._client.is_deleted:
                return
            with self._client:
                mark = "" if found[group].exact else "≈ "
                numbers[group].text = f"{mark}{self._words.language.number(_rounded(found[group]))}"


def _rounded(tally: Tally) -> int:
    """What is told from a sample is known to two or three digits."""
    return tally.number if tally.exact else round(tally.number, -max(0, len(str(tally.number)) - 3))
