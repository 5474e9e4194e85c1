"""Cases: made, found, changed, and all that was ever done to them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, exists, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from camsvc.db.models import CaseEventRow, CaseItemRow, CaseRow, FootageRequestRow, HoldRow
from camsvc.db.queries import case_people
from camsvc.db.queries.case_people import Asker
from camsvc.db.queries.holds import By
from camsvc.domain.audit import plain
from camsvc.domain.case import NUMBER_MAX, TITLE_MAX, Case, CaseEvent, CaseRole, CaseState, RequestState
from camsvc.domain.hold import HoldKind, HoldState
from camsvc.errors import ConflictError, InputError, NotFoundError

CHANNEL = "cases"
"""Notified when something was done to a case; the payload is its id."""
LIST_MAX = 100
HISTORY_MAX = 200
DESCRIPTION_MAX = 10_000
"""Characters: some pages. What is longer is a document, and belongs to the file of the case."""
_CURSOR = re.compile(r"(\d{1,17})-(\d{1,18})")
"""Microseconds since 1970, which reach into the year 5138, and the id of the last case."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Which cases of a list."""

    text: str | None = None
    """In number, title or description; upper and lower case are the same."""
    state: CaseState | None = None
    mine: bool = False
    """Who asks is on it by name: neither by agency nor as administrator."""
    incident: UUID | None = None
    """It is in the case, itself or a part of its clip."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A case in a list."""

    case: Case
    role: CaseRole
    """Of who asks."""
    items: int
    asked: int
    """Requests for footage that nobody has decided."""
    hold: HoldState | None
    """Of the hold on the whole case; None: there is none."""


@dataclass(frozen=True, slots=True)
class CasePage:
    items: tuple[Summary, ...]
    next_cursor: str | None


def add(session: Session, number: str, title: str, description: str, by: By) -> Case:
    """Raises InputError for words that will not do, ConflictError when the number is taken."""
    values = _checked(number, title, description)
    made = session.scalar(
        insert(CaseRow)
        .values(**values, state=CaseState.OPEN, created_by=by.name, created_by_id=by.id)
        .on_conflict_do_nothing(index_elements=["number"])
        .returning(CaseRow)
    )
    if made is None:
        raise _taken(values["number"])
    return case_of(made)


def get(session: Session, case_id: int, *, lock: bool = False) -> Case:
    """``lock``: nobody else changes anything in it until the end of the transaction. Raises NotFoundError."""
    return case_of(_row(session, case_id, lock=lock))


def of_number(session: Session, number: str) -> Case | None:
    row = session.scalar(select(CaseRow).where(CaseRow.number == line(number)))
    return case_of(row) if row is not None else None


def change(session: Session, case_id: int, number: str, title: str, description: str, *, revision: int) -> Case:
    """Raises InputError, NotFoundError; ConflictError when it changed meanwhile, the number is taken, or something is
    held under the old number: holds are found by it."""
    row = _row(session, case_id, lock=True)
    _require_revision(row, revision)
    values = _checked(number, title, description)
    if values["number"] != row.number:
        held = exists().where(HoldRow.case_number == row.number, HoldRow.released_at.is_(None))
        if session.execute(select(held)).scalar_one():
            raise ConflictError(
                f"footage is held under the number {row.number!r}", parameter="number", cure="keep the number"
            )
    row.number, row.title, row.description = values["number"], values["title"], values["description"]
    row.revision += 1
    try:
        session.flush()
    except IntegrityError as error:
        raise _taken(values["number"]) from error
    return case_of(row)


def put_state(session: Session, case_id: int, state: CaseState) -> Case:
    """Raises NotFoundError; ConflictError when it is in that state already."""
    row = _row(session, case_id, lock=True)
    if row.state is state:
        raise ConflictError(f"the case is {state.value} already", parameter="state", cure="nothing needs to be done")
    row.closed_at = session.execute(select(func.now())).scalar_one() if state is CaseState.CLOSED else None
    row.state = state
    row.revision += 1
    session.flush()
    return case_of(row)


