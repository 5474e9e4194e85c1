"""Whether a picture shows what an earlier one did, apart from noise and a change of light."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH: Final = 160
HEIGHT: Final = 96
SIZE: Final = (WIDTH, HEIGHT)
"""In pixels: small enough to cost nothing (0.1 ms); somebody on 1 % of the picture still covers two cells."""
CELL: Final = 8
"""Pixels of the small picture are averaged over cells of this side: 20 × 12 cells."""
LEAST_STEP: Final = 4.0
"""Grey levels (of 255) by which a cell must change: in still scenes the most changed one differs by 1 to 3, with a man
in near darkness by 10 at least. Erring costs one analysis."""
NOISES: Final = 5.0
"""…and this many times the usual change of a cell, which is small against the changed cells' number."""


class Likeness:
    """Compares with one kept picture; sizes may differ."""

    def __init__(self) -> None:
        self._kept: NDArray[np.float32] | None = None

    def differs(self, image: NDArray[np.uint8]) -> bool:
        """Whether ``image`` (BGR) shows anything else than the kept one. True when none is kept."""
        if self._kept is None:
            return True
        change = _cells(image) - self._kept
        change -= float(np.median(change))  # a cloud passes, the iris opens: everything changes alike
        size = np.abs(change)
        return bool(size.max() > max(LEAST_STEP, NOISES * float(np.median(size))))

    def keep(self, image: NDArray[np.uint8]) -> None:
        self._kept = _cells(image)

    def forget(self) -> None:
        self._kept = None


def _cells(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    small = image if image.shape[:2] == (HEIGHT, WIDTH) else cv2.resize(image, SIZE, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.float32)
    cells: NDArray[np.float32] = grey.reshape(HEIGHT // CELL, CELL, WIDTH // CELL, CELL).mean(axis=(1, 3))
    return cells
