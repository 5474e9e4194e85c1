"""What the tracker said, as far as it is stored with incidents, told to a rule again.

An incident's track list holds what was observed, not that nothing was. Three kinds of holes are told apart: a short one
within an incident is time that was watched without anything; a longer one within an incident is time in which the gate
saw nothing move, for the incident went on; one between incidents is time in which nothing that mattered was there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from camsvc.domain.camera import Detect
from camsvc.domain.coverage import MissingSpan
from camsvc.domain.incident import ClipPart, Incident
from camsvc.domain.track import Box, Moment, ObjectClass, Scene, TrackedObject
from camsvc.errors import InputError, NotFoundError
from camsvc.media.packets import CLOCK_HZ
from camsvc.rules.events import RuleEvent
from camsvc.rules.rule import Rule
from camsvc.storage.objects import ObjectStore

MAX_BYTES = 64 * 1024 * 1024
"""Of one track list; the worker keeps them smaller."""
SAME_FRAME_S = 0.015
"""Boxes of two incidents that are no further apart in time are of one picture: at 30 pictures a second it is 0.033."""
STEP_S = 0.6
"""Scenes no further apart follow each other: three pictures at 5 a second."""
SESSION = "stored"
"""All is told as one session: its moments are placed by wall time."""
_MOMENT_BEFORE = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Sighting:
    at: datetime
    track: tuple[str, int]
    """Session that was analysed, and the number in it."""
    seen: TrackedObject


@dataclass(frozen=True, slots=True)
class Stored:
    incident: Incident
    sightings: tuple[Sighting, ...]


def read(store: ObjectStore, incident: Incident) -> Stored:
    """The boxes of ``incident``. Blocks. Raises NotFoundError (there are none yet), InputError (they are not as written
    by a worker), StoreError."""
    if incident.tracks is None or incident.clip is None:
        raise NotFoundError(f"incident {incident.id} has no track list")
    content = bytearray()
    with store.open(incident.tracks) as pieces:
        for piece in pieces:
            content += piece
            if len(content) > MAX_BYTES:
                raise InputError(f"the track list of {incident.id} is longer than {MAX_BYTES} bytes")
    parts = {part.session: part for part in reversed(incident.clip.parts)}
    try:
        return Stored(incident, tuple(_sightings(json.loads(content), parts)))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise InputError(f"the track list of {incident.id} cannot be read") from error


def merged(stored: Sequence[Stored], detect: Detect) -> list[Scene]:
    """All as scenes, in order of time, each picture once, without what ``detect`` does not want. Track numbers are
    unique over all sessions. A track counts when it was once as sure as ``detect`` asks."""
    best: dict[tuple[str, int], float] = {}
    everything = sorted((each for one in stored for each in one.sightings), key=lambda each: each.at)
    for each in everything:
        best[each.track] = max(best.get(each.track, 0.0), each.seen.confidence)
    numbers: dict[tuple[str, int], int] = {}
    scenes: list[Scene] = []
    frame: dict[int, TrackedObject] = {}
    began: datetime | None = None
    for each in everything:
        if each.seen.object_class not in detect.classes or best[each.track] < detect.min_confidence:
            continue
        if began is not None and (each.at - began).total_seconds() > SAME_FRAME_S:
            scenes.append(_scene(began, frame))
            frame, began = {}, None
        began = began or each.at
        number = numbers.setdefault(each.track, len(numbers) + 1)
        frame[number] = TrackedObject(number, each.seen.box, each.seen.object_class, each.seen.confidence)
    if began is not None:
        scenes.append(_scene(began, frame))
    return scenes


def play(
    rule: Rule,
    scenes: Sequence[Scene],
    known: Sequence[tuple[datetime, datetime]],
    missing: Sequence[MissingSpan],
    end: datetime,
    *,
    quiet_s: float,
) -> Iterator[RuleEvent]:
    """What ``rule`` says. ``known``: when incidents went on; ``missing``: what was not analysed; ``quiet_s``: a hole
    that is longer ended no incident then, so something stood still in it."""
    for before, scene in pairwise([None, *scenes]):
        assert scene is not None  # noqa: S101  only the first of all pairs begins with None
        if before is not None:
            yield from _hole(rule, before.moment.at, scene.moment.at, known, missing, quiet_s)
        yield from rule.observe(scene)
    if scenes:
        yield from _hole(rule, scenes[-1].moment.at, end, (), missing, quiet_s)
        yield from rule.interrupt(_moment(end))


def _hole(
    rule: Rule,
    from_: datetime,
    to: datetime,
    known: Sequence[tuple[datetime, datetime]],
    missing: Sequence[MissingSpan],
    quiet_s: float,
) -> list[RuleEvent]:
    length_s = (to - from_).total_seconds()
    if length_s <= STEP_S:
        return []
    at = _moment(to - _MOMENT_BEFORE)
    if any(each.started_at < to and each.ended_at > from_ for each in missing):
        return rule.unseen(at)
    if length_s >= quiet_s and any(began <= from_ and to <= last for began, last in known):
        return rule.idle(at)
    return rule.observe(Scene(at, ()))


def _sightings(document: Mapping[str, Any], parts: Mapping[str, ClipPart]) -> Iterator[Sighting]:
    for track in document["tracks"]:
        part = parts[track["session"]]
        object_class = ObjectClass(track["class"])
        name = (str(track.get("analysis_session", track["session"])), int(track["track"]))
        for pts, left, top, width, height, confidence in track["points"]:
            at = part.started_at + timedelta(seconds=(pts - part.start_pts_90k) / CLOCK_HZ)
            box = Box(float(left), float(top), float(width), float(height))
            yield Sighting(at, name, TrackedObject(name[1], box, object_class, float(confidence)))


def _scene(at: datetime, frame: Mapping[int, TrackedObject]) -> Scene:
    return Scene(_moment(at), tuple(frame.values()))


def _moment(at: datetime) -> Moment:
    return Moment(SESSION, round(at.timestamp() * CLOCK_HZ), at)
