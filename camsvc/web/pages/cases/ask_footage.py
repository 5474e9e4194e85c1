"""The dialog that asks another agency for footage: of what is in the case already, or of a camera or an area."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

from nicegui import ui

from camsvc.api.services.cases import requests as service
from camsvc.domain.case import Wanted
from camsvc.errors import InputError
from camsvc.web.forms import Told, choice, entry, one
from camsvc.web.markup import tag
from camsvc.web.pages.cases.casework import REASON_MAX, CaseFile, Piece
from camsvc.web.pages.cases.dialogs import asking, dialog, words_field
from camsvc.web.site import Site
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words

KINDS = ("camera", "area", "incident")


class AskFootage:
    """``changed`` is awaited after something was asked for."""

    def __init__(self, site: Site, visitor: Visitor, words: Words, changed: Callable[[], Awaitable[None]]) -> None:
        self._site = site
        self._visitor = visitor
        self._words = words
        self._changed = changed
        self._root = tag("div")

    def open(self, found: CaseFile, piece: Piece | None = None) -> None:
        """``piece``: the closed one that is wanted; None: it is typed what is."""
        say = self._words.language
        with self._root, dialog(say, say("request.ask"), say("request.ask_means")) as opened:
            if piece is not None:
                kind = say(f"case.kind.{piece.item.kind.value}")
                tag("p", "", f"{kind}: {self._words.span(piece.item.from_at, piece.item.to_at)}")

            async def go(told: Told) -> None:
                server, visitor = self._site.server, self._visitor
                wanted, item = (self._read(told), None) if piece is None else _wanted(piece)
                await asyncio.to_thread(
                    service.ask,
                    server,
                    visitor.user,
                    found.case.id,
                    wanted,
                    one(told, "reason"),
                    item=item,
                    source=visitor.source,
                )
                ui.notify(say("request.sent"), type="positive")
                await self._changed()

            with asking(say, opened, go, say("request.send"), "send", test="request-do"):
                if piece is None:
                    with tag("div", "cam-columns"):
                        choice(say("request.of"), "of", {each: say(f"request.of_{each}") for each in KINDS})
                        entry(say("request.named"), "named", "", say("request.named_hint"), required=True)
                        entry(say("case.from"), "from", "", say("audit.time_hint"))
                        entry(say("case.to"), "to", "", say("audit.time_hint"))
                words_field(say("request.reason"), "reason", maxlength=REASON_MAX, required=True)

    def _read(self, told: Told) -> Wanted:
        """Raises FieldError, InputError. Whether such a thing exists is not looked at: nobody learns it here."""
        named, kind = one(told, "named"), one(told, "of")
        if kind == "incident":
            try:
                return Wanted(incident=UUID(named))
            except ValueError as error:
                raise InputError(f"{named!r} is no id", parameter="incident", cure="copy it from a link") from error
        wall, now = self._words.wall, self._site.server.clock.now()
        from_, to = wall.read(one(told, "from"), "from", now), wall.read(one(told, "to"), "to", now)
        if kind == "area":
            return Wanted(area=named.strip("/"), from_at=from_, to_at=to)
        return Wanted(camera=named, from_at=from_, to_at=to)


def _wanted(piece: Piece) -> tuple[Wanted, int]:
    """A closed row by itself: who asks may not know what it is of."""
    return Wanted(), piece.item.id
