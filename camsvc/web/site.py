"""What all pages of this process share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from nicegui import Client, ui

from camsvc.api.context import Server
from camsvc.web.hearing import Hearing
from camsvc.web.language import QUASAR, language
from camsvc.web.lookout import Lookout
from camsvc.web.moments import Wall
from camsvc.web.sight import Sight
from camsvc.web.visitor import VISITOR, Visitor
from camsvc.web.words import Words

BUILD_TIMEOUT_S = 20.0
"""For a page's first answer: beyond the database's own waits, so that their message is what is seen."""
RECONNECT_TIMEOUT_S = 20.0
"""How long the server keeps a page whose connection broke: a switch of networks, a laptop's lid."""


@dataclass(frozen=True)
class Site:
    server: Server
    lookout: Lookout | Sight
    """As a page has it: only what its visitor may know of (``seen_by``)."""
    zone: ZoneInfo
    bells: Hearing
    exports: Hearing

    def seen_by(self, visitor: Visitor) -> Site:
        """For the page of ``visitor``: what they may not see is not there."""
        return replace(
            self, lookout=Sight(self.lookout, visitor) if isinstance(self.lookout, Lookout) else self.lookout
        )

    def words(self, visitor: Visitor) -> Words:
        return Words(language(visitor.language), Wall(self.zone, visitor.language))


class SitePage(ui.page):
    """A page in the visitor's language and theme."""

    def __init__(self, path: str) -> None:
        super().__init__(path, title="camsvc", response_timeout=BUILD_TIMEOUT_S, reconnect_timeout=RECONNECT_TIMEOUT_S)

    def resolve_dark(self) -> bool | None:
        visitor = VISITOR.get(None)
        return visitor.is_dark if visitor else None

    def resolve_language(self) -> Any:  # noqa: ANN401  NiceGUI's own type of language codes
        visitor = VISITOR.get(None)
        return QUASAR[visitor.language] if visitor else QUASAR["en"]


def for_page(client: Client, handler: Callable[..., None]) -> Callable[..., None]:
    """``handler`` as something outside of the page may call it: within the page, and not once that is gone."""

    def call(*arguments: object) -> None:
        if client.is_deleted:
            return
        with client:
            handler(*arguments)

    return call
