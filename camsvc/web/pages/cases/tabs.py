"""The ways between the pages of cases and evidence."""

from __future__ import annotations

from typing import Literal

from camsvc.web.language import Language
from camsvc.web.markup import icon, tag

Tab = Literal["cases", "requests", "exports", "verify"]
TABS: tuple[tuple[Tab, str, str, str], ...] = (
    ("cases", "/cases", "folder_special", "nav.cases"),
    ("requests", "/footage-requests", "front_hand", "request.inbox"),
    ("exports", "/exports", "archive", "export.all"),
    ("verify", "/verify", "verified_user", "verify.tab"),
)


def tabs(say: Language, here: Tab) -> None:
    with tag("nav", "cam-casetabs", aria_label=say("case.tabs")):
        for name, href, icon_name, key in TABS:
            current = {"aria-current": "page"} if name == here else {}
            with tag("a", href=href, **current):
                icon(icon_name)
                tag("span", "", say(key))
