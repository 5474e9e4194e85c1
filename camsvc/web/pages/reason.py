"""``/reason``: where policy asks, people say what they do their work for: once for a session, changed when they like.

A plain page in front of all others, so that nothing is searched or shown before. It works without script.
"""

from __future__ import annotations

import asyncio
from html import escape
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from camsvc.api import access
from camsvc.api.context import server_of
from camsvc.api.errors import ForbiddenError
from camsvc.api.services import reasons
from camsvc.api.services.reasons import CASE_MAX, PURPOSE_MAX
from camsvc.config import Settings
from camsvc.domain.account import Reason, User
from camsvc.errors import DatabaseUnavailableError, InputError
from camsvc.web.guard import REASON, login_path
from camsvc.web.language import language
from camsvc.web.plain import asset, away_page, local_path, plain_page
from camsvc.web.visitor import language_of
from camsvc.web.who import Who

_LENGTHS = {"purpose": PURPOSE_MAX, "case_number": CASE_MAX}


def router(who: Who) -> APIRouter:
    pages = APIRouter(include_in_schema=False)

    @pages.get(REASON)
    async def show(request: Request, next: str = "/") -> Response:
        settings = server_of(request).settings
        try:
            user = await who.ask(request)
        except DatabaseUnavailableError:
            return away_page(request, settings)
        if user is None:
            return RedirectResponse(login_path(request), HTTPStatus.SEE_OTHER)
        return _page(request, settings, user, user.reason, local_path(next))

    @pages.post(REASON)
    async def keep(
        request: Request,
        purpose: Annotated[str, Form(max_length=4000)] = "",
        case_number: Annotated[str, Form(max_length=4000)] = "",
        next: Annotated[str, Form(max_length=4000)] = "/",
    ) -> Response:
        server, chosen = server_of(request), local_path(next)
        try:
            access.require_same_origin(request)
            user = await who.ask(request)
            if user is None:
                return RedirectResponse("/login", HTTPStatus.SEE_OTHER)
            typed = {"purpose": purpose, "case_number": case_number}
            try:
                reason = reasons.read(typed)
            except InputError:
                return _page(request, server.settings, user, Reason(**typed), chosen, "reason.too_long")
            if any(getattr(reason, name) is None for name in reasons.asked_of(server.settings.policy, user)):
                return _page(request, server.settings, user, reason, chosen, "reason.missing")
            await asyncio.to_thread(reasons.keep, server, user, reason, source=access.source_of(request))
        except ForbiddenError:
            return RedirectResponse("/", HTTPStatus.SEE_OTHER)
        except DatabaseUnavailableError:
            return away_page(request, server.settings)
        who.renew(request)
        return RedirectResponse(chosen, HTTPStatus.SEE_OTHER)

    return pages


def _page(
    request: Request, settings: Settings, user: User, reason: Reason, next_: str, error: str | None = None
) -> Response:
    """``error`` is a key of the catalogue."""
    say = language(language_of(request, settings))
    asked = reasons.asked_of(settings.policy, user)
    fields: list[str] = []
    for name, most in _LENGTHS.items():
        value, required = getattr(reason, name) or "", name in asked
        hint = say("reason.purpose_hint") if name == "purpose" else ""
        told = say("reason.required" if required else "reason.optional")
        fields.append(
            f'<label for="{name}">{escape(say(f"reason.{name}"))} ({escape(told)})</label>'
            f'<input id="{name}" name="{name}" value="{escape(value)}" maxlength="{most}" placeholder="{escape(hint)}"'
            f' autocomplete="off"{" required" if required else ""}{"" if fields else " autofocus"}>'
        )
    fault = f'<p class="error" role="alert">{escape(say(error))}</p>' if error else ""
    mark, title = asset("mark.svg"), escape(say("reason.title"))
    body = f"""<main>
<div class="brand"><img src="{mark}" alt="" width="30" height="30"><h1>{title}</h1></div>
<p class="what">{escape(say("reason.hint"))}</p>
{fault}
<form method="post" action="{REASON}">
<input type="hidden" name="next" value="{escape(next_)}">
{"".join(fields)}
<button>{escape(say("reason.do"))}</button>
</form>
</main>"""
    status = HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK
    return plain_page(request, settings, say("reason.title"), body, status=status)
