"""Requests for footage decided by who may export there, who is never who asked; and approvals ended."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from camsvc.api.context import Server
from camsvc.api.services import audit, notices
from camsvc.api.services.audit import Particulars
from camsvc.api.services.cases import holding
from camsvc.api.services.cases.items import Wish, draft, told
from camsvc.api.services.cases.requests import done, forbidden, get, may_decide
from camsvc.api.services.holds import words
from camsvc.db.queries import case_items, cases, incidents
from camsvc.db.queries import footage_requests as rows
from camsvc.db.queries.holds import By
from camsvc.domain.account import Action, User
from camsvc.domain.audit import Kind
from camsvc.domain.case import Case, CaseState, FootageRequest, Item, Wanted
from camsvc.domain.notice import NoticeKind
from camsvc.errors import InputError


def approve(
    server: Server, user: User, request: int, said: str, *, until: datetime | None = None, source: str | None = None
) -> FootageRequest:
    """From now on, ``until`` then, the people of the case may search, play and export it; it is put into the case.

    Raises NotFoundError; ForbiddenError for who asked; InputError; ConflictError when it is decided already, or names
    nothing.
    """
    if until is not None and until <= server.clock.now():
        raise InputError("until lies behind us", parameter="until", cure="give a time ahead, or leave it out")
    return _decide(server, user, request, said, approve=True, until=until, source=source)


def refuse(server: Server, user: User, request: int, said: str, *, source: str | None = None) -> FootageRequest:
    """Errors as ``approve``."""
    return _decide(server, user, request, said, approve=False, until=None, source=source)


def end(server: Server, user: User, request: int, reason: str, *, source: str | None = None) -> FootageRequest:
    """An approval ends now, by whoever could give it. Errors as ``approve``."""
    reason = words(reason, "reason")
    found = get(server, user, request, source=source)
    if not may_decide(user, found):
        raise forbidden(server, user, found, "Only who may approve this request may end it.", source)
    with server.database.session() as session:
        cases.get(session, found.case_id, lock=True)
        changed = rows.end(session, request, By(user.id, user.name), reason)
        _tell_asker(session, changed, user.name, "ended", reason)
        done(session, user, changed, "footage.ended", {"reason": reason}, source)
    return changed


def _decide(
    server: Server,
    user: User,
    request: int,
    said: str,
    *,
    approve: bool,
    until: datetime | None,
    source: str | None,
) -> FootageRequest:
    said = words(said, "reason")
    found = get(server, user, request, source=source)
    if not may_decide(user, found):
        raise forbidden(server, user, found, "Somebody else who may export there decides this request.", source)
    if approve and not _reaches_all_places(server, user, found.wanted):
        why = "The camera stood elsewhere before: somebody who may export there too decides."
        raise forbidden(server, user, found, why, source)
    with server.database.session() as session:
        case = cases.get(session, found.case_id, lock=True)
        changed = rows.decide(session, request, By(user.id, user.name), said, approve=approve, until=until)
        if approve and case.state is CaseState.OPEN:
            _add(session, user, case, changed, source)
        _tell_asker(session, changed, user.name, changed.state.value, said)
        facts: dict[str, object] = {"decision": said}
        if until is not None:
            facts["until"] = until
        done(session, user, changed, f"footage.{changed.state.value}", facts, source)
    return changed


def _reaches_all_places(server: Server, user: User, wanted: Wanted) -> bool:
    """A camera may have stood elsewhere, where another agency's right ends: what it saw from there is not to be given
    with the rest."""
    reach = user.reach(Action.EXPORT)
    if wanted.camera is None or reach.is_everywhere:
        return True
    with server.database.session() as session:
        return all(reach.covers(area) for area in rows.places_of(session, wanted.camera))


def _add(session: Session, user: User, case: Case, request: FootageRequest, source: str | None) -> None:
    """What is given into the case, as by who asked. Not into one that is full: who decides cannot make room in it."""
    given = _item(session, request)
    if given is None or case_items.is_full(session, case.id):
        return
    by = By(user.id, user.name)
    made = case_items.add(session, case.id, [given], By(request.asked_by_id, request.asked_by))
    held = holding.place_added(session, case.number, made, by, user.reach(Action.HOLD))
    holding.audit_placed(session, user, case.number, held, source)
    for each in made:
        facts = {"items": [each.id], "kinds": [each.kind.value], "request": request.id}
        cases.record(session, case.id, by, "item.added", facts)
        where: Particulars = {**told(each), "source": source, "case_number": case.number}
        audit.append(session, user, Kind.CASE, "item.added", **where)


def _item(session: Session, request: FootageRequest) -> Item | None:
    """None: of an area, whose incidents are chosen one by one, or of an incident that is not in the index any more."""
    wanted = request.wanted
    if wanted.incident is not None:
        found = incidents.named(session, [wanted.incident])
        return draft(Wish(wanted.incident), found, {}) if found else None
    if wanted.camera is None or request.place is None:
        return None
    span = Wish(camera=wanted.camera, from_at=wanted.from_at, to_at=wanted.to_at)
    return draft(span, {}, {wanted.camera: request.place})


def _tell_asker(session: Session, request: FootageRequest, by: str, decision: str, said: str) -> None:
    facts = {"case": request.case_number, "by": by, "decision": decision, "reason": said}
    path = f"/cases/{request.case_id}"
    notices.tell(session, [request.asked_by_id], NoticeKind.FOOTAGE_DECIDED, path, **facts)
