"""How many incidents began when, in bins of one width: in all, and camera by camera. As exact as ``tallies``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, Subquery, func, select, text
from sqlalchemy.orm import Session

from camsvc.db.models import ViewpointRow
from camsvc.db.queries.tallies import Bar, Histogram, counted
from camsvc.domain.search import IncidentFilter


@dataclass(frozen=True, slots=True)
class Lanes:
    cameras: Mapping[str, tuple[Bar, ...]]
    """Those that saw some; without the empty bars."""
    exact: bool


def bins(session: Session, asked: IncidentFilter, width: timedelta, origin: datetime) -> Histogram:
    """Bars of ``width`` from ``origin`` on, in order of time, without the empty ones. Raises InputError as ``search``.

    What began before ``asked.from_`` counts there.
    """

    def over_time(matching: Subquery) -> Select[Any]:
        return select(_bin(matching, asked, width, origin), func.count()).group_by(text("1")).order_by(text("1"))

    found = counted(session, asked, over_time)
    return Histogram(tuple(Bar(at.astimezone(UTC), number * found.each) for at, number in found.rows), found.exact)


def lanes(session: Session, asked: IncidentFilter, width: timedelta, origin: datetime) -> Lanes:
    """The same for each camera. Errors as ``bins``."""

    def by_viewpoint(matching: Subquery) -> Select[Any]:
        numbers = (
            select(
                matching.c.viewpoint_id,
                _bin(matching, asked, width, origin).label("at"),
                func.count().label("number"),
            )
            .group_by(text("1"), text("2"))
            .subquery("numbers")
        )
        return (
            select(ViewpointRow.camera, numbers.c.at, numbers.c.number)
            .join(numbers, numbers.c.viewpoint_id == ViewpointRow.id)
            .order_by(ViewpointRow.camera, numbers.c.at)
        )

    found = counted(session, asked, by_viewpoint)
    # A camera that was moved has several viewpoints.
    numbers: dict[str, Counter[datetime]] = {}
    for camera, at, number in found.rows:
        numbers.setdefault(camera, Counter())[at.astimezone(UTC)] += number * found.each
    return Lanes(
        {camera: tuple(Bar(at, number) for at, number in sorted(bars.items())) for camera, bars in numbers.items()},
        found.exact,
    )


def _bin(matching: Subquery, asked: IncidentFilter, width: timedelta, origin: datetime) -> Any:  # noqa: ANN401  a column
    at = matching.c.started_at
    return func.date_bin(width, func.greatest(at, asked.from_) if asked.from_ is not None else at, origin)
