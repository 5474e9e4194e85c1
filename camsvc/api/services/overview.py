"""What stands around a list that was searched: how many, when, and of what. Part of that search, which is recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from camsvc.api.context import Server
from camsvc.api.services import rights
from camsvc.db.queries import bins as bin_rows
from camsvc.db.queries import facets as facet_rows
from camsvc.db.queries import tallies
from camsvc.db.queries.bins import Lanes
from camsvc.db.queries.facets import Facets
from camsvc.db.queries.tallies import Histogram, Tally, Unit
from camsvc.domain.account import Action, User
from camsvc.domain.search import IncidentFilter

_Found = TypeVar("_Found")
_Key = TypeVar("_Key")


def facets(server: Server, user: User, wanted: IncidentFilter, *, source: str | None = None) -> Facets:
    """Raises InputError, ForbiddenError, DatabaseUnavailableError, as all here."""
    return _read(server, user, source, lambda session, reach: facet_rows.facets(session, reach(wanted)))


@dataclass(frozen=True, slots=True)
class Steps:
    """Of a picture over time: of one ``width`` from ``origin`` on, or, with ``unit``, as the calendar has them."""

    unit: Unit | None
    width: timedelta
    origin: datetime
    zone: ZoneInfo


def bars(server: Server, user: User, wanted: IncidentFilter, steps: Steps, *, source: str | None = None) -> Histogram:
    """Without the empty ones."""

    def read(session: Session, reach: Callable[[IncidentFilter], IncidentFilter]) -> Histogram:
        if steps.unit is None:
            return bin_rows.bins(session, reach(wanted), steps.width, steps.origin)
        return tallies.histogram(session, reach(wanted), steps.unit, steps.zone)

    return _read(server, user, source, read)


def lanes(
    server: Server,
    user: User,
    wanted: IncidentFilter,
    width: timedelta,
    origin: datetime,
    *,
    source: str | None = None,
) -> Lanes:
    return _read(server, user, source, lambda session, reach: bin_rows.lanes(session, reach(wanted), width, origin))


def beginning(server: Server, user: User, wanted: IncidentFilter, *, source: str | None = None) -> datetime | None:
    """About when the oldest of what matches began: never later, at most a month earlier. None where nothing matches."""

    def first(session: Session, reach: Callable[[IncidentFilter], IncidentFilter]) -> datetime | None:
        # Of a sample the oldest may be missing: this is where a picture begins, not an answer.
        found = tallies.histogram(session, reach(replace(wanted, from_=None)), Unit.MONTH, ZoneInfo("UTC"))
        return found.bars[0].start if found.bars else None

    return _read(server, user, source, first)


def tallies_of(
    server: Server, user: User, wanted: Mapping[_Key, IncidentFilter], *, source: str | None = None
) -> dict[_Key, Tally]:
    """How many each of several searches would find."""
    return _read(
        server,
        user,
        source,
        lambda session, reach: {key: tallies.tally(session, reach(each)) for key, each in wanted.items()},
    )


def _read(
    server: Server,
    user: User,
    source: str | None,
    ask: Callable[[Session, Callable[[IncidentFilter], IncidentFilter]], _Found],
) -> _Found:
    rights.require_somewhere(server, user, Action.SEARCH, source=source)
    with server.database.session() as session:
        return ask(session, lambda wanted: wanted.under(rights.search_reach(user, wanted)))
