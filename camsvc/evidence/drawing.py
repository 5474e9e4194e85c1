"""Plain drawings for the reports: shapes in points, once, shown as SVG in the page and by lines in the PDF."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from itertools import pairwise
from zoneinfo import ZoneInfo

from camsvc.domain.coverage import Coverage
from camsvc.domain.geo import EARTH_RADIUS_M, Location
from camsvc.evidence.contents import Found, Gathered
from camsvc.evidence.ground import Line

WIDTH = 640.0
MAP_HEIGHT = 320.0
TIMELINE_HEIGHT = 64.0
INK, QUIET, GRID = "#1f2933", "#52606d", "#d9e2ec"
BOUNDARY = "#a0aec0"
FOOTAGE, GAP, UNSEEN, VIEW = "#2b6cb0", "#c53030", "#dd9b20", "#90cdf4"
LEAST_EXTENT_M = 120.0
"""A single camera is shown with so much around it."""
DEFAULT_RANGE_M = 50.0
WEDGE_STEP_DEG = 6.0
FONT_SIZE = 9.0
HALF_TURN_DEG = 180


@dataclass(frozen=True, slots=True)
class Shape:
    """A polygon when ``fill`` is given, else lines between the points."""

    points: tuple[tuple[float, float], ...]
    stroke: str | None = None
    fill: str | None = None
    width: float = 1.0


@dataclass(frozen=True, slots=True)
class Label:
    x: float
    y: float
    """Of the base line."""
    text: str
    colour: str = INK
    anchor: str = "start"
    """``start``, ``middle`` or ``end``."""


@dataclass(slots=True)
class Drawing:
    width: float
    height: float
    title: str
    items: list[Shape | Label] = field(default_factory=list)

    def line(self, *points: tuple[float, float], stroke: str = INK, width: float = 1.0) -> None:
        self.items.append(Shape(points, stroke=stroke, width=width))

    def polygon(self, *points: tuple[float, float], fill: str, stroke: str | None = None) -> None:
        self.items.append(Shape(points, stroke=stroke, fill=fill))

    def box(self, left: float, top: float, right: float, bottom: float, fill: str) -> None:
        self.polygon((left, top), (right, top), (right, bottom), (left, bottom), fill=fill)

    def disc(self, x: float, y: float, radius: float, fill: str) -> None:
        turns = (math.tau * step / 16 for step in range(16))
        points = tuple((x + radius * math.cos(turn), y + radius * math.sin(turn)) for turn in turns)
        self.polygon(*points, fill=fill, stroke="#ffffff")

    def label(self, x: float, y: float, text: str, colour: str = INK, anchor: str = "start") -> None:
        self.items.append(Label(x, y, text, colour, anchor))

    def svg(self) -> str:
        inside = "".join(_svg(item) for item in self.items)
        return (
            f'<svg viewBox="0 0 {self.width:g} {self.height:g}" role="img" aria-label="{escape(self.title)}">'
            f"{inside}</svg>"
        )


def timeline(found: Found, zone: ZoneInfo, title: str) -> Drawing:
    """One bar of time: footage, gaps in it, the incident above, what was not analysed below."""
    incident, clip = found.incident, found.incident.clip
    drawing = Drawing(WIDTH, TIMELINE_HEIGHT, title)
    starts = [incident.started_at, *([clip.started_at] if clip else [])]
    ends = [incident.until, *([clip.ended_at] if clip else [])]
    first, last = min(starts), max(ends)
    span_s = max((last - first).total_seconds(), 1e-3)

    def x(at: datetime) -> float:
        return 4 + (WIDTH - 8) * min(max((at - first).total_seconds() / span_s, 0), 1)

    drawing.box(4, 18, WIDTH - 4, 34, GRID)
    for part in clip.parts if clip else ():
        drawing.box(x(part.started_at), 18, max(x(part.ended_at), x(part.started_at) + 1), 34, FOOTAGE)
    for hole in found.holes:
        hatch(drawing, x(hole.started_at), x(hole.ended_at), 18, 34)
    for span in found.missing:
        if span.what is Coverage.ANALYSIS:
            drawing.box(x(span.started_at), 37, max(x(span.ended_at), x(span.started_at) + 1), 40, UNSEEN)
    drawing.line((x(incident.started_at), 12), (x(incident.until), 12), stroke=INK, width=2.5)
    for at in (incident.started_at, incident.until):
        drawing.line((x(at), 8), (x(at), 16), stroke=INK, width=1.5)
    for at, place, anchor in ((first, 4.0, "start"), (last, WIDTH - 4, "end")):
        drawing.label(place, 54, f"{at.astimezone(zone):%H:%M:%S.%f}"[:-3], QUIET, anchor)
    return drawing


def map_of(found: Gathered, ground: Sequence[Line], title: str) -> Drawing | None:
    """Where the cameras stand and look, over the lines of ``ground``; None: no place is known. North is up."""
    places: dict[tuple[str, Location], list[int]] = {}
    for each in found.incidents:
        if each.incident.location is not None:
            places.setdefault((each.incident.camera, each.incident.location), []).append(each.number)
    known = {camera for camera, _ in places}
    for other in (*(each.camera for each in found.spans), *(each.camera for each in found.snapshots)):
        if other.location is not None and other.id not in known:
            places.setdefault((other.id, other.location), [])
    if not places:
        return None
    drawing = Drawing(WIDTH, MAP_HEIGHT, title)
    plane = _Plane([location for _, location in places])
    drawing.box(0, 0, WIDTH, MAP_HEIGHT, "#f7fafc")
    _grid(drawing, plane)
    for line in ground:
        _boundary(drawing, plane, line)
    for _, location in places:
        _view(drawing, plane, location)
    for (camera, location), numbers in places.items():
        x, y = plane.at(location.lat, location.lon)
        drawing.disc(x, y, 5, FOOTAGE)
        shown = ", ".join(map(str, numbers[:6])) + (" …" if len(numbers) > 6 else "")
        # At the side that the camera does not look to.
        looks_right = 0 < (location.heading_deg or 0) % 360 < HALF_TURN_DEG
        side = (x - 9, "end") if looks_right else (x + 9, "start")
        drawing.label(side[0], y + 3, f"{camera} ({shown})" if shown else camera, INK, side[1])
    drawing.line((WIDTH - 18, 34), (WIDTH - 18, 12), stroke=INK, width=1.5)
    drawing.polygon((WIDTH - 22, 18), (WIDTH - 18, 8), (WIDTH - 14, 18), fill=INK)
    drawing.label(WIDTH - 18, 46, "N", INK, "middle")
    return drawing


class _Plane:
    """Degrees to points, with metres equal in both directions around the middle."""

    def __init__(self, locations: Sequence[Location]) -> None:
        self._lat = (min(each.lat for each in locations) + max(each.lat for each in locations)) / 2
        self._lon = (min(each.lon for each in locations) + max(each.lon for each in locations)) / 2
        reach = max((each.range_m or DEFAULT_RANGE_M for each in locations), default=DEFAULT_RANGE_M)
        east = max(abs(self._metres(each.lat, each.lon)[0]) for each in locations) + reach
        north = max(abs(self._metres(each.lat, each.lon)[1]) for each in locations) + reach
        east, north = max(east, LEAST_EXTENT_M), max(north, LEAST_EXTENT_M)
        self.points_per_m = min(WIDTH / 2 / east, MAP_HEIGHT / 2 / north) * 0.88

    def at(self, lat: float, lon: float) -> tuple[float, float]:
        east, north = self._metres(lat, lon)
        return WIDTH / 2 + east * self.points_per_m, MAP_HEIGHT / 2 - north * self.points_per_m

    def _metres(self, lat: float, lon: float) -> tuple[float, float]:
        scale = EARTH_RADIUS_M * math.radians(1)
        return (lon - self._lon) * scale * math.cos(math.radians(self._lat)), (lat - self._lat) * scale


def _grid(drawing: Drawing, plane: _Plane) -> None:
    """Squares of a round number of metres, and a bar as long as one."""
    step_m = 10.0 ** math.floor(math.log10(WIDTH / plane.points_per_m / 4))
    step_m *= next(factor for factor in (5, 2, 1) if step_m * factor * plane.points_per_m <= WIDTH / 4)
    step = step_m * plane.points_per_m
    x = WIDTH / 2 % step
    while x < WIDTH:
        drawing.line((x, 0), (x, MAP_HEIGHT), stroke=GRID, width=0.6)
        x += step
    y = MAP_HEIGHT / 2 % step
    while y < MAP_HEIGHT:
        drawing.line((0, y), (WIDTH, y), stroke=GRID, width=0.6)
        y += step
    base = MAP_HEIGHT - 14
    drawing.line((14, base - 4), (14, base), (14 + step, base), (14 + step, base - 4), stroke=INK, width=1.5)
    size = f"{step_m / 1000:g} km" if step_m >= 1000 else f"{step_m:g} m"
    drawing.label(14 + step / 2, base - 5, size, INK, "middle")


def _boundary(drawing: Drawing, plane: _Plane, line: Line) -> None:
    points = [plane.at(lat, lon) for lon, lat in line]
    for start, end in pairwise(points):
        cut = _cut(start, end)
        if cut is not None:
            drawing.line(*cut, stroke=BOUNDARY, width=1.2)


def _cut(
    start: tuple[float, float], end: tuple[float, float]
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """What of a line lies in the map (Liang and Barsky 1984)."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    enters, leaves = 0.0, 1.0
    for step, room in ((-dx, start[0]), (dx, WIDTH - start[0]), (-dy, start[1]), (dy, MAP_HEIGHT - start[1])):
        if step == 0:
            if room < 0:
                return None
        elif step < 0:
            enters = max(enters, room / step)
        else:
            leaves = min(leaves, room / step)
    if enters >= leaves:
        return None
    return (start[0] + enters * dx, start[1] + enters * dy), (start[0] + leaves * dx, start[1] + leaves * dy)


