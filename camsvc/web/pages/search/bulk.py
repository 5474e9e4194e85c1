"""Saying the same of several incidents: tags, a judgement, who looks after them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from nicegui import ui
from nicegui.events import GenericEventArguments

from camsvc.api.services import annotating
from camsvc.api.services.annotating import AT_ONCE_MAX, Wishes
from camsvc.domain.account import Action
from camsvc.domain.annotation import NOTE_MAX, Disposition
from camsvc.errors import CamsvcError, InputError
from camsvc.web.language import Language
from camsvc.web.markup import button, icon, icon_button, label, tag
from camsvc.web.pages.cases.collecting import Collector, may_collect
from camsvc.web.pages.cases.wishes import Wish
from camsvc.web.pages.exporting import ExportDialog
from camsvc.web.site import Site
from camsvc.web.visitor import Visitor
from camsvc.web.words import DISPOSITION_ICONS, Words

FORM = "(e) => emit([...new FormData(e.target)])"
JUDGEMENTS = {"true": Disposition.TRUE, "false_alarm": Disposition.FALSE_ALARM}
"""Buttons that judge at once: a judgement is a row of the history and can be taken back."""


def offers(say: Language, visitor: Visitor) -> list[dict[str, str]]:
    """What ``visitor`` can do with several incidents: for ``Results``."""
    collect = {"name": "case", "icon": "create_new_folder", "label": say("collect.button")}
    package = {"name": "export", "icon": "archive", "label": say("export.open")}
    collecting = [collect, package] if may_collect(visitor) else []
    if visitor.user.reach(Action.REPLAY).is_nowhere:
        return collecting
    judged = [
        {"name": name, "icon": DISPOSITION_ICONS[value], "label": say(f"searched.disposition.{value.value}")}
        for name, value in JUDGEMENTS.items()
    ]
    return [{"name": "say", "icon": "sell", "label": say("bulk.say")}, *judged, *collecting]


class Bulk:
    """Made where the page is made; ``done`` is called after something was said."""

    def __init__(
        self, site: Site, visitor: Visitor, words: Words, done: Callable[[], None], collector: Collector
    ) -> None:
        self._collector = collector
        self._site = site
        self._visitor = visitor
        self._words = words
        self._done = done
        self._dialog = ui.dialog()
        self._export = ExportDialog(site, visitor, words)

    async def start(self, event: GenericEventArguments) -> None:
        what, ids = _read(event.args)
        if not ids:
            return
        if what in JUDGEMENTS:
            await self._say(ids, Wishes(disposition=JUDGEMENTS[what]))
        elif what == "say":
            await self._ask(ids)
        elif what == "case":
            await self._collector.add([Wish(incident=each) for each in ids])
        elif what == "export":
            await self._export.open(incidents=ids)

    async def _ask(self, ids: Sequence[UUID]) -> None:
        server, user = self._site.server, self._visitor.user
        try:
            tags = await asyncio.to_thread(annotating.tags, server, user)
            names = await asyncio.to_thread(annotating.assignees, server, user, self._areas())
        except CamsvcError as error:
            ui.notify(str(error), type="negative")
            return
        say = self._words.language
        title = say.count("bulk.title", len(ids))
        self._dialog.clear()
        with self._dialog, tag("form", "cam-dialog cam-save", role="dialog", aria_label=title) as form:
            with tag("div", "cam-dialog__head"):
                tag("h2", "", title)
                close = icon_button("close", say("pick.cancel"), "cam-btn cam-btn--quiet cam-btn--icon")
                close.on("click", self._dialog.close)
            self._field("tags", "cam-bulk-tags", [each.tag for each in tags])
            self._field("assignee", "cam-bulk-names", names)
            with tag("label", "cam-field"):
                tag("span", "cam-field__label", say("bulk.note"))
                tag("textarea", "cam-input cam-bulk__note", name="note", rows=3, maxlength=NOTE_MAX)
            with tag("span", "cam-field__error", role="alert") as line:
                icon("error_outline")
                fault = label("span", "", "")
            line.set_visibility(False)
            with tag("div", "cam-save__end"):
                button(say("pick.cancel")).on("click", self._dialog.close)
                with tag("button", "cam-btn cam-btn--main", type="submit", data_test="bulk-say"):
                    icon("check")
                    tag("span", "", say("bulk.do"))

        async def send(event: GenericEventArguments) -> None:
            given = {str(name): str(value).strip() for name, value in event.args}
            wishes = Wishes(
                add_tags=tuple(each.strip().lstrip("#") for each in given.get("tags", "").split(",") if each.strip()),
                note=given.get("note") or None,
                assignee=given.get("assignee") or None,
            )
            if trouble := await self._say(ids, wishes):
                fault.text = trouble
                line.set_visibility(True)

        form.on("submit.prevent", send, js_handler=FORM)
        self._dialog.open()

    def _field(self, name: str, list_id: str, choices: Sequence[str]) -> None:
        say = self._words.language
        with tag("label", "cam-field"):
            tag("span", "cam-field__label", say(f"bulk.{name}"))
            tag(
                "input",
                "",
                type="text",
                name=name,
                list=list_id,
                autocomplete="off",
                placeholder=say(f"bulk.{name}_hint"),
            )
            with tag("datalist", id=list_id):
                for each in choices:
                    tag("option", value=each)

    async def _say(self, ids: Sequence[UUID], wishes: Wishes) -> str:
        """Why not; empty when it was said."""
        server, user, source = self._site.server, self._visitor.user, self._visitor.source
        say = self._words.language
        try:
            await asyncio.to_thread(annotating.say_of_all, server, user, ids, wishes, source=source)
        except InputError as error:
            known = {"body": "bulk.wrong.nothing", "tag": "bulk.wrong.tag", "assignee": "bulk.wrong.assignee"}
            key = known.get(error.parameter or "")
            trouble = say(key) if key else str(error)
        except CamsvcError:
            trouble = say("bulk.wrong.refused")
        else:
            self._dialog.close()
            ui.notify(say.count("bulk.done", len(ids)), type="positive")
            self._done()
            return ""
        if not self._dialog.value:
            ui.notify(trouble, type="negative")
        return trouble

    def _areas(self) -> list[str]:
        """Where whoever is suggested must be able to look: in all that this visitor can say something of."""
        reach = self._visitor.user.reach(Action.REPLAY)
        return sorted(path for path in self._site.lookout.last.directory.areas if reach.covers(path))


def _read(sent: object) -> tuple[str, list[UUID]]:
    """What a browser sends may be anything."""
    if not isinstance(sent, Mapping):
        return "", []
    given: Mapping[str, Any] = sent
    try:
        return str(given.get("do")), [UUID(str(each)) for each in list(given.get("ids", ()))[:AT_ONCE_MAX]]
    except (TypeError, ValueError):
        return "", []
