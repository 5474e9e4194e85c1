"""Which of the tracked objects move, and which have become part of the scene."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from camsvc.domain.track import Box, Scene, TrackedObject

STILL_AFTER_S: Final = 4.0
"""An object that has kept its place for this long is still; a newcomer counts as moving until then."""
SAME_PLACE_IOU: Final = 0.6
"""Boxes of a standing object shake; those of a moving one leave their place."""
FORGET_S: Final = 30.0
"""A track that has not been seen for this long is gone."""


@dataclass(frozen=True, slots=True)
class Seen:
    moving: bool
    """Whether anything moves, or came less than STILL_AFTER_S ago."""
    newcomers: tuple[float, ...]
    """When those first appeared who have now moved for the first time, in a scene that was still before them."""


@dataclass(slots=True)
class _Object:
    place: Box
    since_s: float
    first_s: float
    last_s: float
    into_stillness: bool
    """Nothing else moved when it came: the packets had no other reason to show news."""
    has_moved: bool = False


class Stillness:
    def __init__(self) -> None:
        self._objects: dict[int, _Object] = {}
        self._moved_s = float("-inf")

    def observe(self, at_s: float, scene: Scene) -> Seen:
        newcomers = []
        moving = False
        for seen in scene.objects:
            known = self._objects.get(seen.track)
            if known is None:
                calm = at_s - self._moved_s > STILL_AFTER_S
                self._objects[seen.track] = _Object(seen.box, at_s, at_s, at_s, into_stillness=calm)
                moving = True
                continue
            if self._left(known, seen, at_s) and not known.has_moved:
                known.has_moved = True
                if known.into_stillness:
                    newcomers.append(known.first_s)
            moving |= at_s - known.since_s < STILL_AFTER_S
        if moving:
            self._moved_s = at_s
        for track in [track for track, known in self._objects.items() if at_s - known.last_s > FORGET_S]:
            del self._objects[track]
        return Seen(moving, tuple(newcomers))

    def _left(self, known: _Object, seen: TrackedObject, at_s: float) -> bool:
        """Whether it has left its place; then it has a new one."""
        known.last_s = at_s
        if not seen.observed or known.place.iou(seen.box) >= SAME_PLACE_IOU:
            return False
        known.place, known.since_s = seen.box, at_s
        return True