def _view(drawing: Drawing, plane: _Plane, location: Location) -> None:
    if location.heading_deg is None:
        return
    x, y = plane.at(location.lat, location.lon)
    radius = (location.range_m or DEFAULT_RANGE_M) * plane.points_per_m
    if location.fov_deg is None:
        turn = math.radians(location.heading_deg)
        drawing.line((x, y), (x + radius * math.sin(turn), y - radius * math.cos(turn)), stroke=FOOTAGE, width=1.5)
        return
    steps = max(2, math.ceil(location.fov_deg / WEDGE_STEP_DEG))
    first = location.heading_deg - location.fov_deg / 2
    turns = [math.radians(first + location.fov_deg * step / steps) for step in range(steps + 1)]
    rim = tuple((x + radius * math.sin(turn), y - radius * math.cos(turn)) for turn in turns)
    drawing.polygon((x, y), *rim, fill=VIEW, stroke=FOOTAGE)


def hatch(drawing: Drawing, left: float, right: float, top: float, bottom: float) -> None:
    """A gap: never to be taken for footage, also in black and white."""
    right = max(right, left + 2)
    drawing.box(left, top, right, bottom, "#fff5f5")
    place = left
    while place < right:
        end = min(place + (bottom - top) / 2, right)
        drawing.line((place, bottom), (end, bottom - (end - place) * 2), stroke=GAP, width=1)
        place += 5
    drawing.line((left, top), (right, top), (right, bottom), (left, bottom), (left, top), stroke=GAP)


def _svg(item: Shape | Label) -> str:
    if isinstance(item, Label):
        return (
            f'<text x="{item.x:.1f}" y="{item.y:.1f}" fill="{item.colour}" text-anchor="{item.anchor}"'
            f' font-size="{FONT_SIZE:g}">{escape(item.text)}</text>'
        )
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in item.points)
    stroke = f' stroke="{item.stroke}" stroke-width="{item.width:g}"' if item.stroke else ""
    if item.fill:
        return f'<polygon points="{points}" fill="{item.fill}"{stroke}/>'
    return f'<polyline points="{points}" fill="none"{stroke}/>'
