"""Holds: placed, released by two, and what of the index they cover."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, func, insert, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from camsvc.db.locks import HOLDS, SPACE
from camsvc.db.models import HoldEventRow, HoldRow
from camsvc.db.models.incidents import SPAN_OPEN, SPANS
from camsvc.domain.account import EVERYWHERE, Reach
from camsvc.domain.hold import MARGIN, Hold, HoldDeed, HoldEvent, HoldKind, HoldState, Target
from camsvc.errors import ConflictError, NotFoundError

CHANNEL = "holds"
"""Notified when a hold is placed or released: whoever mirrors holds in the store looks at once."""
LIST_MAX = 200
_OVERLAP = timedelta(days=3)

TARGETS = """
    SELECT h.id, h.kind, h.incident, h.incident_started_at, h.camera, h.from_at, h.to_at,
           (h.released_at IS NULL AND h.legal) OR coalesce(cases.legal, false) AS legal
    FROM holds h
    LEFT JOIN (
        SELECT case_number, bool_or(legal) AS legal FROM holds
        WHERE kind = 'case' AND released_at IS NULL GROUP BY case_number
    ) cases ON cases.case_number = h.case_number
    WHERE h.kind <> 'case' AND (h.released_at IS NULL OR cases.case_number IS NOT NULL)
