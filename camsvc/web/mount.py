"""Puts the pages onto the server's application."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import FastAPI
from nicegui import app as nicegui_app
from nicegui import ui
from nicegui.translations import translations as nicegui_translations
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from camsvc import log
from camsvc.api.context import Server
from camsvc.config import Settings
from camsvc.errors import ConfigError
from camsvc.web import hearing, layers
from camsvc.web.guard import Guard
from camsvc.web.health import HealthBook
from camsvc.web.language import LANGUAGES, QUASAR, language
from camsvc.web.lookout import Lookout
from camsvc.web.pages import account, alerts, cameras, exports, incidents, live, login, reason, redact, verify
from camsvc.web.pages.admin import agencies, audit, camera_edit, camera_import, desk, holds, storage, user, users
from camsvc.web.pages.admin import areas as admin_areas
from camsvc.web.pages.admin import cameras as admin_cameras
from camsvc.web.pages.cases import routes as cases
from camsvc.web.plain import STATIC, notice_page
from camsvc.web.site import RECONNECT_TIMEOUT_S, Site
from camsvc.web.who import Who

HISTORY = 200
"""Messages kept for a page whose connection broke; beyond, it loads itself anew."""
PAGES = (
    *(live, incidents, redact, cases, alerts, exports, verify, account),
    *(desk, camera_edit, camera_import, admin_areas, agencies, users, user, audit, holds, storage),
)

_log = log.get(__name__)


def mount(app: FastAPI) -> Site:
    """Add the web application to ``app``, which ``api.app.create_app`` made; after all other routes.

    Once in a process: NiceGUI's own application is one object. Raises ConfigError for a wrong time zone or map file.
    """
    server: Server = app.state.camsvc
    if hasattr(nicegui_app.state, "camsvc"):
        raise RuntimeError("the web application is mounted already: one server a process")
    for code in LANGUAGES:
        language(code)  # a broken catalogue is found now, not by a user
    lookout = Lookout(server)
    bells = hearing.of_accounts(server)
    news = hearing.of_exports(server)
    site = Site(server, lookout, _zone(server.settings.timezone), bells, news)
    who = Who(server.clock)
    app.include_router(login.router(who))
    app.include_router(reason.router(who))
    layers.serve(app, server.settings.map)
    app.mount("/assets", _Assets(directory=STATIC), name="assets")
    _add_pages(site)
    nicegui_app.state.camsvc = server
    ui.run_with(
        app,
        title="camsvc",
        favicon=STATIC / "mark.svg",
        dark=None,
        tailwind=False,
        reconnect_timeout=RECONNECT_TIMEOUT_S,
        message_history_length=HISTORY,
        show_welcome_message=False,
        binding_refresh_interval=None,
    )
    nicegui_app.add_middleware(Guard, who=who, settings=server.settings)
    nicegui_app.add_exception_handler(HTTPStatus.NOT_FOUND, partial(_missing, server.settings))
    nicegui_app.add_exception_handler(Exception, partial(_broken, server.settings))
    _translate()
    for close in (lookout.close, bells.close, news.close):
        nicegui_app.on_shutdown(close)
    return site


def _add_pages(site: Site) -> None:
    book = HealthBook(site.server)
    cameras.add(site, book)
    admin_cameras.add(site, book)
    for page in PAGES:
        page.add(site)


def _translate() -> None:
    """What NiceGUI itself says."""
    for code in LANGUAGES:
        say = language(code)
        nicegui_translations[QUASAR[code]] = {
            "connection_lost": say("connection.lost"),
            "trying_to_reconnect": say("connection.again"),
            "message_too_long": say("connection.too_long"),
            "message_too_long_body": say("connection.too_long_body"),
        }


async def _missing(settings: Settings, request: Request, _: Exception) -> Response:
    if request.url.path.startswith("/_nicegui"):
        return PlainTextResponse("no such file", HTTPStatus.NOT_FOUND)
    return notice_page(request, settings, "missing.page", "missing.hint", HTTPStatus.NOT_FOUND)


async def _broken(settings: Settings, request: Request, error: Exception) -> Response:
    """A mistake of ours. What it says is for the log, not for whoever looks at the page."""
    _log.error("page failed", path=request.url.path, exc_info=error)
    return notice_page(request, settings, "broken.page", "broken.hint", HTTPStatus.INTERNAL_SERVER_ERROR)


class _Assets(StaticFiles):
    """Our own style, script and mark, which the log-in page needs: nothing secret. Their links carry a fingerprint."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return answer


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigError(f"timezone: {name!r} is no time zone: write an IANA name like Asia/Ho_Chi_Minh") from error
