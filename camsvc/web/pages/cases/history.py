"""All that was ever done to a case, the newest first; unfolded on request."""

from __future__ import annotations

import asyncio

from nicegui import ui

from camsvc.domain.case import CaseEvent
from camsvc.errors import CamsvcError
from camsvc.web.markup import button, icon, label, tag
from camsvc.web.pages.cases import casework
from camsvc.web.site import Site
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words

PAGE = 30
"""At once: some screens; older ones follow on request."""
ICONS = {
    "case": "folder",
    "item": "playlist_add",
    "person": "person",
    "agency": "corporate_fare",
    "note": "notes",
    "hold": "lock",
    "footage": "front_hand",
    "export": "archive",
    "package": "archive",
    "redaction": "blur_on",
}
_SHOWN = ("user", "agency", "role", "kinds", "number", "title", "description", "reason", "decision", "sha256")
"""Facts of an event that tell people something, in this order; the others are for programs."""
FACT_MAX = 200
"""Characters of one fact: the whole stands where it was said."""


class History:
    """Made where it is to stand; ``read`` fills it."""

    def __init__(self, site: Site, visitor: Visitor, words: Words, case: int) -> None:
        self._site = site
        self._visitor = visitor
        self._words = words
        self._case = case
        self._client = ui.context.client
        self._older: int | None = None
        say = words.language
        with tag("details", "cam-block cam-case__history", data_test="case-history"):
            with tag("summary"):
                tag("h2", "", say("case.history"))
                self._newest = label("span", "cam-soft", "")
            self._list = tag("ol", "cam-case__events")
            self._more = button(say("case.history_more"), "cam-btn cam-btn--small", "expand_more")
            self._more.on("click", self._read_more)
            self._more.set_visibility(False)

    async def read(self) -> None:
        """Anew from the newest on."""
        await self._read(None)

    async def _read_more(self) -> None:
        await self._read(self._older)

    async def _read(self, before: int | None) -> None:
        server, visitor = self._site.server, self._visitor
        try:
            events, older = await asyncio.to_thread(
                casework.history, server, visitor.user, self._case, before=before, limit=PAGE, source=visitor.source
            )
        except CamsvcError:
            return  # the line of alarms says it; the rest of the page stands
        if self._client.is_deleted or (before is not None and before != self._older):
            return  # a second click was quicker
        self._older = older
        if before is None:
            self._list.clear()
            self._newest.text = self._words.wall.date_clock(events[0].at) if events else ""
        with self._list:
            for event in events:
                self._draw(event)
        self._more.set_visibility(older is not None)

    def _draw(self, event: CaseEvent) -> None:
        say, wall = self._words.language, self._words.wall
        with tag("li", "", data_event=event.what):
            icon(ICONS.get(event.what.partition(".")[0], "circle"))
            with tag("div"):
                tag("span", "", say.known("case_event", event.what.replace(".", "_")))
                if facts := self._facts(event):
                    tag("span", "cam-case__fact", facts)
                tag("span", "cam-soft", f"{event.by} · {wall.date_clock(event.at)}", title=wall.utc(event.at))

    def _facts(self, event: CaseEvent) -> str:
        told = []
        for name in _SHOWN:
            value = event.facts.get(name)
            if value is None or value == "":
                continue
            text = self._fact(name, value)
            told.append(text if len(text) <= FACT_MAX else f"{text[:FACT_MAX]}…")
        return " · ".join(told)

    def _fact(self, name: str, value: object) -> str:
        say = self._words.language
        if name == "role":
            return say.known("case.role", str(value))
        if name == "kinds" and isinstance(value, list):
            return ", ".join(say.known("case.kind", str(each)) for each in value)
        if isinstance(value, dict):  # of a change: from and to
            return f"{value.get('from')} → {value.get('to')}"
        return str(value)
