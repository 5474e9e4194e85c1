"""Notes of a case: written by its people, for its people. They go into no package."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from camsvc.api.services.cases import notes as service
from camsvc.domain.case import Note
from camsvc.web.confirm import ask
from camsvc.web.forms import Form, Told, one, submit
from camsvc.web.markup import icon_button, tag
from camsvc.web.pages.cases.casework import NOTE_MAX, CaseFile
from camsvc.web.pages.cases.dialogs import asking, dialog, words_field
from camsvc.web.site import Site
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words

Changed = Callable[[], Awaitable[None]]


class Notes:
    """Made where it is to stand. What is being typed stays while the list is drawn anew."""

    def __init__(self, site: Site, visitor: Visitor, words: Words, changed: Changed) -> None:
        self._site = site
        self._visitor = visitor
        self._words = words
        self._changed = changed
        self._file: CaseFile | None = None
        say = words.language
        with tag("section", "cam-block", data_test="case-notes") as self._root:
            tag("h2", "", say("case.notes"))
            tag("p", "cam-soft", say("case.notes_mean"))
            self._list = tag("div", "cam-case__notes")
            self._form = Form(say, "cam-case__note-new", self._add)
            with self._form:
                words_field(say("case.note_new"), "text", maxlength=NOTE_MAX, required=True, rows=2)
                submit(say("case.note_add"), "add_comment", "cam-btn cam-btn--small", data_test="add-note")

    def show(self, found: CaseFile) -> None:
        self._file = found
        self._form.element.set_visibility(found.may_change)
        self._list.clear()
        with self._list:
            for note in found.notes:
                self._draw(found, note)

    def _draw(self, found: CaseFile, note: Note) -> None:
        say, wall = self._words.language, self._words.wall
        told = f"{note.by} · {wall.date_clock(note.at)}"
        if note.edited_at:
            told += " · " + say("case.note_edited", at=wall.date_clock(note.edited_at))
        with tag("article", "cam-case__note", data_note=note.id):
            with tag("div", "cam-case__note-head"):
                tag("span", "cam-soft", told)
                if found.may_change and note.by == self._visitor.user.name and note.withdrawn_at is None:
                    quiet = "cam-btn cam-btn--quiet cam-btn--icon"
                    icon_button("edit", say("case.note_edit"), quiet).on("click", lambda: self._edit(found, note))
                    icon_button("delete_outline", say("case.note_withdraw"), quiet).on(
                        "click", lambda: self._withdraw(found, note)
                    )
            if note.withdrawn_at:
                tag("p", "cam-soft", say("case.note_withdrawn", at=wall.date_clock(note.withdrawn_at)))
            else:
                tag("p", "cam-case__note-text", note.text)

    async def _add(self, told: Told) -> None:
        if self._file is None:
            return
        await asyncio.to_thread(
            service.add,
            self._site.server,
            self._visitor.user,
            self._file.case.id,
            one(told, "text"),
            source=self._visitor.source,
        )
        self._form.reset()
        await self._changed()

    def _edit(self, found: CaseFile, note: Note) -> None:
        say = self._words.language
        with self._root, dialog(say, say("case.note_edit"), say("case.note_edit_means")) as opened:

            async def go(told: Told) -> None:
                await asyncio.to_thread(
                    service.edit,
                    self._site.server,
                    self._visitor.user,
                    found.case.id,
                    note.id,
                    one(told, "text"),
                    source=self._visitor.source,
                )
                await self._changed()

            with asking(say, opened, go, say("case.save"), "check"):
                words_field(say("case.note"), "text", note.text, maxlength=NOTE_MAX, required=True, rows=5)

    def _withdraw(self, found: CaseFile, note: Note) -> None:
        say = self._words.language

        async def go() -> None:
            await asyncio.to_thread(
                service.withdraw,
                self._site.server,
                self._visitor.user,
                found.case.id,
                note.id,
                source=self._visitor.source,
            )
            await self._changed()

        with self._root:
            ask(say, say("case.note_withdraw"), say("case.note_withdraw_means"), say("case.note_withdraw"), go)
