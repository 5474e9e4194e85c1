"""What is in a case: put in, taken out, put back, and read by who may look at it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from camsvc.api.context import Server
from camsvc.api.services import rights
from camsvc.api.services.audit import Particulars
from camsvc.api.services.cases import holding
from camsvc.api.services.cases.footage import access, accesses, positions
from camsvc.api.services.cases.membership import Work, reading, working
from camsvc.db.queries import case_holds, case_items, cases, directory, incidents, shares
from camsvc.domain.account import Action, User
from camsvc.domain.case import SPAN_MAX, Access, Item, ItemKind
from camsvc.domain.incident import Incident
from camsvc.errors import InputError

AT_ONCE_MAX = 200
"""Of one request: each is looked up, and has its record, within one transaction."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One of ``incident`` (with ``part``: a clip), or ``camera`` with both times."""

    incident: UUID | None = None
    part: int | None = None
    camera: str | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class ItemView:
    """An item as somebody may see it."""

    item: Item
    is_open: bool
    """Its area is within reach, or the footage was given to the case. Else only kind and times are told."""
    may_replay: bool = False
    may_export: bool = False
    incident: Incident | None = None
    """As it is now; None: of none, not open, or not in the index any more."""
    is_held: bool = False
    is_expired: bool = False
    """Its footage is gone; of a span nobody can tell."""


def listed(
    server: Server, user: User, case_id: int, *, removed: bool = False, source: str | None = None
) -> list[ItemView]:
    """In order of time; ``removed``: those that were taken out, instead. Raises NotFoundError."""
    with reading(server, user, case_id, source=source) as work:
        return views(work, case_items.of_case(work.session, case_id, removed=removed))


def add(
    server: Server, user: User, case_id: int, wishes: Sequence[Wish], *, source: str | None = None
) -> list[ItemView]:
    """All of ``wishes``, or, where one is refused, none: those that were not in the case yet. In a held case they are
    held too, where ``user`` may hold.

    Raises InputError, NotFoundError (no such case, incident or camera, or out of reach), ForbiddenError, ConflictError.
    """
    if not 1 <= len(wishes) <= AT_ONCE_MAX:
        raise InputError(f"{len(wishes)} items", parameter="items", cure=f"give 1 to {AT_ONCE_MAX}")
    for each in wishes:
        check(each)
    with reading(server, user, case_id, source=source):
        pass  # who is not on the case is refused before anything is looked up for them
    found = _incidents(server, user, [each.incident for each in wishes if each.incident is not None], source)
    cameras = _cameras(server, user, wishes, source)
    drafts = [draft(each, found, cameras) for each in wishes]
    with working(server, user, case_id, source=source) as work:
        made = case_items.add(work.session, case_id, drafts, work.by)
        holding.hold_added(work, made)
        if made:
            facts = {"items": [each.id for each in made], "kinds": sorted({each.kind.value for each in made})}
            work.done_to_each("item.added", facts, [told(each) for each in made])
        return views(work, made)


def remove(server: Server, user: User, case_id: int, item: int, *, source: str | None = None) -> ItemView:
    """It stays as history, can be put back, and stays held. Raises NotFoundError, ForbiddenError, ConflictError."""
    with working(server, user, case_id, source=source) as work:
        gone = case_items.remove(work.session, case_id, item, work.by)
        work.done("item.removed", _facts(gone), **told(gone))
        return views(work, [gone])[0]


def restore(server: Server, user: User, case_id: int, item: int, *, source: str | None = None) -> ItemView:
    """Errors as ``remove``."""
    with working(server, user, case_id, source=source) as work:
        back = case_items.restore(work.session, case_id, item)
        holding.hold_added(work, [back])
        work.done("item.restored", _facts(back), **told(back))
        return views(work, [back])[0]


def comment(server: Server, user: User, case_id: int, item: int, text: str, *, source: str | None = None) -> ItemView:
    """What it shows, in words. Only of what ``user`` may look at. Errors as ``remove``."""
    with working(server, user, case_id, source=source) as work:
        if not access(work.session, user, Action.SEARCH).opens(case_items.get(work.session, case_id, item)):
            raise InputError("it lies outside of your areas", parameter="item", cure="ask for it first")
        said = case_items.comment(work.session, case_id, item, text)
        work.done("item.commented", _facts(said), **told(said))
        return views(work, [said])[0]


def told(item: Item) -> Particulars:
    """Of the audit, which is read by administrators only."""
    details: dict[str, object] = {"item": item.id, "kind": item.kind.value, "from": item.from_at, "to": item.to_at}
    if item.part is not None:
        details["part"] = item.part
    if item.snapshot_sha256 is not None:
        details["sha256"] = item.snapshot_sha256
    return {"camera": item.camera, "area": item.area, "incident": item.incident, "details": details}


def _facts(item: Item) -> dict[str, object]:
    return {"items": [item.id], "kinds": [item.kind.value]}


