"""The wall, in a real browser, on real pictures: of a real live process that taps real rings."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

import cv2
import numpy as np

from tests.browser import ARGUMENTS, CHROMIUM, Chromium, Tab
from tests.video import read_number
from tests.web.conftest import Passage, Web
from tests.web.live_wall import SLOW_MS, SOME, goes_live, tile, wall
from tests.web.station import FRAMES, Station


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
        assert clock[0][:2] == datetime.now(ZoneInfo("Asia/Ho_Chi_Minh")).strftime("%H")
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


NO_UDP = "--webrtc-ip-handling-policy=disable_non_proxied_udp"


def test_where_no_packets_get_through_the_picture_comes_over_http_and_says_so(
    browser: Chromium, web: Web, passage: Passage, station: Station
) -> None:
    walled_in = browser.browser_type.launch(executable_path=str(CHROMIUM), args=[*ARGUMENTS, NO_UDP])
    try:
        with wall(walled_in, web, passage) as opened:
            goes_live(opened, *SOME)
            for camera in SOME:
                assert opened.page.get_attribute(tile(camera), "data-transport") == "mp4"
                assert "over HTTP" in opened.page.get_attribute(f"{tile(camera)} [data-mark=http]", "title")
            told = opened.page.inner_text(tile("cho-01"))
            delay = re.search(r"(\d+\.\d) s", told)
            assert delay
            assert float(delay[1]) < 3
            # It is remembered for the session: no tile tries in vain again.
            opened.requests.clear()
            opened.page.reload()
            goes_live(opened, *SOME)
            assert not [each for each in opened.requests if "/whep" in each]
            opened.page.wait_for_timeout(3000)
            goes_live(opened, *SOME)
    finally:
        walled_in.close()


def test_looking_back_is_marked_as_not_live_and_leads_back_to_live(
    browser: Chromium, web: Web, passage: Passage, station: Station
) -> None:
    station.filled(25.0)
    with wall(browser, web, passage) as opened:
        goes_live(opened, *SOME)
        opened.page.click(tile("cho-01"))
        opened.page.keyboard.press("r")
        opened.page.wait_for_selector(tile("cho-01", "replay"))
        opened.page.wait_for_function(
            "(s) => /\\d+ s ago/.test(document.querySelector(s)?.innerText ?? '')",
            arg=f"{tile('cho-01')} .cam-tile__past",
        )
        told = opened.page.inner_text(f"{tile('cho-01')} .cam-tile__past")
        assert "Not live" in told
        behind = re.search(r"(\d+) s ago", told)
        assert behind
        assert 20 <= int(behind[1]) <= 34
        assert "Not live" in opened.page.inner_text(f"{tile('cho-01')} .cam-tile__foot")
        first = frame_number(opened, "cho-01", "--replay")
        opened.page.wait_for_function(MOVED, arg=[tile("cho-01") + " .cam-tile__video--replay", first])
        opened.page.keyboard.press("Space")
        opened.page.wait_for_selector(f"{tile('cho-01')} .cam-tile__tools [aria-pressed=true]")
        opened.page.keyboard.press("Escape")
        opened.page.wait_for_selector(tile("cho-01", "live"))
        assert opened.page.locator(f"{tile('cho-01')} .cam-tile__past").count() == 0


MOVED = """([selector, before]) => {
  const video = document.querySelector(selector);
  return video && Math.abs(video.currentTime - before) > 1.5;
}"""


def frame_number(opened: Tab, camera: str, which: str = "") -> float:
    """Media time of the picture that is seen."""
    return float(opened.page.eval_on_selector(f"{tile(camera)} .cam-tile__video{which}", "(v) => v.currentTime"))


def test_a_snapshot_is_the_picture_in_its_own_size_named_by_camera_and_moment(
    browser: Chromium, web: Web, passage: Passage, station: Station, tmp_path: Path
) -> None:
    with wall(browser, web, passage) as opened:
        goes_live(opened, *SOME)
        opened.page.click(tile("cho-03"))
        with opened.page.expect_download() as saved:
            opened.page.keyboard.press("s")
        name = saved.value.suggested_filename
        found = re.fullmatch(r"cho-03_(\d{8}T\d{6})_\d{3}Z\.png", name)
        assert found
        taken = datetime.strptime(found[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
        assert abs((datetime.now(UTC) - taken).total_seconds()) < 5
        file = tmp_path / name
        saved.value.save_as(file)
        image = cv2.imread(str(file))
        assert image is not None
        assert image.shape == (192, 320, 3)
        assert 0 <= read_number(image.astype(np.uint8)) < FRAMES


def test_boxes_lie_on_the_very_frame_in_which_they_were_found(
    browser: Chromium, web: Web, passage: Passage, station: Station
) -> None:
    with wall(browser, web, passage, ("cho-01",), 1) as opened:
        goes_live(opened, "cho-01")
        opened.page.keyboard.press("b")
        opened.page.wait_for_function(f"() => ({SEE_BOX})() !== null", timeout=SLOW_MS)
        opened.page.wait_for_timeout(3000)  # until frames wait for their boxes
        apart = opened.page.evaluate(f"async () => {{ const see = {SEE_BOX}; return {MEASURE}; }}")
        seen = [each for each in apart if each is not None]
        # The square moves by 1.2 % of the width from frame to frame. A browser may show the next frame while it still
        # calls back for the one before: then the two are apart by one frame, and never by more.
        assert len(seen) > len(apart) * 0.7, apart
        assert median(seen) < 0.006, seen
        assert sorted(seen)[len(seen) * 9 // 10] < 0.018, seen
        opened.page.keyboard.press("b")
        opened.page.wait_for_function(f"() => ({SEE_BOX})() === null")


SEE_BOX = """(() => {
  // Left edges of the bright square in the picture and of the box that is drawn, as fractions of the picture's width.
  const tile = document.querySelector(".cam-tile");
  const [video, boxes] = [tile.querySelector("video"), tile.querySelector(".cam-tile__boxes")];
  if (!boxes.width || !video.videoWidth) return null;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  const pen = canvas.getContext("2d");
  pen.drawImage(video, 0, 0);
  const y = Math.round(video.videoHeight * 0.58);
  const row = pen.getImageData(0, y, canvas.width, 1).data;
  const isBright = (x) => row[4 * x] > 180 && row[4 * x + 2] < 120;
  let square = -1;
  for (let x = 0; x < canvas.width && square < 0; x++) if (isBright(x)) square = x / canvas.width;
  const [w, h] = [boxes.clientWidth, boxes.clientHeight];
  const scale = Math.min(w / video.videoWidth, h / video.videoHeight);
  const [wide, high] = [video.videoWidth * scale, video.videoHeight * scale];
  const dpr = window.devicePixelRatio;
  const middle = Math.round(((h - high) / 2 + 0.58 * high) * dpr);
  const line = boxes.getContext("2d").getImageData(0, middle, boxes.width, 1).data;
  let box = -1;
  for (let x = 0; x < boxes.width && box < 0; x++) if (line[4 * x + 3] > 100) box = (x / dpr - (w - wide) / 2) / wide;
  return square < 0 || box < 0 ? null : Math.abs(square - box);
})"""
MEASURE = """await new Promise((done) => {
    const found = [];
    const video = document.querySelector(".cam-tile video");
    const each = () => (found.push(see()), found.length < 36 ? video.requestVideoFrameCallback(each) : done(found));
    video.requestVideoFrameCallback(each);
  })"""
