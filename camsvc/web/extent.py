"""Which stretch of time a picture of many incidents shows, and by which steps it counts them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from camsvc.db.queries.tallies import Bar, Unit
from camsvc.domain.search import IncidentFilter

BARS = 120
"""At most: each is then some pixels wide on the smallest screen."""
BESIDE = 0.5
"""Of what is searched, on each side of it: where one looks next."""
SHORTEST, LONGEST = timedelta(minutes=10), timedelta(days=7300)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
AHEAD = timedelta(minutes=1)
"""Beyond now: a bar that grows is seen whole."""
_MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720)
STEPS: Sequence[tuple[Unit | None, timedelta]] = (
    *((None, timedelta(minutes=n)) for n in _MINUTES),
    (Unit.DAY, timedelta(days=1)),
    (Unit.WEEK, timedelta(weeks=1)),
    (Unit.MONTH, timedelta(days=31)),
)
"""Lengths of bars. None: of this length by the clock; from a day on as the calendar has them, about so long."""


@dataclass(frozen=True, slots=True)
class Extent:
    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def step(self) -> tuple[Unit | None, timedelta]:
        return next((step for step in STEPS if self.length / step[1] <= BARS), STEPS[-1])

    def origin(self, zone: ZoneInfo) -> datetime:
        """Where the first bar begins; UTC."""
        return start_of(self.start, *self.step(), zone)


@dataclass(frozen=True, slots=True)
class Column:
    start: datetime
    end: datetime
    number: int


def around(wanted: IncidentFilter, first: datetime | None, now: datetime) -> Extent:
    """What to show for a search: its time and what lies beside it. ``first``: when what matches began, for a search
    without a beginning; None: nothing matches."""
    end = wanted.to or now
    start = wanted.from_ or min(first or end - timedelta(days=7), end - SHORTEST)
    beside = (end - start) * BESIDE if wanted.from_ or wanted.to else timedelta()
    return bounded(start - (beside if wanted.from_ else timedelta()), end + (beside if wanted.to else timedelta()), now)


def bounded(start: datetime, end: datetime, now: datetime) -> Extent:
    """Of a length that can be shown; no further than now."""
    end = min(max(end, EARLIEST + SHORTEST), max(now, start + SHORTEST) + AHEAD)
    length = min(max(end - start, SHORTEST), LONGEST)
    return Extent(max(end - length, EARLIEST), end)


def columns(bars: Iterable[Bar], extent: Extent, zone: ZoneInfo) -> list[Column]:
    """``bars``, as the database gave them for ``extent.step()``, and the empty ones between them."""
    unit, width = extent.step()
    numbers = {bar.start: bar.number for bar in bars}
    found: list[Column] = []
    at = extent.origin(zone)
    while at < extent.end:
        next_ = after(at, unit, width, zone)
        found.append(Column(at, next_, numbers.get(at, 0)))
        at = next_
    return found


def start_of(moment: datetime, unit: Unit | None, width: timedelta, zone: ZoneInfo) -> datetime:
    """Of the bar that holds ``moment``: counted from midnight of its day, or by the calendar of ``zone``; UTC."""
    local = moment.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if unit is None:
        day = midnight.astimezone(UTC)
        return day + (moment.astimezone(UTC) - day) // width * width
    back = {Unit.WEEK: local.weekday(), Unit.MONTH: local.day - 1}.get(unit, 0)
    return (midnight.replace(tzinfo=None) - timedelta(days=back)).replace(tzinfo=zone).astimezone(UTC)


def after(start: datetime, unit: Unit | None, width: timedelta, zone: ZoneInfo) -> datetime:
    """Where the bar that begins at ``start`` ends."""
    if unit is None:
        return start + width
    local = start.astimezone(zone).replace(tzinfo=None)
    next_ = (local + timedelta(days=32)).replace(day=1) if unit is Unit.MONTH else local + width
    return next_.replace(tzinfo=zone).astimezone(UTC)
