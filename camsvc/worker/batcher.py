"""One detector for all cameras of a worker: pictures in through lanes, answers out, in batches, fairly.

::

    analysis threads ── Lane.offer ─► one-slot mailboxes ─► owner thread: make_detector(), detect() ─► Lane.results
                                                            ▲ watched, and replaced, by the watchdog thread

A detector is used by the thread that made it and by no other. When it raises or does not come back it is given up
together with its thread, its pictures are answered None (not analysed, invariant 3), and a new thread makes a new one.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from camsvc import log as logging
from camsvc.clock import Clock
from camsvc.domain.track import Detection
from camsvc.vision.detector import Detector
from camsvc.worker.mailbox import Analysed, Frame, Lane

__all__ = ["HANG_TIMEOUT_S", "Analysed", "Batcher", "Health", "Lane", "State"]

HANG_TIMEOUT_S: Final = 30.0
"""A batch of 8 takes 0.15 s on two cores, a new picture shape compiles in 1 s: even a swapping machine is faster."""
LOAD_TIMEOUT_S: Final = 300.0
"""The first start compiles the model: 3 s here, a minute on a slow disk, more while other workers hold the lock."""
RETRY_FIRST_S: Final = 1.0
RETRY_MOST_S: Final = 60.0
"""A detector that keeps failing is tried again ever more slowly: loading it costs seconds of processor."""
FATAL_HANGS: Final = 3
"""Each hang leaves a thread behind that still holds its model (560 MB): after this many only a new process helps."""
_WATCH_S: Final = 0.5
"""How often the watchdog looks: short against HANG_TIMEOUT_S."""

log = logging.get(__name__)


class State(StrEnum):
    STOPPED = "stopped"
    LOADING = "loading"
    """A detector is being made; the newest picture of each lane waits for it."""
    READY = "ready"
    FAILING = "failing"
    """It could not be made or failed; another try follows. Pictures are answered None meanwhile."""
    FATAL = "fatal"
    """It hung too often: the process must end and be started anew. Pictures are answered None."""


@dataclass(frozen=True, slots=True)
class Health:
    state: State
    detector: str | None
    """Name of the newest detector that could be made."""
    detail: str | None
    """Why the last one failed, in one sentence."""
    failures: int
    hangs: int
    batches: int
    frames: int
    """Analysed since the start."""
    shed: int
    """Given up for newer ones, over all lanes there ever were."""
    busy_s: float
    """Spent in the detector: against the clock it is the load."""

    @property
    def fatal(self) -> bool:
        return self.state is State.FATAL


@dataclass(slots=True, eq=False)
class _Owner:
    """One detector and its thread; lived once. All fields under the batcher's lock."""

    started_s: float
    """When it began to load, or its batch."""
    thread: threading.Thread | None = None
    loading: bool = True
    batch: tuple[Frame, ...] = ()


