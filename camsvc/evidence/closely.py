"""A second look at large pictures: by parts, in which the detector sees as much as the camera recorded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from camsvc.domain.track import VEHICLES, Box, Detection
from camsvc.vision.detector import Detector

EVERY_S: Final = 0.2
"""Often enough for who walks: what is found is hidden half a second before and after."""
LARGER: Final = 1.5
"""Pictures larger than the detector's own input by less are looked at whole only."""
ACROSS: Final = 2
"""Parts in each direction: 1080p comes to the detector in nearly its own size."""
OVERLAP: Final = 0.2
"""Of a part's size, with the next: who stands on an edge is whole in one of them…"""
EDGE: Final = 0.01
"""…and left out of the other: a box that ends so near an inner edge is cut off."""
SAME_IOU, INSIDE = 0.4, 0.7
"""What makes a box in a part the same as one that was seen already, or a piece of a surer one."""


class Turns:
    """Whose turn it is, for one pass over a film. Two passes over the same film choose the same pictures."""

    def __init__(self) -> None:
        self._last: tuple[int, float] | None = None

    def is_due(self, part: int, at_s: float) -> bool:
        if self._last is not None and self._last[0] == part and 0 <= at_s - self._last[1] < EVERY_S:
            return False
        self._last = part, at_s
        return True


def look_closely(detector: Detector, image: NDArray[np.uint8], found: Sequence[Detection]) -> list[Detection]:
    """``found`` in the whole picture (BGR), and what its parts show besides, if it is large enough for that. Raises
    DetectorError."""
    height, width = image.shape[:2]
    if width < detector.input_size(width, height)[0] * LARGER:
        return list(found)
    windows = list(_windows())
    crops = [
        np.ascontiguousarray(
            image[
                round(each.top * height) : round(each.bottom * height),
                round(each.left * width) : round(each.right * width),
            ]
        )
        for each in windows
    ]
    everything = list(found)
    for window, detections in zip(windows, detector.detect(crops), strict=True):
        for each in detections:
            if not _is_cut(each.box, window):
                _merge(everything, Detection(_in_whole(each.box, window), each.object_class, each.confidence))
    return everything


def _windows() -> Iterator[Box]:
    size = 1 / (ACROSS - (ACROSS - 1) * OVERLAP)
    step = size * (1 - OVERLAP)
    for row in range(ACROSS):
        for column in range(ACROSS):
            yield Box(column * step, row * step, size, size)


def _in_whole(box: Box, window: Box) -> Box:
    return Box(
        window.left + box.left * window.width,
        window.top + box.top * window.height,
        box.width * window.width,
        box.height * window.height,
    )


def _is_cut(box: Box, window: Box) -> bool:
    """At an edge of the part that is not one of the picture."""
    return (
        (box.left < EDGE < window.left)
        or (box.top < EDGE < window.top)
        or (box.right > 1 - EDGE > window.right)
        or (box.bottom > 1 - EDGE > window.bottom)
    )


def _merge(everything: list[Detection], seen: Detection) -> None:
    """The surer one of two looks at the same object stays."""
    for index, other in enumerate(everything):
        if (seen.object_class in VEHICLES) != (other.object_class in VEHICLES):
            continue
        if seen.box.iou(other.box) >= SAME_IOU:
            if seen.confidence > other.confidence:
                everything[index] = seen
            return
        if other.confidence >= seen.confidence and share_within(seen.box, other.box) >= INSIDE:
            return
    everything.append(seen)


def share_within(inner: Box, outer: Box) -> float:
    width = min(inner.right, outer.right) - max(inner.left, outer.left)
    height = min(inner.bottom, outer.bottom) - max(inner.top, outer.top)
    return max(width, 0.0) * max(height, 0.0) / (inner.width * inner.height)
