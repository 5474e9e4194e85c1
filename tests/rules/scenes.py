"""Scenes made by hand: who is where, when."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from camsvc.domain.track import Box, Moment, ObjectClass, Scene, TrackedObject
from camsvc.rules.events import Closed, Opened, RuleEvent
from camsvc.rules.rule import Rule

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
FPS = 5.0


def moment(at_s: float, session: str = "s1") -> Moment:
    return Moment(session, round(at_s * 90_000), START + timedelta(seconds=at_s))


def thing(
    track: int,
    x: float,
    y: float = 0.5,
    *,
    kind: ObjectClass = ObjectClass.PERSON,
    confidence: float = 0.8,
    observed: bool = True,
) -> TrackedObject:
    """An object whose foot is at (x, y)."""
    width, height = (0.05, 0.2) if kind is ObjectClass.PERSON else (0.2, 0.15)
    return TrackedObject(track, Box(x - width / 2, y - height, width, height), kind, confidence, observed)


def scene(at_s: float, *objects: TrackedObject, session: str = "s1") -> Scene:
    return Scene(moment(at_s, session), objects)


Actor = Callable[[float], TrackedObject | None]
"""What is seen of somebody at a second; None: nothing."""


def play(rule: Rule, start_s: float, end_s: float, *actors: Actor, fps: float = FPS) -> list[RuleEvent]:
    events: list[RuleEvent] = []
    for index in range(round((end_s - start_s) * fps)):
        at_s = start_s + index / fps
        seen = [each for each in (actor(at_s) for actor in actors) if each is not None]
        events += rule.observe(scene(at_s, *seen))
    return events


def opened(events: Iterable[RuleEvent]) -> list[float]:
    """Start of each incident, in seconds."""
    return [seconds(event.started) for event in events if isinstance(event, Opened)]


def closed(events: Iterable[RuleEvent]) -> list[tuple[float, str]]:
    """End and state of each incident that ended."""
    return [(seconds(event.ended), event.state.value) for event in events if isinstance(event, Closed)]


def seconds(at: Moment) -> float:
    return round((at.at - START).total_seconds(), 3)
