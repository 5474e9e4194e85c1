"""Presence: a person or vehicle stays in view, or in a zone. One incident for each camera, rule and zone at a time.

It opens when one thing of an allowed class has been there for ``after_s``, and started when that thing was first seen.
It goes on while anything relevant is observed, whoever it is, and closes once nothing has been for ``close_after_s`` of
watched time, ending at the last observed moment. What is parked (`things`) is not relevant: a vehicle that was never
seen to move, or that has stood for ``STANDING_VEHICLE_S``; a person still for ``STANDING_PERSON_S``. When it moves
again it is, from the moment at which it set off.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from camsvc.domain.camera import Camera, Polygon, RuleSpec, Severity
from camsvc.domain.incident import IncidentObject, IncidentState, new_incident_id
from camsvc.domain.track import Moment, ObjectClass, Scene, TrackedObject
from camsvc.errors import ConfigError
from camsvc.rules.events import Closed, Opened, RuleEvent, Updated
from camsvc.rules.rule import PATIENCE_S
from camsvc.rules.things import Thing, Things

AFTER_S = 0.6
"""Default: three frames at 5 a second."""
CLOSE_AFTER_S = 3.0
UPDATE_EVERY_S = 1.0
"""An unchanged cast is reported this often; a new object at once."""
MAX_OBJECTS = 500
"""Of one incident on a busy street. Overflow: the least confident are left out."""


@dataclass(slots=True)
class _Open:
    key: str
    started: Moment
    last: Moment
    objects: dict[int, IncidentObject] = field(default_factory=dict)
    quiet_s: float = 0.0
    """Watched time without anything relevant."""
    blind_s: float = 0.0
    """Time since ``last`` of which nothing is known."""
    reported_at: datetime | None = None


class Presence:
    """The rule (`rules.rule.Rule`)."""

    kind = "presence"

    def __init__(
        self,
        *,
        classes: tuple[ObjectClass, ...],
        zone: str | None = None,
        polygon: Polygon | None = None,
        severity: Severity = Severity.INFO,
        after_s: float = AFTER_S,
        close_after_s: float = CLOSE_AFTER_S,
    ) -> None:
        self._classes = frozenset(classes)
        self._zone = zone
        self._severity = severity
        self._after_s = after_s
        self._close_after_s = close_after_s
        self._things = Things(polygon, break_s=close_after_s)
        self._open: _Open | None = None
        self._now: Moment | None = None

    @classmethod
    def of(cls, camera: Camera, spec: RuleSpec) -> Presence:
        """Raises ConfigError when the zone is not one of the camera's."""
        if spec.zone is not None and spec.zone not in camera.zones:
            raise ConfigError(f"camera {camera.id!r}: rule {spec.kind!r} names the zone {spec.zone!r}, which it lacks")
        return cls(
            classes=spec.classes or camera.detect.classes,
            zone=spec.zone,
            polygon=camera.zones[spec.zone] if spec.zone is not None else None,
            severity=spec.severity,
            after_s=spec.settings.get("after_s", AFTER_S),
            close_after_s=spec.settings.get("close_after_s", CLOSE_AFTER_S),
        )

    def observe(self, scene: Scene) -> list[RuleEvent]:
        events = self._after_a_jump(scene.moment)
        elapsed_s = self._pass_to(scene.moment)
        relevant = [
            (thing, seen)
            for thing, seen in self._things.observe(self._allowed(scene))
            if thing.present_since is not None
        ]
        if self._open is None:
            return events + self._maybe_open(relevant, scene.moment)
        if not relevant:
            return events + self._quiet(elapsed_s)
        return events + self._go_on(self._open, relevant, scene.moment)

    def idle(self, at: Moment) -> list[RuleEvent]:
        events = self._after_a_jump(at)
        elapsed_s = self._pass_to(at)
        self._things.idle(elapsed_s)
        if any(thing.present_since is not None for thing in self._things.in_view()):
            return events
        return events + self._quiet(elapsed_s)

    def unseen(self, at: Moment) -> list[RuleEvent]:
        events = self._after_a_jump(at)
        elapsed_s = self._pass_to(at)
        if self._open:
            self._open.blind_s += elapsed_s
            if self._open.blind_s > PATIENCE_S:
                events += self._close(IncidentState.INTERRUPTED)
        return events

    def interrupt(self, at: Moment) -> list[RuleEvent]:
        self._pass_to(at)
        return self._close(IncidentState.INTERRUPTED)

    def _allowed(self, scene: Scene) -> Scene:
        return Scene(scene.moment, tuple(each for each in scene.objects if each.object_class in self._classes))

    def _after_a_jump(self, at: Moment) -> list[RuleEvent]:
        """A wall clock that went back further than patience: what is open did not happen later than now."""
        if self._now and (self._now.at - at.at).total_seconds() > PATIENCE_S:
            return self._close(IncidentState.INTERRUPTED)
        return []

    def _pass_to(self, at: Moment) -> float:
        elapsed_s = max(0.0, (at.at - self._now.at).total_seconds()) if self._now else 0.0
        self._now = at
        return elapsed_s

    def _maybe_open(self, relevant: list[tuple[Thing, TrackedObject]], now: Moment) -> list[RuleEvent]:
        starts = [thing.present_since for thing, _ in relevant if thing.present_since]
        if not starts:
            return []
        started = min(starts, key=lambda moment: moment.at)
        if (now.at - started.at).total_seconds() < self._after_s:
            return []
        self._open = opened = _Open(str(new_incident_id(started.at)), started, last=now)
        events = self._go_on(opened, relevant, now)
        objects = tuple(opened.objects.values())
        return [Opened(opened.key, self.kind, self._zone, self._severity, started, objects), *events]

    def _go_on(self, incident: _Open, relevant: list[tuple[Thing, TrackedObject]], now: Moment) -> list[RuleEvent]:
        incident.last, incident.quiet_s, incident.blind_s = now, 0.0, 0.0
        news = [self._cast(incident, seen) for _, seen in relevant]
        due = incident.reported_at is None or (now.at - incident.reported_at).total_seconds() >= UPDATE_EVERY_S
        if not due and not any(news):
            return []
        incident.reported_at = now.at
        return [Updated(incident.key, now, tuple(incident.objects.values()))]

    @staticmethod
    def _cast(incident: _Open, seen: TrackedObject) -> bool:
        """Take ``seen`` into the incident's objects; whether it is new there."""
        before = incident.objects.get(seen.track)
        confidence = max(seen.confidence, before.confidence if before else 0.0)
        incident.objects[seen.track] = IncidentObject(seen.track, seen.object_class, round(confidence, 4))
        if len(incident.objects) > MAX_OBJECTS:
            del incident.objects[min(incident.objects.values(), key=lambda each: each.confidence).track]
        return before is None

    def _quiet(self, elapsed_s: float) -> list[RuleEvent]:
        if self._open is None:
            return []
        self._open.quiet_s += elapsed_s
        return self._close(IncidentState.CLOSED) if self._open.quiet_s >= self._close_after_s else []

    def _close(self, state: IncidentState) -> list[RuleEvent]:
        if self._open is None:
            return []
        incident, self._open = self._open, None
        return [Closed(incident.key, incident.last, tuple(incident.objects.values()), state)]
