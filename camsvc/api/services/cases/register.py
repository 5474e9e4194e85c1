"""Cases as they are made, listed, read, changed, closed and opened again."""

from __future__ import annotations

from dataclasses import dataclass

from camsvc.api.context import Server
from camsvc.api.services import audit, rights
from camsvc.api.services.cases.membership import Work, reading, working
from camsvc.api.services.holds import words
from camsvc.db.queries import case_items, case_people, cases
from camsvc.db.queries.cases import CasePage, History, Narrowed
from camsvc.db.queries.holds import By
from camsvc.domain.account import Action, User
from camsvc.domain.audit import Kind
from camsvc.domain.case import Case, CaseRole, CaseState, Person, SharedWith
from camsvc.domain.hold import HoldState


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case with who is on it."""

    case: Case
    role: CaseRole
    """Of who asks."""
    people: tuple[Person, ...]
    agencies: tuple[SharedWith, ...]
    items: int
    hold: HoldState | None
    """Of the hold on the whole case; None: there is none."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a case is called. None: as it is; of a new one, empty."""

    number: str | None = None
    title: str | None = None
    description: str | None = None


def listed(
    server: Server, user: User, narrowed: Narrowed, *, cursor: str | None = None, limit: int = cases.LIST_MAX
) -> CasePage:
    """Those that ``user`` is on, administrators all; the last changed first. Raises InputError."""
    with server.database.session() as session:
        return cases.listed(session, case_people.asker(user), narrowed, cursor=cursor, limit=limit)


def add(server: Server, user: User, wish: Wish, *, source: str | None = None) -> CaseView:
    """Who makes it leads it. Raises ForbiddenError for who may export nowhere, InputError, ConflictError."""
    rights.require_somewhere(server, user, Action.EXPORT, source=source)
    by = By(user.id, user.name)
    with server.database.session() as session:
        made = cases.add(session, wish.number or "", wish.title or "", wish.description or "", by)
        case_people.put_person(session, made.id, user.id, CaseRole.LEAD)
        work = Work(session, user, made, CaseRole.LEAD, source)
        found = _view(work)
        work.done("case.opened", {"number": made.number, "title": made.title})
    return found


def get(server: Server, user: User, case_id: int, *, source: str | None = None) -> CaseView:
    """Recorded once for each viewing. Raises NotFoundError."""
    with reading(server, user, case_id, source=source) as work:
        found = _view(work)
    with server.recent.once((user.id, source, "case.viewed", case_id)) as is_new:
        if is_new:
            audit.record(server, user, Kind.CASE, "case.viewed", source=source, case_number=found.case.number)
    return found


def change(
    server: Server, user: User, case_id: int, wish: Wish, *, revision: int, source: str | None = None
) -> CaseView:
    """By who leads it. Raises NotFoundError, ForbiddenError, InputError; ConflictError when it changed meanwhile."""
    with working(server, user, case_id, CaseRole.LEAD, source=source) as work:
        old = work.case
        told = (
            old.number if wish.number is None else wish.number,
            old.title if wish.title is None else wish.title,
            old.description if wish.description is None else wish.description,
        )
        new = cases.change(work.session, case_id, *told, revision=revision)
        facts = {
            name: {"from": getattr(old, name), "to": getattr(new, name)}
            for name in ("number", "title", "description")
            if getattr(old, name) != getattr(new, name)
        }
        if facts:
            work.done("case.changed", facts, case_number=new.number)
        return _view(work)


def close(server: Server, user: User, case_id: int, reason: str, *, source: str | None = None) -> CaseView:
    """By who leads it. Errors as ``change``."""
    return _put_state(server, user, case_id, CaseState.CLOSED, reason, source)


def reopen(server: Server, user: User, case_id: int, reason: str, *, source: str | None = None) -> CaseView:
    """By who leads it. Errors as ``change``."""
    return _put_state(server, user, case_id, CaseState.OPEN, reason, source)


def history(
    server: Server,
    user: User,
    case_id: int,
    *,
    before: int | None = None,
    limit: int = cases.HISTORY_MAX,
    source: str | None = None,
) -> History:
    """All that was done, the last first. Raises NotFoundError."""
    with reading(server, user, case_id, source=source) as work:
        return cases.history(work.session, case_id, before=before, limit=limit)


def _put_state(server: Server, user: User, case_id: int, state: CaseState, reason: str, source: str | None) -> CaseView:
    reason = words(reason, "reason")
    with working(server, user, case_id, CaseRole.LEAD, source=source, closed_is_fine=True) as work:
        cases.put_state(work.session, case_id, state)
        what = "case.closed" if state is CaseState.CLOSED else "case.reopened"
        work.done(what, {"reason": reason})
        return _view(work)


def _view(work: Work) -> CaseView:
    """As it is now, also within its transaction."""
    session, case = work.session, cases.get(work.session, work.case.id)
    return CaseView(
        case,
        work.role,
        tuple(case_people.people(session, case.id)),
        tuple(case_people.agencies(session, case.id)),
        case_items.count(session, case.id),
        cases.hold_state(session, case.number),
    )
