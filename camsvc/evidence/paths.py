"""Where the tracks of ``tracks.json`` are at a moment of a part (docs/reference/tracks.md). Never invented: between two
sightings that are near in time, and nowhere else."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from camsvc.domain.redaction import TrackRef
from camsvc.domain.track import Box, ObjectClass
from camsvc.errors import InputError

VERSION = 1
CLOCK_HZ = 90_000
JOIN_S = 1.2
"""Two sightings closer than this are joined by a straight line, as the player does: cameras are analysed five times a
second, and an idle one once."""
LINGER_S = 0.25
"""A last sighting is shown for so long, as the player does."""


@dataclass(frozen=True, slots=True)
class Seen:
    ref: TrackRef
    object_class: ObjectClass | None
    """None: of a class that this version does not know."""
    box: Box


@dataclass(frozen=True, slots=True)
class Path:
    """Sightings of one track without a hole longer than allowed, in player time of one part. At least one."""

    ref: TrackRef
    object_class: ObjectClass | None
    times_s: tuple[float, ...]
    boxes: tuple[Box, ...]

    def at(self, at_s: float) -> Box:
        """Between its sightings on a straight line; before and after them where it was first and last seen."""
        index = bisect_right(self.times_s, at_s)
        if index == 0:
            return self.boxes[0]
        if index == len(self.times_s):
            return self.boxes[-1]
        earlier, later = self.times_s[index - 1], self.times_s[index]
        return between(self.boxes[index - 1], self.boxes[index], (at_s - earlier) / (later - earlier))


class TrackPaths:
    """The tracks of one incident. Raises InputError for a document that is no track list."""

    def __init__(self, tracks: Mapping[str, Any] | None, join_s: float = JOIN_S) -> None:
        """``tracks``: the document, parsed; None: there is none. ``join_s``: the longest hole that is bridged."""
        self._paths: dict[int, list[Path]] = defaultdict(list)
        if tracks is None:
            return
        try:
            if tracks["version"] != VERSION:
                raise InputError(f"tracks of version {tracks['version']!r} cannot be read", cure="use a newer camsvc")
            for part, path in _paths(tracks, join_s):
                self._paths[part].append(path)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise InputError("the track list is not as a worker writes it", cure="see `camsvc fsck`") from error

    def of(self, part: int) -> Sequence[Path]:
        return self._paths.get(part, ())

    def all(self) -> Iterator[tuple[int, Path]]:
        """Each with the part that it lies in."""
        return ((part, path) for part, paths in self._paths.items() for path in paths)

    def refs(self) -> dict[TrackRef, ObjectClass | None]:
        return {path.ref: path.object_class for paths in self._paths.values() for path in paths}

    def seen(self, part: int, at_s: float, *, linger_s: float) -> Iterator[Seen]:
        """Everything that is somewhere then; ``linger_s``: after its last sighting, too."""
        for path in self.of(part):
            if path.times_s[0] - 0.5 / CLOCK_HZ <= at_s <= path.times_s[-1] + linger_s:
                yield Seen(path.ref, path.object_class, path.at(at_s))


def near(tracks: Mapping[str, Any] | None, part: int, at_s: float, within_s: float) -> Mapping[str, Any] | None:
    """The document with only those points that are so near in time: one picture of a long incident needs few. Raises
    InputError for a document that is no track list."""
    if tracks is None:
        return None
    try:
        zero = next((each["start_pts_90k"] for each in tracks["parts"] if each["index"] == part), None)
        if zero is None:
            return {**tracks, "tracks": []}
        earliest, latest = zero + (at_s - within_s) * CLOCK_HZ, zero + (at_s + within_s) * CLOCK_HZ
        cut = [{**each, "points": _slice(each["points"], earliest, latest)} for each in tracks["tracks"]]
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise InputError("the track list is not as a worker writes it", cure="see `camsvc fsck`") from error
    return {**tracks, "tracks": cut}


def between(a: Box, b: Box, share: float) -> Box:
    return Box(
        a.left + (b.left - a.left) * share,
        a.top + (b.top - a.top) * share,
        a.width + (b.width - a.width) * share,
        a.height + (b.height - a.height) * share,
    )


def _paths(tracks: Mapping[str, Any], join_s: float) -> Iterator[tuple[int, Path]]:
    parts = sorted(tracks["parts"], key=lambda part: part["start_pts_90k"])
    for track in tracks["tracks"]:
        ref = TrackRef(track["session"], int(track["track"]), track.get("analysis_session"))
        try:
            object_class = ObjectClass(track["class"])
        except ValueError:
            object_class = None
        mine = [part for part in parts if part["session"] == ref.session]
        for number, part in enumerate(mine):
            ends = mine[number + 1]["start_pts_90k"] if number + 1 < len(mine) else None
            points = [
                ((point[0] - part["start_pts_90k"]) / CLOCK_HZ, Box(*(float(each) for each in point[1:5])))
                for point in track["points"]
                if point[0] >= part["start_pts_90k"] and (ends is None or point[0] < ends)
            ]
            for piece in _pieces(points, join_s):
                yield part["index"], Path(ref, object_class, *(tuple(each) for each in zip(*piece, strict=True)))


def _slice(points: Sequence[Sequence[float]], earliest: float, latest: float) -> Sequence[Sequence[float]]:
    first = bisect_left(points, earliest, key=lambda point: point[0])
    return points[first : bisect_right(points, latest, first, key=lambda point: point[0])]


def _pieces(points: Sequence[tuple[float, Box]], join_s: float) -> Iterator[list[tuple[float, Box]]]:
    piece = list(points[:1])
    for before, point in pairwise(points):
        if point[0] - before[0] > join_s:
            yield piece
            piece = []
        if not piece or point[0] > piece[-1][0]:
            piece.append(point)
    if piece:
        yield piece