class Batcher:
    """``make_detector`` is called in each owner thread; ``max_batch`` bounds the pictures per call of the detector.

    ``hang_timeout_s``: a call that takes longer is given up. Any thread may call any method. Lives once.
    """

    def __init__(
        self,
        make_detector: Callable[[], Detector],
        *,
        max_batch: int,
        hang_timeout_s: float = HANG_TIMEOUT_S,
        clock: Clock,
    ) -> None:
        self._make_detector = make_detector
        self._max_batch = max_batch
        self._hang_timeout_s = hang_timeout_s
        self._clock = clock
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._stop = threading.Event()
        self._lanes: set[Lane] = set()
        self._waiting: deque[Lane] = deque()
        """Lanes with a picture, longest waiting first, each once: a busy camera cannot crowd others out."""
        self._owner: _Owner | None = None
        self._watchdog = threading.Thread(target=self._watch, name="detector-watchdog", daemon=True)
        self._state = State.STOPPED
        self._detector: Detector | None = None
        self._detail: str | None = None
        self._failures = self._in_a_row = self._hangs = self._batches = self._frames = self._shed_before = 0
        self._busy_s = 0.0
        self._retry_at_s: float | None = None

    def start(self) -> None:
        with self._lock:
            self._new_owner()
        self._watchdog.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Whatever waits or is being analysed is answered None. A running call is left after ``timeout_s``."""
        self._stop.set()
        with self._lock:
            owner = self._owner
            self._state = State.STOPPED
            self._abandon()
            self._refuse_waiting()
            for lane in list(self._lanes):
                lane.shut()
            self._work.notify_all()
        for thread in (owner.thread if owner else None, self._watchdog):
            if thread is not None and thread.is_alive():
                thread.join(timeout_s)

    def lane(self, name: str) -> Lane:
        """A new lane, as many as there are cameras. Close it in the end."""
        lane = Lane(name, self._lock, self._lane_full, self._lane_closed)
        with self._lock:
            if self._stop.is_set():
                lane.shut()
            else:
                self._lanes.add(lane)
        return lane

    @property
    def health(self) -> Health:
        with self._lock:
            return Health(
                state=self._state,
                detector=self._detector.name if self._detector else None,
                detail=self._detail,
                failures=self._failures,
                hangs=self._hangs,
                batches=self._batches,
                frames=self._frames,
                shed=self._shed_before + sum(lane.shed for lane in self._lanes),
                busy_s=self._busy_s,
            )

    def input_size(self, width: int, height: int) -> tuple[int, int]:
        """To what size the detector scales such a picture: a decoder that does it saves the work.

        The picture's own size as long as there is no detector.
        """
        detector = self._detector
        return detector.input_size(width, height) if detector is not None else (width, height)

    def _lane_full(self, lane: Lane) -> None:
        self._waiting.append(lane)
        if self._state in (State.FAILING, State.FATAL, State.STOPPED):
            self._refuse_waiting()
        else:
            self._work.notify_all()

    def _lane_closed(self, lane: Lane) -> None:
        if lane in self._lanes:
            self._lanes.remove(lane)
            self._shed_before += lane.shed

    # The owner thread.

    def _new_owner(self) -> None:
        owner = _Owner(self._clock.monotonic_s())
        owner.thread = threading.Thread(target=self._own, args=(owner,), name="detector", daemon=True)
        self._owner, self._state, self._retry_at_s = owner, State.LOADING, None
        owner.thread.start()

    def _own(self, owner: _Owner) -> None:
        try:
            detector = self._make_detector()
            with self._lock:
                if self._owner is not owner:
                    return
                owner.loading = False
                self._detector, self._state = detector, State.READY
            while (batch := self._next_batch(owner)) is not None:
                self._deliver(owner, batch, detector.detect([frame.image for frame in batch]))
        except Exception as error:  # noqa: BLE001  top of the owner thread: whatever the runtime raises, a new one is made
            self._failed(owner, error)

    def _next_batch(self, owner: _Owner) -> tuple[Frame, ...] | None:
        """The pictures that waited longest, one a lane; waits for the first. None: this owner is no longer wanted."""
        with self._work:
            while True:
                self._work.wait_for(lambda: self._waiting or self._owner is not owner)
                if self._owner is not owner:
                    return None
                taken: list[Frame] = []
                while self._waiting and len(taken) < self._max_batch:
                    if (frame := self._waiting.popleft().take()) is not None:
                        taken.append(frame)
                if taken:
                    owner.batch, owner.started_s = tuple(taken), self._clock.monotonic_s()
                    return owner.batch

    def _deliver(self, owner: _Owner, batch: tuple[Frame, ...], answers: list[list[Detection]]) -> None:
        with self._lock:
            if self._owner is not owner:
                return
            self._busy_s += self._clock.monotonic_s() - owner.started_s
            self._batches += 1
            self._frames += len(batch)
            self._in_a_row = 0
            owner.batch = ()
            for frame, detections in zip(batch, answers, strict=True):
                frame.lane.answer(frame, detections)

    def _failed(self, owner: _Owner, error: Exception) -> None:
        with self._lock:
            if self._owner is not owner:
                return
            self._failures += 1
            self._give_up(str(error) or type(error).__name__)
        log.error("detector failed", detail=self._detail, failures=self._failures, error=type(error).__name__)

    # The watchdog thread.

    def _watch(self) -> None:
        period_s = min(_WATCH_S, self._hang_timeout_s / 4)
        # Real time on purpose: how often it looks is not what a simulated clock simulates.
        while not self._stop.wait(period_s):
            self._look()

    def _look(self) -> None:
        with self._lock:
            if self._stop.is_set():
                return
            now_s, owner = self._clock.monotonic_s(), self._owner
            if owner is None:
                if self._retry_at_s is not None and now_s >= self._retry_at_s:
                    self._new_owner()
                return
            limit_s = LOAD_TIMEOUT_S if owner.loading else self._hang_timeout_s
            if not (owner.loading or owner.batch) or now_s - owner.started_s < limit_s:
                return
            self._hangs += 1
            doing = "loading" if owner.loading else f"a batch of {len(owner.batch)}"
            self._give_up(f"the detector did not come back from {doing} within {limit_s:g} s")
        log.error("detector hangs", detail=self._detail, hangs=self._hangs, fatal=self._state is State.FATAL)

    def _give_up(self, detail: str) -> None:
        """Part with the owner: answer its pictures None, and make a new one after a while that grows."""
        self._detail = detail
        self._in_a_row += 1
        self._abandon()
        fatal = self._hangs >= FATAL_HANGS
        self._state = State.FATAL if fatal else State.FAILING
        delay_s = min(RETRY_FIRST_S * 2 ** min(self._in_a_row - 1, 10), RETRY_MOST_S)
        self._retry_at_s = None if fatal else self._clock.monotonic_s() + delay_s
        self._refuse_waiting()

    def _abandon(self) -> None:
        owner, self._owner = self._owner, None
        if owner is not None:
            for frame in owner.batch:
                frame.lane.answer(frame, None)
            owner.batch = ()
        self._work.notify_all()

    def _refuse_waiting(self) -> None:
        while self._waiting:
            lane = self._waiting.popleft()
            if (frame := lane.take()) is not None:
                lane.answer(frame, None)
