"""The pages of the second step of a log-in: without any script of NiceGUI, like the first."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from http import HTTPStatus
from urllib.parse import quote

import segno
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse

from camsvc.api.services.sign_in import Enrolment
from camsvc.config import Settings
from camsvc.web.language import Language, language
from camsvc.web.plain import alert, asset, plain_page
from camsvc.web.visitor import language_of

_BORDER = 4
"""Modules of white around a QR code; ISO/IEC 18004 wants four."""


def code_page(
    connection: HTTPConnection,
    settings: Settings,
    *,
    ticket: str,
    next_: str,
    fault: str = "",
    status: HTTPStatus = HTTPStatus.OK,
) -> HTMLResponse:
    """Asks for a code of the second factor."""
    say = language(language_of(connection, settings))
    body = f"""<main>
{_brand()}
<p class="what">{escape(say("proving.code_what"))}</p>
{alert(fault)}
{_form(say, "/login/code", ticket, next_)}
<details><summary>{escape(say("proving.lost"))}</summary><p>{escape(say("proving.lost_hint"))}</p></details>
{_back(say, next_)}
</main>"""
    return plain_page(connection, settings, say("proving.code_title"), body, status=status)


def enrol_page(
    connection: HTTPConnection,
    settings: Settings,
    enrolment: Enrolment,
    *,
    ticket: str,
    next_: str,
    fault: str = "",
    status: HTTPStatus = HTTPStatus.OK,
) -> HTMLResponse:
    """Has a second factor set up."""
    say = language(language_of(connection, settings))
    body = f"""<main class="wide">
{_brand()}
<p class="what">{escape(say("proving.enrol_what"))}</p>
{alert(fault)}
<ol>
<li>{escape(say("proving.enrol_app"))}</li>
<li>{escape(say("proving.enrol_scan"))}
<div class="qr">{qr_code(enrolment.uri, say("proving.qr"))}</div>
<details><summary>{escape(say("proving.by_hand"))}</summary><p><code>{escape(grouped(enrolment.secret))}</code></p></details></li>
<li>{escape(say("proving.enrol_code"))}</li>
</ol>
{_form(say, "/login/enrol", ticket, next_)}
{_back(say, next_)}
</main>"""
    return plain_page(connection, settings, say("proving.enrol_title"), body, status=status)


def recovery_page(
    connection: HTTPConnection, settings: Settings, codes: Sequence[str], *, account: str, next_: str
) -> HTMLResponse:
    """Shows the recovery codes, once."""
    say = language(language_of(connection, settings))
    items = "".join(f"<li><code>{escape(each)}</code></li>" for each in codes)
    body = f"""<main class="wide">
{_brand()}
<h2>{escape(say("proving.recovery_title"))}</h2>
<p class="what">{escape(say("proving.recovery_what"))}</p>
<p class="only-print">{escape(account)}</p>
<ul class="codes">{items}</ul>
<p class="actions"><button type="button" class="second" data-copy data-done="{escape(say("proving.copied"))}">
{escape(say("proving.copy"))}</button>
<button type="button" class="second" data-print>{escape(say("proving.print"))}</button></p>
<a class="button" href="{escape(next_)}">{escape(say("proving.go_on"))}</a>
</main>"""
    script = f'<script src="{asset("recovery.js")}" defer></script>'
    return plain_page(connection, settings, say("proving.recovery_title"), body, script)


def qr_code(text: str, label: str) -> str:
    """SVG, black on white in any theme: what a telephone's camera reads."""
    drawn: str = segno.make(text, error="m", micro=False).svg_inline(
        border=_BORDER, dark="#000", light="#fff", omitsize=True, svgclass=None, lineclass=None
    )
    return drawn.replace("<svg ", f'<svg role="img" aria-label="{escape(label)}" ', 1)


def grouped(secret: str) -> str:
    """In groups of four, as people type it."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def _brand() -> str:
    return f'<div class="brand"><img src="{asset("mark.svg")}" alt="" width="30" height="30"><h1>camsvc</h1></div>'


def _form(say: Language, action: str, ticket: str, next_: str) -> str:
    return f"""<form method="post" action="{action}">
<input type="hidden" name="ticket" value="{escape(ticket)}"><input type="hidden" name="next" value="{escape(next_)}">
<label for="code">{escape(say("proving.code"))}</label>
<input id="code" name="code" class="code" autocomplete="one-time-code" autocapitalize="none" spellcheck="false"
 inputmode="text" maxlength="40" required autofocus>
<button>{escape(say("proving.confirm"))}</button>
</form>"""


def _back(say: Language, next_: str) -> str:
    return f'<footer><a href="/login?next={quote(next_, safe="")}">{escape(say("proving.back"))}</a></footer>'