def listed(
    session: Session, asking: Asker, narrowed: Narrowed, *, cursor: str | None = None, limit: int = LIST_MAX
) -> CasePage:
    """Those that ``asking`` is on, the last changed first; a case that changes between two pages is on the first one
    again. Raises InputError for a ``cursor`` that is none."""
    of_hold = func.min(case((HoldRow.requested_at.is_(None), 0), else_=1))
    held = _count(select(of_hold).where(*_holding(CaseRow.number)))
    items = _count(select(func.count()).where(CaseItemRow.case_id == CaseRow.id, CaseItemRow.removed_at.is_(None)))
    asked = _count(
        select(func.count()).where(
            FootageRequestRow.case_id == CaseRow.id, FootageRequestRow.state == RequestState.ASKED
        )
    )
    wanted = (
        _narrow(select(CaseRow, items, asked, held), asking, narrowed)
        .order_by(CaseRow.changed_at.desc(), CaseRow.id.desc())
        .limit(limit + 1)
    )
    if cursor is not None:
        wanted = wanted.where(tuple_(CaseRow.changed_at, CaseRow.id) < _position(cursor))
    rows = session.execute(wanted.execution_options(populate_existing=True)).all()
    roles = _roles(session, asking, [row[0].id for row in rows])
    found = [
        # Without a role: taken off the case since the statement before.
        Summary(case_of(row), roles.get(row.id, CaseRole.READER), in_it, open_, _HOLD_STATES[hold])
        for row, in_it, open_, hold in rows[:limit]
    ]
    more = len(rows) > limit
    return CasePage(tuple(found), _cursor(found[-1].case) if more else None)


def hold_state(session: Session, number: str) -> HoldState | None:
    """Of the hold on the whole case."""
    of_hold = func.min(case((HoldRow.requested_at.is_(None), 0), else_=1))
    return _HOLD_STATES[session.scalar(select(of_hold).where(*_holding(number)))]


def record(session: Session, case_id: int, by: By, what: str, facts: Mapping[str, Any] | None = None) -> None:
    """Into its history, in the transaction of what was done. ``facts`` name no camera, place or incident."""
    event = insert(CaseEventRow).values(
        case_id=case_id, user_name=by.name, user_id=by.id, what=what, facts=plain(facts or {})
    )
    at = session.execute(event.returning(CaseEventRow.at)).scalar_one()
    session.execute(
        update(CaseRow)
        .where(CaseRow.id == case_id)
        .values(changed_at=func.greatest(CaseRow.changed_at, at))
        .execution_options(synchronize_session=False)
    )
    session.execute(select(func.pg_notify(CHANNEL, str(case_id))))


@dataclass(frozen=True, slots=True)
class History:
    items: tuple[CaseEvent, ...]
    next_before: int | None


def history(session: Session, case_id: int, *, before: int | None = None, limit: int = HISTORY_MAX) -> History:
    """The last first; ``before``: what the page before said as ``next_before``."""
    wanted = select(CaseEventRow).where(CaseEventRow.case_id == case_id).order_by(CaseEventRow.id.desc())
    if before is not None:
        wanted = wanted.where(CaseEventRow.id < before)
    rows = session.scalars(wanted.limit(limit + 1)).all()
    found = tuple(CaseEvent(row.at, row.user_name, row.what, row.facts) for row in rows[:limit])
    return History(found, rows[limit - 1].id if len(rows) > limit else None)


def line(text: str) -> str:
    """One line, one form for the same letters."""
    return unicodedata.normalize("NFC", " ".join(text.split()))


def case_of(row: CaseRow) -> Case:
    return Case(
        id=row.id,
        number=row.number,
        title=row.title,
        description=row.description,
        state=row.state,
        created_at=row.created_at,
        created_by=row.created_by,
        revision=row.revision,
        closed_at=row.closed_at,
        changed_at=row.changed_at,
    )


