"""What a real browser makes of fragmented MP4: Debian's Chromium, by Media Source Extensions."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from camsvc.clock import SystemClock
from camsvc.live.access_unit import AccessUnit, Item
from camsvc.live.fragments import Fragments
from camsvc.live.transcode import Transcoder
from camsvc.live.wire import pack
from tests.browser import ARGUMENTS, CHROMIUM, TIMEOUT_MS
from tests.live.film_subscription import FilmSubscription, started, units_of
from tests.live.pictures import packets_of
from tests.rtsp_server import wait_until
from tests.video import Film, make_film

PAGE = Path(__file__).with_name("mse_page.html")
WITHIN_S = 20.0
WITHHELD_MAX_S = 0.2
"""What is sent is about one picture old (measured: 0.02 s); a fragment of several would show."""
BEHIND_MAX_S = 1.0
"""The page lets the player lag so far (`mse_page.html`), as a busy machine's does from its first picture on."""

Shown = list[dict[str, Any]]


@pytest.fixture(autouse=True)
def _needs_a_browser() -> None:
    if not CHROMIUM.exists():
        pytest.skip(f"no browser at {CHROMIUM}: install Debian's 'chromium'")
    pytest.importorskip("playwright.async_api", reason="install 'playwright' (dev extra)")


def watch(items: Callable[[], Sequence[Item]], done: str) -> tuple[Shown, list[dict[str, Any]]]:
    """Plays what a subscription to ``items`` gives (called when the page asks) until ``done`` (JavaScript) holds:
    what was shown, and the infos."""
    return asyncio.run(_watch(items, done))


def test_pictures_are_shown_at_their_wall_times_with_little_delay(tmp_path: Path) -> None:
    """The GOP of four seconds has begun three seconds ago: the page does not play it from there."""
    film = make_film(tmp_path / "film.mkv", Film(frames=200, gop=100, width=640, height=368))
    start = datetime.now(UTC)

    def items() -> list[Item]:
        nonlocal start
        start = datetime.now(UTC) - timedelta(seconds=3)
        video, packets = packets_of(film, start)
        return [started(video), *units_of(packets)]

    seen, (info,) = watch(items, "seen.length > 60")
    assert (info["width"], info["height"]) == (640, 368)
    live = seen[10:]
    for shown in live:
        assert shown["media"] == pytest.approx(start.timestamp() + shown["number"] / 25, abs=0.002)
    ours = [shown["now"] - shown["edge"] for shown in live]
    players = [shown["edge"] - shown["media"] for shown in live]
    print(f"picture age, medians: {median(ours):.3f} s at the server, {median(players):.3f} s in the player")
    assert median(ours) < WITHHELD_MAX_S
    assert median(players) <= BEHIND_MAX_S


def test_pictures_that_the_camera_leaves_out_do_not_stop_the_rest(tmp_path: Path) -> None:
    """By the standard a player drops all up to the next key frame, which here never comes, when times jump."""
    film = make_film(tmp_path / "film.mkv", Film(frames=300, gop=300))
    pauses_s = {40: 0.12, 75: 0.6, 110: 2.4}

    def items() -> list[Item]:
        video, packets = packets_of(film, datetime.now(UTC) - timedelta(seconds=0.5))
        return [started(video), *(_later(unit, number, pauses_s) for number, unit in enumerate(units_of(packets)))]

    seen, _ = watch(items, "seen.some(shown => shown.number >= 160)")
    numbers = {shown["number"] for shown in seen}
    for first, last in ((40, 75), (75, 110), (110, 160)):
        came = len(numbers & set(range(first, last)))
        assert came > (last - first) / 2, f"{came} of {first} to {last} were shown: {sorted(numbers)}"


def test_a_session_with_another_picture_size_goes_on(tmp_path: Path) -> None:
    small = make_film(tmp_path / "small.mkv", Film(frames=40))
    large = make_film(tmp_path / "large.mkv", Film(frames=150, first=500, width=640, height=368))

    def items() -> list[Item]:
        now = datetime.now(UTC)
        narrow, before = packets_of(small, now - timedelta(seconds=0.5))
        wide, after = packets_of(large, now + timedelta(seconds=3))
        return [started(narrow), *units_of(before), started(wide, session="s2"), *units_of(after)]

    seen, infos = watch(items, "seen.some(shown => shown.number >= 550)")
    assert [info["width"] for info in infos] == [320, 640]
    assert {shown["width"] for shown in seen} == {320, 640}


def test_what_was_transcoded_plays(tmp_path: Path) -> None:
    film = make_film(tmp_path / "film.mkv", Film(codec="hevc", frames=150, gop=50, width=1920, height=1080))

    def items() -> list[Item]:
        video, packets = packets_of(film, datetime.now(UTC))
        units: list[AccessUnit] = []
        transcoder = Transcoder(video, units.append, clock=SystemClock(), keep_all=True)
        for packet in packets:
            transcoder.offer(packet)
        wait_until(lambda: len(units) >= 148, 60, "transcoding")
        transcoder.close()
        shift = datetime.now(UTC) - packets[0].at
        moved = [AccessUnit(unit.data, unit.is_key, unit.at + shift, unit.at_90k) for unit in units]
        return [started(video, rendition="hevc"), *moved]

    seen, (info,) = watch(items, "seen.length > 40")
    assert (info["width"], info["height"], info["rendition"]) == (1280, 720, "hevc")
    assert info["codecs"].startswith("avc1.42")
    numbers = [shown["number"] for shown in seen]
    assert numbers == sorted(numbers)


def _later(unit: AccessUnit, number: int, pauses_s: dict[int, float]) -> AccessUnit:
    """As if the camera had rested so long before these pictures."""
    pause_s = sum(pause_s for before, pause_s in pauses_s.items() if number >= before)
    return replace(unit, at=unit.at + timedelta(seconds=pause_s))


async def _watch(items: Callable[[], Sequence[Item]], done: str) -> tuple[Shown, list[dict[str, Any]]]:
    from playwright.async_api import async_playwright

    async with _serving(items) as site, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        try:
            page = await browser.new_page()
            page.set_default_timeout(TIMEOUT_MS)
            await page.goto(site)
            await page.evaluate("void play('/stream')")
            await _until(lambda: page.evaluate(f"faults.length > 0 || ended || {done}"))
            seen, infos, faults = await page.evaluate("[seen, infos, faults]")
            assert faults == []
            return seen, infos
        finally:
            await browser.close()


async def _until(condition: Callable[[], Coroutine[Any, Any, bool]]) -> None:
    """Polls; what has come by the end is looked at in any case."""
    deadline = time.monotonic() + WITHIN_S
    while not await condition() and time.monotonic() < deadline:  # noqa: ASYNC110  a page has no event to wait on
        await asyncio.sleep(0.05)


@asynccontextmanager
async def _serving(items: Callable[[], Sequence[Item]]) -> AsyncIterator[str]:
    opened: list[Fragments] = []

    async def stream(_: Request) -> Response:
        fragments = Fragments(FilmSubscription(await asyncio.to_thread(items), live=True, ends=False))
        opened.append(fragments)

        async def packed() -> AsyncIterator[bytes]:
            async for kind, content in fragments:
                yield pack(kind, content)

        return StreamingResponse(packed())

    async def page(_: Request) -> Response:
        return FileResponse(PAGE)

    app = Starlette(routes=[Route("/", page), Route("/stream", stream)])
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off", ws="none"))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  uvicorn has no event for it
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
    for fragments in opened:
        await fragments.close()
    server.should_exit = True
    await task
