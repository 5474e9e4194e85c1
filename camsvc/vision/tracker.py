"""Detections of one camera session into tracks: the two-stage association of ByteTrack (arXiv:2110.06864), in seconds.

Time is the packets' media time: frames may come at 30 per second, at 1, or with holes, and nothing here counts frames
where it means seconds.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from camsvc.domain.track import Box, Detection, Moment, ObjectClass, Scene, TrackedObject
from camsvc.media.packets import CLOCK_HZ
from camsvc.vision.association import GROUPS, assign, corners, grown, overlaps
from camsvc.vision.motion import Motion

SURE_CONFIDENCE: Final = 0.4
"""Detections this sure are matched first, with any track; weaker ones continue tracks that nothing else continued."""
SURE_IOU: Final = 0.2
"""Least overlap of a sure detection with where its track was expected, times its confidence (as in ByteTrack)."""
GROWN_IOU: Final = 0.15
"""Least overlap in the second look, when both boxes are grown by what the filter does not know."""
WEAK_IOU: Final = 0.6
"""A weak detection must lie well: it is often a shadow or half of somebody else."""
UNCERTAINTIES: Final = 1.5
"""By how many standard deviations boxes are grown in the second look…"""
GROWTH_LIMIT: Final = 1.0
"""…and at most by this many sizes of the box, so that a long gap does not tie a track to whatever comes next."""
BIRTH_HITS: Final = 2
"""Detections that make a track: one alone is often noise."""
BIRTH_GAP_S: Final = 0.5
"""A track to be is forgotten when not seen again within this time (and at least one frame)."""
LOST_S: Final = 2.0
"""A walker behind a pole or another walker comes back within this; later it is a new track."""
STILL_LOST_S: Final = 10.0
"""What has stood still is kept longer: a parked car behind a passing bus is still that car."""
LOST_FRAMES: Final = 2
"""And both need this many frames without it: a gap in the analysis is not an absence."""
SHOWN_S: Final = 0.3
"""An unseen track stays in the scene this long (predicted, ``observed=False``)…"""
STILL_SHOWN_S: Final = 3.0
"""…and this long when it stood still: its place is known."""
STILL_AFTER_S: Final = 3.0
"""A track is still when it has not left its place for this long…"""
STILL_IOU: Final = 0.6
"""…its place being any box that overlaps the first by this much."""
SAME_IOU: Final = 0.55
"""Two boxes of one group that overlap so are one object, whatever their classes: the surer one stays."""


@dataclass(slots=True)
class _Track:
    motion: Motion
    seen_s: float
    group: int
    hits: int = 1
    misses: int = 0
    """Analysed frames since it was last seen."""
    number: int | None = None
    """Given when it is confirmed, so that numbers have no holes."""
    confidence: float = 0.0
    votes: dict[ObjectClass, float] = field(default_factory=dict)
    place: Box | None = None
    """Where it was when it last moved away from somewhere, and when that was."""
    place_s: float = 0.0

    @property
    def object_class(self) -> ObjectClass:
        return max(self.votes, key=self.votes.__getitem__)

    def take(self, detection: Detection, now_s: float) -> None:
        self.motion.correct(detection.box, detection.confidence)
        self.seen_s = now_s
        self.hits += 1
        self.misses = 0
        self.vote(detection)
        self.settle(now_s)

    def vote(self, detection: Detection) -> None:
        self.confidence = detection.confidence
        self.votes[detection.object_class] = self.votes.get(detection.object_class, 0.0) + detection.confidence

    def settle(self, now_s: float) -> None:
        box = self.motion.box
        if self.place is None or self.place.iou(box) < STILL_IOU:
            self.place, self.place_s = box, now_s

    @property
    def still(self) -> bool:
        return self.seen_s - self.place_s >= STILL_AFTER_S


class Tracker:
    """One per camera session; its numbers start at 1 and are shared with nobody. Used by one thread.

    ``min_confidence``: least confidence with which an object is believed to be new; a known one is followed down to the
    detector's floor. ``classes``: others are ignored.
    """

    def __init__(self, *, min_confidence: float = 0.4, classes: Collection[ObjectClass] = tuple(ObjectClass)) -> None:
        self._min_confidence = min_confidence
        self._sure = min(SURE_CONFIDENCE, min_confidence)
        self._classes = frozenset(classes)
        self._tracks: list[_Track] = []
        self._session: str | None = None
        self._now_s = 0.0
        self._confirmed = 0

    @property
    def unsettled(self) -> bool:
        """Whether the last frame left a question that the next frames will answer: somebody who may have just come, or
        who was not found where they were going. The gate must not sleep over it. What stands still and is not found is
        no question: were it gone, it would have been seen to go."""
        return any(track.number is None or (track.misses and not track.still) for track in self._tracks)

    def update(self, moment: Moment, detections: Sequence[Detection]) -> Scene:
        """What is tracked at ``moment``: confirmed tracks, by number. Moments rise; all are of one session.

        Raises ValueError for a moment of another session or of the past: media times of sessions do not compare.
        """
        now_s = moment.pts_90k / CLOCK_HZ
        if self._session is None:
            self._session, self._now_s = moment.session, now_s
        if moment.session != self._session:
            raise ValueError(f"tracker of session {self._session} was given a frame of {moment.session}")
        if now_s < self._now_s:
            raise ValueError(f"frame at {now_s:.3f} s came after the one at {self._now_s:.3f} s")
        for track in self._tracks:
            track.motion.predict(now_s - self._now_s)
        self._now_s = now_s
        found = _one_of_each([one for one in detections if one.object_class in self._classes])
        self._associate(
            [one for one in found if one.confidence >= self._sure],
            [one for one in found if one.confidence < self._sure],
        )
        self._tracks = [track for track in self._tracks if not self._gone(track)]
        return Scene(moment, self._shown())

    def _associate(self, sure: list[Detection], weak: list[Detection]) -> None:
        tracks, sure = self._match(self._tracks, sure, SURE_IOU, fused=True)
        tracks, sure = self._match(tracks, sure, GROWN_IOU, look_around=True)
        known = [track for track in tracks if track.number is not None]
        missed, _ = self._match(known, weak, WEAK_IOU)
        for track in [*missed, *(track for track in tracks if track.number is None)]:
            track.misses += 1
        for detection in sure:
            if detection.confidence >= self._min_confidence:
                self._born(detection)

    def _match(
        self,
        tracks: list[_Track],
        detections: list[Detection],
        least: float,
        *,
        fused: bool = False,
        look_around: bool = False,
    ) -> tuple[list[_Track], list[Detection]]:
        """Give detections to tracks; what remains of both."""
        if not tracks or not detections:
            return tracks, detections
        expected = corners([track.motion.box for track in tracks])
        measured = corners([one.box for one in detections])
        score = _overlap_around(tracks, expected, measured) if look_around else overlaps(expected, measured)
        if fused:
            score = score * np.array([one.confidence for one in detections])
        groups = np.array([track.group for track in tracks])
        score[groups[:, None] != np.array([GROUPS[one.object_class] for one in detections])[None, :]] = 0.0
        pairs = assign(score, least)
        for row, column in pairs:
            tracks[row].take(detections[column], self._now_s)
            if tracks[row].number is None and tracks[row].hits >= BIRTH_HITS:
                self._confirmed += 1
                tracks[row].number = self._confirmed
        rows, columns = {row for row, _ in pairs}, {column for _, column in pairs}
        return (
            [track for row, track in enumerate(tracks) if row not in rows],
            [one for column, one in enumerate(detections) if column not in columns],
        )

    def _born(self, detection: Detection) -> None:
        track = _Track(Motion(detection.box), self._now_s, GROUPS[detection.object_class])
        track.vote(detection)
        track.settle(self._now_s)
        self._tracks.append(track)

    def _gone(self, track: _Track) -> bool:
        unseen_s = self._now_s - track.seen_s
        if track.number is None:
            return (track.misses > 0 and unseen_s > BIRTH_GAP_S) or track.misses > LOST_FRAMES
        box = track.motion.box
        x, y = box.centre
        if track.misses and not (0 < x < 1 and 0 < y < 1):
            return True
        return track.misses >= LOST_FRAMES and unseen_s > (STILL_LOST_S if track.still else LOST_S)

    def _shown(self) -> tuple[TrackedObject, ...]:
        shown = []
        for track in self._tracks:
            unseen_s = self._now_s - track.seen_s
            if track.number is None or (track.misses and unseen_s > (STILL_SHOWN_S if track.still else SHOWN_S)):
                continue
            box = _inside(track.motion.box)
            if box is not None:
                shown.append(
                    TrackedObject(track.number, box, track.object_class, track.confidence, observed=track.misses == 0)
                )
        return tuple(sorted(shown, key=lambda one: one.track))


def _overlap_around(
    tracks: list[_Track], expected: NDArray[np.float64], measured: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Overlap when each track's box, and the detections in turn, are grown by what its filter does not know."""
    sizes = expected[:, 2:] - expected[:, :2]
    doubt = UNCERTAINTIES * np.array([track.motion.uncertainty for track in tracks])
    margins = np.minimum(doubt, GROWTH_LIMIT * sizes)
    grown_tracks = grown(expected, margins)
    score = np.zeros((len(tracks), len(measured)))
    for row in range(len(tracks)):
        around = grown(measured, np.repeat(margins[row : row + 1], len(measured), axis=0))
        score[row] = overlaps(grown_tracks[row : row + 1], around)[0]
    return score


def _one_of_each(detections: list[Detection]) -> list[Detection]:
    """Without the second opinions: a van that is both a car and a truck is one object, of the surer class."""
    kept: list[Detection] = []
    for one in sorted(detections, key=lambda detection: -detection.confidence):
        rivals = (other for other in kept if GROUPS[other.object_class] == GROUPS[one.object_class])
        if all(one.box.iou(rival.box) < SAME_IOU for rival in rivals):
            kept.append(one)
    return kept


def _inside(box: Box) -> Box | None:
    left, top, right, bottom = max(box.left, 0.0), max(box.top, 0.0), min(box.right, 1.0), min(box.bottom, 1.0)
    return Box(left, top, right - left, bottom - top) if right > left and bottom > top else None
