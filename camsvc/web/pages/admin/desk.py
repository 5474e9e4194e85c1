"""What is around every page of the administration: the list of them at the side. ``/admin`` is the first of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from nicegui.element import Element
from starlette.responses import RedirectResponse, Response

from camsvc.domain.account import Action, User
from camsvc.web.frame import frame
from camsvc.web.markup import icon, tag
from camsvc.web.site import Site, SitePage
from camsvc.web.visitor import VISITOR, Visitor
from camsvc.web.words import Words


@dataclass(frozen=True)
class Section:
    name: str
    """Key ``admin.NAME`` of the catalogue; its page is ``/admin/NAME``."""
    icon: str
    right: Action
    everywhere: bool
    """Whether the right is needed everywhere, or in some area (the page then shows only what is there)."""

    def is_open_to(self, user: User) -> bool:
        reach = user.reach(self.right)
        return reach.is_everywhere if self.everywhere else not reach.is_nowhere


SECTIONS = (
    Section("cameras", "videocam", Action.CONFIGURE, everywhere=False),
    Section("areas", "account_tree", Action.CONFIGURE, everywhere=False),
    Section("agencies", "corporate_fare", Action.ADMINISTER, everywhere=True),
    Section("users", "group", Action.ADMINISTER, everywhere=True),
    Section("audit", "fact_check", Action.ADMINISTER, everywhere=True),
    Section("holds", "lock", Action.HOLD, everywhere=False),
    Section("storage", "storage", Action.ADMINISTER, everywhere=True),
)


def add(site: Site) -> None:
    @SitePage("/admin")
    async def first() -> Response | None:
        user = VISITOR.get().user
        for section in SECTIONS:
            if section.is_open_to(user):
                return RedirectResponse(f"/admin/{section.name}")
        say_forbidden(site, VISITOR.get(), site.words(VISITOR.get()))
        return None


@contextmanager
def desk(
    site: Site, visitor: Visitor, words: Words, here: str, title: str, *, styles: Sequence[str] = ()
) -> Iterator[Element | None]:
    """The frame of ``/admin/HERE``, with its middle; None where ``visitor`` lacks the right: that is said already.
    ``styles``: files of its own in static/."""
    section = next(each for each in SECTIONS if each.name == here)
    if not section.is_open_to(visitor.user):
        say_forbidden(site, visitor, words)
        yield None
        return
    say = words.language
    with frame(site, visitor, words, "admin", title, styles=("admin.css", *styles)), tag("div", "cam-desk"):
        with tag("nav", "cam-desk__list", aria_label=say("admin.label")):
            for each in SECTIONS:
                if each.is_open_to(visitor.user):
                    current = {"aria-current": "page"} if each.name == here else {}
                    with tag("a", href=f"/admin/{each.name}", **current):
                        icon(each.icon)
                        tag("span", "", say(f"admin.{each.name}"))
        with tag("section", "cam-desk__middle", aria_label=title) as middle:
            yield middle


def say_forbidden(site: Site, visitor: Visitor, words: Words) -> None:
    say = words.language
    with frame(site, visitor, words, "admin", say("nav.admin")), tag("div", "cam-empty"):
        tag("h1", "", say("admin.forbidden"))
        tag("p", "", say("admin.forbidden_hint"))
