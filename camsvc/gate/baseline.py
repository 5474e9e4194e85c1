"""What this camera's packets look like when nothing moves, and what would be out of the ordinary."""

from __future__ import annotations

import itertools
import math
from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

MEMORY_S: Final = 20.0
"""Quiet time that is remembered: night falls in minutes, so the ordinary follows it."""
MEMORY_PICTURES: Final = 3000
"""Bounds it at any frame rate. Overflow: the oldest goes."""
ENOUGH_S: Final = 8.0
ENOUGH_PICTURES: Final = 24
"""Less than this says nothing about what is ordinary."""
WINDOW_S: Final = 0.4
"""News is averaged over this: an object that matters is there for longer, a single odd picture is not."""
WINDOW_PICTURES: Final = 2
POSITION_TRUST: Final = 2.0
"""A place in the GOP is believed to differ from the others as if it had been seen this many times less."""
STEP_TO_SIGMA: Final = 1.4826 / 2**0.5
"""Median size of the step between two windows of pure noise to its standard deviation."""
SIGMAS: Final = 5.0
"""How far above the ordinary spread is out of the ordinary…"""
LEAST_RISE: Final = 0.35
"""…but at least this much: 27 % more bits."""
MOST_RISE: Final = 1.6
"""A spread so wide that three times the bits would still be ordinary hides people: such a camera is not gated."""
REFRESH_PICTURES: Final = 10
"""Statistics are computed anew after this many quiet pictures."""


@dataclass(frozen=True, slots=True)
class Sample:
    at_s: float
    position: int
    """Pictures since the key frame."""
    news: float


class Baseline:
    def __init__(self) -> None:
        self._quiet: deque[Sample] = deque(maxlen=MEMORY_PICTURES)
        self._fresh = 0
        self._offsets: dict[int, float] = {}
        self._threshold: float | None = None
        self._rise = 0.0
        self._ordinary = 0.0

    @property
    def known(self) -> bool:
        """Whether enough quiet time was seen to tell what is ordinary."""
        return self._threshold is not None

    @property
    def wild(self) -> bool:
        """Quiet pictures differ so much that an object could hide among them: rain, a flickering screen, leaves."""
        return self._rise > MOST_RISE

    @property
    def sharp(self) -> bool:
        """Whether one small object more than now would be out of the ordinary."""
        with_one_more = math.log2(2.0**self._ordinary + 1.0)
        return self.known and with_one_more - self._ordinary >= self._rise

    @property
    def rise(self) -> float:
        """How much more news than ordinary is out of the ordinary, in log₂."""
        return self._rise

    def learn(self, quiet: list[Sample]) -> None:
        """These pictures are known to show nothing that moves."""
        self._quiet.extend(quiet)
        while self._quiet and self._quiet[-1].at_s - self._quiet[0].at_s > MEMORY_S:
            self._quiet.popleft()
        self._fresh += len(quiet)
        if self._fresh >= REFRESH_PICTURES or (self._fresh and not self.known):
            self._refresh()

    def excess(self, recent: list[Sample]) -> float:
        """By how much ``recent`` (the window) is above what is still ordinary; positive is news. 0 while unknown."""
        if self._threshold is None or len(recent) < WINDOW_PICTURES:
            return 0.0
        level = sum(each.news - self._offset(each.position) for each in recent) / len(recent)
        return level - self._threshold

    def _offset(self, position: int) -> float:
        return self._offsets.get(position, 0.0)

    def _refresh(self) -> None:
        self._fresh = 0
        samples = list(self._quiet)
        if len(samples) < ENOUGH_PICTURES or _watched_s(samples) < ENOUGH_S:
            return
        news = np.array([each.news for each in samples])
        positions = np.array([each.position for each in samples])
        middle = float(np.median(news))
        self._offsets = {}
        for position in np.unique(positions):
            here = news[positions == position] - middle
            self._offsets[int(position)] = float(np.median(here)) * len(here) / (len(here) + POSITION_TRUST)
        levels = self._levels(samples)
        apart = max(WINDOW_PICTURES, round(WINDOW_S * len(samples) / max(_watched_s(samples), WINDOW_S)))
        ordinary = float(np.median(levels))
        # From one window to the next: a slow drift, and the dip that follows a key frame, are no noise.
        steps = np.abs(levels[apart:] - levels[:-apart])
        self._rise = max(SIGMAS * float(np.median(steps)) * STEP_TO_SIGMA, LEAST_RISE)
        self._ordinary, self._threshold = ordinary, ordinary + self._rise

    def _levels(self, samples: list[Sample]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        levels, window = [], deque[Sample]()
        for sample in samples:
            window.append(sample)
            while sample.at_s - window[0].at_s > WINDOW_S and len(window) > WINDOW_PICTURES:
                window.popleft()
            if len(window) >= WINDOW_PICTURES:
                levels.append(sum(each.news - self._offset(each.position) for each in window) / len(window))
        return np.array(levels)


def _watched_s(samples: list[Sample]) -> float:
    """Time that the samples cover, without the gaps between stretches of quiet."""
    return sum(min(b.at_s - a.at_s, 1.0) for a, b in itertools.pairwise(samples))
