"""The wall, in a real browser, on real pictures: of a real live process that taps real rings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.browser import Chromium, Tab, tab
from tests.web.conftest import Passage, Web
from tests.web.station import Station

SOME = ("cho-01", "cho-02", "cho-03", "nhu-nguyet-01")
SLOW_MS = 30_000
"""For what waits for other things than the page: a busy machine."""


@pytest.fixture(scope="module")
def station(web: Web, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    folder = tmp_path_factory.mktemp("station")
    with Station(web.database, web.cipher.derive("tap"), web.environment, folder) as playing:
        yield playing


@contextmanager
def wall(
    browser: Chromium,
    web: Web,
    passage: Passage,
    cameras: tuple[str | None, ...] = SOME,
    tiles: int = 4,
    **options: Any,
) -> Iterator[Tab]:
    """A tab with a wall of these cameras, as if it had been left so. What went wrong in it fails the test."""
    with tab(browser, web.url, storage_state=passage, **options) as opened:
        left = {"name": "", "tiles": tiles, "cameras": list(cameras), "cycleS": None}
        opened.page.add_init_script(
            f"if (!localStorage['camsvc.wall.admin']) localStorage['camsvc.wall.admin'] = JSON.stringify({as_js(left)})"
        )
        opened.go("/live")
        opened.page.wait_for_selector(".cam-live[data-ready]")
        yield opened
        assert not [each for each in opened.errors if not is_expected(each)], opened.errors
        assert not opened.foreign, opened.foreign


def as_js(value: object) -> str:
    import json

    return json.dumps(value)


def is_expected(error: str) -> bool:
    """The browser's own word for an answer that is no success; what the page makes of it is what is tested."""
    return bool(re.search(r"Failed to load resource|WebSocket connection", error))


def tile(camera: str, phase: str | None = None) -> str:
    return f".cam-tile[data-camera='{camera}']" + (f"[data-phase='{phase}']" if phase else "")


def goes_live(opened: Tab, *cameras: str) -> None:
    for camera in cameras:
        opened.page.wait_for_selector(tile(camera, "live"), timeout=SLOW_MS)


def on_wall(opened: Tab) -> list[str | None]:
    found = opened.page.eval_on_selector_all(".cam-tile", "(tiles) => tiles.map((t) => t.dataset.camera || null)")
    return list(found)


def test_the_wall_shows_each_camera_now_with_its_name_clock_and_delay(
    browser: Chromium, web: Web, passage: Passage, station: Station
) -> None:
    with wall(browser, web, passage) as opened:
        goes_live(opened, *SOME)
        opened.page.wait_for_function(
            "() => [...document.querySelectorAll('.cam-tile')].every((t) => t.querySelector('.cam-tile__delay'))"
        )
        told = opened.page.inner_text(tile("cho-01"))
        assert "Chợ Chờ, cổng chính" in told
        clock = re.search(r"\d\d:\d\d:\d\d", told)
        assert clock
        local = web.lookout.last.at.astimezone(
            web.server.settings and __import__("zoneinfo").ZoneInfo("Asia/Ho_Chi_Minh")
        )
        assert clock[0][:2] == local.strftime("%H")
        delay = re.search(r"(\d+\.\d) s", told)
        assert delay
        assert float(delay[1]) < 1.5
        assert opened.page.get_attribute(tile("cho-01"), "data-stream") == "sub"
        assert opened.page.get_attribute(tile("cho-01"), "data-transport") == "webrtc"
        assert opened.page.inner_text(".cam-live__zone") == "UTC+07:00"


