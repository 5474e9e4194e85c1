"""Sixteen cameras on the wall in Chromium, fifty viewers who come and go: analysis and recording do not notice."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from camsvc.cli.bench.viewer import WebRtcViewer
from camsvc.cli.demo import film
from camsvc.media.simulator.server import SimulatorServer, cameras_from_files
from tests.browser import Chromium, browser, tab
from tests.system.installation import PASSWORD, Installation, wait_for

__all__ = ["browser"]

MINUTES = float(os.environ.get("CROWD_MINUTES", "10"))
CAMERAS, VIEWERS = 16, 50
QUIET_S = 60.0
"""Without viewers, before and after: what is compared with."""
STAYS_S = (2.0, 40.0)
VANISHES = 0.2
"""Share of viewers who go without a word."""
RATE_LOSS = 0.1
"""Films are short and analysis is sampled: rates of a minute differ by some percent by themselves."""
FORGOTTEN_S = 30.0
GROWTH_MIB = 24
"""Of the live process over the whole run, once it has had its first crowd: allocators keep a little."""
DETECT_FPS = 1
"""Sixteen moving scenes at five a second are more than two cores detect: then viewers would be seen in the rate."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(int(MINUTES * 60) + 1200)]


@dataclass(frozen=True)
class Reading:
    at_s: float
    analysed: float
    shed: float
    sessions: int
    gaps: int

    def rate(self, before: Reading) -> float:
        return (self.analysed - before.analysed) / (self.at_s - before.at_s)


@pytest.fixture(scope="module")
def installation(module_workspace: Path) -> Iterator[Installation]:
    scenes = (film.Scene(4, 14, leftward=False),)
    path = film.make(module_workspace / "street.mp4", scenes, 24)
    paths = [module_workspace / f"cam-{number:02}.mp4" for number in range(1, CAMERAS + 1)]
    for each in paths:
        each.symlink_to(path)
    with SimulatorServer(cameras_from_files(paths)) as simulator:
        cameras: dict[str, Any] = {
            each.stem: {"streams": {"main": simulator.url(each.stem)}, "detect": {"fps": DETECT_FPS}} for each in paths
        }
        with Installation(module_workspace, cameras) as running:
            wait_for(lambda: {each["state"] for each in _statuses(running)} == {"live"}, 120, running._why)
            yield running


def test_fifty_viewers_who_come_and_go_cost_analysis_and_recording_nothing(
    installation: Installation, browser: Chromium, tmp_path: Path
) -> None:
    (live,) = [psutil.Process(each.pid) for each in installation.children("cli.main live")]
    time.sleep(QUIET_S / 2)  # models load, rings fill
    before = _read(installation)
    time.sleep(QUIET_S)
    quiet = _read(installation)
    with _crowd(installation) as crowd:
        _look_at_wall(browser, installation, tmp_path / "wall-16.png")
        time.sleep(QUIET_S)
        begun, first = _read(installation), _footprint(live)
        time.sleep(MINUTES * 60)
        crowded = _read(installation)
    wait_for(lambda: _viewers(installation) == 0, FORGOTTEN_S, "viewers who left are still counted")
    time.sleep(6)  # channels linger
    last = _footprint(live)
    print(f"{crowd.joined} joined, {crowd.vanished} vanished, {crowd.frames} pictures; failed: {crowd.failures}")
    rates = [quiet.rate(before), crowded.rate(begun)]
    print(f"analysed a second: {rates[0]:.2f} without, {rates[1]:.2f} with viewers; {crowded.shed:.0f} frames shed")
    print(f"live process: {first} in the crowd, {last} after it")
    assert crowd.joined > VIEWERS
    assert not crowd.failures
    assert rates[1] > rates[0] * (1 - RATE_LOSS)
    assert crowded.sessions == before.sessions == CAMERAS
    assert crowded.gaps == 0
    assert last["memory_mib"] < first["memory_mib"] + GROWTH_MIB
    assert last["files"] < first["files"]
    assert last["threads"] <= first["threads"]


@dataclass
class Crowd:
    joined: int = 0
    vanished: int = 0
    frames: int = 0
    failures: list[str] = field(default_factory=list)


