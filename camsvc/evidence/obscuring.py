"""Makes a box of a picture unrecognisable, for good: so few values are kept of it that nothing brings it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from camsvc.domain.track import Box

CELLS, CELLS_MAX = 2, 4
"""Values kept of a box: so many across its shorter side, and along its longer one in proportion, but no more than the
second. Eight values of a person say light above, dark below; with 6 × 12 the detector finds people again (measured:
docs/reference/redaction.md)."""
GREY: Final = 114
"""Of a flat box, of 255: what detectors are taught to take for nothing, as pictures are padded with it."""


class Manner(IntEnum):
    """In the order in which they are applied: the surer one has the last word."""

    MOSAIC = 0
    """A few colours that flow into each other."""
    FLAT = 1
    """Nothing at all is kept."""


@dataclass(frozen=True, slots=True)
class Hidden:
    box: Box
    """May reach over the picture's edges."""
    manner: Manner = Manner.MOSAIC


def obscure(planes: Sequence[NDArray[np.uint8]], hidden: Sequence[Hidden], flat: Sequence[int]) -> None:
    """Changes ``planes`` in place: of one picture, each with its own number of rows and columns, or one of several
    channels. ``flat``: the value of each plane for GREY."""
    for each in sorted(hidden, key=lambda one: one.manner):
        for plane, value in zip(planes, flat, strict=True):
            _obscure(plane, each, value)


def _obscure(plane: NDArray[np.uint8], hidden: Hidden, flat: int) -> None:
    rows, columns = plane.shape[:2]
    box = hidden.box
    # Outwards to whole pixels: half a pixel of a face would be one too much.
    left, right = max(int(np.floor(box.left * columns)), 0), min(int(np.ceil(box.right * columns)), columns)
    top, bottom = max(int(np.floor(box.top * rows)), 0), min(int(np.ceil(box.bottom * rows)), rows)
    if left >= right or top >= bottom:
        return
    there = plane[top:bottom, left:right]
    if hidden.manner is Manner.FLAT:
        there[:] = flat
        return
    width, height = right - left, bottom - top
    shorter = min(width, height)
    across = min(width, max(CELLS, min(round(CELLS * width / shorter), CELLS_MAX)))
    along = min(height, max(CELLS, min(round(CELLS * height / shorter), CELLS_MAX)))
    coarse = cv2.resize(there, (across, along), interpolation=cv2.INTER_AREA)
    there[:] = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
