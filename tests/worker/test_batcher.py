from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from camsvc.clock import Clock, SimulatedClock, SystemClock
from camsvc.domain.track import Box, Detection, Moment, ObjectClass
from camsvc.errors import DetectorError
from camsvc.worker import batcher as batcher_module
from camsvc.worker.batcher import Batcher, State
from camsvc.worker.mailbox import RESULTS_MOST, Analysed, Lane

START = datetime(2026, 1, 1, tzinfo=UTC)
SOON_S = 5.0


class Scripted:
    """Stands for a detector that fails or hangs on request, which a real one cannot be asked to do.

    It finds one person as wide as the first pixel's value says, so that an answer shows which picture it belongs to.
    """

    def __init__(self, gate: threading.Event | None = None) -> None:
        self.thread = threading.get_ident()
        self.gate = gate
        self.batches: list[list[int]] = []
        self.fault: Exception | None = None

    @property
    def name(self) -> str:
        return "scripted@0"

    def input_size(self, width: int, height: int) -> tuple[int, int]:
        return width // 2, height // 2

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[list[Detection]]:
        assert threading.get_ident() == self.thread, "used outside the thread that made it"
        values = [int(image[0, 0, 0]) for image in images]
        self.batches.append(values)
        if self.gate is not None:
            self.gate.wait()
        if self.fault is not None:
            raise self.fault
        return [[Detection(Box(0, 0, value / 255, 1), ObjectClass.PERSON, 0.9)] for value in values]


def picture(value: int) -> NDArray[np.uint8]:
    return np.full((4, 4, 3), value, np.uint8)


def moment(index: int) -> Moment:
    return Moment("s", index * 18_000, START + timedelta(seconds=index / 5))


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + SOON_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.002)


def widths(lane: Lane) -> list[int | None]:
    return [
        None if answer.detections is None else round(answer.detections[0].box.width * 255)
        for answer in lane.results(SOON_S)
    ]


@contextmanager
def running(
    make: Callable[[], Scripted],
    *,
    max_batch: int = 4,
    hang_timeout_s: float = 30.0,
    clock: Clock | None = None,
) -> Iterator[Batcher]:
    batcher = Batcher(make, max_batch=max_batch, hang_timeout_s=hang_timeout_s, clock=clock or SystemClock())
    batcher.start()
    try:
        yield batcher
    finally:
        batcher.stop()


def test_every_answer_belongs_to_its_picture_and_its_lane() -> None:
    with running(Scripted) as batcher:
        lanes = [batcher.lane(f"camera-{number}") for number in range(3)]
        for index in range(20):
            for number, lane in enumerate(lanes):
                assert lane.offer(moment(index), picture(10 * number + index), wait=True)
        for number, lane in enumerate(lanes):
            answers: list[Analysed] = []
            while lane.pending or not answers:
                answers += lane.results(SOON_S)
            answers += lane.results()
            assert [answer.moment for answer in answers] == [moment(index) for index in range(20)]
            assert [round(answer.detections[0].box.width * 255) for answer in answers if answer.detections] == [
                10 * number + index for index in range(20)
            ]
            assert lane.shed == 0
        assert batcher.health.frames == 60
        assert batcher.health.state is State.READY


def test_a_newer_picture_replaces_one_that_waits_and_is_counted() -> None:
    gate = threading.Event()
    detector = []
    with running(lambda: detector.append(Scripted(gate)) or detector[-1]) as batcher:  # type: ignore[func-returns-value]
        lane = batcher.lane("a")
        lane.offer(moment(0), picture(1))
        until(lambda: detector and detector[0].batches)
        for index in range(1, 5):
            lane.offer(moment(index), picture(1 + index))
        assert lane.pending == 2
        gate.set()
        until(lambda: lane.pending == 0)
        assert widths(lane) == [1, 5]
        assert lane.shed == 3
        assert batcher.health.shed == 3
        lane.close()
        assert batcher.health.shed == 3, "what a closed lane shed is not forgotten"


