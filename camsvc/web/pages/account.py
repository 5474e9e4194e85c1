"""``/account``: what everybody may see and change of their own account."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from nicegui import ui
from nicegui.element import Element
from starlette.requests import Request

from camsvc.api import access
from camsvc.api.errors import LockedOutError, WrongProofError
from camsvc.api.services import credentials, second_factor
from camsvc.api.services.credentials import API, LOG_INS
from camsvc.db.queries import people
from camsvc.db.queries.accounts import PASSWORD_MAX, PASSWORD_MIN
from camsvc.db.queries.people import Account
from camsvc.domain.account import Action
from camsvc.errors import CamsvcError
from camsvc.web import confirm
from camsvc.web.forms import Form, Told, entry, fault, submit
from camsvc.web.frame import frame
from camsvc.web.markup import button, icon, tag
from camsvc.web.pages.credential_lists import CredentialList
from camsvc.web.pages.make_token import MakeToken
from camsvc.web.pages.second_factor import SecondFactor
from camsvc.web.site import Site, SitePage
from camsvc.web.visitor import VISITOR, Visitor
from camsvc.web.words import Words


def add(site: Site) -> None:
    @SitePage("/account")
    async def account(request: Request) -> None:
        await AccountPage(site, VISITOR.get(), request).open()


class AccountPage:
    def __init__(self, site: Site, visitor: Visitor, request: Request) -> None:
        self._site = site.seen_by(visitor)
        self._visitor = visitor
        self._words = site.words(visitor)
        self._request = request
        self._origin = access.origin_of(request)

    async def open(self) -> None:
        await self._site.lookout.now()
        say, user = self._words.language, self._visitor.user
        account = await asyncio.to_thread(self._read)
        with (
            frame(self._site, self._visitor, self._words, "account", say("account.title"), styles=("people.css",)),
            tag("div", "cam-page"),
            tag("div", "cam-page__middle"),
        ):
            with tag("div", "cam-page__head"):
                tag("h1", "", say("account.title"))
            if user.must_change_password:
                note("warning", say("account.must_change"), "cam-note--warn")
                self._password()
                return
            self._about(account)
            self._rights()
            self._verify()
            self._password()
            await self._second_factor()
            await self._sessions()
            await self._tokens()

    def _read(self) -> Account:
        with self._site.server.database.session() as session:
            return people.get(session, self._visitor.user.name)

    def _about(self, account: Account) -> None:
        say = self._words.language
        with sheet(say("account.about"), "badge"), tag("dl", "cam-facts"):
            told = (("name", account.name), ("full_name", account.full_name), ("email", account.email))
            for name, value in told:
                if value:
                    tag("dt", "", say(f"account.{name}"))
                    tag("dd", "", value)

    def _rights(self) -> None:
        say, user, directory = self._words.language, self._visitor.user, self._site.lookout.last.directory
        with sheet(say("account.rights"), "verified_user"):
            if not user.grants:
                note("info", say("account.rights_none"))
                return
            with tag("dl", "cam-facts", data_test="rights"):
                for action in Action:
                    reach = user.reach(action)
                    if reach.is_nowhere:
                        continue
                    tag("dt", "", say(f"action.{action.value}"))
                    trails = "; ".join(directory.area_trail(path) for path in reach.areas or ())
                    tag("dd", "", say("account.rights_everywhere") if reach.is_everywhere else trails)

    def _verify(self) -> None:
        """For everybody: who has no use for cases finds it here."""
        say = self._words.language
        with sheet(say("verify.title"), "fact_check"):
            tag("p", "cam-soft", say("verify.means"))
            with tag("a", "cam-btn", href="/verify"):
                icon("verified_user")
                tag("span", "", say("verify.tab"))

    # Password ------------------------------------------------------------------------------------------------

    def _password(self) -> None:
        say = self._words.language
        with sheet(say("account.password"), "password"):
            tag("p", "cam-soft", say("account.password_hint"))
            self._form = Form(say, "cam-columns", self._change, data_test="password")
            with self._form:
                for name, kind in (("old", "current"), ("new", "new"), ("again", "new")):
                    entry(
                        say(f"account.password_{name}"),
                        name,
                        type="password",
                        required=True,
                        autocomplete=f"{kind}-password",
                        maxlength=PASSWORD_MAX,
                        minlength=PASSWORD_MIN if kind == "new" else 1,
                    )
                submit(say("account.password_do"), "password", "cam-btn", data_test="change")

    async def _change(self, told: Told) -> None:
        say, user = self._words.language, self._visitor.user
        old, new, again = (next(iter(told.get(name, ())), "") for name in ("old", "new", "again"))
        if new != again:
            self._form.refuse(say("account.password_differ"))
            return
        try:
            await asyncio.to_thread(second_factor.change_password, self._site.server, user, old, new, self._origin)
        except LockedOutError:
            self._form.refuse(say("login.locked"))
            return
        except WrongProofError:
            self._form.refuse(say("proving.wrong_password"))
            return
        if user.must_change_password:
            ui.navigate.to("/account")
            return
        self._form.reset()
        await self._listed.show()
        ui.notify(say("account.changed"), type="positive")

    # What is theirs ------------------------------------------------------------------------------------------

    async def _second_factor(self) -> None:
        section = SecondFactor(self._site, self._visitor, self._words, self._origin)
        if section.is_ours:
            with sheet(self._words.language("proving.section"), "phonelink_lock"):
                await section.build()

    async def _sessions(self) -> None:
        say = self._words.language
        with sheet(say("sessions.title"), "devices") as head:
            with head:
                others = button(say("sessions.end_others"), "cam-btn", "logout", data_test="end-others")
                others.on("click", self._ask_others)
            tag("p", "cam-soft", say("sessions.hint"))
            self._listed = CredentialList(self._site, self._visitor, self._words, LOG_INS, self._visitor.user.name)
            await show(self._listed, self._words)

    def _ask_others(self) -> None:
        say = self._words.language
        text = say("sessions.ask_others_text")
        confirm.ask(say, say("sessions.ask_others"), text, say("sessions.end_others"), self._end_others)

    async def _end_others(self) -> None:
        say, visitor = self._words.language, self._visitor
        ended = await asyncio.to_thread(credentials.end_others, self._site.server, visitor.user, source=visitor.source)
        await self._listed.show()
        ui.notify(say.count("sessions.ended", ended), type="positive")

    async def _tokens(self) -> None:
        say = self._words.language
        with sheet(say("tokens.title"), "vpn_key") as head:
            with head:
                make = button(say("tokens.make"), "cam-btn", "add", data_test="make")
            tag("p", "cam-soft", say("tokens.hint"))
            listed = CredentialList(self._site, self._visitor, self._words, API, self._visitor.user.name)
            make.on("click", lambda: MakeToken(self._site, self._visitor, self._words, listed.show).open())
            await show(listed, self._words)


async def show(listed: CredentialList, words: Words) -> None:
    """Fill it; what goes wrong is said in its place."""
    try:
        await listed.show()
    except CamsvcError as error:
        note("error_outline", fault(words.language, error), "cam-note--bad")


@contextmanager
def sheet(title: str, icon_name: str) -> Iterator[Element]:
    """A part of a page with a heading; what is given is the heading's line, where its buttons go."""
    with tag("section", "cam-sheet", aria_label=title):
        with tag("div", "cam-sheet__head") as head, tag("h2"):
            icon(icon_name)
            tag("span", "", title)
        yield head


def note(icon_name: str, text: str, classes: str = "") -> Element:
    with tag("p", f"cam-note {classes}") as made:
        icon(icon_name)
        tag("span", "", text)
    return made
