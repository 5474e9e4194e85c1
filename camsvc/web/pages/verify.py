"""``/verify``: whether an evidence package is what was handed out. For everybody who is logged in."""

from __future__ import annotations

from camsvc.domain.account import Action
from camsvc.web.components.verify import Verify
from camsvc.web.frame import frame
from camsvc.web.markup import tag
from camsvc.web.pages.cases.tabs import tabs
from camsvc.web.site import Site, SitePage
from camsvc.web.visitor import VISITOR, Visitor

STYLES = ("people.css", "holds.css", "cases.css", "verify.css")


def add(site: Site) -> None:
    @SitePage("/verify")
    async def verify() -> None:
        await build(site, VISITOR.get())


async def build(site: Site, visitor: Visitor) -> None:
    seen, words = site.seen_by(visitor), site.words(visitor)
    await seen.lookout.now()
    say = words.language
    with (
        frame(seen, visitor, words, "cases", say("verify.title"), styles=STYLES),
        tag("div", "cam-page"),
        tag("div", "cam-page__middle"),
    ):
        if not visitor.user.reach(Action.EXPORT).is_nowhere:
            tabs(say, "verify")
        with tag("div", "cam-page__head"):
            tag("h1", "", say("verify.title"))
        tag("p", "cam-soft vfy__means", say("verify.means"))
        Verify(words, site.server.verifier.max_bytes)
