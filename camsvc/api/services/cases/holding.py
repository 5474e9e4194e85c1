"""The hold on a case: on each of its items, also later ones, and on all that was ever held under its number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from camsvc.api.context import Server
from camsvc.api.services import audit, holds, rights
from camsvc.api.services.audit import Particulars
from camsvc.api.services.cases.footage import positions
from camsvc.api.services.cases.membership import Work, reading, working
from camsvc.db.queries import case_holds, case_items, incidents
from camsvc.db.queries import holds as rows
from camsvc.db.queries.holds import By, Placing
from camsvc.domain.account import Action, Reach, User
from camsvc.domain.audit import Kind
from camsvc.domain.case import Item, ItemKind
from camsvc.domain.hold import Hold, HoldKind, HoldState, Target
from camsvc.domain.incident import Incident
from camsvc.errors import ConflictError


@dataclass(frozen=True, slots=True)
class Held:
    """What came of holding a case."""

    placed: int
    """Items that are held since; those that were held under its number before are not counted."""
    elsewhere: int
    """Items where the asker may not hold: somebody with the right there does."""
    gone: int
    """Items whose footage is not there any more."""
    whole: Hold | None
    """The hold on the whole case; None: some of what is held under its number lies where the asker may not hold."""


def hold(
    server: Server, user: User, case_id: int, reason: str, *, legal: bool = True, source: str | None = None
) -> Held:
    """In force when this returns. Again, for what was left out. A closed case too.

    Raises NotFoundError, ForbiddenError, InputError; ConflictError when the store enforces no ``legal`` hold, or when
    there is nothing to hold.
    """
    _may_hold(server, user, case_id, source)
    reason = holds.words(reason, "reason")
    if legal:
        holds.require_kept(server)
    with working(server, user, case_id, source=source, closed_is_fine=True) as work:
        rows.exclude_retention(work.session)  # nothing is given up between the look and the hold
        items = case_items.of_case(work.session, case_id)
        placings, elsewhere, gone = _sorted(work.session, work.case.number, items, user.reach(Action.HOLD))
        placed = rows.place_all(work.session, placings, reason=reason, legal=legal, by=work.by)
        standing = _standing(work, legal=legal)
        whole = standing or _whole(work, reason, legal=legal)
        if not placed and (whole is None or standing):
            raise ConflictError(
                "there is nothing in this case that you could hold, or all of it is held",
                parameter="case",
                cure="add items first, or let somebody with the right to hold there do it",
            )
        facts = {"reason": reason, "legal": legal, "items": len(placed), "whole": whole is not None}
        work.done("case.held", facts)
        _audit(work, "hold.placed", placed if whole is None or standing else [*placed, whole])
    return Held(len(placed), elsewhere, gone, whole)


def hold_added(work: Work, items: Sequence[Item]) -> None:
    """In the transaction that adds ``items`` to a case that is held as a whole: they are held too, where who adds them
    may hold."""
    placed = place_added(work.session, work.case.number, items, work.by, work.user.reach(Action.HOLD))
    _audit(work, "hold.placed", placed)


def place_added(session: Session, number: str, items: Sequence[Item], by: By, reach: Reach) -> list[Hold]:
    """What ``hold_added`` places, with the reason of the hold on the case. For who records it otherwise."""
    whole = [each for each in case_holds.everything(session, number) if each.target.kind is HoldKind.CASE]
    if not whole or not items:
        return []
    rows.exclude_retention(session)
    placings, _, _ = _sorted(session, number, items, reach)
    legal = any(each.legal for each in whole)
    return rows.place_all(session, placings, reason=whole[-1].reason, legal=legal, by=by)


def request_release(server: Server, user: User, case_id: int, reason: str, *, source: str | None = None) -> int:
    """The first of two, of all holds under the case's number that ``user`` may release: how many. They stand.

    Raises NotFoundError, ForbiddenError, InputError; ConflictError when there is none.
    """
    return _step(server, user, case_id, reason, rows.request_release, HoldState.ACTIVE, "release_requested", source)


def end_request(server: Server, user: User, case_id: int, reason: str, *, source: str | None = None) -> int:
    """Their release is refused, or withdrawn by who asked: the holds go on. Errors as ``request_release``."""
    state = HoldState.RELEASE_REQUESTED
    return _step(server, user, case_id, reason, rows.end_request, state, "release_refused", source)


def release(server: Server, user: User, case_id: int, reason: str, *, source: str | None = None) -> int:
    """The second of two, another account. Errors as ``request_release``; those that ``user`` asked for themself
    stand."""
    return _step(server, user, case_id, reason, rows.release, HoldState.RELEASE_REQUESTED, "released", source)


def _step(
    server: Server,
    user: User,
    case_id: int,
    reason: str,
    step: Callable[[Session, int, By, str], Hold],
    state: HoldState,
    deed: str,
    source: str | None,
) -> int:
    reach = _may_hold(server, user, case_id, source)
    reason = holds.words(reason, "reason")
    with working(server, user, case_id, source=source, closed_is_fine=True) as work:
        found = [each for each in case_holds.active(work.session, work.case.number, reach) if each.state is state]
        others = [each for each in found if deed != "released" or each.requested_by_id != user.id]
        if not others:
            why = "you asked for their release: somebody else confirms it" if found else "none of its holds is so far"
            raise ConflictError(why, parameter="case", cure="see the holds under its number")
        changed = [step(work.session, each.id, work.by, reason) for each in others]
        work.done(f"hold.{deed}", {"reason": reason, "holds": len(changed)})
        _audit(work, f"hold.{deed}", changed, reason)
    return len(changed)


def _may_hold(server: Server, user: User, case_id: int, source: str | None) -> Reach:
    """Where. Who is not on the case is told of that first: that it is none."""
    with reading(server, user, case_id, source=source):
        pass
    return rights.require_somewhere(server, user, Action.HOLD, source=source)


def _sorted(session: Session, number: str, items: Sequence[Item], reach: Reach) -> tuple[list[Placing], int, int]:
    """What to place, how many lie elsewhere, how many are gone. What is held under the number already is neither."""
    there = incidents.at(session, positions(items))
    known = case_holds.named(session, number)
    placings: dict[object, Placing] = {}
    elsewhere = gone = 0
    for item in items:
        target = case_holds.target(item, number)
        if target is None or case_holds.thing(target) in known:
            continue
        if not reach.covers(item.area):
            elsewhere += 1
        elif item.kind is not ItemKind.SPAN and _is_gone(item, there):
            gone += 1
        else:
            placings[case_holds.thing(target)] = Placing(target, item.area, item.incident_started_at)
    return list(placings.values()), elsewhere, gone


def _is_gone(item: Item, there: Mapping[UUID, Incident]) -> bool:
    incident = there.get(item.incident) if item.incident else None
    return incident is None or incident.footage_expired_at is not None


def _standing(work: Work, *, legal: bool) -> Hold | None:
    """The hold on the whole case that there is, if it is as strong as wanted."""
    found = case_holds.everything(work.session, work.case.number)
    whole = [each for each in found if each.target.kind is HoldKind.CASE and (each.legal or not legal)]
    return whole[-1] if whole else None


def _whole(work: Work, reason: str, *, legal: bool) -> Hold | None:
    """Placed; None: not this user's to place."""
    if not rows.covers_case(work.session, work.user.reach(Action.HOLD), work.case.number):
        return None
    target = Target(case_number=work.case.number)
    return rows.place_all(work.session, [Placing(target, None)], reason=reason, legal=legal, by=work.by)[0]


def audit_placed(
    session: Session,
    user: User,
    number: str,
    changed: Sequence[Hold],
    source: str | None,
    *,
    what: str = "hold.placed",
    reason: str | None = None,
) -> None:
    """One record for each, so that each incident's trail has its own; last in the transaction. ``reason`` None: that
    of the hold."""

    def one(each: Hold) -> Particulars:
        return {
            "source": source,
            "camera": each.target.camera,
            "area": each.area,
            "incident": each.target.incident,
            "case_number": number,
            "details": {"hold": each.id, "reason": reason or each.reason, "legal": each.legal},
        }

    if changed:
        audit.append_all(session, user, Kind.HOLD, [(what, one(each)) for each in changed])


def _audit(work: Work, what: str, changed: Sequence[Hold], reason: str | None = None) -> None:
    audit_placed(work.session, work.user, work.case.number, changed, work.source, what=what, reason=reason)
