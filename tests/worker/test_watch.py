"""The live reader of a ring: catching up, falling behind, a camera that goes away."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from camsvc.clock import SimulatedClock
from camsvc.domain.incident import GapReason
from camsvc.media.file import FileSource
from camsvc.media.packets import ClockReading, Packet, Parameters
from camsvc.media.ring import Ring
from camsvc.worker.watch import CATCH_UP_S, CAUGHT_UP_S, MAX_LAG_S, CatchUp, Watch
from tests.worker.stage import make_walk
from tests.worker.test_analysis import Bench

START = SimulatedClock().now()


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> tuple[Parameters, list[Packet]]:
    path: Path = make_walk(tmp_path_factory.mktemp("film") / "walk.mp4", loops=4)
    with FileSource(path, start=START) as source:
        return source.parameters, list(source.packets())


class Scene:
    """A watch over a ring, in simulated time: ``script`` is called before each wait of the watch."""

    def __init__(self, film: tuple[Parameters, list[Packet]], script: Callable[[Scene, float], None]) -> None:
        self.parameters, self.packets = film
        self.clock = SimulatedClock()
        self.ring = Ring(60, 50_000_000)
        self.bench = Bench()
        self.stop = threading.Event()
        self.sent = 0
        self.done: set[str] = set()
        """What a script has done that it does once."""
        self._script = script
        self._wait = self.clock.wait
        self.clock.wait = self._scripted  # type: ignore[method-assign]
        self.watch = Watch(self.ring, self.bench.analysis, clock=self.clock, stop=self.stop)

    def _scripted(self, stop: threading.Event, timeout_s: float) -> bool:
        self._script(self, (self.clock.now() - START).total_seconds())
        return self._wait(stop, timeout_s)

    def open(self, session: str = "s1") -> None:
        self.ring.open_session(session, self.parameters, lambda: ClockReading(0, None))

    def send(self, until: datetime) -> None:
        """The packets up to ``until``, as a camera that films all the time would have sent them."""
        while self.sent < len(self.packets) and self.packets[self.sent].at <= until:
            self.ring.append(self.packets[self.sent])
            self.sent += 1

    def run(self) -> Bench:
        self.watch.run()
        return self.bench


def test_what_is_in_the_ring_of_the_newest_gop_is_analysed_as_it_comes(film: tuple[Parameters, list[Packet]]) -> None:
    def script(scene: Scene, now_s: float) -> None:
        if scene.sent == 0:
            scene.open()
        scene.send(scene.clock.now())
        if now_s > 8:
            scene.stop.set()

    bench = Scene(film, script).run()
    seconds = bench.scene_seconds_from(START)
    assert seconds[0] == 0.0
    assert len(seconds) == pytest.approx(40, abs=2)
    assert bench.told.dark == []


def test_too_far_behind_it_goes_on_from_the_newest_gop_and_says_what_it_did_not_see(
    film: tuple[Parameters, list[Packet]],
) -> None:
    def script(scene: Scene, now_s: float) -> None:
        if scene.sent == 0:
            scene.open()
        scene.send(scene.clock.now())
        if 3 < now_s < 4:  # the processor was busy elsewhere
            scene.clock.advance(MAX_LAG_S + 8)
            scene.send(scene.clock.now())
        if now_s > 35:
            scene.stop.set()

    scene = Scene(film, script)
    bench = scene.run()
    assert scene.watch.skips == 1
    ((start, end, reason),) = {(round(a), round(b), why) for a, b, why in bench.dark_from(START)}
    assert (start, reason) == (3, GapReason.OVERFLOW)
    assert end == pytest.approx(3 + MAX_LAG_S + 8, abs=1.6)
    seconds = bench.scene_seconds_from(START)
    assert not [each for each in seconds if start + 1 < each < end]
    assert max(seconds) > 30


def test_a_camera_that_goes_away_leaves_time_unseen_and_is_taken_up_again(
    film: tuple[Parameters, list[Packet]],
) -> None:
    def script(scene: Scene, now_s: float) -> None:
        if scene.sent == 0:
            scene.open()
        if now_s < 4:
            scene.send(scene.clock.now())
        elif "closed" not in scene.done:
            scene.done.add("closed")
            scene.ring.close_session(GapReason.STALL)
        elif now_s > 20 and "again" not in scene.done:
            scene.done.add("again")
            scene.open("s2")
            fresh = [replace(each, at=each.at + timedelta(seconds=20)) for each in scene.packets[:20]]
            for packet in fresh:
                scene.ring.append(packet)
        if now_s > 23:
            scene.stop.set()

    bench = Scene(film, script).run()
    dark = bench.dark_from(START)
    assert {reason for _, _, reason in dark} == {GapReason.STALL}
    assert min(start for start, _, _ in dark) == pytest.approx(3.9, abs=0.3)
    assert max(end for _, end, _ in dark) == pytest.approx(20, abs=0.5)
    assert len({start for start, _, _ in dark}) == 1
    assert {scene.moment.session for scene in bench.told.scenes} == {"s1", "s2"}


def test_frames_are_waited_for_while_catching_up_and_not_for_ever() -> None:
    clock = SimulatedClock()
    catch_up = CatchUp(clock)
    now = clock.now()
    assert not catch_up(now)
    assert catch_up(now - timedelta(seconds=3))
    clock.advance(CATCH_UP_S + 1)
    assert not catch_up(clock.now() - timedelta(seconds=3))
    assert not catch_up(clock.now() - timedelta(seconds=CAUGHT_UP_S / 2))
    assert catch_up(clock.now() - timedelta(seconds=3))
