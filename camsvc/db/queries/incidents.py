"""The incident index: published by workers, searched by people, followed by pages."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Row, Uuid, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from camsvc.db import cursor as cursors
from camsvc.db.cursor import Position
from camsvc.db.filters import DEFAULT_LIMIT, check, check_limit
from camsvc.db.incident_rows import from_row
from camsvc.db.models import IncidentRow, ViewpointRow
from camsvc.db.queries import conditions, search_plan, walks
from camsvc.db.queries.changes import CHANGES_LIMIT, Change, changes_since, latest
from camsvc.db.queries.publishing import Outcome, publish, publish_all
from camsvc.db.queries.tallies import tally
from camsvc.domain.account import EVERYWHERE, Reach
from camsvc.domain.incident import Incident
from camsvc.domain.search import IncidentFilter
from camsvc.errors import NotFoundError

__all__ = [
    "CHANGES_LIMIT",
    "COUNT_AT_MOST",
    "Change",
    "IncidentPage",
    "Outcome",
    "changes_since",
    "count",
    "get",
    "latest",
    "not_found",
    "publish",
    "publish_all",
    "search",
    "tally",
]

COUNT_AT_MOST = 10_000
"""Counting is as dear as reading: beyond this, "more than" tells a person as much."""


@dataclass(frozen=True, slots=True)
class IncidentPage:
    items: tuple[Incident, ...]
    """Newest first: by ``started_at``, then by id."""
    next_cursor: str | None
    """Asks for what follows; None: there is no more."""


def get(session: Session, incident: UUID, reach: Reach = EVERYWHERE) -> Incident:
    """Raises NotFoundError, in the same words for one that is out of ``reach`` as for one that never was."""
    found = session.execute(
        select(IncidentRow, ViewpointRow)
        .join(ViewpointRow, ViewpointRow.id == IncidentRow.viewpoint_id)
        .where(IncidentRow.id == incident)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None or not reach.covers(found[1].area):
        raise not_found(incident)
    return from_row(found[0], found[1])


def at(session: Session, positions: Sequence[Position]) -> dict[UUID, Incident]:
    """Those of ``positions`` that are in the index, by id, in one statement."""
    return {each.id: each for each in _rows(session, positions)}


def named(session: Session, ids: Collection[UUID]) -> dict[UUID, Incident]:
    """Those of ``ids`` that are in the index. Their start is not known, so every month is looked at by key: for some
    hundreds at once."""
    rows = session.execute(
        select(IncidentRow, ViewpointRow)
        .join(ViewpointRow, ViewpointRow.id == IncidentRow.viewpoint_id)
        .where(IncidentRow.id == func.any(bindparam("ids", list(ids), ARRAY(Uuid))))
        .execution_options(populate_existing=True)
    )
    return {each.id: each for each in _read(rows)}


def not_found(incident: UUID) -> NotFoundError:
    """One answer for an incident that never was, and for one that the asker may not know of."""
    return NotFoundError(f"there is no incident {incident}", parameter="id", cure="take the id from a search's answer")


def search(
    session: Session, asked: IncidentFilter, *, cursor: str | None = None, limit: int = DEFAULT_LIMIT
) -> IncidentPage:
    """A page of what matches, newest first; following ``next_cursor`` to its end finds each match exactly once.

    Raises InputError naming the parameter: a condition makes no sense, a camera or area does not exist, or ``cursor``
    is not of this search.
    """
    check(asked)
    check_limit(limit)
    after = cursors.decode(cursor, asked) if cursor is not None else None
    viewpoints = search_plan.viewpoints(session, asked)
    if viewpoints == []:
        return IncidentPage((), None)
    if conditions.only_open(asked):
        found = _read(session.execute(walks.open_ones(asked, viewpoints, after, limit + 1)))
    else:
        found = _rows(session, walks.find(session, asked, viewpoints, after, limit + 1))
    items = tuple(found[:limit])
    more = len(found) > limit
    last = Position(items[-1].started_at, items[-1].id) if more else None
    return IncidentPage(items, cursors.encode(last, asked) if last else None)


def count(session: Session, asked: IncidentFilter, *, at_most: int = COUNT_AT_MOST) -> int:
    """How many match; counting stops at ``at_most``, so that number means "that many or more". Errors as ``search``."""
    return min(tally(session, asked).number, at_most)


def _rows(session: Session, positions: Sequence[Position]) -> list[Incident]:
    if not positions:
        return []
    starts = [each.started_at for each in positions]
    rows = session.execute(
        select(IncidentRow, ViewpointRow)
        .join(ViewpointRow, ViewpointRow.id == IncidentRow.viewpoint_id)
        .where(IncidentRow.id == func.any(bindparam("ids", [each.id for each in positions], ARRAY(Uuid))))
        .where(IncidentRow.started_at >= min(starts), IncidentRow.started_at <= max(starts))
        .order_by(IncidentRow.started_at.desc(), IncidentRow.id.desc())
        .execution_options(populate_existing=True)
    )
    return _read(rows)


def _read(rows: Iterable[Row[IncidentRow, ViewpointRow]]) -> list[Incident]:
    return [from_row(row, seen_from) for row, seen_from in rows]