def views(work: Work, items: Collection[Item]) -> list[ItemView]:
    """``items`` of its case as who works in it may see them."""
    session, user = work.session, work.user
    seen, replayed, exported = accesses(session, user, Action.SEARCH, Action.REPLAY, Action.EXPORT)
    opened = {each.id for each in items if seen.opens(each)}
    there = incidents.at(session, positions([each for each in items if each.id in opened]))
    held = case_holds.held(session, items)
    pictures = {each.id for each in items if each.kind is ItemKind.SNAPSHOT}
    if pictures and cases.hold_state(session, work.case.number) is not None:
        held |= pictures
    return [
        _view(each, is_open=each.id in opened, there=there, held=held, replayed=replayed, exported=exported)
        for each in items
    ]


def _view(
    item: Item,
    *,
    is_open: bool,
    there: Mapping[UUID, Incident],
    held: Collection[int],
    replayed: Access,
    exported: Access,
) -> ItemView:
    if not is_open:
        return ItemView(item, False, is_held=item.id in held)
    incident = there.get(item.incident) if item.incident else None
    of_footage = item.kind in {ItemKind.INCIDENT, ItemKind.CLIP}
    is_gone = of_footage and (incident is None or incident.footage_expired_at is not None)
    return ItemView(
        item,
        True,
        may_replay=replayed.opens(item),
        may_export=exported.opens(item),
        incident=incident,
        is_held=item.id in held,
        is_expired=is_gone,
    )


def check(wish: Wish) -> None:
    """Raises InputError when it is no single thing, or no span of time."""
    if (wish.incident is None) == (wish.camera is None):
        raise InputError(
            "an item is one thing: an incident, or a camera with from and to",
            parameter="items",
            cure="give one of incident, camera",
        )
    if wish.incident is not None:
        if wish.from_at is not None or wish.to_at is not None:
            raise InputError("from and to go with a camera", parameter="from", cure="name the camera")
        return
    if wish.part is not None:
        raise InputError("part goes with an incident", parameter="part", cure="name the incident")
    check_span(wish.from_at, wish.to_at)


def check_span(from_at: datetime | None, to_at: datetime | None) -> None:
    """Raises InputError."""
    if from_at is None or to_at is None or from_at >= to_at:
        raise InputError("a span is from a time to a later one", parameter="to", cure="give both times")
    if to_at - from_at > SPAN_MAX:
        hours = SPAN_MAX.total_seconds() / 3600
        raise InputError(f"longer than {hours:g} hours", parameter="to", cure="take several spans")


def _incidents(server: Server, user: User, wanted: Sequence[UUID], source: str | None) -> Mapping[UUID, Incident]:
    """Raises as ``rights.require_incident`` for the first that may not be searched for."""
    if not wanted:
        return {}
    with server.database.session() as session:
        found = incidents.named(session, wanted)
        foreign = [each for each in wanted if each not in found or not user.may(Action.SEARCH, found[each].area)]
        given = Access(user.reach(Action.SEARCH), shares.of_user(session, user, Action.SEARCH) if foreign else ())
    for each in foreign:
        if each not in found or not given.covers(found[each]):
            rights.require_incident(server, user, Action.SEARCH, each, source=source)
    return found


def _cameras(server: Server, user: User, wishes: Sequence[Wish], source: str | None) -> Mapping[str, str]:
    """The area of each camera whose footage may be played, or was given for all of the time wanted. Also of cameras
    that were removed since: their footage is there."""
    names = sorted({each.camera for each in wishes if each.camera is not None})
    if not names:
        return {}
    with server.database.session() as session:
        may = access(session, user, Action.REPLAY)
        entries = {name: directory.find(session, name) for name in names}
    found: dict[str, str] = {}
    for name, entry in entries.items():
        spans = [_span(each, entry.area) for each in wishes if each.camera == name] if entry else []
        if entry is None or not all(may.opens(each) for each in spans):
            entry = rights.require(server, user, Action.REPLAY, name, source=source)  # noqa: PLW2901  it raises
        found[name] = entry.area
    return found


def draft(wish: Wish, found: Mapping[UUID, Incident], cameras: Mapping[str, str]) -> Item:
    """What is put into the case for ``wish``, which was checked: of the incidents found, and the areas of cameras.

    Raises InputError for a part that the clip does not have.
    """
    if wish.camera is not None:
        return _span(wish, cameras[wish.camera])
    if wish.incident is None:
        raise ValueError("checked before")
    incident = found[wish.incident]
    kind, from_at, to_at = ItemKind.INCIDENT, incident.started_at, incident.until
    if wish.part is not None:
        parts = {each.index: each for each in incident.clip.parts} if incident.clip else {}
        if wish.part not in parts:
            raise InputError(f"incident {incident.id} has no part {wish.part}", parameter="part", cure="see its clip")
        kind, from_at, to_at = ItemKind.CLIP, parts[wish.part].started_at, parts[wish.part].ended_at
    return case_items.draft(
        kind,
        incident.camera,
        incident.area,
        from_at,
        to_at,
        text=wish.comment,
        incident=incident.id,
        incident_started_at=incident.started_at,
        part=wish.part,
    )


def _span(wish: Wish, area: str) -> Item:
    if wish.camera is None or wish.from_at is None or wish.to_at is None:
        raise ValueError("checked before")
    return case_items.draft(ItemKind.SPAN, wish.camera, area, wish.from_at, wish.to_at, text=wish.comment)
