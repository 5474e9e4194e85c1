"""Time lines of all cameras of a package under each other: what was recorded when, what is missing, what happened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from camsvc.evidence.contents import Gathered, Times, joined
from camsvc.evidence.drawing import FOOTAGE, GRID, INK, QUIET, WIDTH, Drawing, hatch

QUIET_FOR = timedelta(minutes=30)
"""Time in which nothing is known of any camera is left out, and a new stretch begun: else a night would be all there
is to see."""
STRETCHES_MAX = 40
"""Of one report."""
NAMES = 150.0
LANE, BAR, TOP = 22.0, 12.0, 10.0
FOOT = 16.0
LABEL_MAX = 26
LEAST = timedelta(seconds=10)


@dataclass(slots=True)
class Lane:
    """One camera."""

    name: str
    footage: list[Times] = field(default_factory=list)
    holes: list[Times] = field(default_factory=list)
    incidents: list[tuple[int, datetime, datetime]] = field(default_factory=list)
    wanted: list[Times] = field(default_factory=list)
    """Spans of time that were asked for."""
    moments: list[datetime] = field(default_factory=list)
    """Of snapshots."""

    @property
    def times(self) -> Iterator[Times]:
        yield from self.footage
        yield from self.holes
        yield from self.wanted
        yield from ((started_at, ended_at) for _, started_at, ended_at in self.incidents)
        yield from ((at, at) for at in self.moments)


@dataclass(frozen=True, slots=True)
class Stretch:
    started_at: datetime
    ended_at: datetime
    drawing: Drawing


def stretches(found: Gathered, zone: ZoneInfo, title: str) -> tuple[tuple[Stretch, ...], int]:
    """Oldest first; each as long as something is known without a pause of QUIET_FOR. And how many more there are."""
    lanes = _lanes(found)
    spans = joined(sorted(times for lane in lanes.values() for times in lane.times), QUIET_FOR)
    drawn = tuple(Stretch(*each, _draw(lanes, each, zone, title)) for each in spans[:STRETCHES_MAX])
    return drawn, len(spans) - len(drawn)


def _lanes(found: Gathered) -> dict[str, Lane]:
    lanes: dict[str, Lane] = {}

    def lane(camera: str, name: str | None) -> Lane:
        return lanes.setdefault(camera, Lane(name or camera))

    for each in found.incidents:
        of = lane(each.incident.camera, each.camera.name)
        of.footage += [(part.started_at, part.ended_at) for part in each.parts]
        of.holes += [(hole.started_at, hole.ended_at) for hole in each.holes]
        of.incidents.append((each.number, each.incident.started_at, each.incident.until))
    for span in found.spans:
        of = lane(span.span.camera, span.camera.name)
        of.wanted.append((span.span.from_at, span.span.to_at))
        of.footage += span.footage
        of.holes += [(hole.started_at, hole.ended_at) for hole in span.holes]
    for picture in found.snapshots:
        lane(picture.snapshot.camera, picture.camera.name).moments.append(picture.snapshot.at)
    return dict(sorted(lanes.items()))


def _draw(lanes: dict[str, Lane], times: Times, zone: ZoneInfo, title: str) -> Drawing:
    first, last = times
    if last - first < LEAST:
        first, last = first - LEAST / 2, last + LEAST / 2
    length_s = (last - first).total_seconds()
    shown = [lane for lane in lanes.values() if any(start <= last and end >= first for start, end in lane.times)]
    height = TOP + LANE * len(shown) + FOOT
    drawing = Drawing(WIDTH, height, title)

    def x(at: datetime) -> float:
        return NAMES + (WIDTH - NAMES - 4) * min(max((at - first).total_seconds() / length_s, 0), 1)

    for at in _ticks(first, last):
        drawing.line((x(at), TOP - 4), (x(at), height - FOOT + 2), stroke=GRID, width=0.6)
        anchor = "end" if x(at) > WIDTH - 30 else "middle" if x(at) > NAMES + 20 else "start"
        drawing.label(x(at), height - 4, f"{at.astimezone(zone):%H:%M:%S}", QUIET, anchor)
    for number, lane in enumerate(shown):
        _lane(drawing, lane, TOP + LANE * number, (first, last), x)
    return drawing


def _lane(drawing: Drawing, lane: Lane, top: float, within: Times, x: Callable[[datetime], float]) -> None:
    place, base = top + 6, top + 6 + BAR
    name = lane.name if len(lane.name) <= LABEL_MAX else f"{lane.name[: LABEL_MAX - 1]}…"
    drawing.label(2, base - 2, name, INK)
    drawing.box(NAMES, place, WIDTH - 4, base, "#f1f5f9")
    for start, end in _within(lane.wanted, within):
        drawing.box(x(start), place, max(x(end), x(start) + 1), base, GRID)
    for start, end in _within(lane.footage, within):
        drawing.box(x(start), place, max(x(end), x(start) + 1), base, FOOTAGE)
    for start, end in _within(lane.holes, within):
        hatch(drawing, x(start), x(end), place, base)
    numbers: dict[int, list[int]] = defaultdict(list)
    for number, start, end in lane.incidents:
        if start <= within[1] and end >= within[0]:
            drawing.line((x(start), place - 2.5), (max(x(end), x(start) + 1.5), place - 2.5), stroke=INK, width=2)
            numbers[round(x(start) / 16)].append(number)
    for slot, of_it in numbers.items():
        text = str(of_it[0]) if len(of_it) == 1 else f"{of_it[0]}…"
        drawing.label(max(slot * 16.0, NAMES), place - 4, text, QUIET)
    for at in lane.moments:
        if within[0] <= at <= within[1]:
            drawing.polygon((x(at) - 3, place - 5), (x(at) + 3, place - 5), (x(at), place), fill=INK)


def _within(times: Iterable[Times], within: Times) -> Iterator[Times]:
    for start, end in times:
        if start <= within[1] and end >= within[0]:
            yield max(start, within[0]), min(end, within[1])


def _ticks(first: datetime, last: datetime) -> list[datetime]:
    return [first + (last - first) * step / 4 for step in range(5)]
