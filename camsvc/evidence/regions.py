"""Which boxes of a picture are hidden, and which of those seen in it may be: a person's choice laid over the tracks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from camsvc.domain.redaction import Blur, Redaction, Region, TrackRef
from camsvc.domain.track import VEHICLES, Box, ObjectClass
from camsvc.evidence.obscuring import Hidden, Manner
from camsvc.evidence.paths import Path, TrackPaths

HOLE_S: Final = 2.0
"""The longest hole in a track over which it stays hidden: the tracker's own memory of what is out of sight."""
CARRY_S: Final = 0.5
"""Before its first and after its last sighting: who walks into the picture is seen before the tracker is sure, and
cameras are analysed five times a second."""
MARGIN: Final = 0.12
"""Of a box's own size, on each side: hair, hands and bags are outside of boxes now and then, and between two sightings
nobody walks quite straight."""
HEAD_OF_HEIGHT, HEAD_OF_WIDTH = 0.3, 0.8
"""The head's part of a person's box, from above: of a standing person's height by the first (a head is an eighth of it,
boxes begin above it), of the width of one cut off at the waist by the second, whichever is more."""


@dataclass(frozen=True, slots=True)
class Cover:
    """Something hidden for a time."""

    path: Path
    margin: float
    carry_s: float
    manner: Manner = Manner.MOSAIC
    is_head: bool = False

    def at(self, at_s: float) -> Hidden | None:
        if not self.path.times_s[0] - self.carry_s <= at_s <= self.path.times_s[-1] + self.carry_s:
            return None
        box = self.path.at(at_s)
        return Hidden(widened(head_of(box) if self.is_head else box, self.margin), self.manner)


class Hiding:
    """What is hidden in one incident's footage. One thread changes it."""

    def __init__(self, tracks: Mapping[str, Any] | None, redaction: Redaction) -> None:
        """Raises InputError when ``tracks`` is no track list."""
        self._blur = redaction.blur
        self._covers = _Shelf()
        self._kept = _Shelf()
        self._always: dict[int, list[Hidden]] = defaultdict(list)
        paths = TrackPaths(tracks, join_s=HOLE_S)
        refs = paths.refs()
        hidden = {ref for ref, kind in refs.items() if _is_hidden(ref, kind, redaction)}
        self.hidden_tracks, self.seen_tracks = len(hidden), len(refs) - len(hidden)
        for part, path in paths.all():
            if path.ref in hidden:
                is_head = redaction.blur is Blur.FACES and path.ref not in redaction.added
                self._covers.put(part, Cover(path, MARGIN, CARRY_S, is_head=is_head))
            elif path.ref in redaction.kept:
                self._kept.put(part, Cover(path, 0.0, CARRY_S))
        for region in redaction.regions:
            self._draw(region)

    @property
    def blur(self) -> Blur:
        return self._blur

    def asks_for(self, object_class: ObjectClass | None) -> bool:
        """Whether an object of this class is to be hidden, if it is not kept."""
        return _asks(self._blur, object_class)

    def must_hide(self, box: Box) -> Box:
        """Of an object's box the part that is to be hidden."""
        return head_of(box) if self._blur is Blur.FACES else box

    def hidden(self, part: int, at_s: float) -> list[Hidden]:
        return [*self._always[part], *self._covers.at(part, at_s)]

    def kept(self, part: int, at_s: float) -> list[Box]:
        """Where the tracks are that stay to be seen."""
        return [each.box for each in self._kept.at(part, at_s)]

    def add(self, part: int, covers: Iterable[Cover]) -> None:
        for each in covers:
            self._covers.put(part, each)

    def _draw(self, region: Region) -> None:
        boxes = [Box(each.left, each.top, each.width, each.height) for each in region.boxes]
        if len(boxes) == 1:
            self._always[region.part].append(Hidden(boxes[0]))
            return
        drawn = Path(TrackRef("", 0), None, tuple(each.at_s for each in region.boxes), tuple(boxes))
        self._covers.put(region.part, Cover(drawn, 0.0, 0.0))


def head_of(box: Box) -> Box:
    """The upper part of a person's box in which the head is; all of somebody who lies. Widths are compared as fractions
    of the picture, which is broader than high: that errs to the larger side."""
    height = min(max(box.height * HEAD_OF_HEIGHT, box.width * HEAD_OF_WIDTH), box.height)
    return Box(box.left, box.top, box.width, height)


def widened(box: Box, margin: float) -> Box:
    return Box(
        box.left - box.width * margin,
        box.top - box.height * margin,
        box.width * (1 + 2 * margin),
        box.height * (1 + 2 * margin),
    )


class _Shelf:
    """Covers by part and whole second, so that a long clip with many tracks asks each picture only a few."""

    def __init__(self) -> None:
        self._by_second: dict[tuple[int, int], list[Cover]] = defaultdict(list)

    def put(self, part: int, cover: Cover) -> None:
        times = cover.path.times_s
        for second in range(int(times[0] - cover.carry_s) - 1, int(times[-1] + cover.carry_s) + 2):
            self._by_second[part, second].append(cover)

    def at(self, part: int, at_s: float) -> list[Hidden]:
        found = (cover.at(at_s) for cover in self._by_second.get((part, int(at_s)), ()))
        return [each for each in found if each is not None]


def _is_hidden(ref: TrackRef, object_class: ObjectClass | None, redaction: Redaction) -> bool:
    if ref in redaction.added:
        return True
    return ref not in redaction.kept and _asks(redaction.blur, object_class)


def _asks(blur: Blur, object_class: ObjectClass | None) -> bool:
    if blur is Blur.EVERYTHING:
        return True
    return object_class in VEHICLES if blur is Blur.VEHICLES else object_class is ObjectClass.PERSON