def not_found(case_id: int) -> NotFoundError:
    """One answer for a case that never was, and for one that the asker is not on."""
    return NotFoundError(f"there is no case {case_id}", parameter="case", cure="GET /api/v1/cases lists yours")


_HOLD_STATES = {None: None, 0: HoldState.ACTIVE, 1: HoldState.RELEASE_REQUESTED}


def _row(session: Session, case_id: int, *, lock: bool) -> CaseRow:
    row = session.get(CaseRow, case_id, with_for_update=lock, populate_existing=True)
    if row is None:
        raise not_found(case_id)
    return row


def _narrow(wanted: Select[Any], asking: Asker, narrowed: Narrowed) -> Select[Any]:
    if narrowed.mine or not asking.leads_all:
        wanted = wanted.where(case_people.is_on(asking, CaseRow.id.expression, mine=narrowed.mine))
    if narrowed.state is not None:
        wanted = wanted.where(CaseRow.state == narrowed.state)
    if narrowed.text:
        words = func.concat_ws(" ", CaseRow.number, CaseRow.title, CaseRow.description)
        wanted = wanted.where(func.strpos(func.lower(words), func.lower(line(narrowed.text))) > 0)
    if narrowed.incident is not None:
        inside = exists().where(
            CaseItemRow.case_id == CaseRow.id,
            CaseItemRow.incident == narrowed.incident,
            CaseItemRow.removed_at.is_(None),
        )
        wanted = wanted.where(inside)
    return wanted


def _roles(session: Session, asking: Asker, cases: list[int]) -> dict[int, CaseRole]:
    if asking.leads_all:
        return dict.fromkeys(cases, CaseRole.LEAD)
    held = case_people.standing(asking)
    found: dict[int, list[CaseRole]] = {}
    for case_id, role in session.execute(select(held.c.case_id, held.c.role).where(held.c.case_id.in_(cases))):
        found.setdefault(case_id, []).append(role)
    return {each: case_people.strongest(roles) or CaseRole.READER for each, roles in found.items()}


def _holding(number: Any) -> tuple[ColumnElement[bool], ...]:  # noqa: ANN401  text, or a column of it
    return (HoldRow.kind == HoldKind.CASE, HoldRow.case_number == number, HoldRow.released_at.is_(None))


def _count(wanted: Select[int]) -> Any:  # noqa: ANN401  a scalar subquery
    return wanted.correlate(CaseRow).scalar_subquery()


def _require_revision(row: CaseRow, revision: int) -> None:
    if row.revision != revision:
        raise ConflictError(
            f"the case is at revision {row.revision}, not {revision}: somebody changed it meanwhile",
            parameter="revision",
            cure="read it again",
        )


def _checked(number: str, title: str, description: str) -> dict[str, str]:
    told = {"number": line(number), "title": line(title), "description": description.strip()}
    for name, most in (("number", NUMBER_MAX), ("title", TITLE_MAX), ("description", DESCRIPTION_MAX)):
        if len(told[name]) > most:
            raise InputError(f"{name}: longer than {most} characters", parameter=name, cure="say it shorter")
        if name != "description" and not told[name]:
            raise InputError(f"{name}: is empty", parameter=name, cure="say something")
        if name != "description" and not told[name].isprintable():
            raise InputError(f"{name}: holds what cannot be printed", parameter=name, cure="use letters and digits")
    return told


def _taken(number: str) -> ConflictError:
    return ConflictError(f"the number {number!r} is taken", parameter="number", cure="choose another number")


def _cursor(last: Case) -> str:
    changed_at = last.changed_at or last.created_at
    return f"{(changed_at - _EPOCH) // timedelta(microseconds=1)}-{last.id}"


def _position(cursor: str) -> Any:  # noqa: ANN401  an operand
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise InputError("this cursor is none", parameter="cursor", cure="ask again without it")
    return tuple_(_EPOCH + timedelta(microseconds=int(found[1])), int(found[2]))
