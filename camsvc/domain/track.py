"""What is seen: boxes, detections, tracks. Boxes are fractions of the picture: they fit main and sub stream alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ObjectClass(StrEnum):
    PERSON = "person"
    BICYCLE = "bicycle"
    CAR = "car"
    MOTORCYCLE = "motorcycle"
    BUS = "bus"
    TRUCK = "truck"


VEHICLES = frozenset(ObjectClass) - {ObjectClass.PERSON}


@dataclass(frozen=True, slots=True)
class Box:
    """Left, top, width, height as fractions of the picture (0…1)."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def bottom(self) -> float:
        return self.top + self.height

    @property
    def centre(self) -> tuple[float, float]:
        return self.left + self.width / 2, self.top + self.height / 2

    @property
    def foot(self) -> tuple[float, float]:
        """Where the object meets the ground: middle of the lower edge. Zones are tested with it."""
        return self.left + self.width / 2, self.bottom

    def iou(self, other: Box) -> float:
        """Intersection over union: 1 for the same box, 0 for boxes that do not overlap."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        if width <= 0 or height <= 0:
            return 0.0
        shared = width * height
        return shared / (self.width * self.height + other.width * other.height - shared)


@dataclass(frozen=True, slots=True)
class Detection:
    box: Box
    object_class: ObjectClass
    confidence: float


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant of one session: media time and wall time, kept apart (invariant 4)."""

    session: str
    """Identifies the session; media times of different sessions do not compare."""
    pts_90k: int
    """Media time since the session's first packet, unwrapped, in 1/90000 s."""
    at: datetime
    """Wall time, aware, UTC."""


@dataclass(frozen=True, slots=True)
class TrackedObject:
    """One confirmed track in one analysed frame."""

    track: int
    """Unique within the camera's session, from 1."""
    box: Box
    object_class: ObjectClass
    """By vote over the whole track so far, so that it does not flicker."""
    confidence: float
    observed: bool = True
    """False: predicted over a short occlusion, not detected in this frame."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What the tracker says of one analysed frame: input of the rules."""

    moment: Moment
    objects: tuple[TrackedObject, ...]
