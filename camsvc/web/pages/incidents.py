"""``/incidents`` and ``/incidents/{id}``: search, and one incident laid over the search it was found in."""

from __future__ import annotations

from starlette.requests import Request

from camsvc.web.pages.search.page import SearchPage
from camsvc.web.site import Site, SitePage
from camsvc.web.visitor import VISITOR


def add(site: Site) -> None:
    @SitePage("/incidents")
    async def search(request: Request) -> None:
        await SearchPage(site, VISITOR.get(), request).open(None)

    @SitePage("/incidents/{incident}")
    async def one(request: Request, incident: str) -> None:
        await SearchPage(site, VISITOR.get(), request).open(incident)
