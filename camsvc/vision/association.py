"""Which detection belongs to which track: overlap, and the cheapest assignment as a whole."""

from __future__ import annotations

from collections.abc import Sequence

import lap
import numpy as np
from numpy.typing import NDArray

from camsvc.domain.track import Box, ObjectClass

_IMPOSSIBLE = 1e3

GROUPS: dict[ObjectClass, int] = {
    ObjectClass.PERSON: 0,
    ObjectClass.BICYCLE: 1,
    ObjectClass.MOTORCYCLE: 1,
    ObjectClass.CAR: 2,
    ObjectClass.BUS: 2,
    ObjectClass.TRUCK: 2,
}
"""A detector mixes up classes of one group from frame to frame, hardly ever across: a rider is not their bicycle."""


def corners(boxes: Sequence[Box]) -> NDArray[np.float64]:
    """n×4: left, top, right, bottom."""
    return np.array([(b.left, b.top, b.right, b.bottom) for b in boxes], dtype=np.float64).reshape(-1, 4)


def overlaps(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of every box of ``a`` (n×4) with every box of ``b`` (m×4): n×m."""
    if not len(a) or not len(b):
        return np.zeros((len(a), len(b)))
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    area_a = np.prod(a[:, 2:] - a[:, :2], axis=1)
    area_b = np.prod(b[:, 2:] - b[:, :2], axis=1)
    union = area_a[:, None] + area_b[None, :] - shared
    ratio: NDArray[np.float64] = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return ratio


def grown(boxes: NDArray[np.float64], margins: NDArray[np.float64]) -> NDArray[np.float64]:
    """Boxes (n×4) made larger on every side by ``margins`` (n×2: x, y)."""
    return boxes + np.hstack([-margins, margins])


def assign(score: NDArray[np.float64], least: float) -> list[tuple[int, int]]:
    """Pairs (row, column) of highest total score, none below ``least``."""
    if not score.size or score.max() < least:
        return []
    cost = np.where(score >= least, 1.0 - score, _IMPOSSIBLE)
    _, columns, _ = lap.lapjv(cost, extend_cost=True, cost_limit=1.0 - least + 1e-9)
    return [(row, int(column)) for row, column in enumerate(columns) if column >= 0]
