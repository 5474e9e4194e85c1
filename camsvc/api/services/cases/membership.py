"""Who is on a case, and the frame of every deed in it: found, locked, done, into its history, into the audit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Unpack

from sqlalchemy.orm import Session

from camsvc.api.context import Server
from camsvc.api.errors import ForbiddenError
from camsvc.api.services import audit
from camsvc.api.services.audit import Particulars
from camsvc.db.queries import case_people, cases
from camsvc.db.queries.holds import By
from camsvc.domain.account import User
from camsvc.domain.audit import Kind
from camsvc.domain.case import Case, CaseRole, CaseState
from camsvc.errors import ConflictError, NotFoundError

ENOUGH: Mapping[CaseRole, frozenset[CaseRole]] = {
    CaseRole.READER: frozenset(CaseRole),
    CaseRole.MEMBER: frozenset({CaseRole.MEMBER, CaseRole.LEAD}),
    CaseRole.LEAD: frozenset({CaseRole.LEAD}),
}
"""For what needs a role: those that may."""


@dataclass(frozen=True, slots=True)
class Work:
    """A transaction within a case."""

    session: Session
    user: User
    case: Case
    role: CaseRole
    source: str | None

    @property
    def by(self) -> By:
        return By(self.user.id, self.user.name)

    def done(self, what: str, facts: Mapping[str, Any] | None = None, **particulars: Unpack[Particulars]) -> None:
        """Last in the transaction: into the case's history with ``facts``, which name nothing that not everybody on
        the case may know of, and into the audit with the same and ``particulars``."""
        cases.record(self.session, self.case.id, self.by, what, facts)
        told: Particulars = {"details": facts or {}}
        told.update(particulars)
        self.audited(what, **told)

    def done_to_each(self, what: str, facts: Mapping[str, Any], each: Sequence[Particulars]) -> None:
        """As ``done``, once in the history, and in the audit once for each of what it was done to."""
        cases.record(self.session, self.case.id, self.by, what, facts)
        common: Particulars = {"source": self.source, "case_number": self.case.number}
        audit.append_all(self.session, self.user, Kind.CASE, [(what, {**common, **one}) for one in each])

    def audited(self, what: str, **particulars: Unpack[Particulars]) -> None:
        told: Particulars = {"source": self.source, "case_number": self.case.number}
        told.update(particulars)
        audit.append(self.session, self.user, Kind.CASE, what, **told)


@contextmanager
def reading(server: Server, user: User, case_id: int, *, source: str | None = None) -> Iterator[Work]:
    """Raises NotFoundError for a case that ``user`` is not on, as for one that never was; recorded."""
    with server.database.session() as session:
        work = _find(session, user, case_id, source, lock=False)
        if work is not None:
            yield work
            return
    raise refused(server, user, case_id, source)


@contextmanager
def working(
    server: Server,
    user: User,
    case_id: int,
    least: CaseRole = CaseRole.MEMBER,
    *,
    source: str | None = None,
    closed_is_fine: bool = False,
) -> Iterator[Work]:
    """The case is locked until the end: whoever else works in it waits.

    Raises NotFoundError as ``reading``; ForbiddenError, recorded, for who may only read it, and whatever within raises
    one; ConflictError for a closed one.
    """
    work: Work | None = None
    try:
        with server.database.session() as session:
            work = _find(session, user, case_id, source, lock=True)
            if work is not None:
                _require(work, least, closed_is_fine)
                yield work
                return
    except ForbiddenError:
        record_refusal(server, user, {"case": case_id}, source, work.case.number if work else None)
        raise
    raise refused(server, user, case_id, source)


def role_of(session: Session, user: User, case_id: int) -> CaseRole | None:
    """None: not on it, or there is no such case. For who asks several things of one case."""
    found = _find(session, user, case_id, None, lock=False)
    return found.role if found else None


def refused(server: Server, user: User, case_id: int, source: str | None) -> NotFoundError:
    """What to raise for a case that is none for ``user``. Who sees all cases only mistyped: nothing is recorded."""
    if not case_people.asker(user).leads_all:
        record_refusal(server, user, {"case": case_id}, source)
    return cases.not_found(case_id)


def record_refusal(
    server: Server, user: User, details: Mapping[str, Any], source: str | None, number: str | None = None
) -> None:
    """``number``: of the case, where ``user`` knows of it."""
    told: Particulars = {"source": source, "details": details}
    if number is not None:
        told["case_number"] = number
    audit.refused(server, user, Kind.CASE, **told)


def _require(work: Work, least: CaseRole, closed_is_fine: bool) -> None:
    if work.role not in ENOUGH[least]:
        raise ForbiddenError(f"This needs the role '{least.value}' in the case.")
    if work.case.state is CaseState.CLOSED and not closed_is_fine:
        raise ConflictError("the case is closed", parameter="case", cure="open it again first, with a reason")


def _find(session: Session, user: User, case_id: int, source: str | None, *, lock: bool) -> Work | None:
    """The role as it is once the case is locked: who waited may have been taken off it by who worked before."""
    try:
        case = cases.get(session, case_id, lock=lock)
    except NotFoundError:
        return None
    role = case_people.role(session, case_people.asker(user), case_id)
    return None if role is None else Work(session, user, case, role, source)
