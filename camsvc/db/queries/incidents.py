"""The incident index: published by workers, searched by people, followed by pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from camsvc.db import cursor as cursors
from camsvc.db.database import INCIDENTS
from camsvc.db.filters import DEFAULT_LIMIT, check, check_limit
from camsvc.db.incident_rows import from_row, to_values, viewpoint_values
from camsvc.db.models import IncidentRow, LeaseGrantRow, ViewpointRow
from camsvc.db.models.incidents import incident_change_seq
from camsvc.db.queries import search_plan
from camsvc.db.queries.changes import CHANGES_LIMIT, Change, changes_since, hold_back, latest
from camsvc.domain.account import EVERYWHERE, Reach
from camsvc.domain.incident import Incident
from camsvc.domain.search import IncidentFilter
from camsvc.errors import ConflictError, LeaseLostError, NotFoundError

__all__ = [
    "CHANGES_LIMIT",
    "COUNT_AT_MOST",
    "Change",
    "IncidentPage",
    "changes_since",
    "count",
    "get",
    "latest",
    "not_found",
    "publish",
    "search",
]

COUNT_AT_MOST = 10_000
"""Counting is as dear as reading: beyond this, "more than" tells a person as much."""


@dataclass(frozen=True, slots=True)
class IncidentPage:
    items: tuple[Incident, ...]
    """Newest first: by ``started_at``, then by id."""
    next_cursor: str | None
    """Asks for what follows; None: there is no more."""


def publish(session: Session, incident: Incident) -> bool:
    """Store ``incident``; whether that changed anything. Notifies on commit.

    May be repeated and arrive in any order: the highest revision wins, and an older or equal one changes nothing.
    Raises LeaseLostError when the worker was not granted the incident's epoch, or opened it after a later epoch was
    granted (invariant 7): the worker then keeps it aside. Raises ConflictError when the id is another incident's.
    """
    _check_epoch(session, incident)
    viewpoint = _viewpoint(session, incident)
    hold_back(session)
    values = {**to_values(incident), "viewpoint_id": viewpoint, "change_seq": incident_change_seq.next_value()}
    insertion = insert(IncidentRow).values(values)
    changed = {name: insertion.excluded[name] for name in values if name not in _FIXED}
    stored = session.scalar(
        insertion.on_conflict_do_update(
            index_elements=[IncidentRow.id],
            set_={**changed, "published_at": func.clock_timestamp()},
            where=(IncidentRow.revision < insertion.excluded.revision)
            & (IncidentRow.epoch == insertion.excluded.epoch)
            & (IncidentRow.worker == insertion.excluded.worker),
        ).returning(IncidentRow.id)
    )
    if stored is None:
        _check_same(session, incident)
        return False
    session.execute(select(func.pg_notify(INCIDENTS, str(incident.id))))
    return True


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
    rows = session.execute(
        search_plan.page(asked, viewpoints, after, limit + 1), execution_options={"populate_existing": True}
    )
    found = tuple(from_row(row, seen_from) for row, seen_from in rows)
    items = found[:limit]
    more = len(found) > limit
    last = cursors.Position(items[-1].started_at, items[-1].id) if more else None
    return IncidentPage(items, cursors.encode(last, asked) if last else None)


def count(session: Session, asked: IncidentFilter, *, at_most: int = COUNT_AT_MOST) -> int:
    """How many match; counting stops at ``at_most``, so that number means "that many or more". Errors as ``search``."""
    check(asked)
    viewpoints = search_plan.viewpoints(session, asked)
    if viewpoints == []:
        return 0
    return session.scalars(search_plan.number(asked, viewpoints, at_most)).one()


_FIXED = frozenset({"id", "worker", "epoch"})
"""What an incident is known by: a later revision cannot change them."""


def _check_epoch(session: Session, incident: Incident) -> None:
    """Locks the grant, so that it cannot be superseded before this transaction ends."""
    granted = session.execute(
        select(LeaseGrantRow.worker, LeaseGrantRow.superseded_at)
        .where(LeaseGrantRow.camera == incident.camera, LeaseGrantRow.epoch == incident.epoch)
        .with_for_update(read=True)
    ).one_or_none()
    what = f"incident {incident.id} of camera {incident.camera}"
    if granted is None or granted.worker != incident.worker:
        raise LeaseLostError(f"{what}: epoch {incident.epoch} was never granted to worker {incident.worker}")
    if granted.superseded_at is not None and incident.started_at >= granted.superseded_at:
        raise LeaseLostError(
            f"{what}: worker {incident.worker} opened it at {incident.started_at.isoformat()} under epoch"
            f" {incident.epoch}, after the next epoch was granted at {granted.superseded_at.isoformat()}"
        )


def _viewpoint(session: Session, incident: Incident) -> int:
    values = viewpoint_values(incident)
    same: list[Any] = [getattr(ViewpointRow, name).is_not_distinct_from(value) for name, value in values.items()]
    known = select(ViewpointRow.id).where(ViewpointRow.camera == incident.camera, *same)
    found = session.scalar(known)
    if found is None:
        found = session.scalar(insert(ViewpointRow).values(values).on_conflict_do_nothing().returning(ViewpointRow.id))
    return found if found is not None else session.scalars(known).one()  # another publisher was first


def _check_same(session: Session, incident: Incident) -> None:
    stored = get(session, incident.id)
    if (stored.camera, stored.epoch, stored.worker) != (incident.camera, incident.epoch, incident.worker):
        raise ConflictError(
            f"incident {incident.id} is stored as camera {stored.camera}'s, epoch {stored.epoch}, worker"
            f" {stored.worker}; it cannot become camera {incident.camera}'s, epoch {incident.epoch}, worker"
            f" {incident.worker}",
            parameter="id",
            cure="two incidents must not share an id",
        )
