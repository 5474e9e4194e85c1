"""Footage asked for, for a case, from where who asks may not look; decided by somebody else."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from camsvc.db.models import CaseRow, FootageRequestRow, ViewpointRow
from camsvc.db.queries.cameras import within
from camsvc.db.queries.holds import By
from camsvc.db.queries.shares import wanted_of
from camsvc.domain.account import Reach
from camsvc.domain.case import FootageRequest, RequestState, Wanted
from camsvc.errors import ConflictError, NotFoundError

LIST_MAX = 200
OPEN_MAX = 100
"""Undecided ones of a case: more is asked of an area, not of its cameras one by one."""


def add(
    session: Session,
    case_id: int,
    wanted: Wanted,
    reason: str,
    place: str | None,
    by: By,
    *,
    item: int | None = None,
) -> FootageRequest:
    """``place``: area whose right decides; None: it names nothing. ``item``: by which row of the case it was asked for.

    Raises ConflictError for too many.
    """
    undecided = select(func.count()).where(
        FootageRequestRow.case_id == case_id, FootageRequestRow.state == RequestState.ASKED
    )
    if session.execute(undecided).scalar_one() >= OPEN_MAX:
        raise ConflictError(
            f"{OPEN_MAX} requests of this case wait for a decision", parameter="case", cure="withdraw some of them"
        )
    row = FootageRequestRow(
        case_id=case_id,
        incident=wanted.incident,
        camera=wanted.camera,
        area=wanted.area,
        from_at=wanted.from_at,
        to_at=wanted.to_at,
        place=place,
        item=item,
        reason=reason,
        state=RequestState.ASKED,
        asked_by=by.name,
        asked_by_id=by.id,
    )
    session.add(row)
    session.flush()
    return get(session, row.id)


def get(session: Session, request: int) -> FootageRequest:
    """Raises NotFoundError."""
    found = _read(session, _WITH_NUMBER.where(FootageRequestRow.id == request))
    if not found:
        raise not_found(request)
    return found[0]


def of_case(session: Session, case_id: int) -> list[FootageRequest]:
    """The newest first."""
    return _read(session, _WITH_NUMBER.where(FootageRequestRow.case_id == case_id))


def asked_by(
    session: Session,
    user_id: int,
    *,
    state: RequestState | None = None,
    before: int | None = None,
    limit: int = LIST_MAX,
) -> list[FootageRequest]:
    """The newest first; ``before``: with a lower id, for the next page."""
    return _read(session, _page(_WITH_NUMBER.where(FootageRequestRow.asked_by_id == user_id), state, before, limit))


def to_decide(
    session: Session,
    user_id: int,
    reach: Reach,
    *,
    state: RequestState | None = None,
    before: int | None = None,
    limit: int = LIST_MAX,
) -> list[FootageRequest]:
    """Asked by others, of places that ``reach`` covers; what names nothing goes to who reaches everywhere. The newest
    first."""
    if reach.is_nowhere:
        return []
    wanted = _WITH_NUMBER.where(FootageRequestRow.asked_by_id != user_id)
    if reach.areas is not None:
        wanted = wanted.where(within(FootageRequestRow.place, reach.areas))
    return _read(session, _page(wanted, state, before, limit))


def decide(
    session: Session, request: int, by: By, words: str, *, approve: bool, until: datetime | None = None
) -> FootageRequest:
    """Raises NotFoundError; ConflictError when it is decided or withdrawn, ``by`` asked, or it names nothing."""
    row = _row(session, request)
    if row.state is not RequestState.ASKED:
        raise ConflictError(f"request {request} is {row.state.value}", parameter="request", cure="read it again")
    if by.id is None or by.id == row.asked_by_id:
        raise ConflictError(
            f"{row.asked_by} asked for it: somebody else decides",
            parameter="request",
            cure="let somebody with the right to export there decide it",
        )
    if approve and row.place is None:
        raise ConflictError("it names nothing that exists", parameter="approve", cure="refuse it, and say so")
    now = _now(session)  # asked first: what is half changed is not to be written
    row.state = RequestState.APPROVED if approve else RequestState.REFUSED
    row.decided_at = now
    row.decided_by, row.decided_by_id, row.decision, row.until = by.name, by.id, words, until
    session.flush()
    return get(session, request)


def withdraw(session: Session, request: int) -> FootageRequest:
    """Raises NotFoundError; ConflictError when it is decided."""
    row = _row(session, request)
    if row.state is not RequestState.ASKED:
        raise ConflictError(f"request {request} is {row.state.value}", parameter="request", cure="read it again")
    row.state = RequestState.WITHDRAWN
    session.flush()
    return get(session, request)


def end(session: Session, request: int, by: By, reason: str) -> FootageRequest:
    """The approval ends now. Raises NotFoundError; ConflictError when there is none in force."""
    row = _row(session, request)
    now = _now(session)
    if not request_of(row, "").is_live(now):
        raise ConflictError(
            f"request {request} gives nothing (any more)", parameter="request", cure="nothing needs to be done"
        )
    row.ended_at, row.ended_by, row.end_reason = now, by.name, reason
    session.flush()
    return get(session, request)


def places_of(session: Session, camera: str) -> list[str]:
    """Areas from where it ever saw an incident."""
    return list(session.scalars(select(ViewpointRow.area).where(ViewpointRow.camera == camera).distinct()))


def request_of(row: FootageRequestRow, number: str) -> FootageRequest:
    return FootageRequest(
        id=row.id,
        case_id=row.case_id,
        case_number=number,
        wanted=wanted_of(row),
        reason=row.reason,
        state=row.state,
        asked_at=row.asked_at,
        asked_by=row.asked_by,
        asked_by_id=row.asked_by_id,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        decision=row.decision,
        until=row.until,
        place=row.place,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        end_reason=row.end_reason,
        item=row.item,
    )


def not_found(request: int) -> NotFoundError:
    """One answer for a request that never was, and for one that the asker may not know of."""
    return NotFoundError(
        f"there is no request {request}", parameter="request", cure="GET /api/v1/footage-requests lists yours"
    )


_WITH_NUMBER = (
    select(FootageRequestRow, CaseRow.number)
    .join(CaseRow, CaseRow.id == FootageRequestRow.case_id)
    .order_by(FootageRequestRow.id.desc())
)


def _page(
    wanted: Select[FootageRequestRow, str], state: RequestState | None, before: int | None, limit: int
) -> Select[FootageRequestRow, str]:
    if state is not None:
        wanted = wanted.where(FootageRequestRow.state == state)
    if before is not None:
        wanted = wanted.where(FootageRequestRow.id < before)
    return wanted.limit(limit)


def _read(session: Session, wanted: Select[FootageRequestRow, str]) -> list[FootageRequest]:
    rows = session.execute(wanted.execution_options(populate_existing=True))
    return [request_of(row, number) for row, number in rows]


def _row(session: Session, request: int) -> FootageRequestRow:
    row = session.get(FootageRequestRow, request, with_for_update=True, populate_existing=True)
    if row is None:
        raise not_found(request)
    return row


def _now(session: Session) -> datetime:
    return session.execute(select(func.now())).scalar_one()
