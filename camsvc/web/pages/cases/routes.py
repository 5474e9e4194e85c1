"""``/cases``, ``/cases/{id}``, ``/footage-requests``."""

from __future__ import annotations

from starlette.requests import Request

from camsvc.web.pages.cases.case_page import CasePage
from camsvc.web.pages.cases.casework import case_id
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
        known = case_id(case) or 0  # which no case has
        await CasePage(site, VISITOR.get(), known).open()

    @SitePage("/footage-requests")
    async def requests() -> None:
        await InboxPage(site, VISITOR.get()).open()
