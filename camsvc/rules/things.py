"""What is in one camera's view, beyond track numbers: since when, whether it moves, whether it was always there.

A tracker loses and finds again; a detector sees a parked car in one frame and not in the next, or takes a signpost for
a person for an hour. Both would open incident after incident. So every object is remembered by its *place*: a new track
that appears where something was standing is that thing again, with its history.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from camsvc.domain.camera import Polygon
from camsvc.domain.track import Box, Moment, ObjectClass, Scene, TrackedObject
from camsvc.rules.zone import contains

SAME_PLACE_IOU = 0.6
"""A box that overlaps its old place by more has not moved: the boxes of a standing car shake by 1 to 3 pixels, which is
IoU 0.65 for the smallest that is detected (20×12 pixels)."""
GONE_PLACE_IOU = 0.2
"""Below this one sighting is enough to say that it moved; above it two in a row are asked for."""
SIGHTINGS_TO_MOVE = 2
SAME_THING_IOU = 0.5
"""A new track this near to where a lost one was is the lost one."""
STANDING_VEHICLE_S = 30.0
"""A vehicle that has stood for so long is parked: as long as most red lights, so that a queue is not parked."""
STANDING_PERSON_S = 300.0
"""Persons are kept longer: somebody who waits or lies still matters. What is still longer is a poster or a signpost."""
SETTING_OFF_S = 5.0
"""A vehicle that moved within this time of its first sighting was moving when first seen, only not yet measurably."""
LOST_MEMORY_S = 10.0
"""How long a lost track's place is remembered when it was moving: an occlusion."""
PLACE_MEMORY_S = 1800.0
"""How long the place of a lost standing thing is remembered: detectors miss a parked car at dusk for minutes."""
MAX_THINGS = 256
"""A car park. Overflow: the one not seen for the longest is forgotten."""


@dataclass(slots=True)
class Thing:
    """One object at one place or on its way, over all its tracks."""

    track: int
    box: Box
    """Latest observed."""
    object_class: ObjectClass
    last: Moment
    """Latest sighting."""
    seen_since: Moment
    """First sighting since it last came into view (a break ends that)."""
    place: Box
    """Where it stands, or stood before it set off."""
    place_last: Moment
    """Latest sighting at its place."""
    standing_s: float = 0.0
    """How long it was watched standing there."""
    has_moved: bool = False
    active_since: Moment | None = None
    """When it last ceased to be scenery, that is, set off; None: it never was (persons at first)."""
    inside_since: Moment | None = None
    """Since when its foot has been in the zone; None: it is not."""
    _off_place: int = field(default=0, repr=False)

    @property
    def is_person(self) -> bool:
        return self.object_class is ObjectClass.PERSON

    @property
    def is_parked(self) -> bool:
        """Part of the scenery: a vehicle never seen to move or standing for long, a person still for very long."""
        if self.is_person:
            return self.standing_s >= STANDING_PERSON_S
        return not self.has_moved or self.standing_s >= STANDING_VEHICLE_S

    @property
    def present_since(self) -> Moment | None:
        """Since when it counts as present in the zone; None: it does not."""
        if self.inside_since is None or self.is_parked:
            return None
        if self.active_since is None:
            return self.inside_since
        return max(self.inside_since, self.active_since, key=lambda moment: moment.at)

    def see(self, seen: TrackedObject, moment: Moment, inside: bool, break_s: float) -> None:
        away_s = (moment.at - self.last.at).total_seconds()
        if away_s > break_s:
            self.seen_since = moment
            self.inside_since = None
        self._follow_place(seen, moment, 0.0 if seen.track != self.track else max(0.0, away_s))
        if not inside:
            self.inside_since = None
        elif self.inside_since is None:
            self.inside_since = moment
        self.track, self.box, self.object_class, self.last = seen.track, seen.box, seen.object_class, moment

    def _follow_place(self, seen: TrackedObject, moment: Moment, watched_s: float) -> None:
        overlap = iou(self.place, seen.box)
        if overlap >= SAME_PLACE_IOU:
            self._off_place = 0
            self.standing_s += watched_s
            self.place_last = moment
            return
        self._off_place += 1
        if overlap >= GONE_PLACE_IOU and self._off_place < SIGHTINGS_TO_MOVE:
            return
        if self.is_parked:
            self.active_since = self._set_off()
        self.has_moved = True
        self.place, self.place_last, self.standing_s, self._off_place = seen.box, moment, 0.0, 0

    def _set_off(self) -> Moment:
        waited_s = (self.place_last.at - self.seen_since.at).total_seconds()
        return self.seen_since if waited_s <= SETTING_OFF_S else self.place_last

    def memory_s(self) -> float:
        return PLACE_MEMORY_S if self.standing_s > 0 and iou(self.box, self.place) >= SAME_PLACE_IOU else LOST_MEMORY_S


class Things:
    """All things of one camera for one rule. Used by the rule's thread.

    ``zone``: None is the whole view. ``break_s``: who was not seen for so long has come anew.
    """

    def __init__(self, zone: Polygon | None, break_s: float) -> None:
        self._zone = zone
        self._break_s = break_s
        self._things: list[Thing] = []
        self._current: list[Thing] = []

    def observe(self, scene: Scene) -> list[tuple[Thing, TrackedObject]]:
        """The things sighted in this scene, each with its sighting. Predicted objects are no sightings."""
        seen = [each for each in scene.objects if each.observed]
        by_track = {thing.track: thing for thing in self._things}
        taken = {each.track for each in scene.objects}
        sighted = []
        for each in seen:
            thing = by_track.get(each.track) or self._lost_at(each, taken)
            inside = self._zone is None or contains(self._zone, each.box.foot)
            if thing is None:
                thing = Thing(
                    each.track, each.box, each.object_class, scene.moment, scene.moment, each.box, scene.moment
                )
                self._things.append(thing)
            thing.see(each, scene.moment, inside, self._break_s)
            sighted.append((thing, each))
        self._current = [thing for thing in self._things if thing.track in taken]
        self._forget(scene.moment)
        return sighted

    def idle(self, elapsed_s: float) -> None:
        """What was in the last scene went on standing for ``elapsed_s``."""
        for thing in self._current:
            thing.standing_s += elapsed_s

    def in_view(self) -> Iterator[Thing]:
        """The things of the last scene, those predicted over an occlusion included."""
        return iter(self._current)

    def _lost_at(self, seen: TrackedObject, taken: set[int]) -> Thing | None:
        person = seen.object_class is ObjectClass.PERSON
        best, best_overlap = None, SAME_THING_IOU
        for thing in self._things:
            if thing.track in taken or thing.is_person is not person:
                continue
            overlap = iou(thing.box, seen.box)
            if overlap >= best_overlap:
                best, best_overlap = thing, overlap
        return best

    def _forget(self, now: Moment) -> None:
        current = {id(thing) for thing in self._current}
        self._things = [
            thing
            for thing in self._things
            if id(thing) in current or (now.at - thing.last.at).total_seconds() <= thing.memory_s()
        ]
        if len(self._things) > MAX_THINGS:
            self._things.sort(key=lambda thing: thing.last.at)
            del self._things[:-MAX_THINGS]


def iou(a: Box, b: Box) -> float:
    """Intersection over union, 0…1."""
    width = min(a.right, b.right) - max(a.left, b.left)
    height = min(a.bottom, b.bottom) - max(a.top, b.top)
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    return common / (a.width * a.height + b.width * b.height - common)
