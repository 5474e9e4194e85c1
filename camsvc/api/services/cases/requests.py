"""Footage asked for from where who asks may not look: asked, read, withdrawn; ``deciding`` is for who may export there.

Who asks learns nothing: what does not exist is taken as what does, and goes to administrators, who see that it names
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy.orm import Session

from camsvc.api.context import Server
from camsvc.api.errors import ForbiddenError
from camsvc.api.services import audit, notices
from camsvc.api.services.audit import Particulars
from camsvc.api.services.cases import membership
from camsvc.api.services.cases.items import check_span
from camsvc.api.services.cases.membership import reading, working
from camsvc.api.services.holds import words
from camsvc.db.queries import accounts, areas, case_items, cases, directory, incidents
from camsvc.db.queries import footage_requests as rows
from camsvc.db.queries.holds import By
from camsvc.db.queries.incidents import IncidentPage
from camsvc.domain.account import Action, Reach, User
from camsvc.domain.audit import Kind
from camsvc.domain.case import CaseRole, FootageRequest, Item, ItemKind, RequestState, Wanted
from camsvc.domain.hold import MARGIN
from camsvc.domain.notice import NoticeKind
from camsvc.domain.search import IncidentFilter
from camsvc.errors import InputError, NotFoundError

PAGE = "/footage-requests"
"""Of the web application, that notices lead to."""


def ask(
    server: Server,
    user: User,
    case_id: int,
    wanted: Wanted,
    reason: str,
    *,
    item: int | None = None,
    source: str | None = None,
) -> FootageRequest:
    """By a member of the case; ``item``: one of its closed rows, in place of ``wanted``. Who may decide is told.

    Raises NotFoundError, ForbiddenError, InputError; ConflictError for a closed case, or too many requests.
    """
    reason = words(reason, "reason")
    if item is None:
        _check(wanted)
    with working(server, user, case_id, source=source) as work:
        asked = _of_item(case_items.get(work.session, case_id, item)) if item is not None else wanted
        place = _place(work.session, asked)
        made = rows.add(work.session, case_id, asked, reason, place, work.by, item=item)
        facts = {"case": work.case.number, "by": user.name, "reason": reason}
        notices.tell(work.session, _deciders(work.session, made), NoticeKind.FOOTAGE_ASKED, PAGE, **facts)
        work.done("footage.asked", {"request": made.id, "reason": reason}, **_told(made))
        return _seen(server, work.session, user, [made])[0]


def of_case(server: Server, user: User, case_id: int, *, source: str | None = None) -> list[FootageRequest]:
    """All of a case, the newest first. Raises NotFoundError."""
    with reading(server, user, case_id, source=source) as work:
        return _seen(server, work.session, user, rows.of_case(work.session, case_id))


def asked(
    server: Server,
    user: User,
    *,
    state: RequestState | None = None,
    before: int | None = None,
    limit: int = rows.LIST_MAX,
) -> list[FootageRequest]:
    """By ``user``; the newest first."""
    with server.database.session() as session:
        found = rows.asked_by(session, user.id, state=state, before=before, limit=limit)
        return _seen(server, session, user, found)


def to_decide(
    server: Server,
    user: User,
    *,
    state: RequestState | None = RequestState.ASKED,
    before: int | None = None,
    limit: int = rows.LIST_MAX,
) -> list[FootageRequest]:
    """Those that ``user`` may decide, or could have; the newest first. With a wide look they are few."""
    reach = user.reach(Action.EXPORT)
    with server.database.session() as session:
        return rows.to_decide(session, user.id, reach, state=state, before=before, limit=limit)


def get(server: Server, user: User, request: int, *, source: str | None = None) -> FootageRequest:
    """For who asked, the people of its case, and who may decide. Raises NotFoundError, recorded."""
    with server.database.session() as session:
        found = _known(session, user, request)
        if found is not None:
            return _seen(server, session, user, [found])[0]
    membership.record_refusal(server, user, {"request": request}, source)
    raise rows.not_found(request)


def may_decide(user: User, request: FootageRequest) -> bool:
    """Not who asked. What names nothing: administrators."""
    return request.asked_by_id != user.id and _reaches(user.reach(Action.EXPORT), request)


def withdraw(server: Server, user: User, request: int, *, source: str | None = None) -> FootageRequest:
    """By who asked, or who leads the case. Raises NotFoundError, ForbiddenError, ConflictError."""
    found = get(server, user, request, source=source)
    with server.database.session() as session:
        cases.get(session, found.case_id, lock=True)
        if found.asked_by_id == user.id or membership.role_of(session, user, found.case_id) is CaseRole.LEAD:
            changed = rows.withdraw(session, request)
            done(session, user, changed, "footage.withdrawn", {}, source)
            return _seen(server, session, user, [changed])[0]
    raise forbidden(server, user, found, "Only who asked, or who leads the case, may withdraw a request.", source)


def incidents_of(
    server: Server,
    user: User,
    request: int,
    *,
    cursor: str | None = None,
    limit: int = 100,
    source: str | None = None,
) -> IncidentPage:
    """What an approval gives, newest first, for the people of its case. Recorded as a search.

    Raises NotFoundError, also once it has ended.
    """
    found = get(server, user, request, source=source)
    with server.database.session() as session:
        if found.is_live(server.clock.now()) and membership.role_of(session, user, found.case_id) is not None:
            page = _given(session, found.wanted, cursor, limit)
            details = {"request": request, "found": len(page.items), "is_first": cursor is None}
            audit.append(
                session,
                user,
                Kind.SEARCH,
                "footage.listed",
                source=source,
                case_number=found.case_number,
                details=details,
            )
            return page
    membership.record_refusal(server, user, {"request": request}, source)
    raise rows.not_found(request)


def forbidden(server: Server, user: User, request: FootageRequest, why: str, source: str | None) -> ForbiddenError:
    """What to raise for what ``user`` may not do with a request that they know of; recorded."""
    membership.record_refusal(server, user, {"request": request.id}, source, request.case_number)
    return ForbiddenError(why)


def done(
    session: Session,
    user: User,
    request: FootageRequest,
    what: str,
    facts: dict[str, object],
    source: str | None,
) -> None:
    """Last in the transaction: into the case's history with ``facts``, and into the audit with what was wanted."""
    cases.record(session, request.case_id, By(user.id, user.name), what, {"request": request.id, **facts})
    told = _told(request)
    told["details"] = {**told["details"], **facts}
    told["source"], told["case_number"] = source, request.case_number
    audit.append(session, user, Kind.CASE, what, **told)


