"""That an incident's footage is not what was recorded: said wherever it is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from nicegui import ui

from camsvc.api.services import faults
from camsvc.domain.account import Action
from camsvc.domain.fault import Fault
from camsvc.domain.incident import Incident
from camsvc.errors import CamsvcError
from camsvc.storage import keys
from camsvc.web.frame import add_styles
from camsvc.web.markup import icon, tag
from camsvc.web.site import Site
from camsvc.web.visitor import Visitor
from camsvc.web.words import FAULT_ICONS, WORST_FIRST, Words


def file_name(key: str, words: Words) -> str:
    """What a person calls a stored file: ``part 2 of the clip``."""
    name = key.rsplit("/", 1)[-1]
    say = words.language
    number, _, _ = name.removeprefix("clip-").partition(".")
    if name.startswith("clip-") and number.isdigit():
        kind = "copy" if keys.is_rendition(key) else "part"
        return say(f"integrity.file.{kind}", n=say.number(int(number) + 1))
    kinds = {"thumbnail.jpg": "picture", "tracks.json": "tracks"}
    return say(f"integrity.file.{kinds[name]}") if name in kinds else name


class FaultBanner:
    """Made where it is to stand; ``tell`` reads what is wrong now. On the event loop."""

    def __init__(self, site: Site, visitor: Visitor, words: Words) -> None:
        self._site = site
        self._visitor = visitor
        self._words = words
        self._client = ui.context.client
        self._shown: tuple[Fault, ...] = ()
        self._holder = tag("div", "cam-faults", role="alert", data_test="faults")
        self._holder.set_visibility(False)
        add_styles("faults.css")

    async def tell(self, incident: Incident) -> None:
        if incident.footage_expired_at is not None:
            return
        try:
            found = await asyncio.to_thread(faults.of, self._site.server, [incident.id])
        except CamsvcError:
            return  # the line of alarms says it; the rest of the page stands
        wrong = tuple(found.get(incident.id, ()))
        if self._client.is_deleted or self._holder.is_deleted or wrong == self._shown:
            return
        self._shown = wrong
        self._holder.clear()
        self._holder.set_visibility(bool(wrong))
        with self._holder:
            self._build(wrong)

    def _build(self, wrong: Sequence[Fault]) -> None:
        say, words = self._words.language, self._words
        for kind in WORST_FIRST:
            mine = [each for each in wrong if each.what is kind]
            if not mine:
                continue
            files = ", ".join(file_name(each.key, words) for each in mine)
            files = files[:1].upper() + files[1:]
            at = words.wall.date_clock(min(each.found_at for each in mine))
            with tag("div", "cam-note cam-note--bad", data_fault=kind.value):
                icon(FAULT_ICONS[kind])
                with tag("div"):
                    tag("strong", "", say(f"integrity.title.{kind.value}"))
                    with tag("p"):
                        tag("span", "", say(f"integrity.said.{kind.value}", files=files, at=at) + " ")
                        if self._visitor.user.reach(Action.ADMINISTER).is_everywhere:
                            tag("a", "", say("integrity.list"), href="/admin/storage#faults")
