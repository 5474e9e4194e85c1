"""``/admin/users``: all accounts, and adding one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from urllib.parse import quote

from nicegui import ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments
from starlette.requests import Request

from camsvc.api.services import users
from camsvc.db.queries.people import EMAIL_MAX, FULL_NAME_MAX, Account
from camsvc.domain.account import Grant, Role
from camsvc.errors import InputError
from camsvc.web import confirm
from camsvc.web.components.area_picker import EVERYWHERE, AreaPicker
from camsvc.web.components.reached import Reached
from camsvc.web.forms import Form, Told, choice, entry, one, submit
from camsvc.web.markup import button, tag
from camsvc.web.pages.admin.desk import desk
from camsvc.web.site import Site, SitePage
from camsvc.web.visitor import VISITOR, Visitor
from camsvc.web.words import Words

PAGE = 100
STYLES = ("people.css",)
GRANTS_SHOWN = 3
"""Of an account in the list; the rest is counted."""


def add(site: Site) -> None:
    @SitePage("/admin/users")
    async def all_users(request: Request) -> None:
        await UsersPage(site, VISITOR.get()).open(request.query_params.get("q", ""))


class UsersPage:
    def __init__(self, site: Site, visitor: Visitor) -> None:
        self._site = site.seen_by(visitor)
        self._visitor = visitor
        self._words = site.words(visitor)
        self._asked = ""
        self._after: str | None = None
        self._search = 0

    async def open(self, asked: str) -> None:
        await self._site.lookout.now()
        say = self._words.language
        with desk(self._site, self._visitor, self._words, "users", say("users.title"), styles=STYLES) as middle:
            if middle is None:
                return
            with tag("div", "cam-page__head"):
                tag("h1", "", say("users.title"))
                add_one = button(say("users.add"), "cam-btn cam-btn--main", "person_add", data_test="add")
                add_one.on("click", lambda: AddUser(self._site, self._visitor, self._words).open())
            with Form(say, "", self._find, live="typed", role="search"):
                entry(say("users.find"), "q", asked, type="search", maxlength=200, autofocus=True)
            with tag("div", "cam-sheet cam-wide"):
                with tag("table", "cam-rows cam-rows--links", data_test="users"):
                    with tag("thead"), tag("tr"):
                        for name in ("name", "person", "granted", "seen", "state"):
                            tag("th", "", say(f"users.{name}"), scope="col")
                    self._rows = tag("tbody")
                self._end = tag("div")
            await self._show(asked)

    async def _find(self, told: Told) -> None:
        asked = one(told, "q")
        if asked != self._asked:
            path = f"/admin/users?q={quote(asked)}" if asked else "/admin/users"
            ui.run_javascript(f"camAddress({path!r}, true)")
            await self._show(asked)

    async def _show(self, asked: str) -> None:
        self._asked, self._after = asked, None
        self._search += 1
        found = await self._read()
        if found is None:
            return
        self._rows.clear()
        self._append(found)
        if not found:
            with self._rows, tag("tr"):
                tag("td", "cam-soft", self._words.language("users.none"), colspan=5)

    async def _more(self, _: GenericEventArguments) -> None:
        if (found := await self._read()) is not None:
            self._append(found)

    async def _read(self) -> Sequence[Account] | None:
        """None: something else is asked for by now."""
        search = self._search
        found, after = await asyncio.to_thread(
            users.page,
            self._site.server,
            self._visitor.user,
            self._asked or None,
            limit=PAGE,
            after=self._after,
            source=self._visitor.source,
        )
        if search != self._search:
            return None
        self._after = after
        return found

    def _append(self, found: Sequence[Account]) -> None:
        with self._rows:
            for each in found:
                self._row(each)
        self._end.clear()
        if self._after is not None:
            with self._end, Reached().on("reached", self._more):
                tag("span", "", self._words.language("users.more"))

    def _row(self, account: Account) -> None:
        say, wall = self._words.language, self._words.wall
        with tag("tr", "", data_account=account.name):
            with tag("td"):
                tag("a", "", account.name, href=f"/admin/users/{account.name}")
            with tag("td"):
                tag("span", "", account.full_name or "")
                if account.email:
                    tag("small", "", account.email)
            with tag("td"):
                self._granted(account)
            seen = wall.date_clock(account.last_seen_at) if account.last_seen_at else say("users.never")
            tag("td", "cam-num", seen)
            with tag("td"):
                badges(self._words, account)

    def _granted(self, account: Account) -> None:
        say, directory = self._words.language, self._site.lookout.last.directory
        held = sorted(account.user.grants, key=lambda each: (each.area or "", each.role.value))
        if not held:
            tag("span", "cam-soft", say("users.nothing"))
        for each in held[:GRANTS_SHOWN]:
            where = say("area_picker.everywhere") if each.area is None else directory.area_trail(each.area)
            tag("span", "", say(f"role.{each.role.value}"))
            tag("small", "", where)
        if len(held) > GRANTS_SHOWN:
            tag("small", "", f"+ {len(held) - GRANTS_SHOWN}")


class AddUser:
    """A dialog; made anew each time."""

    def __init__(self, site: Site, visitor: Visitor, words: Words) -> None:
        self._site = site
        self._visitor = visitor
        self._words = words

    def open(self) -> None:
        say = self._words.language
        self._dialog = ui.dialog(value=True)
        title = say("users.add_title")
        with self._dialog, tag("div", "cam-dialog cam-ask cam-ask--wide", role="dialog", aria_label=title):
            tag("h2", "", title)
            with Form(say, "", self._add, data_test="add-user"):
                with tag("div", "cam-columns"):
                    entry(
                        say("account.name"),
                        "name",
                        required=True,
                        maxlength=64,
                        autofocus=True,
                        autocapitalize="none",
                        spellcheck="false",
                    )
                    entry(say("account.full_name"), "full_name", maxlength=FULL_NAME_MAX)
                    entry(say("account.email"), "email", type="email", maxlength=EMAIL_MAX)
                self._where = GrantFields(self._site, self._words)
                with tag("div", "cam-ask__end"):
                    button(say("ask.no")).on("click", self._dialog.close)
                    submit(say("users.add_do"), "person_add", data_test="do")

    async def _add(self, told: Told) -> None:
        say = self._words.language
        account, password = await asyncio.to_thread(
            users.add,
            self._site.server,
            self._visitor.user,
            one(told, "name"),
            [self._where.grant(told)],
            {"full_name": one(told, "full_name"), "email": one(told, "email")},
            source=self._visitor.source,
        )
        self._dialog.close()
        title = say("users.password_made", name=account.name)
        confirm.show_once(
            say,
            title,
            say("users.password_say"),
            password or "",
            then=lambda: ui.navigate.to(f"/admin/users/{account.name}"),
        )


class GrantFields:
    """A role, and where: part of a form."""

    def __init__(self, site: Site, words: Words) -> None:
        say = words.language
        self._where: str | None = None
        choice(
            say("users.grant_role"),
            "role",
            {each.value: f"{say(f'role.{each.value}')}: {say(f'role_may.{each.value}')}" for each in Role},
            Role.POLICE.value,
        )
        tag("p", "cam-legend", say("users.grant_where"))
        picker = AreaPicker(say, site.lookout.last.directory, everywhere=True)
        picker.on("picked", self._on_picked)

    def grant(self, told: Told) -> Grant:
        """Raises InputError while no area is chosen."""
        role = one(told, "role")
        if self._where is None or role not in set(Role):
            raise InputError("no area is chosen", parameter="where")
        return Grant(Role(role), None if self._where == EVERYWHERE else self._where)

    def _on_picked(self, event: GenericEventArguments) -> None:
        self._where = str(event.args[0]) if isinstance(event.args, list) and event.args else None


def badges(words: Words, account: Account) -> Element:
    """How the account is, each state with its word."""
    say = words.language
    with tag("span") as made:
        if account.user.disabled:
            tag("span", "cam-badge cam-badge--bad", say("users.disabled"))
        elif account.locked_until is not None:
            tag("span", "cam-badge cam-badge--warn", say("users.locked"))
        else:
            tag("span", "cam-badge cam-badge--ok", say("users.active"))
        if account.user.must_change_password:
            tag("span", "cam-badge cam-badge--warn", say("users.must_change"))
        if account.second_factor:
            tag("span", "cam-badge", say("users.second_factor"))
    return made
