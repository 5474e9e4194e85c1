"""The detector looks through footage, and through the redacted copy of it, for what is to be hidden and is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from camsvc.domain.redaction import TrackRef
from camsvc.domain.track import VEHICLES, Box, Detection, ObjectClass
from camsvc.evidence.closely import Turns, look_closely, share_within
from camsvc.evidence.obscuring import Hidden
from camsvc.evidence.paths import Path
from camsvc.evidence.regions import Hiding
from camsvc.vision.detector import Detector

CONFIDENCE: Final = 0.2
"""From here on something counts as detectable: half of what a camera asks for before it believes."""
STRICT_CONFIDENCE: Final = 0.12
"""While a copy is made a second time: what is not found from here on before the encoder changed the picture is not
found from CONFIDENCE on after it."""
SURE: Final = 0.4
BATCH: Final = 4
"""Pictures that the detector is given at once: scaled, a megabyte each."""
COVERED: Final = 0.85
"""Share of what must be hidden that is enough: boxes of the same person differ by so much between two looks."""
SAME_IOU, INSIDE, WEAK_INSIDE = 0.3, 0.75, 0.5
"""A detection is the kept track's when it overlaps so much with it, or lies within it by the second: of somebody whom
others hide in part no more is seen. A weak one needs only the third: a torso, a leg."""
LINK_IOU, LINK_S = 0.2, 0.7
"""A detection goes on with the one before when they overlap so much and are no further apart."""
HEAD_SHARED, NECK_SHARE = 0.4, 0.3
"""A hidden head is a body's when they share so much of the narrower one's width, and no more of the body's height lies
between them."""
GRID: Final = 24
"""Coverage is measured on so many points squared."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture on its way to the detector."""

    part: int
    at_s: float
    image: NDArray[np.uint8]
    """BGR."""


@dataclass(slots=True)
class Trail:
    """One object that the detector found again and again."""

    times_s: list[float]
    boxes: list[Box]
    object_class: ObjectClass

    def path(self) -> Path:
        return Path(TrackRef("", 0), self.object_class, tuple(self.times_s), tuple(self.boxes))


@dataclass(slots=True)
class Findings:
    """What is to be hidden and was found, as trails by part."""

    boxes: int = 0
    pictures: int = 0
    trails: dict[int, list[Trail]] = field(default_factory=dict)
    _open: dict[int, list[Trail]] = field(default_factory=dict)

    def take(self, part: int, at_s: float, found: Sequence[tuple[Box, ObjectClass]]) -> None:
        """Of one picture; pictures of a part come in order."""
        if not found:
            return
        self.boxes += len(found)
        self.pictures += 1
        going = [each for each in self._open.get(part, ()) if at_s - each.times_s[-1] <= LINK_S]
        for box, kind in found:
            candidates = [each for each in going if each.times_s[-1] < at_s and _alike(each.object_class, kind)]
            best = max(candidates, key=lambda each: each.boxes[-1].iou(box), default=None)
            if best is not None and best.boxes[-1].iou(box) >= LINK_IOU:
                best.times_s.append(at_s)
                best.boxes.append(box)
            else:
                fresh = Trail([at_s], [box], kind)
                going.append(fresh)
                self.trails.setdefault(part, []).append(fresh)
        self._open[part] = going


def look(detector: Detector, pictures: Iterator[Shown], judge: Callable[[Shown, list[Detection]], None]) -> None:
    """Every picture through the detector, in order; of large ones now and then parts of it by themselves, for who is
    small in them. Raises DetectorError."""
    waiting: list[Shown] = []
    turns = Turns()
    for each in pictures:
        waiting.append(each)
        if len(waiting) == BATCH:
            _judge(detector, waiting, judge, turns)
            waiting = []
    if waiting:
        _judge(detector, waiting, judge, turns)