"""
"""What must stay: active holds, and all that was ever held under the number of a case whose hold is active."""
_LONGEST = ", ".join(
    f"({span}, interval '{int(longest.total_seconds())} seconds')" for span, longest in enumerate(SPANS)
)


@dataclass(frozen=True, slots=True)
class By:
    """Who does something to a hold. ``id`` None: on the command line, by the account of the operating system."""

    id: int | None
    name: str


def place(
    session: Session, target: Target, *, area: str | None, started_at: datetime | None, reason: str, legal: bool, by: By
) -> Hold:
    """In force when the transaction is committed. ``started_at``: of the incident. ``area``: None for a case.

    Waits for a retention that is giving something up just now: either that comes first, or the hold does.
    """
    exclude_retention(session)
    row = HoldRow(
        kind=target.kind,
        incident=target.incident,
        incident_started_at=started_at,
        camera=target.camera,
        from_at=target.from_at,
        to_at=target.to_at,
        area=area,
        case_number=target.case_number,
        reason=reason,
        legal=legal,
        placed_by=by.name,
        placed_by_id=by.id,
    )
    session.add(row)
    session.flush()
    _record(session, row, HoldDeed.PLACED, by, reason)
    session.refresh(row)
    return hold_of(row)


@dataclass(frozen=True, slots=True)
class Placing:
    """One of several holds that are placed at once."""

    target: Target
    area: str | None
    """None: of a case."""
    started_at: datetime | None = None
    """Of the incident."""


def place_all(session: Session, placings: Sequence[Placing], *, reason: str, legal: bool, by: By) -> list[Hold]:
    """As ``place`` of each, in three statements."""
    if not placings:
        return []
    exclude_retention(session)
    values = [
        {
            "kind": each.target.kind,
            "incident": each.target.incident,
            "incident_started_at": each.started_at,
            "camera": each.target.camera,
            "from_at": each.target.from_at,
            "to_at": each.target.to_at,
            "area": each.area,
            "case_number": each.target.case_number,
            "reason": reason,
            "legal": legal,
            "placed_by": by.name,
            "placed_by_id": by.id,
        }
        for each in placings
    ]
    rows = session.scalars(insert(HoldRow).returning(HoldRow, sort_by_parameter_order=True), values).all()
    deed = {"number": 1, "deed": HoldDeed.PLACED, "user_name": by.name, "user_id": by.id, "reason": reason}
    session.execute(insert(HoldEventRow), [{"hold": row.id, **deed} for row in rows])
    session.execute(select(func.pg_notify(CHANNEL, str(rows[-1].id))))
    return [hold_of(row) for row in rows]


def get(session: Session, hold: int, reach: Reach = EVERYWHERE) -> Hold:
    """Raises NotFoundError, in the same words for one out of ``reach`` as for one that never was."""
    return hold_of(_row(session, hold, reach))


def request_release(session: Session, hold: int, by: By, reason: str) -> Hold:
    """Raises ConflictError when it is released, or its release is asked for already."""
    row = _row(session, hold, lock=True)
    if row.requested_at is not None:
        raise ConflictError(
            f"{row.requested_by} has asked for the release of hold {hold} already",
            parameter="id",
            cure="a second person confirms or refuses it",
        )
    row.requested_at = _now(session)
    row.requested_by, row.requested_by_id, row.request_reason = by.name, by.id, reason
    _record(session, row, HoldDeed.RELEASE_REQUESTED, by, reason)
    return hold_of(row)


def end_request(session: Session, hold: int, by: By, reason: str) -> Hold:
    """The hold goes on: its release is refused, or withdrawn by who asked for it. Raises ConflictError."""
    row = _requested(session, hold)
    deed = HoldDeed.RELEASE_WITHDRAWN if row.requested_by_id == by.id else HoldDeed.RELEASE_REFUSED
    row.requested_at = row.requested_by = row.requested_by_id = row.request_reason = None
    _record(session, row, deed, by, reason)
    return hold_of(row)


def release(session: Session, hold: int, by: By, reason: str) -> Hold:
    """By a second person. Raises ConflictError when nobody asked for it, or it was the same person."""
    row = _requested(session, hold)
    if by.id is None or row.requested_by_id == by.id:
        raise ConflictError(
            f"the release of hold {hold} was asked for by {row.requested_by}: somebody else must confirm it",
            parameter="id",
            cure="let a second person with the right to hold confirm it",
        )
    exclude_retention(session)
    row.released_at = _now(session)
    row.released_by, row.released_by_id, row.release_reason = by.name, by.id, reason
    _record(session, row, HoldDeed.RELEASED, by, reason)
    # What it covered may be due long since, and retention is past it.
    session.execute(
        text("UPDATE retention_marks SET done_before = least(done_before, :since)"),
        {"since": _earliest(session, row)},
    )
    return hold_of(row)


def history(session: Session, hold: int) -> list[HoldEvent]:
    """The first first."""
    rows = session.scalars(select(HoldEventRow).where(HoldEventRow.hold == hold).order_by(HoldEventRow.number))
    return [HoldEvent(row.at, row.deed, row.user_name, row.reason) for row in rows]


def listed(
    session: Session, reach: Reach, *, state: HoldState | None = None, before: int | None = None, limit: int = LIST_MAX
) -> list[Hold]:
    """The newest first, as far as ``reach`` goes; ``before``: with a lower id, for the next page."""
    wanted = select(HoldRow).order_by(HoldRow.id.desc())
    if state is HoldState.RELEASED:
        wanted = wanted.where(HoldRow.released_at.is_not(None))
    elif state is not None:
        asked = HoldRow.requested_at.is_not(None)
        wanted = wanted.where(HoldRow.released_at.is_(None), asked if state is HoldState.RELEASE_REQUESTED else ~asked)
    if before is not None:
        wanted = wanted.where(HoldRow.id < before)
    if not reach.is_everywhere:
        wanted = wanted.where(HoldRow.id.in_(_within(session, reach)))
    return [hold_of(row) for row in session.scalars(wanted.limit(limit))]


def of_incident(session: Session, incident: UUID) -> list[Hold]:
    """All active holds that cover it, the newest first; empty also when there is no such incident."""
    ids = session.scalars(
        text(
            f"WITH targets AS MATERIALIZED ({TARGETS})"  # noqa: S608  our own words
            " SELECT t.id FROM targets t JOIN incidents i ON i.id = :incident"
            " JOIN viewpoints v ON v.id = i.viewpoint_id WHERE t.incident = i.id OR (t.camera = v.camera"
            " AND i.started_at < t.to_at + :margin AND coalesce(i.ended_at, 'infinity') > t.from_at - :margin)"
        ).bindparams(bindparam("incident", type_=Uuid)),
        {"incident": incident, "margin": MARGIN},
    ).all()
    rows = session.scalars(select(HoldRow).where(HoldRow.id.in_(ids)).order_by(HoldRow.id.desc())).all()
    numbers = {row.case_number for row in rows if row.case_number is not None}
    cases = session.scalars(
        select(HoldRow)
        .where(HoldRow.kind == HoldKind.CASE, HoldRow.released_at.is_(None), HoldRow.case_number.in_(numbers))
        .order_by(HoldRow.id.desc())
    ).all()
    return [hold_of(row) for row in (*rows, *cases) if row.released_at is None]


def held_ids(
    session: Session, among: Collection[UUID] | None = None, *, table: str = "incidents", legal: bool = False
) -> set[UUID]:
    """Incidents of ``table`` (a name of ours) that must stay; ``among``: no others. ``legal``: in the store as well."""
    if among is not None and not among:
        return set()
    only = " AND i.id = ANY(:among)" if among is not None else ""
    lawful = " AND t.legal" if legal else ""
    statement = text(
        f"WITH targets AS MATERIALIZED ({TARGETS})"  # noqa: S608  our own words
        f" SELECT i.id FROM targets t JOIN {table} i ON i.id = t.incident AND i.started_at = t.incident_started_at"
        f" WHERE true{only}{lawful} UNION"
        f" SELECT i.id FROM targets t {spanned(table)} WHERE true{only}{lawful}"
    )
    values: dict[str, Any] = {"margin": MARGIN}
    if among is not None:
        statement = statement.bindparams(bindparam("among", type_=ARRAY(Uuid)))
        values["among"] = list(among)
    return set(session.scalars(statement, values))


def spanned(table: str) -> str:
    """The join of ``targets t`` with the incidents ``i`` of ``table`` that held spans of cameras cover. By its index:
    see SPANS of the model. ``:margin`` is MARGIN."""
    return (
        f"JOIN viewpoints v ON v.camera = t.camera"
        f" CROSS JOIN (VALUES {_LONGEST}, ({SPAN_OPEN}, interval '100 years')) AS s (span, longest)"
        f" JOIN {table} i ON i.viewpoint_id = v.id AND i.span = s.span AND i.started_at < t.to_at + :margin"
        f" AND i.started_at > t.from_at - :margin - s.longest"
        f" AND coalesce(i.ended_at, 'infinity') > t.from_at - :margin"
    )


def held_in(session: Session, table: str) -> Sequence[UUID]:
    """As ``partitions.retire`` asks."""
    return list(held_ids(session, table=table))


def covers_case(session: Session, reach: Reach, case_number: str | None) -> bool:
    """Whether something is held, or was, under the number, and all of it lies within ``reach``."""
    areas = _areas_of(session, case_number)
    return bool(areas) and all(area is not None and reach.covers(area) for area in areas)


def exclude_retention(session: Session) -> None:
    """Until the end of this transaction nothing is given up, and nothing is put under a hold, but by it."""
    session.execute(text("SELECT pg_advisory_xact_lock(:space, :what)"), {"space": SPACE, "what": HOLDS})


def hold_of(row: HoldRow) -> Hold:
    state = HoldState.ACTIVE if row.requested_at is None else HoldState.RELEASE_REQUESTED
    return Hold(
        id=row.id,
        target=Target(row.incident, row.camera, row.from_at, row.to_at, row.case_number),
        area=row.area,
        reason=row.reason,
        legal=row.legal,
        placed_at=row.placed_at,
        placed_by=row.placed_by,
        state=HoldState.RELEASED if row.released_at is not None else state,
        started_at=row.incident_started_at,
        requested_by=row.requested_by,
        requested_by_id=row.requested_by_id,
        request_reason=row.request_reason,
        requested_at=row.requested_at,
        released_by=row.released_by,
        release_reason=row.release_reason,
        released_at=row.released_at,
    )


def not_found(hold: int) -> NotFoundError:
    return NotFoundError(f"there is no hold {hold}", parameter="id", cure="GET /api/v1/holds lists them")


def _row(session: Session, hold: int, reach: Reach = EVERYWHERE, *, lock: bool = False) -> HoldRow:
    row = session.get(HoldRow, hold, with_for_update=lock, populate_existing=True)
    if row is None or not _reaches(session, reach, row):
        raise not_found(hold)
    if lock and row.released_at is not None:
        raise ConflictError(
            f"hold {hold} was released by {row.released_by}", parameter="id", cure="place a new one if it must stay"
        )
    return row


def _requested(session: Session, hold: int) -> HoldRow:
    row = _row(session, hold, lock=True)
    if row.requested_at is None:
        raise ConflictError(
            f"nobody has asked for the release of hold {hold}", parameter="id", cure="ask for it first, with a reason"
        )
    return row


def _reaches(session: Session, reach: Reach, row: HoldRow) -> bool:
    if reach.is_everywhere:
        return True
    if row.kind is HoldKind.CASE:
        return covers_case(session, reach, row.case_number)
    return row.area is not None and reach.covers(row.area)


def _areas_of(session: Session, case_number: str | None) -> Sequence[str | None]:
    """Where all that lies that was held under the number."""
    return session.scalars(
        select(HoldRow.area).where(HoldRow.case_number == case_number, HoldRow.kind != HoldKind.CASE).distinct()
    ).all()


def _within(session: Session, reach: Reach) -> list[int]:
    """Ids of the holds that ``reach`` covers. Holds are thousands at most."""
    rows = session.execute(select(HoldRow.id, HoldRow.kind, HoldRow.area, HoldRow.case_number)).all()
    areas: dict[str, set[str]] = {}
    for row in rows:
        if row.kind is not HoldKind.CASE and row.case_number is not None:
            areas.setdefault(row.case_number, set()).add(row.area)
    found = []
    for row in rows:
        where = {row.area} if row.kind is not HoldKind.CASE else areas.get(row.case_number, set())
        if where and all(reach.covers(each) for each in where):
            found.append(row.id)
    return found


def _earliest(session: Session, row: HoldRow) -> datetime | None:
    """Start of the oldest that the hold may have covered."""
    if row.kind is HoldKind.INCIDENT:
        return row.incident_started_at
    if row.kind is HoldKind.CAMERA:
        return _long_before(row.from_at)
    same = (HoldRow.case_number == row.case_number, HoldRow.kind != HoldKind.CASE)
    first = session.scalar(select(func.min(func.coalesce(HoldRow.incident_started_at, HoldRow.from_at))).where(*same))
    return _long_before(first)


def _long_before(moment: datetime | None) -> datetime | None:
    """An incident may have begun long before the span that it overlaps; longer than this one in a million does."""
    return moment - _OVERLAP if moment is not None else None


def _record(session: Session, row: HoldRow, deed: HoldDeed, by: By, reason: str) -> None:
    number = session.scalar(select(func.count()).where(HoldEventRow.hold == row.id)) or 0
    session.add(
        HoldEventRow(hold=row.id, number=number + 1, deed=deed, user_name=by.name, user_id=by.id, reason=reason)
    )
    session.flush()
    session.execute(select(func.pg_notify(CHANNEL, str(row.id))))


def _now(session: Session) -> datetime:
    return session.execute(select(func.now())).scalar_one()
