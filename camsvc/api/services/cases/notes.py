"""Notes of a case: written by its members, changed by who wrote them. They never go out with a package."""

from __future__ import annotations

from camsvc.api.context import Server
from camsvc.api.errors import ForbiddenError
from camsvc.api.services.cases.membership import reading, working
from camsvc.db.queries import case_notes
from camsvc.db.queries.case_notes import Written
from camsvc.domain.account import User
from camsvc.domain.case import CaseRole


def listed(server: Server, user: User, case_id: int, *, source: str | None = None) -> list[Written]:
    """In order, with all that each ever said. Raises NotFoundError."""
    with reading(server, user, case_id, source=source) as work:
        return case_notes.of_case(work.session, case_id)


def add(server: Server, user: User, case_id: int, text: str, *, source: str | None = None) -> Written:
    """Raises NotFoundError, ForbiddenError, InputError; ConflictError for a closed case, as all that follow."""
    with working(server, user, case_id, source=source) as work:
        made = case_notes.add(work.session, case_id, text, work.by)
        work.done("note.written", {"note": made.note.id})
    return made


def edit(server: Server, user: User, case_id: int, note: int, text: str, *, source: str | None = None) -> Written:
    """Only its author may."""
    with working(server, user, case_id, source=source) as work:
        if case_notes.author(work.session, case_id, note) != user.id:
            raise ForbiddenError("Only who wrote a note may change it: write one of your own.")
        made = case_notes.edit(work.session, case_id, note, text)
        work.done("note.edited", {"note": note, "version": len(made.versions)})
    return made


def withdraw(server: Server, user: User, case_id: int, note: int, *, source: str | None = None) -> Written:
    """Its author may, and who leads the case. What it said stays."""
    with working(server, user, case_id, source=source) as work:
        if case_notes.author(work.session, case_id, note) != user.id and work.role is not CaseRole.LEAD:
            raise ForbiddenError("Only who wrote a note, or leads the case, may withdraw it.")
        made = case_notes.withdraw(work.session, case_id, note)
        work.done("note.withdrawn", {"note": note})
    return made
