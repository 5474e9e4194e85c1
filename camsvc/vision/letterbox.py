"""Pictures of any size into a few common sizes of equal cost, and boxes back."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from camsvc.domain.track import Box

STRIDE: Final = 32
"""A YOLO's input is a multiple of this."""
GREY: Final = 114
"""What the models saw around pictures when they were trained."""
_MIN_SIDES: Final = 4
"""In strides: a picture narrower than 1:8 is no camera picture; its canvas stays usable."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How a picture of one size lies in its canvas. Pixels."""

    canvas_width: int
    canvas_height: int
    width: int
    """Of the scaled picture…"""
    height: int
    left: int
    """…and where it lies."""
    top: int

    def place(self, image: NDArray[np.uint8], canvas: NDArray[np.uint8]) -> None:
        """Scale ``image`` (BGR) into ``canvas``. Costs only a copy when the decoder has already scaled it."""
        if image.shape[:2] != (self.height, self.width):
            smaller = image.shape[0] > self.height
            how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
            image = cv2.resize(image, (self.width, self.height), interpolation=how)  # type: ignore[assignment]
        canvas[:] = GREY
        canvas[self.top : self.top + self.height, self.left : self.left + self.width] = image

    def box(self, left: float, top: float, right: float, bottom: float) -> Box | None:
        """A box in canvas pixels as fractions of the picture, cut at its edges; None when nothing of it is inside."""
        x0, x1 = ((min(max(x - self.left, 0.0), self.width)) / self.width for x in (left, right))
        y0, y1 = ((min(max(y - self.top, 0.0), self.height)) / self.height for y in (top, bottom))
        return Box(x0, y0, x1 - x0, y1 - y0) if x1 > x0 and y1 > y0 else None


@functools.lru_cache(maxsize=256)
def fit(width: int, height: int, budget_px: int) -> Fit:
    """The canvas of at most ``budget_px`` pixels in which a ``width`` × ``height`` picture comes out largest.

    A budget of 640×384 gives 640×384 for 16:9, 576×416 for 4:3 and 384×640 for a camera turned on its side:
    the same work for the detector, and up to 8 % larger objects than one size for all.
    """
    if width < 1 or height < 1:
        raise ValueError(f"a picture of {width}×{height} has no pixels")
    best: tuple[float, int, int, int] | None = None
    cells = budget_px // (STRIDE * STRIDE)
    for columns in range(_MIN_SIDES, cells // _MIN_SIDES + 1):
        for rows in range(_MIN_SIDES, cells // columns + 1):
            scale = min(columns * STRIDE / width, rows * STRIDE / height)
            candidate = (scale, -columns * rows, columns, rows)
            if best is None or candidate > best:
                best = candidate
    if best is None:
        raise ValueError(f"{budget_px} pixels are too few for a detector: use at least 160×96")
    scale, _, columns, rows = best
    canvas_width, canvas_height = columns * STRIDE, rows * STRIDE
    scaled_width = max(1, min(canvas_width, round(width * scale)))
    scaled_height = max(1, min(canvas_height, round(height * scale)))
    return Fit(
        canvas_width,
        canvas_height,
        scaled_width,
        scaled_height,
        (canvas_width - scaled_width) // 2,
        (canvas_height - scaled_height) // 2,
    )