def exposed(hiding: Hiding, shown: Shown, detections: Sequence[Detection]) -> list[tuple[Box, ObjectClass]]:
    """What of these is neither kept nor covered, in a picture of the original: the part that must be hidden."""
    hidden = hiding.hidden(shown.part, shown.at_s)
    found = []
    for each in outside(hiding, shown, detections):
        box = hiding.must_hide(each.box)
        if share_covered(box, hidden) < COVERED:
            found.append((box, each.object_class))
    return found


def outside(
    hiding: Hiding,
    shown: Shown,
    detections: Sequence[Detection],
    confidence: float = CONFIDENCE,
    *,
    is_copy: bool = False,
) -> list[Detection]:
    """Those of a class to be hidden that are not the kept tracks. In a copy, who stands before or behind a kept one is
    hidden already, as the original showed both: what is found within the kept one's box is a piece of that one."""
    asked = [each for each in detections if each.confidence >= confidence and hiding.asks_for(each.object_class)]
    if not asked:
        return []
    kept = hiding.kept(shown.part, shown.at_s)
    allowed: set[int] = set()
    for box in kept:
        allowed |= _of_kept(box, asked)
        if is_copy:
            allowed |= {index for index, each in enumerate(asked) if share_within(each.box, box) >= INSIDE}
    return [each for index, each in enumerate(asked) if index not in allowed]


def is_headless(box: Box, hidden: Sequence[Hidden]) -> bool:
    """Whether a person's box, found where heads are hidden, is what is left below a hidden one: it may begin at the
    head, under it, or at the shoulders."""
    for each in hidden:
        head = each.box
        shared = min(head.right, box.right) - max(head.left, box.left)
        beside = shared < HEAD_SHARED * min(head.width, box.width)
        if not beside and head.top <= box.top + box.height * 0.1 and head.bottom >= box.top - box.height * NECK_SHARE:
            return True
    return False


def share_covered(box: Box, hidden: Sequence[Hidden]) -> float:
    """Of ``box`` within the picture, 0…1; 1 where nothing of it is inside."""
    xs = box.left + box.width * (np.arange(GRID) + 0.5) / GRID
    ys = box.top + box.height * (np.arange(GRID) + 0.5) / GRID
    xs, ys = xs[(xs >= 0) & (xs < 1)], ys[(ys >= 0) & (ys < 1)]
    if not xs.size or not ys.size:
        return 1.0
    covered = np.zeros((ys.size, xs.size), bool)
    for each in hidden:
        one = each.box
        covered |= ((ys >= one.top) & (ys <= one.bottom))[:, None] & ((xs >= one.left) & (xs <= one.right))[None]
    return float(covered.mean())


def _of_kept(kept: Box, detections: Sequence[Detection]) -> set[int]:
    """Which of the detections are this track: the one that fits best, and weak ones of the same or of its parts. A
    second sure person in the same place is another one."""
    overlaps = [kept.iou(each.box) for each in detections]
    best = max(range(len(detections)), key=overlaps.__getitem__)
    if overlaps[best] < SAME_IOU and share_within(detections[best].box, kept) < INSIDE:
        return {index for index, each in enumerate(detections) if _is_weak_part(each, kept)}
    found = {best}
    for index, each in enumerate(detections):
        # One car is often found as a truck too, as sure: boxes of two cars do not share half.
        if (each.object_class in VEHICLES and overlaps[index] >= 0.5) or _is_weak_part(each, kept):
            found.add(index)
    return found


def _is_weak_part(detection: Detection, kept: Box) -> bool:
    return detection.confidence < SURE and share_within(detection.box, kept) >= WEAK_INSIDE


def _alike(one: ObjectClass, other: ObjectClass) -> bool:
    return (one in VEHICLES) == (other in VEHICLES)


def _judge(
    detector: Detector, shown: Sequence[Shown], judge: Callable[[Shown, list[Detection]], None], turns: Turns
) -> None:
    for each, detections in zip(shown, detector.detect([each.image for each in shown]), strict=True):
        is_due = turns.is_due(each.part, each.at_s)
        judge(each, look_closely(detector, each.image, detections) if is_due else detections)
