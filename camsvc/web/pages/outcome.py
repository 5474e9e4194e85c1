"""What a search page says above and in place of its list: how many were found, or why none are shown."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from nicegui import Client
from nicegui.element import Element
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
WHEN_AND_WHERE = ("from_", "to", "areas", "cameras", "near", "route", "radius_m", "bbox", "polygon", "sees")
"""Members of IncidentFilter that stay when all of what is sought is let go."""


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
        offers: list[_Offer] = []
        with tag("div", "cam-empty__cures") as cures:
            for group, found in groups(conditions(wanted, self._words, directory)):
                said = say("searched.or").join(each.text for each in found)
                text = say("conditions.without", what=said)
                offers.append(_offer(group, text, without_group(wanted, group), go))
        if not offers:
            tag("p", "cam-empty__said", say("results.none_ever"))
            return
        self.stop()
        self._task = asyncio.create_task(self._count(offers, wanted, cures, go), name="widen")

    async def _count(self, offers: Sequence[_Offer], wanted: IncidentFilter, cures: Element, go: Go) -> None:
        """One after another: each is a query. Where no single one helps, wider searches are offered, too."""
        found = [await self._tell(each) for each in offers]
        if self._client.is_deleted or any(found) or len(offers) == 1:
            return
        say = self._words.language
        where = IncidentFilter(**{member: getattr(wanted, member) for member in WHEN_AND_WHERE})
        with cures:
            wider = [_offer("all", say("conditions.clear"), IncidentFilter(), go)]
            if where not in (wanted, IncidentFilter(), *(each.rest for each in offers)):
                wider.insert(0, _offer("what", say("conditions.only_place"), where, go))
        for each in wider:
            await self._tell(each)

    async def _tell(self, offer: _Offer) -> int:
        server, user, source = self._site.server, self._visitor.user, self._visitor.source
        try:
            found = await asyncio.to_thread(overview.tallies_of, server, user, {"": offer.rest}, source=source)
        except CamsvcError:
            return 0
        number = _rounded(found[""])
        if not self._client.is_deleted:
            mark = "" if found[""].exact else "≈ "
            offer.number.text = f"{mark}{self._words.language.number(number)}"
            offer.button.props["data-number"] = str(number)
        return number


@dataclass(frozen=True, slots=True)
class _Offer:
    rest: IncidentFilter
    button: Element
    number: TextElement


def _offer(key: str, text: str, rest: IncidentFilter, go: Go) -> _Offer:
    cure = button(text, "cam-btn", "filter_alt_off", data_widen=key)
    cure.on("click", lambda: go(rest))
    with cure:
        return _Offer(rest, cure, label("span", "cam-chip__count", ""))


def _rounded(tally: Tally) -> int:
    """What is told from a sample is known to two or three digits."""
    return tally.number if tally.exact else round(tally.number, -max(0, len(str(tally.number)) - 3))
