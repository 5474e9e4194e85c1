"""A real browser watches."""

from __future__ import annotations

from pathlib import Path
from random import Random
from statistics import median

import pytest

from camsvc.live.access_unit import RTP_PERIOD
from camsvc.live.outlet import Route
from tests.browser import Chromium
from tests.live.broadcast import live
from tests.live.chromium.watching import page
from tests.video import Film, make_film

GOP_S = 4
"""Long, so that waiting for the next key frame would show."""
FPS = 25
LOSS = 0.05


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.mkv"
    return make_film(path, Film(frames=GOP_S * FPS * 2, width=640, height=360, gop=GOP_S * FPS))


def test_a_browser_sees_the_picture_at_once_in_the_middle_of_a_gop_and_knows_how_old_it_is(
    browser: Chromium, film: Path
) -> None:
    with live(film) as thread, page(browser, thread) as opened:
        opened.wait_for_timeout(1000)
        found = opened.evaluate("watch()")
        opened.wait_for_timeout(2000)
        frames, stats = opened.evaluate("frames"), opened.evaluate("stats()")
    assert found["first"] < 500, "from the click to the first picture"
    ages_ms = [age_ms(each) for each in frames]
    assert min(ages_ms) > -20, "the RTP time stamp is the picture's wall time: no picture is from the future"
    assert median(ages_ms) < 150
    assert stats["packetsLost"] == 0
    assert stats["framesDropped"] == 0
    assert len(frames) > 1.5 * FPS


def age_ms(frame: dict[str, float]) -> float:
    """How old the picture was when it was shown, by its RTP time stamp alone."""
    behind_90k = (round(frame["at"] * 90) - int(frame["rtp"]) + RTP_PERIOD // 2) % RTP_PERIOD - RTP_PERIOD // 2
    return behind_90k / 90


def test_a_browser_on_a_bad_link_gets_again_what_it_lost(
    browser: Chromium, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = Random(1)
    send, send_run = Route.send, Route.send_run

    def lossy(route: Route, packet: memoryview) -> bool:
        return chance.random() < LOSS or send(route, packet)

    def lossy_run(route: Route, packets: memoryview, size: int, count: int) -> int:
        if chance.random() >= LOSS * count:
            return send_run(route, packets, size, count)
        lost = chance.randrange(count) * size
        for begin in range(0, len(packets), size):
            if begin != lost:
                send(route, packets[begin : begin + size])
        return 0

    monkeypatch.setattr(Route, "send", lossy)
    monkeypatch.setattr(Route, "send_run", lossy_run)
    with live(film) as thread, page(browser, thread) as opened:
        opened.evaluate("watch()")
        opened.wait_for_timeout(4000)
        stats = opened.evaluate("stats()")
        ours = thread.call(lambda: thread.peers.stats)
    assert stats["retransmittedPacketsReceived"] > 3
    assert ours.repeated_packets >= stats["retransmittedPacketsReceived"]
    assert stats["framesDecoded"] > 3 * FPS
    assert stats["totalFreezesDuration"] < 0.5
