"""The way to a detector, as an analysis sees it; and the direct one, for one file and one thread."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from camsvc.domain.track import Moment
from camsvc.vision.detector import Detector
from camsvc.worker.mailbox import Analysed


class Lane(Protocol):
    """`worker.mailbox.Lane` is the one to a shared detector."""

    def offer(self, moment: Moment, image: NDArray[np.uint8], *, wait: bool = False) -> bool:
        """Hand in a BGR picture; False: it was not taken."""
        ...

    def results(self, wait_s: float = 0.0) -> list[Analysed]:
        """Answers so far, in the order of the offers. Waits up to ``wait_s`` for the first if one is due."""
        ...


class DirectLane:
    """Analyses at once, in the caller's thread, which must be the one that made ``detector``."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._results: list[Analysed] = []

    def offer(self, moment: Moment, image: NDArray[np.uint8], *, wait: bool = False) -> bool:
        """Raises DetectorError when the detector fails."""
        self._results.append(Analysed(moment, self._detector.detect([image])[0]))
        return True

    def results(self, wait_s: float = 0.0) -> list[Analysed]:
        taken, self._results = self._results, []
        return taken
