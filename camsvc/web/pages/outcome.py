"""What a search page says above and in place of its list: how many were found, or why none are shown."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from camsvc.api.services.rights import search_reach
from camsvc.db.queries import incidents as rows
from camsvc.db.queries.incidents import COUNT_AT_MOST
from camsvc.domain.search import IncidentFilter
from camsvc.errors import CamsvcError
from camsvc.web.markup import button, icon, label, tag
from camsvc.web.site import Site
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words

Conditions = dict[str, Any]
"""Members of IncidentFilter."""


class Count:
    """The headline: "312 incidents". Counting is a query of its own, made after the list is shown."""

    def __init__(self, site: Site, visitor: Visitor, words: Words) -> None:
        self._site = site
        self._visitor = visitor
        self._words = words
        self._client = ui.context.client
        self._label = label("h1", "cam-bar__count", "", aria_live="polite")
        self._task: asyncio.Task[None] | None = None
        self._client.on_delete(self._stop)

    def say(self, text: str) -> None:
        self._stop()
        self._label.text = text

    def know(self, number: int) -> None:
        self.say(self._words.language.count("results.count", number))

    def ask(self, wanted: IncidentFilter, wait_s: float = 0.0) -> None:
        """Count what ``wanted`` finds; a count that waits already stays."""
        if wait_s and self._task and not self._task.done():
            return
        self._stop()
        self._task = asyncio.create_task(self._run(wanted, wait_s), name="count")

    async def _run(self, wanted: IncidentFilter, wait_s: float) -> None:
        reach = search_reach(self._visitor.user, wanted)

        def read() -> int:
            with self._site.server.database.session() as session:
                return rows.count(session, wanted.under(reach))

        await asyncio.sleep(wait_s)
        try:
            number = await asyncio.to_thread(read)
        except CamsvcError:
            return  # the line of alarms says it; what stood here was true a moment ago
        if not self._client.is_deleted:
            say = self._words.language
            many = number >= COUNT_AT_MOST
            self._label.text = (
                say("results.more_than", n=say.number(number)) if many else say.count("results.count", number)
            )

    def _stop(self) -> None:
        if self._task:
            self._task.cancel()
            self._task = None


def say_not_searched(words: Words) -> None:
    icon("edit_note")
    tag("h2", "", words.language("results.not_searched"))
    tag("p", "cam-empty__said", words.language("results.not_searched_why"))


def say_trouble(words: Words, trouble: str, again: Callable[[], Awaitable[None]]) -> None:
    icon("cloud_off")
    tag("h2", "", trouble)
    button(words.language("results.again"), "cam-btn", "refresh").on("click", again)


def say_nothing_found(
    words: Words, searched: str, wanted: IncidentFilter, widen: Callable[[Conditions], Awaitable[None]]
) -> None:
    """What was searched, and one button for each way to search wider."""
    say = words.language
    icon("search_off")
    tag("h2", "", say("results.nothing"))
    tag("p", "cam-empty__said", say("results.searched", what=searched))
    offers = widenings(wanted)
    if not offers:
        tag("p", "cam-empty__said", say("results.none_ever"))
    with tag("div", "cam-empty__cures"):
        for key, conditions in offers:
            cure = button(say(f"widen.{key}"), data_widen=key)
            cure.on("click", lambda chosen=conditions: widen(chosen))


def widenings(wanted: IncidentFilter) -> list[tuple[str, Conditions]]:
    """Which conditions could be let go, group by group, the rest untouched."""
    offers: list[tuple[str, Conditions]] = []
    if wanted.from_ or wanted.to:
        offers.append(("time", {"from_": None, "to": None}))
    if wanted.cameras or wanted.areas or wanted.near or wanted.bbox:
        offers.append(("place", {"cameras": (), "areas": (), "near": None, "radius_m": None, "bbox": None}))
    if wanted.kinds or wanted.objects or wanted.colours:
        offers.append(("what", {"kinds": (), "objects": (), "colours": ()}))
    if wanted.severities or wanted.states:
        offers.append(("state", {"severities": (), "states": ()}))
    return offers
