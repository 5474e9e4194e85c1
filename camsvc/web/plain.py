"""Pages without any script of NiceGUI: logging in, and saying that the database is away."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from html import escape
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote, urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse

from camsvc.config import Settings
from camsvc.web.language import LANGUAGES, Language, language
from camsvc.web.visitor import language_of, theme_of

STATIC = Path(__file__).parent / "static"
RETRY_S = 10
"""How soon the page that says "away" looks again."""
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Mapping[str, str] = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}


@cache
def asset(name: str) -> str:
    """Path of a file of ours, with a fingerprint so that browsers may keep it."""
    return f"/assets/{name}?v={hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"


def local_path(asked: str | None) -> str:
    """``asked`` if it is a path on this server, else the first page: a link must not lead away after a log-in."""
    if not asked or not asked.startswith("/") or asked.startswith(("//", "/\\", "/login", "/logout", "/reason")):
        return "/"
    if any(character < " " or character == "\\" for character in asked):
        return "/"
    parts = urlsplit(asked)
    return asked if not parts.scheme and not parts.netloc else "/"


def login_page(
    connection: HTTPConnection,
    settings: Settings,
    *,
    next_: str,
    name: str = "",
    fault: str = "",
    status: HTTPStatus = HTTPStatus.OK,
) -> HTMLResponse:
    """``fault``: what was wrong with the last try, as text."""
    code = language_of(connection, settings)
    say = language(code)
    name_focus, password_focus = ("", " autofocus") if name else (" autofocus", "")
    languages = "".join(
        f'<a href="/login?lang={each}&amp;next={quote(next_, safe="")}" lang="{each}" hreflang="{each}"'
        f"{' aria-current=true' if each == code else ''}>{escape(language(each)('language.name'))}</a>"
        for each in LANGUAGES
    )
    body = f"""<main>
<div class="brand"><img src="{asset("mark.svg")}" alt="" width="30" height="30"><h1>camsvc</h1></div>
<p class="what">{escape(say("login.what"))}</p>
{alert(fault)}
{_provider(say, settings, next_)}
<form method="post" action="/login">
<input type="hidden" name="next" value="{escape(next_)}">
<label for="name">{escape(say("login.name"))}</label>
<input id="name" name="name" value="{escape(name)}" autocomplete="username" autocapitalize="none" spellcheck="false"
 maxlength="64" required{name_focus}>
<label for="password">{escape(say("login.password"))}</label>
<input id="password" name="password" type="password" autocomplete="current-password"
 maxlength="256" required{password_focus}>
<button>{escape(say("login.enter"))}</button>
</form>
<footer>{languages}</footer>
</main>"""
    script = f'<script src="{asset("login.js")}" defer data-next="{escape(next_)}"></script>' if not fault else ""
    return plain_page(connection, settings, say("login.title"), body, script, status)


def alert(fault: str) -> str:
    return f'<p class="error" role="alert">{escape(fault)}</p>' if fault else ""


def plain_page(
    connection: HTTPConnection,
    settings: Settings,
    title: str,
    body: str,
    head: str = "",
    status: HTTPStatus = HTTPStatus.OK,
) -> HTMLResponse:
    """``body`` and ``head`` are HTML; what they hold of others is escaped already."""
    say = language(language_of(connection, settings))
    return HTMLResponse(_document(connection, say, title, body, head), status, dict(_HEADERS))


def _provider(say: Language, settings: Settings, next_: str) -> str:
    """The way in by a sign-in provider. A link: a form may not lead to another host."""
    if settings.oidc is None:
        return ""
    href = f"/login/provider?next={quote(next_, safe='')}"
    words = escape(say("proving.provider", name=settings.oidc.name))
    between = say("proving.or" if settings.log_in.passwords else "proving.or_admin")
    return f'<a class="button" href="{href}">{words}</a>\n<p class="or"><span>{escape(between)}</span></p>'


def away_page(connection: HTTPConnection, settings: Settings) -> HTMLResponse:
    """The database is away, so nobody can be recognised: says so, and looks again by itself."""
    page = notice_page(connection, settings, "away.database", "away.goes_on", HTTPStatus.SERVICE_UNAVAILABLE)
    page.headers["Retry-After"] = page.headers["Refresh"] = str(RETRY_S)
    return page


def notice_page(
    connection: HTTPConnection, settings: Settings, what: str, hint: str, status: HTTPStatus
) -> HTMLResponse:
    """One sentence that says what is wrong, one that says what now; ``what`` and ``hint`` are keys of the catalogue."""
    say = language(language_of(connection, settings))
    body = f"""<main>
<div class="brand"><img src="{asset("mark.svg")}" alt="" width="30" height="30"><h1>camsvc</h1></div>
<p class="error" role="alert">{escape(say(what))}</p>
<p class="what">{escape(say(hint, n=RETRY_S))}</p>
<a href="/">{escape(say("nav.home"))}</a>
</main>"""
    return HTMLResponse(_document(connection, say, say(what), body, ""), status, dict(_HEADERS))


def _document(connection: HTTPConnection, say: Language, title: str, body: str, head: str) -> str:
    theme = theme_of(connection)
    return f"""<!doctype html>
<html lang="{say.code}"{f' data-theme="{theme}"' if theme else ""}>
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} · camsvc</title>
<link rel="icon" href="{asset("mark.svg")}"><link rel="stylesheet" href="{asset("login.css")}">
{head}
</head>
<body>
{body}
</body>
</html>
"""
