"""``/admin/users/NAME``: one account: who it is of, what it may do, where it is logged in."""

from __future__ import annotations

import asyncio
from functools import partial

from nicegui import ui

from camsvc.api.services import agencies, second_factor, users
from camsvc.api.services.credentials import API, LOG_INS
from camsvc.db.queries.people import EMAIL_MAX, FULL_NAME_MAX, Account
from camsvc.domain.account import Grant
from camsvc.errors import CamsvcError
from camsvc.web import confirm
from camsvc.web.forms import Form, Told, choice, entry, fault, one, submit
from camsvc.web.markup import button, icon, tag
from camsvc.web.pages.account import note, sheet, show
from camsvc.web.pages.admin.desk import desk
from camsvc.web.pages.admin.users import GrantFields, badges
from camsvc.web.pages.credential_lists import CredentialList
from camsvc.web.site import Site, SitePage
from camsvc.web.visitor import VISITOR, Visitor

STYLES = ("people.css",)


def add(site: Site) -> None:
    @SitePage("/admin/users/{name}")
    async def user(name: str) -> None:
        await UserPage(site, VISITOR.get(), name).open()


class UserPage:
    def __init__(self, site: Site, visitor: Visitor, name: str) -> None:
        self._site = site.seen_by(visitor)
        self._visitor = visitor
        self._words = site.words(visitor)
        self._name = name

    async def open(self) -> None:
        await self._site.lookout.now()
        say = self._words.language
        with desk(self._site, self._visitor, self._words, "users", say("users.title"), styles=STYLES) as middle:
            if middle is None:
                return
            with tag("a", "cam-btn cam-btn--quiet", href="/admin/users"):
                icon("arrow_back")
                tag("span", "", say("users.back"))
            try:
                self._account = await self._read()
            except CamsvcError as error:
                note("error_outline", fault(say, error), "cam-note--bad")
                return
            self._agencies = await asyncio.to_thread(agencies.all_agencies, self._site.server, self._visitor.user)
            self._head = tag("div", "cam-page__head")
            self._about()
            self._grants_sheet()
            for title, icon_name, kinds in (("sessions", "devices", LOG_INS), ("tokens", "vpn_key", API)):
                with sheet(say(f"users.{title}"), icon_name):
                    await show(CredentialList(self._site, self._visitor, self._words, kinds, self._name), self._words)
            self._show()

    async def _read(self) -> Account:
        visitor = self._visitor
        return await asyncio.to_thread(users.get, self._site.server, visitor.user, self._name, source=visitor.source)

    def _show(self) -> None:
        """What a change may have changed."""
        self._head.clear()
        with self._head:
            self._build_head()
        self._grants.clear()
        with self._grants:
            self._build_grants()

    def _build_head(self) -> None:
        say, account = self._words.language, self._account
        with tag("h1"):
            tag("span", "", account.full_name or account.name)
            if account.full_name:
                tag("span", "cam-soft", f" · {account.name}")
        badges(self._words, account)
        with tag("a", "cam-btn", href=f"/admin/audit?user={account.name}"):
            icon("fact_check")
            tag("span", "", say("users.audit"))
        password = button(say("users.password"), "cam-btn", "password", data_test="reset")
        password.on("click", self._ask_password)
        if account.second_factor:
            lost = button(say("users.second_factor_reset"), "cam-btn", "phonelink_erase", data_test="reset-factor")
            lost.on("click", self._ask_second_factor)
        if account.user.disabled:
            enable = button(say("users.enable"), "cam-btn", "lock_open", data_test="enable")
            enable.on("click", partial(self._switch, disabled=False))
        else:
            disable = button(say("users.disable"), "cam-btn", "block", data_test="disable")
            disable.on("click", self._ask_disable)

    def _about(self) -> None:
        say, account = self._words.language, self._account
        with sheet(say("users.about"), "badge"), Form(say, "cam-columns", self._save, data_test="about"):
            entry(say("account.full_name"), "full_name", account.full_name or "", maxlength=FULL_NAME_MAX)
            entry(say("account.email"), "email", account.email or "", type="email", maxlength=EMAIL_MAX)
            of = account.user.agency
            called = {"": say("agencies.of_none")} | {str(each.agency.id): each.agency.name for each in self._agencies}
            choice(say("agencies.of"), "agency", called, str(of.id) if of else "")
            submit(say("users.save"), "save", "cam-btn", data_test="save")

    async def _save(self, told: Told) -> None:
        visitor = self._visitor
        details = {name: one(told, name) for name in ("full_name", "email")}
        agency = one(told, "agency")
        join = partial(agencies.join, source=visitor.source)
        await asyncio.to_thread(
            join, self._site.server, visitor.user, self._name, int(agency) if agency.isdecimal() else None
        )
        self._account = await asyncio.to_thread(
            users.change, self._site.server, visitor.user, self._name, details, source=visitor.source
        )
        self._show()
        ui.notify(self._words.language("users.saved"), type="positive")

    # Grants --------------------------------------------------------------------------------------------------

    def _grants_sheet(self) -> None:
        say = self._words.language
        with sheet(say("users.grants"), "verified_user") as head:
            with head:
                give = button(say("users.grant"), "cam-btn", "add", data_test="grant")
                give.on("click", self._open_grant)
            tag("p", "cam-soft", say("users.grants_hint"))
            self._grants = tag("ul", "cam-grants", data_test="grants")

    def _build_grants(self) -> None:
        say = self._words.language
        held = sorted(self._account.user.grants, key=lambda each: (each.area or "", each.role.value))
        if not held:
            tag("li", "cam-soft", say("users.grants_none"))
        for each in held:
            with tag("li"):
                with tag("div"):
                    tag("b", "", say(f"role.{each.role.value}"))
                    tag("span", "", f" · {self._place(each)}")
                    tag("small", "", say(f"role_may.{each.role.value}"))
                take = button(say("users.take"), "cam-btn cam-btn--small", data_test="take")
                take.on("click", partial(self._ask_take, each))

    def _place(self, grant: Grant) -> str:
        if grant.area is None:
            return self._words.language("area_picker.everywhere")
        return self._site.lookout.last.directory.area_trail(grant.area)

    def _open_grant(self) -> None:
        say = self._words.language
        title = say("users.grant_title")
        with (
            ui.dialog(value=True) as dialog,
            tag("div", "cam-dialog cam-ask cam-ask--wide", role="dialog", aria_label=title),
        ):
            tag("h2", "", title)

            async def give(told: Told) -> None:
                await self._set_grants(fields.grant(told), None)
                dialog.close()

            with Form(say, "", give, data_test="give"):
                fields = GrantFields(self._site, self._words)
                with tag("div", "cam-ask__end"):
                    button(say("ask.no")).on("click", dialog.close)
                    submit(say("users.grant_do"), "add", data_test="do")

    def _ask_take(self, grant: Grant) -> None:
        say = self._words.language
        text = say("users.take_text", role=say(f"role.{grant.role.value}"), where=self._place(grant))
        confirm.ask(say, say("users.take_ask"), text, say("users.take"), partial(self._set_grants, None, grant))

    async def _set_grants(self, give: Grant | None, take: Grant | None) -> None:
        visitor = self._visitor
        self._account = await asyncio.to_thread(
            users.set_grants,
            self._site.server,
            visitor.user,
            self._name,
            give=[give] if give else [],
            take=[take] if take else [],
            source=visitor.source,
        )
        self._show()

    # Password, second factor, log-in -------------------------------------------------------------------------

    def _ask_password(self) -> None:
        say = self._words.language
        confirm.ask(
            say, say("users.password_ask"), say("users.password_text"), say("users.password"), self._reset_password
        )

    async def _reset_password(self) -> None:
        say, visitor = self._words.language, self._visitor
        made = await asyncio.to_thread(
            users.reset_password, self._site.server, visitor.user, self._name, source=visitor.source
        )
        self._account = await self._read()
        self._show()
        confirm.show_once(say, say("users.password_made", name=self._name), say("users.password_say"), made)

    def _ask_second_factor(self) -> None:
        say = self._words.language
        confirm.ask(
            say,
            say("users.second_factor_ask"),
            say("users.second_factor_text"),
            say("users.second_factor_reset"),
            self._reset_second_factor,
        )

    async def _reset_second_factor(self) -> None:
        visitor = self._visitor
        await asyncio.to_thread(second_factor.reset, self._site.server, visitor.user, self._name, source=visitor.source)
        self._account = await self._read()
        self._show()

    def _ask_disable(self) -> None:
        say = self._words.language
        switch = partial(self._switch, disabled=True)
        confirm.ask(say, say("users.disable_ask"), say("users.disable_text"), say("users.disable"), switch)

    async def _switch(self, *_: object, disabled: bool) -> None:
        visitor = self._visitor
        self._account = await asyncio.to_thread(
            users.change, self._site.server, visitor.user, self._name, {}, disabled=disabled, source=visitor.source
        )
        self._show()
