"""One export as people see it: how far it is, what it is of, and once it is made what to fetch and what to tell whoever
gets it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from nicegui import ui
from nicegui.element import Element

from camsvc.api.services import exports
from camsvc.domain.account import EVERYWHERE, Action
from camsvc.domain.export_job import Contents, Export, ExportState
from camsvc.errors import CamsvcError, NotFoundError
from camsvc.web import confirm
from camsvc.web.language import Language
from camsvc.web.markup import button, icon, icon_button, tag
from camsvc.web.noticing import why_failed
from camsvc.web.site import Site
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words

BADGES = {
    ExportState.QUEUED: ("idle", "schedule"),
    ExportState.RUNNING: ("open", "sync"),
    ExportState.DONE: ("ok", "check_circle"),
    ExportState.FAILED: ("bad", "error_outline"),
    ExportState.CANCELLED: ("idle", "cancel"),
    ExportState.EXPIRED: ("idle", "auto_delete"),
}
CONTENTS = ("originals", "viewing", "redacted", "thumbnails", "tracks")
PROBLEMS_MAX = 20
"""Files that are named; the report in the package names all."""
SOON_S = 24 * 3600
"""Before its end a package is said to go soon."""
PACE_AFTER_S = 3
"""Of work, before how long it will take is foretold."""
Again = Callable[[Export], Awaitable[None]]


class ExportCard:
    """``build`` where it is to stand; ``renew`` reads it anew. ``again``: somebody wants another one like it."""

    def __init__(self, site: Site, visitor: Visitor, words: Words, again: Again | None = None) -> None:
        self._site = site
        self._visitor = visitor
        self._words = words
        self._again = again
        self._client = ui.context.client
        self._export: Export | None = None
        self._holder: Element | None = None
        self._is_reading = self._is_due = False
        self._bar: Element | None = None
        self._pace: Element | None = None

    @property
    def is_gone(self) -> bool:
        return self._client.is_deleted or self._holder is None or self._holder.is_deleted

    def build(self, export: Export) -> None:
        self._holder = tag("article", "xp-card", data_export=str(export.id))
        with self._holder:
            self._told = tag("div")
            self._aside = tag("div")  # for dialogs: what is told may change while one is open
        self.show(export)

    async def renew(self) -> None:
        """One reading at a time, so that an older answer never comes after a newer one; asked meanwhile, once more."""
        self._is_due = True
        if self._is_reading:
            return
        self._is_reading = True
        try:
            while self._is_due and not self.is_gone:
                self._is_due = False
                await self._read()
        finally:
            self._is_reading = False

    async def _read(self) -> None:
        if self._export is None:
            return
        try:
            found = await asyncio.to_thread(exports.get, self._site.server, self._visitor.user, self._export.id)
        except NotFoundError:
            return  # the visitor is not on its case any more; a page that is loaded anew does not list it
        except CamsvcError:
            return  # the line of alarms says it
        self.show(found)

    def show(self, export: Export) -> None:
        """What stands there is left alone where nothing of it changed: a button under the pointer stays that button."""
        if self.is_gone or self._holder is None or export == self._export:
            return
        before, self._export = self._export, export
        if before is not None and _is_only_further(before, export):
            self._advance(export)
            return
        self._holder.props["data-state"] = export.state.value
        self._told.clear()
        with self._told:
            self._head(export)
            self._what(export)
            self._state(export)
            self._deeds(export)

    def _head(self, export: Export) -> None:
        say, wall = self._words.language, self._words.wall
        kind, sign = BADGES[export.state]
        state = "cancelling" if export.is_cancelling else export.state.value
        with tag("div", "xp-card__head"):
            with tag("strong"):
                if export.case_number:
                    href = {"href": f"/cases/{export.case_id}"} if export.case_id is not None else {}
                    tag("a" if href else "span", "", say("export.of_case", number=export.case_number), **href)
                    tag("span", "cam-soft", f" · {export.reason}")
                else:
                    tag("span", "", export.reason)
            with tag("span", f"cam-badge cam-badge--{kind}"):
                icon(sign)
                tag("span", "", say(f"export.state.{state}"))
        tag("p", "cam-soft", say("export.asked_by", who=export.created_by, at=wall.date_clock(export.created_at)))

    def _what(self, export: Export) -> None:
        say, subjects = self._words.language, export.subjects
        counts = (("incidents", subjects.incidents), ("spans", subjects.spans), ("snapshots", subjects.snapshots))
        told = [say.count(f"export.{name}", len(given)) for name, given in counts if given]
        told.append(", ".join(parts_of(say, export.contents)))
        tag("p", "", " · ".join(each for each in told if each))
        if export.encrypted_for:
            with tag("p", "xp-card__for"):
                icon("enhanced_encryption")
                tag("span", "", say("export.encrypted_for", who=export.encrypted_for))

    def _state(self, export: Export) -> None:
        say = self._words.language
        match export.state:
            case ExportState.QUEUED | ExportState.RUNNING:
                self._progress(export)
            case ExportState.FAILED:
                _note("bad", "error_outline", why_failed(say, export.error))
            case ExportState.DONE:
                self._made(export)
            case ExportState.EXPIRED:
                self._prints(export)
            case _:
                pass

    # On its way ----------------------------------------------------------------------------------------------

    def _progress(self, export: Export) -> None:
        self._bar = tag("progress", "xp-card__bar", max=1, aria_label=self._words.language("export.progress"))
        self._pace = tag("p", "cam-soft cam-num", "", data_test="pace")
        self._advance(export)

    def _advance(self, export: Export) -> None:
        if self._bar is None or self._pace is None:
            return
        if export.all_bytes:
            self._bar.props["value"] = round(min(1.0, export.done_bytes / export.all_bytes), 4)
        else:
            self._bar.props.pop("value", None)
        self._bar.update()
        self._pace.clear()
        with self._pace:
            tag("span", "", self._pace_of(export))

    def _pace_of(self, export: Export) -> str:
        say, size = self._words.language, self._words.bytes
        if export.state is ExportState.QUEUED:
            return say("export.queued")
        if not export.all_bytes:
            return say("export.beginning")
        told = [say("export.done_of", done=size(export.done_bytes), all=size(export.all_bytes))]
        now = self._site.server.clock.now()
        elapsed_s = (now - export.started_at).total_seconds() if export.started_at else 0.0
        if elapsed_s > PACE_AFTER_S and export.done_bytes:
            rate = export.done_bytes / elapsed_s
            left_s = (export.all_bytes - export.done_bytes) / rate
            told += [f"{size(int(rate))}/s", say("export.left", time=self._words.roughly(left_s))]
        return " · ".join(told)

    # Made ----------------------------------------------------------------------------------------------------

    def _made(self, export: Export) -> None:
        say = self._words.language
        if export.problems:
            _note("bad", "gpp_bad", say.count("export.problems", len(export.problems)))
            with tag("details"):
                tag("summary", "", say("export.problem_files"))
                for each in export.problems[:PROBLEMS_MAX]:
                    tag("code", "cam-mono xp-card__file", each)
        for note in export.notes[:PROBLEMS_MAX]:
            _note("warn", "info", note)
        now = self._site.server.clock.now()
        told = [self._words.bytes(export.size_bytes or 0)]
        if export.expires_at is not None:
            told.append(self._until(export.expires_at, now))
        told.append(say.count("export.downloads", export.downloads) if export.downloads else say("export.not_fetched"))
        tag("p", "cam-num", " · ".join(told))
        self._prints(export)

    def _until(self, expires_at: datetime, now: datetime) -> str:
        left_s = (expires_at - now).total_seconds()
        key = "export.goes_soon" if left_s < SOON_S else "export.goes_at"
        return self._words.language(key, at=self._words.wall.date_clock(expires_at))

    def _prints(self, export: Export) -> None:
        """What whoever gets the package needs by another way."""
        say = self._words.language
        if not export.sha256 or not export.certificate_sha256:
            return
        with tag("details", "xp-card__prints"):
            tag("summary", "", say("export.prints"), data_test="prints")
            tag("p", "cam-soft", say("export.prints_mean"))
            self._print(say("export.fingerprint"), export.certificate_sha256, "fingerprint")
            self._print(say("export.sha256"), export.sha256, "sha256")
            if export.envelope_sha256:
                self._print(say("export.envelope_sha256"), export.envelope_sha256, "envelope")
            tag("p", "cam-soft", say("export.check_at"))
            tag("a", "", say("verify.title"), href="/verify")

    def _print(self, called: str, value: str, name: str) -> None:
        say = self._words.language
        with tag("div", "xp-card__print"):
            tag("span", "cam-soft", called)
            tag("code", "cam-mono", value, data_test=name)
            icon_button(
                "content_copy",
                f"{say('ask.copy')}: {called}",
                "cam-btn cam-btn--quiet cam-btn--icon",
                data_copy=value,
                data_copied=say("ask.copied"),
            )

    # What can be done with it --------------------------------------------------------------------------------

    def _deeds(self, export: Export) -> None:
        say = self._words.language
        mine = export.created_by_id == self._visitor.user.id
        may_end = mine or self._visitor.user.reach(Action.ADMINISTER) == EVERYWHERE
        with tag("div", "xp-card__deeds"):
            if export.state is ExportState.DONE:
                self._fetch(export, "package", say("export.fetch"), "cam-btn cam-btn--main")
                if export.encrypted_for:
                    self._fetch(export, "envelope", say("export.fetch_envelope"), "cam-btn")
            if export.is_waiting and may_end and not export.is_cancelling:
                stop = button(say("export.cancel"), "cam-btn", "close", data_test="cancel")
                stop.on("click", self._cancel)
            if export.state is ExportState.DONE and may_end:
                gone = button(say("export.delete"), "cam-btn", "delete_outline", data_test="delete")
                gone.on("click", self._ask_delete)
            if self._again is not None and not export.is_waiting and mine:
                made = button(say("export.again"), "cam-btn", "replay", data_test="again")
                made.on("click", self._make_again)

    def _fetch(self, export: Export, file: str, text: str, classes: str) -> None:
        """A plain link: the browser itself goes on with a download that broke off."""
        href = f"/api/v1/exports/{export.id}/{file}"
        with tag("a", classes, href=href, download=True, data_test=f"fetch-{file}"):
            icon("download" if file == "package" else "key")
            tag("span", "", text)

    async def _make_again(self) -> None:
        if self._again is not None and self._export is not None:
            await self._again(self._export)

    async def _cancel(self) -> None:
        await self._do(exports.cancel)

    def _ask_delete(self) -> None:
        say = self._words.language
        with self._aside:
            confirm.ask(say, say("export.delete"), say("export.delete_means"), say("export.delete"), self._delete)

    async def _delete(self) -> None:
        await self._do(exports.delete)

    async def _do(self, deed: Callable[..., Export]) -> None:
        visitor, export = self._visitor, self._export
        if export is None:
            return
        try:
            found = await asyncio.to_thread(deed, self._site.server, visitor.user, export.id, source=visitor.source)
        except CamsvcError as error:
            with self._client:
                ui.notify(self._words.language("fault.other", said=str(error)), type="negative")
            await self.renew()
            return
        self.show(found)


def parts_of(say: Language, contents: Contents) -> list[str]:
    return [say(f"export.part.{part}") for part in CONTENTS if getattr(contents, part)]


def _is_only_further(before: Export, now: Export) -> bool:
    """Whether nothing but how far it is changed: the bar moves, the rest stands."""
    is_running = before.state is now.state is ExportState.RUNNING
    return is_running and before.is_cancelling == now.is_cancelling


def _note(kind: str, sign: str, text: str) -> None:
    with tag("p", f"cam-note cam-note--{kind}"):
        icon(sign)
        tag("span", "", text)