def test_a_busy_camera_does_not_crowd_out_the_others() -> None:
    gate = threading.Event()
    made: list[Scripted] = []

    def make() -> Scripted:
        made.append(Scripted(gate))
        return made[-1]

    with running(make, max_batch=2) as batcher:
        lanes = [batcher.lane(name) for name in "abcde"]
        lanes[0].offer(moment(0), picture(0))
        until(lambda: made and made[0].batches)
        for number, lane in enumerate(lanes):
            lane.offer(moment(1), picture(number + 1))
        for index in range(2, 9):
            lanes[0].offer(moment(index), picture(100))
        gate.set()
        until(lambda: not any(lane.pending for lane in lanes))
        assert made[0].batches == [[0], [100, 2], [3, 4], [5]]


def test_an_offer_that_waits_is_not_shed_and_a_closed_lane_frees_it() -> None:
    gate = threading.Event()
    with running(lambda: Scripted(gate)) as batcher:
        lane = batcher.lane("offline")
        taken: list[bool] = []

        def feed() -> None:
            for index in range(4):
                taken.append(lane.offer(moment(index), picture(index + 1), wait=True))

        feeder = threading.Thread(target=feed)
        feeder.start()
        until(lambda: len(taken) == 2)
        lane.close()
        feeder.join(SOON_S)
        assert not feeder.is_alive()
        assert taken == [True, True, False, False]
        assert lane.shed == 0
        gate.set()


def test_a_detector_that_raises_is_replaced_and_its_pictures_are_not_analysed() -> None:
    clock = SimulatedClock()
    made: list[Scripted] = []

    def make() -> Scripted:
        made.append(Scripted())
        if len(made) == 1:
            made[0].fault = RuntimeError("bad tensor")
        return made[-1]

    with running(make, clock=clock, hang_timeout_s=0.2) as batcher:
        lane = batcher.lane("a")
        lane.offer(moment(0), picture(7))
        assert widths(lane) == [None]
        health = batcher.health
        assert (health.state, health.failures, health.detail) == (State.FAILING, 1, "bad tensor")
        lane.offer(moment(1), picture(8))
        assert widths(lane) == [None], "while there is no detector the time is marked as not analysed at once"
        clock.advance(batcher_module.RETRY_FIRST_S)
        until(lambda: batcher.health.state is State.READY)
        lane.offer(moment(2), picture(9))
        assert widths(lane) == [9]
        assert len(made) == 2


def test_a_detector_that_cannot_be_made_is_tried_ever_more_slowly() -> None:
    clock = SimulatedClock()
    attempts: list[float] = []

    def make() -> Scripted:
        attempts.append(clock.monotonic_s())
        raise DetectorError("model gone is not on this machine: run `camsvc models pull gone`")

    with running(make, clock=clock, hang_timeout_s=0.02) as batcher:
        for count in range(1, 5):
            until(lambda count=count: len(attempts) == count and batcher.health.state is State.FAILING)  # type: ignore[misc]
            clock.advance(2.0 ** (count - 1))
        until(lambda: len(attempts) == 5)
        assert [round(b - a) for a, b in itertools.pairwise(attempts)] == [1, 2, 4, 8]
        assert "camsvc models pull gone" in (batcher.health.detail or "")


def test_a_detector_that_hangs_is_replaced_and_a_late_answer_is_dropped() -> None:
    clock = SimulatedClock()
    gate = threading.Event()
    made: list[Scripted] = []

    def make() -> Scripted:
        made.append(Scripted(gate if not made else None))
        return made[-1]

    with running(make, clock=clock, hang_timeout_s=0.2) as batcher:
        lane = batcher.lane("a")
        lane.offer(moment(0), picture(1))
        until(lambda: made and made[0].batches)
        clock.advance(0.3)
        assert widths(lane) == [None]
        assert batcher.health.hangs == 1
        assert "0.2 s" in (batcher.health.detail or "")
        clock.advance(1.1)
        until(lambda: batcher.health.state is State.READY)
        gate.set()
        lane.offer(moment(1), picture(2))
        assert widths(lane) == [2]
        assert lane.results() == []
        assert not batcher.health.fatal


