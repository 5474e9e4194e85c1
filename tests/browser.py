"""A real browser for tests: Debian's Chromium, driven by Playwright. Skips, and says so, where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import pytest

Chromium: TypeAlias = Any
"""playwright.sync_api.Browser; the package may be missing."""
CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WINDOW = {"width": 1366, "height": 768}
"""The smallest screen that the pages are made for."""
TIMEOUT_MS = 15_000


@dataclass
class Tab:
    """One page of a browser, and all that went on in it."""

    page: Any
    """playwright.sync_api.Page"""
    site: str
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    """Of the console, and exceptions that nobody caught."""

    @property
    def foreign(self) -> list[str]:
        """Requests to any other host than the server."""
        own = urlsplit(self.site).netloc
        return [
            url
            for url in self.requests
            if urlsplit(url).scheme in {"http", "https", "ws", "wss"} and urlsplit(url).netloc != own
        ]

    def go(self, path: str) -> None:
        self.page.goto(self.site + path)

    def log_in(self, name: str, password: str) -> None:
        self.page.fill("#name", name)
        self.page.fill("#password", password)
        self.page.press("#password", "Enter")


@pytest.fixture(scope="package")
def browser() -> Iterator[Chromium]:
    """One Chromium for all tests of a package. While it runs, Playwright keeps an event loop running in this thread:
    a test that needs ``asyncio.run`` calls it in another."""
    if not CHROMIUM.exists():
        pytest.skip(f"no browser at {CHROMIUM}: install Debian's 'chromium'")
    sync_api = pytest.importorskip("playwright.sync_api", reason="install 'playwright' (dev extra)")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        yield chromium
        chromium.close()


@contextmanager
def tab(browser: Chromium, site: str, **options: object) -> Iterator[Tab]:
    """A fresh profile with one page."""
    context = browser.new_context(**{"viewport": WINDOW, "locale": "en-GB", "timezone_id": "Europe/Berlin", **options})
    context.set_default_timeout(TIMEOUT_MS)
    page = context.new_page()
    opened = Tab(page, site)
    page.on("request", lambda request: opened.requests.append(request.url))
    page.on("websocket", lambda socket: opened.requests.append(socket.url))
    page.on("pageerror", lambda error: opened.errors.append(str(error)))
    page.on("console", lambda message: opened.errors.extend([_told(message)] if message.type == "error" else []))
    try:
        yield opened
    finally:
        context.close()


def _told(message: Any) -> str:  # noqa: ANN401  playwright.sync_api.ConsoleMessage
    """What the console says; of an answer that is no success also which."""
    said = str(message.text)
    return f"{said} {message.location['url']}" if said.startswith("Failed to load resource") else said
