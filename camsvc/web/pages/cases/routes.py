"""``/cases``, ``/cases/{id}``, ``/footage-requests``."""

from __future__ import annotations

from nicegui import ui
from starlette.requests import Request

from camsvc.web.frame import frame
from camsvc.web.markup import icon, tag
from camsvc.web.pages.cases.case_page import CasePage
from camsvc.web.pages.cases.inbox import InboxPage
from camsvc.web.pages.cases.listing import CasesPage
from camsvc.web.site import Site, SitePage
from camsvc.web.visitor import VISITOR


def add(site: Site) -> None:
    @SitePage("/cases")
    async def all_cases(request: Request) -> None:
        await CasesPage(site, VISITOR.get(), request).open()

    @SitePage("/cases/{case}")
    async def one(case: str) -> None:
        if not case.isdecimal() or len(case) > ID_DIGITS:
            _unknown(site)
            return
        await CasePage(site, VISITOR.get(), int(case)).open()

    @SitePage("/footage-requests")
    async def requests() -> None:
        await InboxPage(site, VISITOR.get()).open()


ID_DIGITS = 18
"""What fits into a bigint, whatever its digits."""


def _unknown(site: Site) -> None:
    visitor = VISITOR.get()
    words = site.words(visitor)
    title = words.language("case.unknown")
    with frame(site.seen_by(visitor), visitor, words, "cases", title), tag("div", "cam-empty"):
        icon("search_off")
        tag("h1", "", title)
        tag("a", "cam-btn", words.language("case.all"), href="/cases")
    ui.context.client.title = f"{title} · camsvc"