def test_repeated_hangs_are_fatal_and_frames_are_still_answered() -> None:
    clock = SimulatedClock()
    gate = threading.Event()
    made: list[Scripted] = []

    def make() -> Scripted:
        made.append(Scripted(gate))
        return made[-1]

    try:
        with running(make, clock=clock, hang_timeout_s=0.1) as batcher:
            lane = batcher.lane("a")
            for count in range(batcher_module.FATAL_HANGS):
                until(lambda count=count: len(made) == count + 1 and batcher.health.state is State.READY)  # type: ignore[misc]
                lane.offer(moment(count), picture(1))
                until(lambda: made[-1].batches)
                clock.advance(0.2)
                assert widths(lane) == [None]
                clock.advance(batcher_module.RETRY_MOST_S)
            assert batcher.health.fatal
            lane.offer(moment(9), picture(1))
            assert widths(lane) == [None]
            assert len(made) == batcher_module.FATAL_HANGS, "no more threads are left behind"
    finally:
        gate.set()


def test_stopping_answers_what_is_left_and_refuses_more() -> None:
    gate = threading.Event()
    made: list[Scripted] = []

    def make() -> Scripted:
        made.append(Scripted(gate))
        return made[-1]

    batcher = Batcher(make, max_batch=1, clock=SystemClock())
    batcher.start()
    lane, other = batcher.lane("a"), batcher.lane("b")
    lane.offer(moment(0), picture(1))
    until(lambda: made and made[0].batches)
    other.offer(moment(0), picture(2))
    batcher.stop(timeout_s=0.05)
    gate.set()
    assert widths(lane) == [None]
    assert widths(other) == [None]
    assert lane.offer(moment(1), picture(1)) is False
    assert batcher.lane("late").offer(moment(0), picture(1)) is False
    assert batcher.health.state is State.STOPPED


def test_answers_that_nobody_reads_stay_bounded_and_are_counted() -> None:
    with running(Scripted) as batcher:
        lane = batcher.lane("forgotten")
        for index in range(RESULTS_MOST + 5):
            lane.offer(moment(index), picture(1), wait=True)
        until(lambda: lane.pending == 0)
        assert len(lane.results()) == RESULTS_MOST
        assert lane.lost == 5


def test_the_decoder_is_told_the_detectors_size_once_there_is_one() -> None:
    batcher = Batcher(Scripted, max_batch=1, clock=SystemClock())
    assert batcher.input_size(1920, 1080) == (1920, 1080)
    batcher.start()
    until(lambda: batcher.health.state is State.READY)
    assert batcher.input_size(1920, 1080) == (960, 540)
    batcher.stop()


@pytest.mark.parametrize("seed", range(3))
def test_no_picture_is_forgotten_under_random_faults(seed: int) -> None:
    random = np.random.default_rng(seed)
    clock = SimulatedClock()

    def make() -> Scripted:
        made = Scripted()
        if random.random() < 0.5:
            made.fault = RuntimeError("sometimes")
        return made

    with running(make, clock=clock, hang_timeout_s=0.02) as batcher:
        lanes = [batcher.lane(str(number)) for number in range(4)]
        answered = 0
        offered = 0
        for index in range(200):
            lane = lanes[int(random.integers(4))]
            offered += lane.offer(moment(index), picture(1))
            if index % 20 == 0:
                clock.advance(batcher_module.RETRY_MOST_S)
                time.sleep(0.01)
            answered += sum(len(one.results()) for one in lanes)
        clock.advance(batcher_module.RETRY_MOST_S)
        until(lambda: batcher.health.state in (State.READY, State.FAILING) and not any(one.pending for one in lanes))
        answered += sum(len(one.results()) for one in lanes)
        assert answered + sum(one.shed for one in lanes) == offered
