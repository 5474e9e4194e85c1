"""``/incidents/{id}/redact``: who and what is made unrecognisable in copies of a clip."""

from __future__ import annotations

import asyncio

from nicegui import ui

from camsvc.api.services import redactions, rights
from camsvc.domain.account import Action
from camsvc.domain.incident import Incident
from camsvc.domain.redaction import Redaction
from camsvc.errors import CamsvcError
from camsvc.web.components.redaction import RedactionEditor
from camsvc.web.forms import fault
from camsvc.web.frame import frame
from camsvc.web.markup import icon, tag
from camsvc.web.pages import opened
from camsvc.web.pages.exporting import SHARE, ExportDialog
from camsvc.web.shortcuts import ShortcutHelp
from camsvc.web.site import Site, SitePage
from camsvc.web.visitor import VISITOR, Visitor

STYLES = ("redact.css",)
SHORTCUTS = (
    ("keys.space", ("␣",)),
    ("keys.second", ("←", "→")),
    ("keys.ten_seconds", ("⇧ ←", "⇧ →")),
    ("keys.frame", (",", ".")),
    ("keys.ends", ("Home", "End")),
    ("redact.draw", ("r",)),
    ("redact.draw_middle", ("r", "Enter")),
    ("redact.move", ("↑", "↓", "←", "→")),
    ("redact.widen", ("⇧ ↑", "⇧ →")),
    ("redact.key", ("a",)),
    ("redact.remove", ("Del",)),
    ("redact.undo", ("Ctrl Z",)),
    ("redact.redo", ("Ctrl Y",)),
    ("redact.outlines", ("b",)),
    ("redact.exact", ("p",)),
    ("redact.save", ("Ctrl S",)),
    ("keys.leave", ("Esc",)),
    ("keys.help", ("?",)),
)


def add(site: Site) -> None:
    @SitePage("/incidents/{incident}/redact")
    async def redact(incident: str) -> None:
        await RedactPage(site, VISITOR.get()).open(incident)


class RedactPage:
    def __init__(self, site: Site, visitor: Visitor) -> None:
        self._site = site.seen_by(visitor)
        self._visitor = visitor
        self._words = site.words(visitor)
        self._client = ui.context.client

    async def open(self, asked: str) -> None:
        await self._site.lookout.now()
        incident, trouble = await opened.read(self._site, self._visitor, self._words, asked)
        stored, trouble = await self._stored(incident) if incident else (None, trouble)
        say = self._words.language
        title = say("redact.title")
        with (
            frame(self._site, self._visitor, self._words, "incidents", title, styles=STYLES),
            tag("section", "red-page", aria_label=title),
        ):
            self._bar(incident, title)
            if incident is None or stored is None:
                self._instead("search_off" if incident is None else "lock", trouble)
            elif incident.footage_expired_at is not None:
                at = self._words.wall.date_clock(incident.footage_expired_at)
                self._instead("auto_delete", say("hold.expired", at=at))
            else:
                self._edit(incident, stored)

    async def _stored(self, incident: Incident) -> tuple[Redaction | None, str]:
        """What is decided; else None, and why in words: who redacts must be able to see, too."""
        server, visitor = self._site.server, self._visitor

        def read() -> Redaction:
            rights.require_incident(server, visitor.user, Action.REPLAY, incident.id, source=visitor.source)
            return redactions.get(server, visitor.user, incident.id, source=visitor.source)

        try:
            return await asyncio.to_thread(read), ""
        except CamsvcError as error:
            return None, fault(self._words.language, error)

    def _bar(self, incident: Incident | None, title: str) -> None:
        say = self._words.language
        back = f"/incidents/{incident.id}" if incident else "/incidents"
        with tag("div", "cam-over__bar"):
            with tag("a", "cam-btn", href=back, data_test="back"):
                icon("arrow_back")
                tag("span", "", say("redact.back"))
            with tag("div", "cam-over__title"):
                tag("h1", "", title)
                if incident:
                    opened.Heading(self._site, self._words).tell(incident)
            with tag("p", "red-page__means cam-soft"):
                tag("span", "", say("redact.means"))

    def _edit(self, incident: Incident, stored: Redaction) -> None:
        editor = RedactionEditor(self._words, incident, stored)
        shortcuts = ShortcutHelp(self._words.language, SHORTCUTS)
        export = ExportDialog(self._site, self._visitor, self._words)
        editor.on("help", shortcuts.open)
        editor.on("export", lambda: export.open(incidents=(incident.id,), contents=SHARE))
        editor.on("leave", lambda: ui.navigate.to(f"/incidents/{incident.id}"))

    def _instead(self, icon_name: str, text: str) -> None:
        with tag("div", "cam-empty"):
            icon(icon_name)
            tag("p", "", text, data_test="instead")
