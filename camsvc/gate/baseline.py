"""What this camera's packets look like when nothing moves, and what would be out of the ordinary."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

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
REFRESH_S: Final = 1.0
"""Statistics (0.3 ms) are computed anew after this much quiet time."""

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sample:
    at_s: float
    position: int
    """Pictures since the key frame."""
    news: float


class Baseline:
    def __init__(self) -> None:
        self._quiet: deque[Sample] = deque(maxlen=MEMORY_PICTURES)
        self._fresh_s = float("-inf")
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
        if self._quiet and self._quiet[-1].at_s - self._fresh_s >= REFRESH_S:
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
        self._fresh_s = self._quiet[-1].at_s
        if len(self._quiet) < ENOUGH_PICTURES:
            return
        at_s = np.array([each.at_s for each in self._quiet])
        news = np.array([each.news for each in self._quiet])
        positions = np.array([each.position for each in self._quiet])
        # Without the gaps between stretches of quiet.
        watched_s = float(np.minimum(np.diff(at_s), 1.0).sum())
        if watched_s < ENOUGH_S:
            return
        where, offsets = _by_position(positions, news)
        self._offsets = dict(zip(where.tolist(), offsets.tolist(), strict=True))
        levels = _levels(at_s, news - offsets[np.searchsorted(where, positions)])
        ordinary = float(np.median(levels))
        # From one window to the next: a slow drift, and the dip that follows a key frame, are no noise.
        apart = max(WINDOW_PICTURES, round(WINDOW_S * len(levels) / watched_s))
        steps = np.abs(levels[apart:] - levels[:-apart])
        self._rise = max(SIGMAS * float(np.median(steps)) * STEP_TO_SIGMA, LEAST_RISE)
        self._ordinary, self._threshold = ordinary, ordinary + self._rise


def _by_position(positions: _Ints, news: _Floats) -> tuple[_Ints, _Floats]:
    """The places in the GOP that occur, rising, and by how much news there differs from the middle of all."""
    order = np.lexsort((news, positions))
    where, first, counts = np.unique(positions[order], return_index=True, return_counts=True)
    medians = news[order][first + counts // 2]
    return where, (medians - float(np.median(news))) * counts / (counts + POSITION_TRUST)


def _levels(at_s: _Floats, news: _Floats) -> _Floats:
    """News averaged over the window that ends at each picture."""
    ends = np.arange(len(at_s)) + 1
    begins = np.minimum(np.searchsorted(at_s, at_s - WINDOW_S), ends - WINDOW_PICTURES).clip(min=0)
    sums = np.concatenate(([0.0], np.cumsum(news)))
    levels: _Floats = ((sums[ends] - sums[begins]) / (ends - begins))[WINDOW_PICTURES - 1 :]
    return levels
