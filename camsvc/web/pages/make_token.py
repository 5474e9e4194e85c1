"""The dialog that makes an API token."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from nicegui import ui
from nicegui.events import GenericEventArguments

from camsvc.api.services import credentials
from camsvc.db.queries.tokens import NAME_MAX
from camsvc.domain.account import Action
from camsvc.errors import InputError
from camsvc.web import confirm
from camsvc.web.components.area_picker import AreaPicker
from camsvc.web.forms import Form, Told, check, entry, one, several, submit
from camsvc.web.markup import button, tag
from camsvc.web.site import Site
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words

DAYS_DEFAULT = 90


class MakeToken:
    """Made anew each time. ``done`` is called after a token was made."""

    def __init__(self, site: Site, visitor: Visitor, words: Words, done: Callable[[], Awaitable[object]]) -> None:
        self._site = site
        self._visitor = visitor
        self._words = words
        self._done = done
        self._areas: list[str] = []

    def open(self) -> None:
        say, title = self._words.language, self._words.language("tokens.make_title")
        most = self._site.server.settings.policy.token_max_days
        self._dialog = ui.dialog(value=True)
        with self._dialog, tag("div", "cam-dialog cam-ask cam-ask--wide", role="dialog", aria_label=title):
            tag("h2", "", title)
            with Form(say, "", self._make, data_test="make-token"):
                hint = say("tokens.make_name_hint")
                entry(say("tokens.make_name"), "name", hint=hint, required=True, maxlength=NAME_MAX, autofocus=True)
                tag("p", "cam-legend", say("tokens.make_actions"))
                with tag("div", "cam-columns"):
                    for action in Action:
                        if not self._visitor.user.reach(action).is_nowhere:
                            check(say(f"action.{action.value}"), "action", action.value)
                tag("p", "cam-legend", say("tokens.make_areas"))
                picker = AreaPicker(say, self._site.lookout.last.directory, many=True)
                picker.on("picked", self._on_picked)
                days = f"{min(DAYS_DEFAULT, most):g}"
                entry(say("tokens.make_days"), "days", days, type="number", min=1, max=int(most), step="any")
                with tag("div", "cam-ask__end"):
                    button(say("ask.no")).on("click", self._dialog.close)
                    submit(say("tokens.make_do"), "key", data_test="do")

    def _on_picked(self, event: GenericEventArguments) -> None:
        self._areas = [str(each) for each in event.args] if isinstance(event.args, list) else []

    async def _make(self, told: Told) -> None:
        say = self._words.language
        actions = [Action(each) for each in several(told, "action") if each in set(Action)]
        if not actions:
            raise InputError("nothing is chosen", parameter="actions")
        held, token = await asyncio.to_thread(
            credentials.make_token,
            self._site.server,
            self._visitor.user,
            one(told, "name"),
            actions,
            self._areas or None,
            _days(one(told, "days")),
            source=self._visitor.source,
        )
        self._dialog.close()
        confirm.show_once(say, say("tokens.made", name=held.name), say("tokens.made_text"), token)
        await self._done()


def _days(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InputError("days: not a number", parameter="days") from error