def test_the_clock_of_a_tile_is_that_of_its_frame_and_not_of_the_browser(
    browser: Chromium, web: Web, passage: Passage, station: Station
) -> None:
    with wall(browser, web, passage, ("cho-01",), 1) as opened:
        # A browser whose clock is 1 h 40 min wrong, and is set back while the page is open.
        goes_live(opened, "cho-01")
        opened.page.evaluate("() => { const real = Date.now; Date.now = () => real() - 6000000; }")
        opened.page.wait_for_timeout(1500)
        shown = opened.page.get_attribute(tile("cho-01") + " .cam-tile__clock", "title")
        assert shown
        at = datetime.fromisoformat(shown.replace(" UTC", "+00:00"))
        assert abs((datetime.now(UTC) - at).total_seconds()) < 3


def test_a_tile_without_a_new_frame_for_two_seconds_is_grey_and_says_so_and_recovers_by_itself(
    browser: Chromium, web: Web, passage: Passage, station: Station
) -> None:
    with wall(browser, web, passage) as opened:
        goes_live(opened, *SOME)
        began = datetime.now(UTC)
        station.stall("cho-02")
        try:
            opened.page.wait_for_selector(tile("cho-02", "stale"))
            late_s = (datetime.now(UTC) - began).total_seconds()
            assert 1.8 < late_s < 4.0
            assert re.search(r"No new picture for \d+ s", opened.page.inner_text(tile("cho-02")))
            picture = opened.page.locator(tile("cho-02") + " .cam-tile__video:not(.cam-tile__video--next)")
            assert "grayscale(1)" in picture.evaluate("(v) => getComputedStyle(v).filter")
            assert opened.page.locator(tile("cho-02") + " .cam-tile__state--live").count() == 0
            goes_live(opened, "cho-01", "cho-03")
        finally:
            station.go_on("cho-02")
        goes_live(opened, "cho-02")


def test_a_camera_that_is_lost_is_told_with_its_state_within_three_seconds_and_comes_back(
    browser: Chromium, web: Web, passage: Passage, station: Station
) -> None:
    with wall(browser, web, passage) as opened:
        goes_live(opened, *SOME)
        began = datetime.now(UTC)
        station.lose("cho-03", "no route to host")
        try:
            opened.page.wait_for_selector(tile("cho-03", "stale"))
            opened.page.wait_for_selector(f"{tile('cho-03')} >> text=Retrying")
            assert (datetime.now(UTC) - began).total_seconds() < 4.0
            assert "no route to host" in opened.page.inner_text(tile("cho-03"))
        finally:
            station.find("cho-03")
        goes_live(opened, "cho-03")


def test_tiles_recover_by_themselves_when_the_live_process_is_killed(
    browser: Chromium, web: Web, passage: Passage, station: Station
) -> None:
    with wall(browser, web, passage) as opened:
        goes_live(opened, *SOME)
        station.kill_live()
        try:
            for camera in SOME:
                opened.page.wait_for_selector(tile(camera, "stale"))
        finally:
            station.start_live()
        goes_live(opened, *SOME)


def test_enlarging_takes_the_main_stream_without_a_gap_and_back_returns(
    browser: Chromium, web: Web, passage: Passage, station: Station
) -> None:
    with wall(browser, web, passage) as opened:
        goes_live(opened, *SOME)
        opened.page.evaluate(WATCH_PHASES, "cho-02")
        opened.page.dblclick(tile("cho-02"))
        opened.page.wait_for_selector(tile("cho-02") + ".cam-tile--large[data-stream=main]", timeout=SLOW_MS)
        opened.page.wait_for_function(
            "(s) => document.querySelector(s).videoWidth === 640", arg=tile("cho-02") + " video"
        )
        opened.page.keyboard.press("Escape")
        opened.page.wait_for_selector(tile("cho-02") + ":not(.cam-tile--large)[data-stream=sub]", timeout=SLOW_MS)
        assert set(opened.page.evaluate("window.phases")) == {"live"}


WATCH_PHASES = """(camera) => {
  const tile = document.querySelector(`.cam-tile[data-camera='${camera}']`);
  window.phases = [tile.dataset.phase];
  new MutationObserver(() => window.phases.push(tile.dataset.phase)).observe(tile, { attributeFilter: ['data-phase'] });
}"""