def _check(wanted: Wanted) -> None:
    named = [each for each in (wanted.incident, wanted.camera, wanted.area) if each is not None]
    if len(named) != 1:
        raise InputError(
            "one thing is asked for: an incident, or a camera or an area with from and to",
            parameter="incident",
            cure="give one of incident, camera, area",
        )
    if wanted.incident is None:
        check_span(wanted.from_at, wanted.to_at)
    elif wanted.from_at is not None or wanted.to_at is not None:
        raise InputError("from and to go with a camera or an area", parameter="from", cure="leave them out")


def _of_item(item: Item) -> Wanted:
    if item.kind in {ItemKind.INCIDENT, ItemKind.CLIP}:
        return Wanted(incident=item.incident)
    if item.kind is ItemKind.SPAN:
        return Wanted(camera=item.camera, from_at=item.from_at, to_at=item.to_at)
    if item.incident is not None:
        return Wanted(incident=item.incident)
    return Wanted(camera=item.camera, from_at=item.from_at - MARGIN, to_at=item.to_at + MARGIN)


def _place(session: Session, wanted: Wanted) -> str | None:
    """Area whose right decides; None: it names nothing."""
    if wanted.incident is not None:
        found = incidents.named(session, [wanted.incident]).get(wanted.incident)
        return found.area if found else None
    if wanted.camera is not None:
        camera = directory.find(session, wanted.camera)
        return camera.area if camera else None
    return wanted.area if any(each.path == wanted.area for each in areas.all_areas(session)) else None


def _reaches(reach: Reach, request: FootageRequest) -> bool:
    return reach.is_everywhere if request.place is None else reach.covers(request.place)


def _deciders(session: Session, request: FootageRequest) -> list[int]:
    return [each.id for each in accounts.all_users(session) if not each.disabled and may_decide(each, request)]


def _seen(server: Server, session: Session, user: User, requests: Sequence[FootageRequest]) -> list[FootageRequest]:
    """As ``user`` may see them. Who may not decide does not learn whether there is such a thing; and of what was asked
    for by a closed row of the case only its times, until it is given."""
    now = server.clock.now()
    closed = {each.item for each in requests if each.item is not None and not each.is_live(now)}
    times = case_items.times(session, closed) if closed else {}
    told = []
    for each in requests:
        if may_decide(user, each):
            told.append(each)
        elif each.item is not None and not each.is_live(now):
            from_at, to_at = times[each.item]
            told.append(replace(each, place=None, wanted=Wanted(from_at=from_at, to_at=to_at)))
        else:
            told.append(replace(each, place=None))
    return told


def _known(session: Session, user: User, request: int) -> FootageRequest | None:
    try:
        found = rows.get(session, request)
    except NotFoundError:
        return None
    if found.asked_by_id == user.id or may_decide(user, found):
        return found
    return found if membership.role_of(session, user, found.case_id) is not None else None


def _given(session: Session, wanted: Wanted, cursor: str | None, limit: int) -> IncidentPage:
    if wanted.incident is not None:
        found: Sequence[UUID] = [wanted.incident]
        return IncidentPage(tuple(incidents.named(session, found).values()), None)
    where = IncidentFilter(
        cameras=(wanted.camera,) if wanted.camera else (),
        areas=(wanted.area,) if wanted.area else (),
        from_=wanted.from_at,
        to=wanted.to_at,
    )
    return incidents.search(session, where, cursor=cursor, limit=limit)


def _told(request: FootageRequest) -> Particulars:
    wanted = request.wanted
    details: dict[str, object] = {"request": request.id}
    if wanted.from_at is not None:
        details |= {"from": wanted.from_at, "to": wanted.to_at}
    if wanted.area is not None:
        details["wanted_area"] = wanted.area
    return {"camera": wanted.camera, "area": request.place, "incident": wanted.incident, "details": details}
