"""Who is on a case: put there, and taken off, by who leads it."""

from __future__ import annotations

from dataclasses import dataclass

from camsvc.api.context import Server
from camsvc.api.services import notices
from camsvc.api.services.cases.membership import Work, working
from camsvc.db.queries import accounts, agencies, case_people
from camsvc.domain.account import Action, Agency, User
from camsvc.domain.case import CaseRole, Person, SharedWith
from camsvc.domain.notice import NoticeKind
from camsvc.errors import ConflictError, NotFoundError

CANDIDATES_MAX = 500
"""Beyond so many names nobody chooses from a list."""


@dataclass(frozen=True, slots=True)
class Candidates:
    people: tuple[str, ...]
    """Names of accounts that may export somewhere and are not on the case."""
    agencies: tuple[Agency, ...]
    """With whom it is not shared."""


def candidates(server: Server, user: User, case_id: int, *, source: str | None = None) -> Candidates:
    """To choose from, for who leads it. Raises NotFoundError, ForbiddenError."""
    with working(server, user, case_id, CaseRole.LEAD, source=source, closed_is_fine=True) as work:
        on_it = {each.user_id for each in case_people.people(work.session, case_id)}
        shared = {each.agency_id for each in case_people.agencies(work.session, case_id)}
        known = accounts.all_users(work.session)
        all_agencies = [each.agency for each in agencies.all_agencies(work.session)]
    names = [
        each.name
        for each in known
        if each.id not in on_it and not each.disabled and not each.reach(Action.EXPORT).is_nowhere
    ]
    return Candidates(tuple(names[:CANDIDATES_MAX]), tuple(each for each in all_agencies if each.id not in shared))


def put(
    server: Server, user: User, case_id: int, name: str, role: CaseRole, *, source: str | None = None
) -> list[Person]:
    """The account is on the case in ``role`` from now on, and is told. Everybody on it.

    Raises NotFoundError, also for an account that is none; ForbiddenError; ConflictError when nobody would lead it.
    """
    with working(server, user, case_id, CaseRole.LEAD, source=source) as work:
        found = accounts.find(work.session, name)
        if found.disabled:
            raise ConflictError(f"the account {found.name!r} is disabled", parameter="user", cure="choose another one")
        before = case_people.put_person(work.session, case_id, found.id, role)
        if before is None and found.id != user.id:
            _tell(work, [found.id])
        facts = {"user": found.name, "role": role.value}
        if before is None:
            work.done("person.added", facts)
        elif before is not role:
            work.done("person.changed", facts | {"before": before.value})
        return case_people.people(work.session, case_id)


def take(server: Server, user: User, case_id: int, name: str, *, source: str | None = None) -> None:
    """Off the case. Errors as ``put``."""
    with working(server, user, case_id, CaseRole.LEAD, source=source) as work:
        found = accounts.find(work.session, name)
        case_people.take_person(work.session, case_id, found.id, found.name)
        work.done("person.removed", {"user": found.name})


def share(
    server: Server, user: User, case_id: int, agency_id: int, role: CaseRole, *, source: str | None = None
) -> list[SharedWith]:
    """All accounts of the agency that may export somewhere are on it in ``role``, which is not lead, from now on.

    Errors as ``put``.
    """
    if role is CaseRole.LEAD:
        raise ConflictError(
            "an agency does not lead a case, its people do", parameter="role", cure="share it as member or reader"
        )
    with working(server, user, case_id, CaseRole.LEAD, source=source) as work:
        found = agencies.get(work.session, agency_id)
        before = case_people.put_agency(work.session, case_id, agency_id, role)
        facts = {"agency": found.name, "role": role.value}
        if before is None:
            exporting = _exporting(work, agency_id)
            _tell(work, [each for each in exporting if each != user.id])
            work.done("agency.added", facts)
        elif before is not role:
            work.done("agency.changed", facts | {"before": before.value})
        return case_people.agencies(work.session, case_id)


def unshare(server: Server, user: User, case_id: int, agency_id: int, *, source: str | None = None) -> None:
    """Errors as ``put``."""
    with working(server, user, case_id, CaseRole.LEAD, source=source) as work:
        try:
            name = agencies.get(work.session, agency_id).name
        except NotFoundError:
            name = str(agency_id)
        case_people.take_agency(work.session, case_id, agency_id)
        work.done("agency.removed", {"agency": name})


def _exporting(work: Work, agency_id: int) -> list[int]:
    known = accounts.all_users(work.session)
    return [
        each.id
        for each in known
        if each.agency is not None
        and each.agency.id == agency_id
        and not each.disabled
        and not each.reach(Action.EXPORT).is_nowhere
    ]


def _tell(work: Work, user_ids: list[int]) -> None:
    path = f"/cases/{work.case.id}"
    facts = {"case": work.case.number, "title": work.case.title, "by": work.user.name}
    notices.tell(work.session, user_ids, NoticeKind.CASE_SHARED, path, **facts)
