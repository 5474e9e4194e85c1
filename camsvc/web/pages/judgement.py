"""The section of an incident's page that says what people say of it, and takes what they add."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from nicegui import ui
from nicegui.events import GenericEventArguments

from camsvc.api.services import annotating as service
from camsvc.api.services.annotating import Annotations
from camsvc.domain.account import EVERYWHERE, Action
from camsvc.domain.annotation import Assignment, Disposition, Entry, What
from camsvc.domain.incident import Incident
from camsvc.errors import AccessError, CamsvcError, InputError
from camsvc.web.components.judgement import JudgementPane
from camsvc.web.frame import add_styles
from camsvc.web.site import Site
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words

KEYS = {Disposition.TRUE: ("t", "check_circle"), Disposition.FALSE_ALARM: ("x", "cancel")}


class Judgement:
    """Made where it is to stand, for one incident; ``tell`` when that has changed. On the event loop.

    Nothing is shown to who may not replay the incident.
    """

    def __init__(self, site: Site, visitor: Visitor, words: Words, incident: Incident) -> None:
        self._site = site
        self._visitor = visitor
        self._words = words
        self._incident = incident
        self._client = ui.context.client
        self._pane: JudgementPane | None = None
        self._holder = ui.element("div")
        self._reading = False
        self._stale = False
        if service.is_readable(visitor.user, incident.area):
            add_styles("judgement.css")

    async def tell(self) -> None:
        """Read what is said now, and show it. Called while it reads, it reads once more."""
        self._stale = True
        if self._reading or not service.is_readable(self._visitor.user, self._incident.area):
            return
        self._reading = True
        try:
            while self._stale:
                self._stale = False
                await self._read()
        finally:
            self._reading = False

    async def _read(self) -> None:
        server, visitor = self._site.server, self._visitor
        try:
            found = await asyncio.to_thread(
                service.read, server, visitor.user, self._incident.id, source=visitor.source, shown=True
            )
            if self._pane is None:
                tags = [each.tag for each in await asyncio.to_thread(service.tags, server, visitor.user)]
                people = await asyncio.to_thread(service.assignees, server, visitor.user, [self._incident.area])
        except CamsvcError:
            return  # the line of alarms says it; the rest of the page stands
        if self._client.is_deleted or self._holder.is_deleted:
            return
        if self._pane is not None:
            self._pane.show(self._state(found))
            return
        say = self._words.language
        judgements = [
            {"name": each.value, "label": say(f"said.{each.value}"), "icon": icon_name, "key": key}
            for each, (key, icon_name) in KEYS.items()
        ]
        with self._holder:
            self._pane = JudgementPane(say, visitor.user.name, judgements, self._state(found))
            self._pane.suggest(tags, people)
            self._pane.on("say", self._on_say)

    async def _on_say(self, event: GenericEventArguments) -> None:
        pane, said = self._pane, event.args if isinstance(event.args, dict) else {}
        deed = self._deed(str(said.get("what")), said.get("value"), said.get("more"))
        if pane is None or deed is None:
            return
        try:
            found = await asyncio.to_thread(deed)
        except CamsvcError as error:
            if not self._client.is_deleted:
                pane.tell(None, self._trouble(error))
            return
        if not self._client.is_deleted:
            pane.show(self._state(found))
            pane.tell(str(said["what"]))

    def _deed(self, what: str, value: Any, more: Any) -> Callable[[], Annotations] | None:  # noqa: ANN401  from a browser
        """What a page may say; None for what no page of ours does."""
        who = (self._site.server, self._visitor.user, self._incident.id)
        source = self._visitor.source
        word = value if isinstance(value, str) else ""
        number = value if isinstance(value, int) else 0
        text = more if isinstance(more, str) else ""
        deeds: dict[str, Callable[[], Annotations]] = {
            "judge": lambda: service.judge(*who, Disposition(word), text or None, source=source),
            "tag": lambda: service.tag(*who, word, source=source),
            "untag": lambda: service.untag(*who, word, source=source),
            "assign": lambda: service.assign(*who, word, source=source),
            "reopen": lambda: service.assign(*who, word, source=source),
            "done": lambda: service.assign(*who, word, done=True, source=source),
            "unassign": lambda: service.unassign(*who, source=source),
            "note": lambda: service.note(*who, word, source=source),
            "edit": lambda: service.edit_note(*who, number, text, source=source),
            "withdraw": lambda: service.withdraw_note(*who, number, source=source),
        }
        return None if what == "judge" and word not in set(Disposition) else deeds.get(what)

    def _trouble(self, error: CamsvcError) -> str:
        say = self._words.language
        if isinstance(error, AccessError):
            return say("said.may_not")
        if isinstance(error, InputError) and error.parameter in {"tag", "assignee", "text", "note", "reason"}:
            return say(f"said.wrong.{error.parameter}")
        return say("said.failed")

    # In words ------------------------------------------------------------------------------------------------

    def _state(self, found: Annotations) -> dict[str, Any]:
        wall, now = self._words.wall, found.now
        user = self._visitor.user
        is_administrator = user.reach(Action.ADMINISTER) == EVERYWHERE
        judged = now.judgement
        return {
            "disposition": {
                "name": now.disposition.value,
                "reason": judged.reason if judged else None,
                **(self._when(judged.by.name, judged.at) if judged else {}),
            },
            "tags": [
                {
                    "tag": each.tag,
                    "hint": f"{each.by.name} · {wall.date_clock(each.at)}",
                    "href": f"/incidents?{urlencode({'tag': each.tag})}",
                }
                for each in now.tags
            ],
            "assignment": self._assigned(now.assignment) if now.assignment else None,
            "notes": [
                {
                    "id": each.id,
                    "text": each.text,
                    "edited": wall.date_clock(each.edited_at) if each.edited_at else None,
                    "mine": each.by.user_id == user.id,
                    "removable": is_administrator,
                    **self._when(each.by.name, each.at),
                }
                for each in now.notes
            ],
            "history": [self._line(each) for each in reversed(found.history)],
        }

    def _assigned(self, held: Assignment) -> dict[str, Any]:
        say, wall = self._words.language, self._words.wall
        told = say("said.assigned_by", by=held.by.name, at=wall.date_clock(held.at))
        if held.done_at and held.done_by:
            told = say("said.done_by", by=held.done_by.name, at=wall.date_clock(held.done_at))
        at = held.done_at or held.at
        return {"assignee": held.assignee, "done": held.done_at is not None, "told": told, "utc": wall.utc(at)}

    def _line(self, entry: Entry) -> dict[str, Any]:
        say, draft = self._words.language, entry.said
        values = {"tag": draft.tag, "assignee": draft.assignee}
        if draft.what is What.JUDGED:
            told = say(f"said.was.judged_{(draft.disposition or Disposition.NONE).value}")
        else:
            told = say(f"said.was.{draft.what.value}", **{name: value for name, value in values.items() if value})
        text = draft.text or draft.reason
        return {"id": entry.id, "told": told, "text": text, **self._when(entry.by.name, entry.at)}

    def _when(self, by: str, at: Any) -> dict[str, str]:  # noqa: ANN401  a moment
        wall = self._words.wall
        return {"by": by, "at": wall.date_clock(at), "utc": wall.utc(at)}
