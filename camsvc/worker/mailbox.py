"""One camera's way into the detector and back: a mailbox for one picture, and its answers."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from camsvc.domain.track import Detection, Moment

RESULTS_MOST: Final = 64
"""Answers that wait in a lane. Its user reads whenever it offers, so more means that it has stopped reading: the oldest
goes, counted in ``Lane.lost``."""


@dataclass(frozen=True, slots=True)
class Analysed:
    moment: Moment
    detections: list[Detection] | None
    """None: not analysed, because the detector failed or the worker stopped."""


@dataclass(frozen=True, slots=True)
class Frame:
    lane: Lane
    moment: Moment
    image: NDArray[np.uint8]


class Lane:
    """``offer``, ``results``, ``pending`` and ``close`` are for the camera's threads; the rest is for the batcher, that
    holds ``lock`` when it calls it. ``on_full`` and ``on_close`` are called with ``lock`` held too.
    """

    def __init__(
        self, name: str, lock: threading.Lock, on_full: Callable[[Lane], None], on_close: Callable[[Lane], None]
    ) -> None:
        self.name = name
        self.shed = 0
        """Pictures replaced by a newer one before the detector took them."""
        self.lost = 0
        """Answers that nobody read."""
        self._changed = threading.Condition(lock)
        self._on_full = on_full
        self._on_close = on_close
        self._slot: Frame | None = None
        self._in_flight = 0
        self._results: deque[Analysed] = deque()
        self._closed = False

    def offer(self, moment: Moment, image: NDArray[np.uint8], *, wait: bool = False) -> bool:
        """Hand in a BGR picture. Returns at once unless ``wait``: then when the one before has been taken.

        Without ``wait`` a newer picture replaces one that still waits; that one is counted as shed and never answered.
        False: the lane or the batcher is closed and nothing was taken.
        """
        with self._changed:
            if wait:
                self._changed.wait_for(lambda: self._slot is None or self._closed)
            if self._closed:
                return False
            was_full = self._slot is not None
            self._slot = Frame(self, moment, image)
            if was_full:
                self.shed += 1
            else:
                self._on_full(self)
        return True

    def results(self, wait_s: float = 0.0) -> list[Analysed]:
        """Answers so far, in the order of the offers. Waits up to ``wait_s`` for the first if one is due."""
        with self._changed:
            if wait_s > 0:
                self._changed.wait_for(lambda: self._results or not self._due, wait_s)
            taken = list(self._results)
            self._results.clear()
        return taken

    @property
    def pending(self) -> int:
        """Pictures handed in that have no answer yet."""
        with self._changed:
            return self._due

    def close(self) -> None:
        """Give up what waits; answers still to come are dropped. Again is harmless."""
        with self._changed:
            if not self._closed:
                self._slot = None
                self.shut()

    # For the batcher, with the lock held.

    def take(self) -> Frame | None:
        """The waiting picture, now in the detector's hands; None when the lane was closed meanwhile."""
        frame, self._slot = self._slot, None
        if frame is not None:
            self._in_flight += 1
            self._changed.notify_all()
        return frame

    def answer(self, frame: Frame, detections: list[Detection] | None) -> None:
        self._in_flight -= 1
        if not self._closed:
            if len(self._results) >= RESULTS_MOST:
                self._results.popleft()
                self.lost += 1
            self._results.append(Analysed(frame.moment, detections))
        self._changed.notify_all()

    def shut(self) -> None:
        """No more offers; whoever waits goes on."""
        self._closed = True
        self._changed.notify_all()
        self._on_close(self)

    @property
    def _due(self) -> int:
        return self._in_flight + (self._slot is not None)
