"""The boxes of an incident, for drawing over its clip: collected while it runs, written as JSON at its end.

The format of ``tracks.json`` is documented in docs/reference/tracks.md.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from camsvc.domain.incident import ClipPart, Incident
from camsvc.domain.incident_json import time_json
from camsvc.domain.track import Scene
from camsvc.media.packets import CLOCK_HZ
from camsvc.worker.spool_journal import Journal, write_durably

VERSION = 1
SCENES_MAX_BYTES = 8 * 1024 * 1024
"""About 120 000 boxes: five an analysed frame at 5 frames/s for an hour and a quarter. Above half of it one frame a
second is kept; at the whole of it no more, and ``truncated`` says so."""
THINNED = timedelta(seconds=1)
BUFFER_MAX = 4096
"""Scenes waiting to be written: minutes, where they are written every two seconds. The oldest go first, counted."""
_DIGITS = 5
"""Of a fraction of the picture: a hundredth of a pixel in 1080p."""
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SceneLog:
    """Boxes of one incident on their way to the disk. :meth:`add` by one thread, :meth:`flush` by another."""

    def __init__(self, path: Path) -> None:
        self._journal = Journal(path)
        self._buffer: deque[bytes] = deque(maxlen=BUFFER_MAX)
        self._last_at: datetime | None = None
        self.dropped = 0
        """Scenes given up because the disk did not take them."""

    def add(self, scene: Scene) -> None:
        line = _encode(scene)
        if line is None or not self._has_room(scene.moment.at):
            return
        self._last_at = scene.moment.at
        self.dropped += len(self._buffer) == BUFFER_MAX
        self._buffer.append(line)

    def flush(self) -> None:
        """Hand all to the operating system: survives the death of the process. Raises OSError; nothing is lost then."""
        lines = [self._buffer.popleft() for _ in range(len(self._buffer))]
        if not lines:
            return
        try:
            self._journal.append(lines, sync=False)
        except OSError:
            self._buffer.extendleft(reversed(lines))
            raise

    def _has_room(self, at: datetime) -> bool:
        used = self._journal.size_bytes
        if used >= SCENES_MAX_BYTES:
            return False
        return used < SCENES_MAX_BYTES // 2 or self._last_at is None or at - self._last_at >= THINNED


@dataclass(frozen=True, slots=True)
class _Seen:
    session: str
    pts_90k: int
    at: datetime
    objects: list[list[Any]]


def write_tracks(path: Path, incident: Incident, parts: Sequence[ClipPart], scenes: Path) -> None:
    """Write ``path`` durably from the scene log ``scenes`` (which may be missing). Raises OSError."""
    tracks: dict[tuple[str, str, int], dict[str, Any]] = {}
    for seen in _read(scenes):
        part = _covering(parts, seen)
        if part is not None:
            _place(tracks, part, seen)
    document = {
        "version": VERSION,
        "camera": incident.camera,
        "incident": str(incident.id),
        "model": incident.model,
        "width": parts[0].width if parts else None,
        "height": parts[0].height if parts else None,
        "truncated": scenes.exists() and scenes.stat().st_size >= SCENES_MAX_BYTES,
        "parts": [
            {
                "index": part.index,
                "session": part.session,
                "start_pts_90k": part.start_pts_90k,
                "started_at": time_json(part.started_at),
            }
            for part in parts
        ],
        "tracks": list(tracks.values()),
    }
    write_durably(path, json.dumps(document, separators=(",", ":")).encode())


def _place(tracks: dict[tuple[str, str, int], dict[str, Any]], part: ClipPart, seen: _Seen) -> None:
    pts_90k = seen.pts_90k
    if seen.session != part.session:
        # Analysed on the sub stream, whose media time is its own: only the wall time says which picture is meant.
        pts_90k = part.start_pts_90k + round((seen.at - part.started_at).total_seconds() * CLOCK_HZ)
    for track, object_class, *numbers in seen.objects:
        key = (part.session, seen.session, track)
        if key not in tracks:
            tracks[key] = {"track": track, "session": part.session, "class": object_class, "points": []}
            if seen.session != part.session:
                tracks[key]["analysis_session"] = seen.session
        tracks[key]["class"] = object_class  # by vote over the whole track so far: the latest word is the best
        tracks[key]["points"].append([pts_90k, *numbers])


def _covering(parts: Iterable[ClipPart], seen: _Seen) -> ClipPart | None:
    for part in parts:
        if seen.session == part.session:
            end_pts_90k = part.start_pts_90k + round(part.duration_s * CLOCK_HZ)
            if part.start_pts_90k <= seen.pts_90k < end_pts_90k:
                return part
        elif part.started_at <= seen.at < part.ended_at:
            return part
    return None


def _encode(scene: Scene) -> bytes | None:
    objects = [
        [
            item.track,
            item.object_class.value,
            round(item.box.left, _DIGITS),
            round(item.box.top, _DIGITS),
            round(item.box.width, _DIGITS),
            round(item.box.height, _DIGITS),
            round(item.confidence, 3),
        ]
        for item in scene.objects
        if item.observed  # what was only predicted was not seen: the player draws between the points
    ]
    if not objects:
        return None
    moment = scene.moment
    line = [moment.session, moment.pts_90k, (moment.at - _EPOCH) // _MICROSECOND, objects]
    return json.dumps(line, separators=(",", ":")).encode()


def _read(scenes: Path) -> Iterator[_Seen]:
    try:
        lines = Journal(scenes).read()
    except FileNotFoundError:
        return
    for line in lines:
        session, pts_90k, at_us, objects = json.loads(line)
        yield _Seen(session, pts_90k, _EPOCH + timedelta(microseconds=at_us), objects)
