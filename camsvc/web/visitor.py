"""For whom a page is made: account, language, theme. Known to everything that runs while the page is built."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Literal

from starlette.requests import HTTPConnection

from camsvc.api import access
from camsvc.config import Settings
from camsvc.domain.account import User
from camsvc.web.language import LanguageCode, pick

LANGUAGE_COOKIE = "camsvc_language"
THEME_COOKIE = "camsvc_theme"
PREFERENCE_AGE_S = 400 * 24 * 3600
"""As long as browsers keep a cookie at most."""

Theme = Literal["light", "dark"]


@dataclass(frozen=True)
class Visitor:
    admitted: User
    """As they were when the page was opened; ``user`` is how they are."""
    language: LanguageCode
    theme: Theme | None
    """None: as the system is set."""
    source: str | None = None
    """Address that the page was opened from, for the audit."""
    known: Callable[[], User | None] | None = None
    """How they are now, or None: logged out. A page may stay open for days."""

    @property
    def user(self) -> User:
        """With what they are granted now; nothing once their session has ended."""
        if self.known is None:
            return self.admitted
        return self.known() or replace(self.admitted, grants=frozenset())

    @property
    def is_dark(self) -> bool | None:
        return None if self.theme is None else self.theme == "dark"


VISITOR: ContextVar[Visitor] = ContextVar("visitor")
"""Set by the guard for each request."""


def visitor_of(
    connection: HTTPConnection, user: User, settings: Settings, known: Callable[[], User | None] | None = None
) -> Visitor:
    return Visitor(user, language_of(connection, settings), theme_of(connection), access.source_of(connection), known)


def language_of(connection: HTTPConnection, settings: Settings) -> LanguageCode:
    return pick(connection.cookies.get(LANGUAGE_COOKIE), settings.language)


def theme_of(connection: HTTPConnection) -> Theme | None:
    match connection.cookies.get(THEME_COOKIE):
        case "light":
            return "light"
        case "dark":
            return "dark"
        case _:
            return None
