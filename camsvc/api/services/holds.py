"""Placing holds and letting go of them: who may, what is recorded, and what is told of it (invariant 6)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from camsvc import log
from camsvc.api.context import Server
from camsvc.api.services import audit, rights
from camsvc.clock import Clock
from camsvc.db.database import Database
from camsvc.db.queries import hold_locks, holds
from camsvc.db.queries import incidents as incident_rows
from camsvc.db.queries.hold_locks import Mirror
from camsvc.db.queries.holds import By
from camsvc.domain.account import Action, User
from camsvc.domain.audit import Kind
from camsvc.domain.hold import CASE_MAX, REASON_MAX, SPAN_MAX, Hold, HoldEvent, HoldKind, HoldState, Target
from camsvc.domain.incident import Incident
from camsvc.domain.incident_json import time_json
from camsvc.errors import CamsvcError, ConflictError, InputError
from camsvc.storage.holds import HoldMirror

LOOK_S = 20.0
"""Between two looks of the mirror, when nobody places or releases a hold: for what is published into a held span."""
LISTEN_S = 1.0
"""How soon it notices that it is to stop."""
NOT_KEPT = "the object store does not enforce holds, so this cannot be a legal hold"
NOT_KEPT_CURE = (
    "let its bucket be made with object lock; or give legal: false: the hold then stands against retention, a full disk"
    " and all that camsvc does, but not against who deletes in the store itself"
)

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Protection:
    """What protects one incident."""

    holds: tuple[Hold, ...]
    """Active ones, the newest first; those that the asker may know of."""
    is_held: bool
    """By any, also one that the asker may not know of."""
    is_locked: bool
    """Its files are held in the object store as well."""


@dataclass(frozen=True, slots=True)
class State:
    """Of the mirror in the object store."""

    is_kept: bool | None
    """Whether the store keeps its word; None: it is away."""
    mirror: Mirror


def place(
    server: Server, user: User, target: Target, reason: str, *, legal: bool = True, source: str | None = None
) -> Hold:
    """In force when this returns; the store's files follow within seconds. Recorded.

    Raises InputError, NotFoundError, ForbiddenError; ConflictError when ``legal`` and the store enforces nothing.
    """
    reason = words(reason, "reason")
    checked(target)
    area, incident = _where(server, user, target, source)
    if legal:
        require_kept(server)
    if legal and incident is not None and incident.footage_expired_at is not None:
        raise ConflictError(
            f"the footage of incident {incident.id} expired at {time_json(incident.footage_expired_at)}: there is"
            " nothing left to hold",
            parameter="incident",
            cure="give legal: false to keep its row in the index",
        )
    with server.database.session() as session:
        started_at = incident.started_at if incident else None
        made = holds.place(
            session, target, area=area, started_at=started_at, reason=reason, legal=legal, by=By(user.id, user.name)
        )
        if incident is not None:
            _refuse_if_gone(session, incident, legal=legal)
        _record(session, user, "hold.placed", made, reason, source)
    return made


def require_kept(server: Server) -> None:
    """For a legal hold. Raises ConflictError when the object store enforces none, or is away."""
    is_kept = server.enforcement.is_kept()
    if is_kept is None:
        raise ConflictError(
            "the object store is away: whether it enforces holds is not known", parameter="legal", cure=NOT_KEPT_CURE
        )
    if not is_kept:
        raise ConflictError(NOT_KEPT, parameter="legal", cure=NOT_KEPT_CURE)


def get(server: Server, user: User, hold: int, *, source: str | None = None) -> tuple[Hold, list[HoldEvent]]:
    """With its history. Raises NotFoundError also for one that lies elsewhere."""
    reach = rights.require_somewhere(server, user, Action.HOLD, source=source)
    with server.database.session() as session:
        return holds.get(session, hold, reach), holds.history(session, hold)


def listed(
    server: Server,
    user: User,
    *,
    state: HoldState | None = None,
    before: int | None = None,
    limit: int = holds.LIST_MAX,
    source: str | None = None,
) -> list[Hold]:
    """Where the user may hold; the newest first."""
    reach = rights.require_somewhere(server, user, Action.HOLD, source=source)
    with server.database.session() as session:
        return holds.listed(session, reach, state=state, before=before, limit=limit)


def request_release(server: Server, user: User, hold: int, reason: str, *, source: str | None = None) -> Hold:
    """The first of two. The hold stands. Raises NotFoundError, ForbiddenError, ConflictError."""
    return _change(server, user, hold, reason, holds.request_release, "hold.release_requested", source)


def end_request(server: Server, user: User, hold: int, reason: str, *, source: str | None = None) -> Hold:
    """The release is refused, or withdrawn by who asked for it: the hold goes on. Errors as ``request_release``."""
    return _change(server, user, hold, reason, holds.end_request, "hold.release_refused", source)


def release(server: Server, user: User, hold: int, reason: str, *, source: str | None = None) -> Hold:
    """The second of two, another account. From then on retention may take what it covered. Errors as
    ``request_release``."""
    return _change(server, user, hold, reason, holds.release, "hold.released", source)


def protection(server: Server, user: User, incident: Incident) -> Protection:
    """Of an incident that ``user`` may know of. Not recorded: it is part of looking at it."""
    reach = user.reach(Action.HOLD)
    with server.database.session() as session:
        found = holds.of_incident(session, incident.id)
        held = bool(found) or bool(holds.held_ids(session, {incident.id}))
        locked = bool(hold_locks.among(session, {incident.id}))
        known = tuple(each for each in found if reach.is_everywhere or (each.area and reach.covers(each.area)))
    return Protection(known, held, locked)


def held_among(server: Server, incidents: Iterable[Incident]) -> set[UUID]:
    """Those of ``incidents``, which the asker may know of, that are held: the mark on their cards. One statement."""
    with server.database.session() as session:
        return holds.held_ids(session, {each.id for each in incidents})


def state(server: Server) -> State:
    """Blocks for a probe of the store where none was made lately."""
    with server.database.session() as session:
        mirror = hold_locks.mirror(session)
    return State(server.enforcement.is_kept(), mirror)


class Keeper:
    """The duty that mirrors holds in the object store: at once when one is placed or released, else now and then."""

    def __init__(self, database: Database, mirror: HoldMirror, clock: Clock) -> None:
        self._database = database
        self._mirror = mirror
        self._clock = clock

    def work(self, stop: threading.Event, check: Callable[[], None]) -> None:
        due_s = self._clock.monotonic_s()
        for note in self._database.listen(holds.CHANNEL, stop=stop, interval_s=LISTEN_S):
            if note is None and self._clock.monotonic_s() < due_s:
                continue
            try:
                self._mirror.turn(stop, check)
            except CamsvcError as error:
                check()  # the database is away: another turn of the duty
                _log.warning("holds are not mirrored in the store; tried again", reason=str(error), retry_s=LOOK_S)
            due_s = self._clock.monotonic_s() + LOOK_S


def hold_json(hold: Hold) -> dict[str, object]:
    target = hold.target
    return {
        "id": hold.id,
        "kind": target.kind.value,
        "incident": str(target.incident) if target.incident else None,
        "camera": target.camera,
        "from": _time(target.from_at),
        "to": _time(target.to_at),
        "case_number": target.case_number,
        "area": hold.area,
        "reason": hold.reason,
        "legal": hold.legal,
        "state": hold.state.value,
        "placed_at": _time(hold.placed_at),
        "placed_by": hold.placed_by,
        "requested_at": _time(hold.requested_at),
        "requested_by": hold.requested_by,
        "request_reason": hold.request_reason,
        "released_at": _time(hold.released_at),
        "released_by": hold.released_by,
        "release_reason": hold.release_reason,
    }


def _change(
    server: Server,
    user: User,
    hold: int,
    reason: str,
    step: Callable[[Session, int, By, str], Hold],
    what: str,
    source: str | None,
) -> Hold:
    reach = rights.require_somewhere(server, user, Action.HOLD, source=source)
    reason = words(reason, "reason")
    with server.database.session() as session:
        holds.get(session, hold, reach)
        changed = step(session, hold, By(user.id, user.name), reason)
        _record(session, user, what, changed, reason, source)
    return changed


def _where(server: Server, user: User, target: Target, source: str | None) -> tuple[str | None, Incident | None]:
    """The area whose right it needs, and the incident if it names one."""
    if target.incident is not None:
        found = rights.require_incident(server, user, Action.HOLD, target.incident, source=source)
        return found.area, found
    if target.camera is not None:
        return rights.require(server, user, Action.HOLD, target.camera, source=source).area, None
    reach = rights.require_somewhere(server, user, Action.HOLD, source=source)
    with server.database.session() as session:
        if not holds.covers_case(session, reach, target.case_number):
            raise InputError(
                f"nothing that you may hold is held under the case number {target.case_number!r}",
                parameter="case_number",
                cure="hold incidents or a camera's span with this number first",
            )
    return None, None


def _refuse_if_gone(session: Session, incident: Incident, *, legal: bool) -> None:
    """Retention was just at it, and came first. Raises NotFoundError, ConflictError: nothing was placed."""
    now = incident_rows.get(session, incident.id)
    if legal and now.footage_expired_at is not None:
        raise ConflictError(
            f"the footage of incident {incident.id} has just expired", parameter="incident", cure="nothing is left"
        )


def checked(target: Target) -> None:
    """Raises InputError when it is no single thing, or no span of time."""
    named = [target.incident is not None, target.camera is not None]
    if all(named) or not (any(named) or target.case_number):
        raise InputError(
            "a hold is on one thing: an incident, a camera with from and to, or a case number alone",
            parameter="incident",
            cure="give one of incident, camera, case_number",
        )
    if target.case_number is not None:
        words(target.case_number, "case_number", CASE_MAX)
    if target.kind is not HoldKind.CAMERA:
        if target.from_at is not None or target.to_at is not None:
            raise InputError(
                "from and to go with a camera", parameter="from", cure="name the camera, or leave them out"
            )
        return
    if target.from_at is None or target.to_at is None or target.from_at >= target.to_at:
        raise InputError("a camera is held from a time to a later one", parameter="to", cure="give both times")
    if target.to_at - target.from_at > SPAN_MAX:
        raise InputError(
            f"longer than {SPAN_MAX.days} days", parameter="to", cure="place several holds, one after the other"
        )


def words(text: str, parameter: str, most: int = REASON_MAX) -> str:
    """``text`` without what is around it. Raises InputError when that is nothing, or too much."""
    text = text.strip()
    if not text:
        raise InputError(f"{parameter}: say something", parameter=parameter, cure="give it in words")
    if len(text) > most:
        raise InputError(f"{parameter}: longer than {most} characters", parameter=parameter, cure="say it shorter")
    return text


def _record(session: Session, user: User, what: str, hold: Hold, reason: str, source: str | None) -> None:
    target = hold.target
    details: dict[str, object] = {"hold": hold.id, "reason": reason, "legal": hold.legal}
    if target.from_at is not None:
        details |= {"from": _time(target.from_at), "to": _time(target.to_at)}
    # What the hold is for goes before what the session is for.
    case = {"case_number": target.case_number} if target.case_number else {}
    audit.append(
        session,
        user,
        Kind.HOLD,
        what,
        source=source,
        camera=target.camera,
        area=hold.area,
        incident=target.incident,
        details=details,
        **case,  # type: ignore[arg-type]
    )


def _time(moment: datetime | None) -> str | None:
    return time_json(moment) if moment is not None else None
