"""Tracks as MOTChallenge text (arXiv:1603.00831 §4.2): ``frame,id,left,top,width,height,confidence,-1,-1,-1``.

Frames are counted from 1 over all frames of the file, boxes are in pixels. Between two sure sightings of a track its
box is interpolated, so that frames that were not analysed, and short occlusions, have boxes too. An unsure sighting,
of somebody half hidden as a rule, says that the track goes on but not well where: on TUD-Stadtmitte and TUD-Campus
believing its box costs 0.04 and 0.10 of MOTA.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from camsvc.domain.track import Box, Scene
from camsvc.media.packets import CLOCK_HZ

MAX_INTERPOLATED_S = 2.0
"""Over a longer absence nobody knows where it was: the tracker's own memory of a moving track."""


@dataclass(frozen=True, slots=True)
class _Sighting:
    frame: int
    box: Box
    confidence: float


@dataclass(slots=True)
class TrackTable:
    """Sightings of a whole file. About 250 bytes each: 25 a second of ten objects are 220 MB an hour."""

    sure_confidence: float = 0.4
    """Sightings from here on are believed as they are."""
    _seen: dict[int, list[tuple[int, Box, float]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, scene: Scene) -> None:
        for each in scene.objects:
            if each.observed:
                self._seen[each.track].append((scene.moment.pts_90k, each.box, each.confidence))

    def lines(self, frame_times_90k: Sequence[int], width: int, height: int) -> Iterator[str]:
        """In order of frame, then id. ``frame_times_90k``: the media time of every frame of the file, rising."""
        rows = []
        for track, seen in self._seen.items():
            sure = [each for each in seen if each[2] >= self.sure_confidence]
            believed = sure if len(sure) > 1 else seen
            sightings = [_Sighting(_frame(frame_times_90k, pts), box, confidence) for pts, box, confidence in believed]
            rows += [(each.frame, track, each) for each in _filled(sightings, frame_times_90k)]
        for frame, track, each in sorted(rows, key=lambda row: row[:2]):
            box = each.box
            yield (
                f"{frame},{track},{box.left * width:.2f},{box.top * height:.2f},"
                f"{box.width * width:.2f},{box.height * height:.2f},{each.confidence:.4f},-1,-1,-1"
            )


def _frame(times_90k: Sequence[int], pts_90k: int) -> int:
    """Number of the frame nearest to ``pts_90k``."""
    index = bisect_left(times_90k, pts_90k)
    if index == len(times_90k) or (index and pts_90k - times_90k[index - 1] < times_90k[index] - pts_90k):
        index -= 1
    return index + 1


def _filled(sightings: Sequence[_Sighting], times_90k: Sequence[int]) -> Iterator[_Sighting]:
    before: _Sighting | None = None
    for each in sightings:
        if before is not None and each.frame == before.frame:
            continue
        if before is not None:
            span_90k = times_90k[each.frame - 1] - times_90k[before.frame - 1]
            if 0 < span_90k <= MAX_INTERPOLATED_S * CLOCK_HZ:
                for frame in range(before.frame + 1, each.frame):
                    share = (times_90k[frame - 1] - times_90k[before.frame - 1]) / span_90k
                    yield _between(before, each, frame, share)
        yield each
        before = each


def _between(a: _Sighting, b: _Sighting, frame: int, share: float) -> _Sighting:
    def mix(x: float, y: float) -> float:
        return x + (y - x) * share

    box = Box(
        mix(a.box.left, b.box.left),
        mix(a.box.top, b.box.top),
        mix(a.box.width, b.box.width),
        mix(a.box.height, b.box.height),
    )
    return _Sighting(frame, box, min(a.confidence, b.confidence))