@contextlib.contextmanager
def _crowd(installation: Installation) -> Iterator[Crowd]:
    """Viewers in a thread of their own, until the block ends."""
    crowd, stop = Crowd(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_run(installation, crowd, stop)), daemon=True)
    thread.start()
    try:
        yield crowd
    finally:
        stop.set()
        thread.join(60)


async def _run(installation: Installation, crowd: Crowd, stop: threading.Event) -> None:
    chance = random.Random(2026)
    async with httpx.AsyncClient(base_url=installation.url, headers=installation.headers(), timeout=20) as http:
        over = asyncio.Event()
        viewers = [_come_and_go(http, crowd, over, random.Random(chance.random())) for _ in range(VIEWERS)]
        coming = asyncio.gather(*viewers)
        await asyncio.to_thread(stop.wait)
        over.set()
        await coming


async def _come_and_go(http: httpx.AsyncClient, crowd: Crowd, over: asyncio.Event, chance: random.Random) -> None:
    await _stay(chance.uniform(0, STAYS_S[1]), over)
    while not over.is_set():
        camera = f"cam-{chance.randint(1, CAMERAS):02}"
        viewer = WebRtcViewer()
        try:
            offer = await viewer.offer()
            path = f"/api/v1/cameras/{camera}/whep"
            answer = await http.post(path, content=offer, headers={"Content-Type": "application/sdp"})
            answer.raise_for_status()
            await viewer.take(answer.text)
            crowd.joined += 1
            await _stay(chance.uniform(*STAYS_S), over)
            crowd.frames += viewer.frames
            if viewer.frames == 0 and not over.is_set():  # who came last had no time
                crowd.failures.append(f"{camera}: no picture")
            if chance.random() < VANISHES:
                crowd.vanished += 1
                viewer.vanish()
                continue
            await http.delete(answer.headers["location"])
        except (httpx.HTTPError, ConnectionError, TimeoutError) as error:
            crowd.failures.append(f"{camera}: {error!r}")
        await viewer.close()


async def _stay(seconds: float, over: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(over.wait(), seconds)


def _look_at_wall(browser: Chromium, installation: Installation, picture: Path) -> None:
    """All sixteen tiles are live at once."""
    with tab(browser, installation.url) as opened:
        opened.go("/live")
        opened.log_in("admin", PASSWORD)
        opened.page.wait_for_selector("[data-ready=true]")
        opened.page.click(f'[data-tiles="{CAMERAS}"]')
        opened.page.click(".cam-pool__all")
        for number in range(1, CAMERAS + 1):
            tile = f'.cam-tile[data-camera="cam-{number:02}"][data-phase="live"]'
            opened.page.wait_for_selector(tile, timeout=60_000)
        opened.page.wait_for_timeout(3000)
        live = opened.page.query_selector_all('.cam-tile[data-phase="live"]')
        shown = Path(os.environ.get("SCREENSHOTS", picture.parent)) / picture.name
        opened.page.screenshot(path=str(shown))
        print(f"16 tiles: {shown}")
        assert len(live) == CAMERAS


def _read(installation: Installation) -> Reading:
    statuses = _statuses(installation)
    metrics = _metrics(installation)
    incidents = installation.incidents()
    return Reading(
        time.monotonic(),
        metrics["camsvc_worker_analysed_frames_total"],
        metrics["camsvc_worker_shed_frames_total"],
        sum(each["sessions"] for each in statuses),
        sum(len(each["clip"]["gaps"]) for each in incidents if each["clip"]),
    )


def _footprint(process: psutil.Process) -> dict[str, int]:
    return {
        "memory_mib": process.memory_info().rss // 2**20,
        "files": process.num_fds(),
        "threads": process.num_threads(),
    }


def _statuses(installation: Installation) -> list[dict[str, Any]]:
    return [each["status"] for each in installation.get("/cameras", limit=100).json()["items"]]


def _viewers(installation: Installation) -> float:
    return _metrics(installation)["camsvc_live_viewers"]


def _metrics(installation: Installation) -> dict[str, float]:
    """Name → sum over all labels."""
    found: dict[str, float] = {}
    answer = httpx.get(f"{installation.url}/metrics", headers=installation.headers(), timeout=30)
    for line in answer.text.splitlines():
        if line.startswith("camsvc_"):
            name = line.split("{")[0].split(" ")[0]
            found[name] = found.get(name, 0.0) + float(line.rsplit(" ", 1)[1])
    return found
