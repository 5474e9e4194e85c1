"""The ways between what belongs to evidence: cases, what was asked for, packages made, packages to be checked."""

from __future__ import annotations

from typing import Literal

from camsvc.domain.account import Action
from camsvc.web.markup import icon, tag
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words

Part = Literal["cases", "requests", "exports", "verify"]
PARTS: tuple[tuple[Part, str, str], ...] = (
    ("cases", "/cases", "folder_special"),
    ("requests", "/footage-requests", "move_to_inbox"),
    ("exports", "/exports", "archive"),
    ("verify", "/verify", "verified_user"),
)
"""Key of the catalogue, path, icon."""


def tabs(words: Words, visitor: Visitor, here: Part) -> None:
    """For who may export somewhere; others have a use for the check alone. Its look is in ``exports.css``."""
    if visitor.user.reach(Action.EXPORT).is_nowhere:
        return
    say = words.language
    with tag("nav", "cam-desktabs", aria_label=say("desk.label")):
        for name, href, icon_name in PARTS:
            current = {"aria-current": "page"} if name == here else {}
            with tag("a", href=href, **current):
                icon(icon_name)
                tag("span", "", say(f"desk.{name}"))
