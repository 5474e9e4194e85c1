"""One's own second factor: set up, recovery codes made anew, removed."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable

from nicegui import ui

from camsvc.api.errors import BusyError, LockedOutError, WrongProofError
from camsvc.api.services import second_factor
from camsvc.api.services.second_factor import Standing
from camsvc.api.services.sign_in import Enrolment, Origin
from camsvc.db.queries.accounts import ADMIN, PASSWORD_MAX
from camsvc.errors import CamsvcError
from camsvc.web import confirm
from camsvc.web.forms import Form, Told, entry, fault, one, submit
from camsvc.web.markup import button, tag
from camsvc.web.proving import grouped, qr_code
from camsvc.web.site import Site
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words

CODE_MAX = 40
_MINUTE_S = 60


class SecondFactor:
    """The part of ``/account`` that is below its heading. ``build`` it where it is to be."""

    def __init__(self, site: Site, visitor: Visitor, words: Words, origin: Origin) -> None:
        self._server = site.server
        self._visitor = visitor
        self._words = words
        self._say = words.language
        self._origin = origin

    @property
    def is_ours(self) -> bool:
        """Who logs in with a provider alone proves it there."""
        return self._server.settings.log_in.passwords or self._visitor.user.name == ADMIN

    async def build(self) -> None:
        tag("p", "cam-soft", self._say("proving.section_what"))
        self._place = tag("div", "", data_test="second-factor")
        self._dialogs = tag("div")  # they outlive what they were opened from
        await self._show()

    async def _show(self) -> None:
        found = await asyncio.to_thread(second_factor.standing, self._server, self._visitor.user)
        self._place.clear()
        with self._place:
            self._state(found)
            with tag("div", "cam-proof"):
                if found.state.since is None:
                    do = button(self._say("proving.set_up"), "cam-btn", "phonelink_lock", data_test="set-up")
                    do.on("click", lambda: self._ask(self._say("proving.set_up"), self._begin))
                    return
                renew = button(self._say("proving.replace"), "cam-btn", "autorenew", data_test="renew")
                renew.on("click", lambda: self._ask(self._say("proving.replace"), self._renew))
                if not found.is_required:
                    gone = button(self._say("proving.remove"), "cam-btn", "no_encryption", data_test="remove")
                    gone.on("click", lambda: self._ask(self._say("proving.remove"), self._remove, with_code=True))

    def _state(self, found: Standing) -> None:
        say, since = self._say, found.state.since
        with tag("p", "", data_test="state"):
            if since is None:
                tag("b", "", say("proving.is_off"))
            else:
                tag("b", "", say("proving.is_on", day=self._words.wall.date(since)))
                tag("span", "cam-soft", f" · {say.count('proving.left', found.state.recovery_codes)}")
            if found.is_required:
                tag("span", "cam-soft", f" · {say('proving.required')}")

    def _ask(self, title: str, then: Callable[[Told], Awaitable[None]], *, with_code: bool = False) -> None:
        """For the password again, and a code, before what would let a thief of this session stay in."""
        say = self._say
        with self._dialogs:
            self._dialog = ui.dialog(value=True)
        with self._dialog, tag("div", "cam-dialog cam-ask", role="dialog", aria_label=title):
            tag("h2", "", title)

            async def sent(told: Told) -> None:
                try:
                    await then(told)
                except CamsvcError as error:
                    form.refuse(self._told(error, of_code=with_code))

            form = Form(say, "", sent, data_test="password-again")
            with form:
                entry(
                    say("proving.password_again"),
                    "password",
                    type="password",
                    required=True,
                    autofocus=True,
                    autocomplete="current-password",
                    maxlength=PASSWORD_MAX,
                )
                if with_code:
                    _code_entry(say("proving.code"))
                with tag("div", "cam-ask__end"):
                    button(say("proving.cancel")).on("click", self._dialog.close)
                    submit(say("proving.next"), "arrow_forward", data_test="do")

    async def _begin(self, told: Told) -> None:
        begun = await asyncio.to_thread(
            second_factor.begin, self._server, self._visitor.user, _password(told), self._origin
        )
        self._dialog.close()
        self._scan(begun)

    def _scan(self, begun: Enrolment) -> None:
        say, title = self._say, self._say("proving.enrol_title")
        with self._dialogs:
            self._dialog = ui.dialog(value=True).props("persistent")
        with self._dialog, tag("div", "cam-dialog cam-ask", role="dialog", aria_label=title):
            tag("h2", "", title)
            with tag("ol", "cam-steps"):
                tag("li", "", say("proving.enrol_app"))
                with tag("li", "", say("proving.enrol_scan")):
                    ui.html(qr_code(begun.uri, say("proving.qr")), sanitize=False).classes("cam-qr")
                    with tag("details"):
                        tag("summary", "", say("proving.by_hand"))
                        tag("code", "cam-mono", grouped(begun.secret), data_test="secret")
                tag("li", "", say("proving.enrol_code"))

            async def sent(told: Told) -> None:
                try:
                    await self._confirm(one(told, "code"))
                except CamsvcError as error:
                    form.refuse(self._told(error, of_code=True))

            form = Form(say, "", sent, data_test="confirm")
            with form:
                _code_entry(say("proving.code"), autofocus=True)
                with tag("div", "cam-ask__end"):
                    button(say("proving.cancel")).on("click", self._dialog.close)
                    submit(say("proving.confirm"), "check", data_test="do")

    async def _confirm(self, code: str) -> None:
        codes = await asyncio.to_thread(second_factor.confirm, self._server, self._visitor.user, code, self._origin)
        self._dialog.close()
        await self._show()
        self._show_codes(codes)
        ui.notify(self._say("proving.is_set_up"), type="positive", multi_line=True)

    async def _renew(self, told: Told) -> None:
        codes = await asyncio.to_thread(
            second_factor.renew_recovery_codes, self._server, self._visitor.user, _password(told), self._origin
        )
        self._dialog.close()
        await self._show()
        self._show_codes(codes)

    async def _remove(self, told: Told) -> None:
        user = self._visitor.user
        await asyncio.to_thread(
            second_factor.remove, self._server, user, _password(told), one(told, "code"), self._origin
        )
        self._dialog.close()
        await self._show()
        ui.notify(self._say("proving.removed"), type="positive")

    def _show_codes(self, codes: list[str]) -> None:
        say = self._say
        confirm.show_once(say, say("proving.recovery_title"), say("proving.recovery_what"), "\n".join(codes))

    def _told(self, error: CamsvcError, *, of_code: bool) -> str:
        say = self._say
        if isinstance(error, LockedOutError):
            return say("proving.locked", n=math.ceil(error.retry_after_s / _MINUTE_S))
        if isinstance(error, BusyError):
            return say("proving.busy")
        if isinstance(error, WrongProofError):
            return say("proving.wrong_either" if of_code else "proving.wrong_password")
        return fault(say, error)


def _code_entry(text: str, *, autofocus: bool = False) -> None:
    more: dict[str, bool] = {"autofocus": True} if autofocus else {}
    entry(text, "code", "", "", required=True, maxlength=CODE_MAX, autocomplete="one-time-code", **more)


def _password(told: Told) -> str:
    """As it was typed: a space at its end may be meant."""
    return (told.get("password") or [""])[0]
