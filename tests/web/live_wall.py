"""What tests of the wall have in common: opening it, and waiting for its tiles."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.browser import Chromium, Tab, tab
from tests.web.conftest import Passage, Web

SOME = ("cho-01", "cho-02", "cho-03", "nhu-nguyet-01")
SLOW_MS = 30_000
"""For what waits for other things than the page, on a busy machine."""


@contextmanager
def wall(
    browser: Chromium,
    web: Web,
    passage: Passage,
    cameras: Sequence[str | None] = SOME,
    tiles: int = 4,
    cycle_s: int | None = None,
    path: str = "/live",
    **options: object,
) -> Iterator[Tab]:
    """A tab with a wall of these cameras, as if it had been left so. What went wrong in it fails the test."""
    with tab(browser, web.url, storage_state=passage, **options) as opened:
        left = json.dumps({"name": "", "tiles": tiles, "cameras": list(cameras), "cycleS": cycle_s})
        key = "camsvc.wall.admin"
        opened.page.add_init_script(f"localStorage['{key}'] ??= JSON.stringify({left})")
        opened.go(path)
        opened.page.wait_for_selector(".cam-live[data-ready]")
        yield opened
        assert not [each for each in opened.errors if not is_expected(each)], opened.errors
        assert not opened.foreign, opened.foreign


def is_expected(error: str) -> bool:
    """The browser's own word for an answer that is no success; what the page makes of it is what is tested."""
    return bool(re.search(r"Failed to load resource|WebSocket connection", error))


def tile(camera: str, phase: str | None = None) -> str:
    """A selector."""
    return f".cam-tile[data-camera='{camera}']" + (f"[data-phase='{phase}']" if phase else "")


def goes_live(opened: Tab, *cameras: str) -> None:
    for camera in cameras:
        opened.page.wait_for_selector(tile(camera, "live"), timeout=SLOW_MS)


def on_wall(opened: Tab) -> list[str | None]:
    """Camera of each tile, in order."""
    found: list[str | None] = opened.page.eval_on_selector_all(
        ".cam-tile", "(tiles) => tiles.map((tile) => tile.dataset.camera || null)"
    )
    return found


def becomes(opened: Tab, cameras: Sequence[str | None]) -> None:
    """The wall comes to hold these."""
    opened.page.wait_for_function(
        "(wanted) => JSON.stringify([...document.querySelectorAll('.cam-tile')]"
        ".map((tile) => tile.dataset.camera || null)) === JSON.stringify(wanted)",
        arg=list(cameras),
    )


def selected(opened: Tab) -> int:
    return int(opened.page.get_attribute(".cam-tile[aria-current]", "data-tile"))
