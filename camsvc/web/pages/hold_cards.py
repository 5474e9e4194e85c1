"""A hold as people see it: what is held, by whose word, how it stands; and the dialogs in which it begins and ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from nicegui import ui

from camsvc.api.services import holds
from camsvc.domain.hold import CASE_MAX, REASON_MAX, Hold, HoldKind, HoldState, Target
from camsvc.errors import CamsvcError, ConflictError, InputError
from camsvc.web.confirm import framed
from camsvc.web.fields import FieldError
from camsvc.web.forms import Form, Told, check, entry, one, submit
from camsvc.web.forms import fault as other_fault
from camsvc.web.language import Language
from camsvc.web.markup import button, icon, tag
from camsvc.web.site import Site
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words

Done = Callable[[], Awaitable[None]]
BADGES = {HoldState.ACTIVE: "ok", HoldState.RELEASE_REQUESTED: "warn", HoldState.RELEASED: "idle"}


class HoldCards:
    """``done`` is awaited after each change. On the event loop."""

    def __init__(self, site: Site, visitor: Visitor, words: Words, done: Done) -> None:
        self._site = site
        self._visitor = visitor
        self._words = words
        self._done = done

    def card(self, hold: Hold) -> None:
        say = self._words.language
        with tag("article", f"cam-hold cam-hold--{hold.state.value}", data_hold=hold.id):
            with tag("div", "cam-hold__head"):
                icon("lock" if hold.is_active else "lock_open")
                with tag("strong", "", title=say("hold.number", n=hold.id)):
                    if hold.target.incident is None:
                        tag("span", "", self.what(hold))
                    else:
                        tag("a", "", self.what(hold), href=f"/incidents/{hold.target.incident}")
                badge = BADGES[hold.state]
                tag("span", f"cam-badge cam-badge--{badge}", say(f"hold.state.{hold.state.value}"))
                if not hold.legal and hold.is_active:
                    tag(
                        "span",
                        "cam-badge cam-badge--idle",
                        say("hold.database_only"),
                        title=say("hold.database_only_means"),
                    )
            tag("p", "cam-hold__reason", hold.reason)
            self._said("hold.placed_by", hold.placed_by, hold.placed_at)
            if hold.target.case_number and hold.target.kind is not HoldKind.CASE:
                tag("p", "cam-soft", say("hold.for_case", number=hold.target.case_number))
            if hold.requested_at and hold.requested_by:
                self._said("hold.asked_by", hold.requested_by, hold.requested_at, hold.request_reason)
            if hold.released_at and hold.released_by:
                self._said("hold.released_by", hold.released_by, hold.released_at, hold.release_reason)
            if hold.is_active:
                self._deeds(hold)

    def what(self, hold: Hold) -> str:
        say, target = self._words.language, hold.target
        directory = self._site.lookout.last.directory
        if target.camera is not None and target.from_at and target.to_at:
            return f"{directory.camera_name(target.camera)}, {self._words.span(target.from_at, target.to_at)}"
        if target.incident is not None:
            at = self._words.wall.date_clock(hold.started_at) if hold.started_at else ""
            return say("hold.incident", at=at, area=directory.area_name(hold.area or ""))
        return say("hold.case", number=target.case_number or "")

    def place(self, target: Target, title: str, text: str) -> None:
        """Ask why, and for which case; then hold ``target``."""
        say = self._words.language

        async def placed(told: Told) -> None:
            number = one(told, "case") or None
            wanted = Target(target.incident, target.camera, target.from_at, target.to_at, number)
            await self.hold(wanted, one(told, "reason"), legal="here" not in told)
            dialog.close()
            await self._done()

        with framed(title, "dialog", "cam-holdask") as dialog:
            tag("p", "", text)
            with _asking(say, placed, dialog, say("hold.place"), "lock"):
                reason(say)
                entry(say("hold.case_number"), "case", target.case_number or "", maxlength=CASE_MAX)
                self.legality()

    def legality(self) -> None:
        """Whether the store is to enforce it; where it cannot, that is said."""
        say = self._words.language
        kept = self._site.server.enforcement.known
        if kept is False:
            with tag("p", "cam-note cam-note--warn"):
                icon("gpp_maybe")
                tag("span", "", say("hold.not_kept"))
            check(say("hold.here_only"), "here", hint=say("hold.here_only_hint"))

    async def hold(self, target: Target, why: str, *, legal: bool) -> None:
        server, visitor = self._site.server, self._visitor
        await asyncio.to_thread(holds.place, server, visitor.user, target, why, legal=legal, source=visitor.source)

    def _deeds(self, hold: Hold) -> None:
        say = self._words.language
        with tag("div", "cam-hold__deeds"):
            if hold.state is HoldState.ACTIVE:
                self._deed("request", "lock_open", hold, holds.request_release)
                return
            mine = hold.requested_by_id == self._visitor.user.id
            if mine:
                tag("span", "cam-soft", say("hold.waits_for_second"))
                self._deed("withdraw", "undo", hold, holds.end_request)
            else:
                self._deed("confirm", "lock_open", hold, holds.release, grave=True)
                self._deed("refuse", "lock", hold, holds.end_request)

    def _deed(self, name: str, icon_name: str, hold: Hold, step: Callable[..., Hold], *, grave: bool = False) -> None:
        say = self._words.language
        made = button(say(f"hold.{name}"), "cam-btn cam-btn--small", icon_name, data_test=f"hold-{name}")
        made.on("click", lambda: self._ask(name, icon_name, hold, step, grave=grave))

    def _ask(self, name: str, icon_name: str, hold: Hold, step: Callable[..., Hold], *, grave: bool) -> None:
        say = self._words.language

        async def go(told: Told) -> None:
            visitor = self._visitor
            await asyncio.to_thread(
                step, self._site.server, visitor.user, hold.id, one(told, "reason"), source=visitor.source
            )
            dialog.close()
            await self._done()

        with framed(say(f"hold.{name}"), "dialog", "cam-holdask") as dialog:
            tag("p", "", say(f"hold.{name}_means"))
            tag("p", "", self.what(hold))
            with _asking(say, go, dialog, say(f"hold.{name}"), icon_name, grave=grave):
                reason(say)

    def _said(self, key: str, who: str, at: datetime, why: str | None = None) -> None:
        say, wall = self._words.language, self._words.wall
        told = say(key, who=who, at=wall.date_clock(at))
        tag("p", "cam-soft", f"{told}: “{why}”" if why else told)


@contextmanager
def _asking(
    say: Language,
    go: Callable[[Told], Awaitable[None]],
    dialog: ui.dialog,
    do: str,
    icon_name: str,
    *,
    grave: bool = False,
) -> Iterator[None]:
    """A form with its two buttons, and our words for what can go wrong with a hold."""

    async def translated(told: Told) -> None:
        try:
            await go(told)
        except CamsvcError as error:
            form.refuse(fault(say, error))

    form = Form(say, "", translated)
    with form:
        yield
    with form.element, tag("div", "cam-holdask__end"):
        button(say("ask.no")).on("click", dialog.close)
        submit(do, icon_name, f"cam-btn {'cam-btn--grave' if grave else 'cam-btn--main'}", data_test="hold-do")


def reason(say: Language) -> None:
    with tag("label", "cam-field"):
        tag("span", "cam-field__label", say("hold.reason"))
        tag("textarea", "cam-input cam-hold__why", name="reason", required=True, maxlength=REASON_MAX, rows=3)


def fault(say: Language, error: CamsvcError) -> str:
    if isinstance(error, FieldError):
        return error.text(say)
    if isinstance(error, ConflictError):
        return say(f"hold.fault.{error.parameter}", said=str(error)) if error.parameter in _KNOWN else str(error)
    if isinstance(error, InputError) and error.parameter in _WRONG:
        return say(f"hold.wrong.{error.parameter}")
    return other_fault(say, error)


_WRONG = frozenset({"reason", "to", "from", "case_number", "incident", "camera"})
"""Parameters that ``hold.wrong.…`` has words for; ``hold.fault.…`` for those of what does not fit."""
_KNOWN = frozenset({"legal", "incident", "id"})
