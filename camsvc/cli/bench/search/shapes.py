"""The fixed mix: twenty shapes of questions, each asked with other cameras, places and times every time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

import numpy as np

from camsvc.cli.bench.search.province import Camera, Character
from camsvc.domain.camera import Severity
from camsvc.domain.geo import Box, Point, destination
from camsvc.domain.incident import IncidentState
from camsvc.domain.search import IncidentFilter, Wind
from camsvc.domain.track import ObjectClass

_T = TypeVar("_T")

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RUSH_UTC = timedelta(hours=10)
"""17:00 in UTC+7."""


class Answer(StrEnum):
    PAGE = "page"
    COUNT = "count"
    HISTOGRAM = "histogram"
    HEAT = "heat"


@dataclass(frozen=True, slots=True)
class Question:
    asked: IncidentFilter
    answer: Answer = Answer.PAGE
    after: datetime | None = None
    """The page begins below this moment: as deep as it is long ago."""


@dataclass(frozen=True, slots=True)
class Shape:
    name: str
    make: Callable[[Chance], Question]
    in_mix: bool = True
    """False: measured as well, but not of the mix."""


class Chance:
    """Draws what a question asks for. ``end``: of the year that is filled."""

    def __init__(self, cameras: Sequence[Camera], end: datetime, seed: int) -> None:
        self._cameras = cameras
        self._end = end
        self._rng = np.random.default_rng((23, seed))
        self._communes = sorted({camera.area for camera in cameras})
        self._districts = sorted({area.rpartition("/")[0] for area in self._communes})

    def camera(self) -> str:
        return self._any(self._cameras).id

    def commune(self) -> str:
        return self._any(self._communes)

    def road_commune(self) -> str:
        """One where nobody could have seen a fight."""
        squares = {camera.area for camera in self._cameras if camera.character is Character.SQUARE}
        return self._any([area for area in self._communes if area not in squares] or self._communes)

    def district(self) -> str:
        return self._any(self._districts)

    def point(self) -> Point:
        place = self._any(self._cameras).location
        return Point(round(place.lat + 0.001, 6), round(place.lon - 0.001, 6))

    def polygon(self) -> tuple[Point, ...]:
        """Drawn by hand around a commune: nine corners, none too even, and one that goes in."""
        centre = self.point()
        away = [1200.0 if corner == 4 else float(self._rng.uniform(1800, 2600)) for corner in range(9)]
        return tuple(_rounded(destination(centre, 40.0 * corner, metres)) for corner, metres in enumerate(away))

    def road(self) -> tuple[Point, ...]:
        """5 km through a commune, bending."""
        heading, line = float(self._rng.uniform(0, 360)), [self.point()]
        for _ in range(10):
            heading += float(self._rng.uniform(-30, 30))
            line.append(_rounded(destination(line[-1], heading, 500.0)))
        return tuple(line)

    def wind(self) -> Wind:
        return self._any(list(Wind))

    def moment(self) -> datetime:
        """Any, but for the first and last month of the year."""
        return self._end - DAY * float(self._rng.uniform(30, 335))

    def rush(self) -> tuple[datetime, datetime]:
        """17:00 to 19:00 of a day of the last week."""
        midnight = self._end.replace(hour=0, minute=0, second=0, microsecond=0)
        start = midnight - DAY * int(self._rng.integers(1, 7)) + RUSH_UTC
        return start, start + 2 * HOUR

    def last(self, span: timedelta) -> tuple[datetime, datetime]:
        return self._end - span, self._end

    def _any(self, choices: Sequence[_T]) -> _T:
        return choices[int(self._rng.integers(0, len(choices)))]


def _rounded(place: Point) -> Point:
    return Point(round(place.lat, 6), round(place.lon, 6))


def _during(span: timedelta, chance: Chance) -> tuple[datetime, datetime]:
    start = chance.moment()
    return start, start + span


def _box(around: Point) -> Box:
    return Box(around.lon - 0.02, around.lat - 0.015, around.lon + 0.02, around.lat + 0.015)


def _asked(times: tuple[datetime, datetime] | None = None, **rest: object) -> IncidentFilter:
    from_, to = times or (None, None)
    return IncidentFilter(from_=from_, to=to, **rest)  # type: ignore[arg-type]


_TRUCK, _BUS = (ObjectClass.TRUCK,), (ObjectClass.BUS,)

SHAPES = (
    Shape("camera, newest", lambda c: Question(_asked(cameras=(c.camera(),)))),
    Shape("camera, a week", lambda c: Question(_asked(_during(7 * DAY, c), cameras=(c.camera(),)))),
    Shape("commune, newest", lambda c: Question(_asked(areas=(c.commune(),))), in_mix=False),
    Shape("commune, rush hour", lambda c: Question(_asked(c.rush(), areas=(c.commune(),)))),
    Shape("district, newest", lambda c: Question(_asked(areas=(c.district(),))), in_mix=False),
    Shape("district, a month", lambda c: Question(_asked(_during(30 * DAY, c), areas=(c.district(),)))),
    Shape(
        "radius 500 m, rush hour, trucks",
        lambda c: Question(_asked(c.rush(), near=c.point(), radius_m=500.0, objects=_TRUCK)),
    ),
    Shape("radius 2 km, newest", lambda c: Question(_asked(near=c.point(), radius_m=2000.0))),
    Shape("polygon, a week", lambda c: Question(_asked(_during(7 * DAY, c), polygon=c.polygon()))),
    Shape("box, a week", lambda c: Question(_asked(_during(7 * DAY, c), bbox=_box(c.point()))), in_mix=False),
    Shape(
        "along a road, rush hour, trucks",
        lambda c: Question(_asked(c.rush(), route=c.road(), radius_m=50.0, objects=_TRUCK)),
    ),
    Shape("everywhere, newest", lambda c: Question(_asked())),
    Shape("everywhere, an hour", lambda c: Question(_asked(_during(HOUR, c))), in_mix=False),
    Shape(
        "one direction, radius 2 km, a week",
        lambda c: Question(_asked(_during(7 * DAY, c), near=c.point(), radius_m=2000.0, directions=(c.wind(),))),
    ),
    Shape(
        "lasted 20 to 60 minutes, a district",
        lambda c: Question(_asked(areas=(c.district(),), min_duration_s=1200.0, max_duration_s=3600.0)),
    ),
    Shape(
        "lasted 5 to 15 minutes, everywhere (none did)",
        lambda c: Question(_asked(_during(30 * DAY, c), min_duration_s=300.0, max_duration_s=899.0)),
        in_mix=False,
    ),
    Shape(
        "one direction, everywhere, buses",
        lambda c: Question(_asked(objects=_BUS, directions=(c.wind(),))),
        in_mix=False,
    ),
    Shape("rare kind", lambda c: Question(_asked(kinds=("fight",)))),
    Shape("rare kind in a district", lambda c: Question(_asked(kinds=("wrong_way",), areas=(c.district(),)))),
    Shape("rare class, half a year", lambda c: Question(_asked(c.last(180 * DAY), objects=_BUS))),
    Shape("rare colour", lambda c: Question(_asked(colours=("purple",)))),
    Shape("alarms of a week", lambda c: Question(_asked(_during(7 * DAY, c), severities=(Severity.ALARM,)))),
    Shape("open now", lambda c: Question(_asked(states=(IncidentState.OPEN,)))),
    Shape(
        "no hit at all", lambda c: Question(_asked(kinds=("fight",), colours=("purple",), areas=(c.road_commune(),)))
    ),
    Shape("district, deep page", lambda c: Question(_asked(areas=(c.district(),)), after=c.moment())),
    Shape(
        "count: red in a commune",
        lambda c: Question(_asked(c.last(90 * DAY), areas=(c.commune(),), colours=("red",)), Answer.COUNT),
    ),
    Shape("count: a year", lambda c: Question(_asked(c.last(365 * DAY)), Answer.COUNT), in_mix=False),
    Shape(
        "count: district, a month",
        lambda c: Question(_asked(_during(30 * DAY, c), areas=(c.district(),)), Answer.COUNT),
        in_mix=False,
    ),
    Shape("histogram: a year by day", lambda c: Question(_asked(c.last(365 * DAY)), Answer.HISTOGRAM), in_mix=False),
    Shape(
        "histogram: trucks of a district, a month",
        lambda c: Question(_asked(_during(30 * DAY, c), areas=(c.district(),), objects=_TRUCK), Answer.HISTOGRAM),
        in_mix=False,
    ),
    Shape("heat: a year", lambda c: Question(_asked(c.last(365 * DAY)), Answer.HEAT), in_mix=False),
)
