"""What the case pages put together from several calls of the services. Each call is for a thread; nothing here knows of
a page."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from camsvc.api.context import Server
from camsvc.api.services import holds
from camsvc.api.services.cases import items, membership, notes, register, requests
from camsvc.api.services.cases.items import AT_ONCE_MAX, ItemView
from camsvc.api.services.cases.register import CaseView
from camsvc.api.services.cases.register import Wish as CaseWish
from camsvc.db.queries import case_marks, case_people, cases
from camsvc.db.queries import incidents as incident_rows
from camsvc.db.queries.case_items import COMMENT_MAX
from camsvc.db.queries.case_notes import TEXT_MAX as NOTE_MAX
from camsvc.db.queries.cases import DESCRIPTION_MAX, Narrowed, Summary
from camsvc.domain.account import Action, Reach, User
from camsvc.domain.case import Case, CaseEvent, CaseRole, CaseState, FootageRequest, Item, Note, Person, SharedWith
from camsvc.domain.hold import REASON_MAX, Hold, HoldKind
from camsvc.domain.incident import Incident
from camsvc.domain.incident_json import time_json
from camsvc.web.pages.cases.wishes import Wish

__all__ = ["COMMENT_MAX", "DESCRIPTION_MAX", "NOTE_MAX", "REASON_MAX", "Narrowed", "Summary", "Wish"]


ID_DIGITS = 18
"""What fits into a bigint, whatever its digits."""


@dataclass(frozen=True, slots=True)
class Piece:
    """An item as its viewer may see it."""

    item: Item
    is_open: bool
    """Within the viewer's areas, or given to the case."""
    incident: Incident | None = None
    """None: of none, closed, or its row is gone."""
    is_held: bool = False
    is_shared: bool = False
    """Open only because it was given to the case."""
    is_unknown: bool = False
    """Nothing is left of it in the index."""
    is_lost: bool = False
    """Its footage is not there any more: there is nothing to hold."""
    picture_path: str | None = None
    """Of a picture: where the browser gets it."""


@dataclass(frozen=True, slots=True)
class CaseFile:
    """All that the page of a case shows, but its history."""

    view: CaseView
    pieces: tuple[Piece, ...] = ()
    notes: tuple[Note, ...] = ()
    requests: tuple[FootageRequest, ...] = ()
    hold: Hold | None = None
    exports: bool = False
    """Whether the viewer may export somewhere."""

    @property
    def case(self) -> Case:
        return self.view.case

    @property
    def role(self) -> CaseRole:
        return self.view.role

    @property
    def people(self) -> tuple[Person, ...]:
        return self.view.people

    @property
    def agencies(self) -> tuple[SharedWith, ...]:
        return self.view.agencies

    @property
    def may_write(self) -> bool:
        """Also in a closed one: hold, export."""
        return self.role is not CaseRole.READER

    @property
    def may_change(self) -> bool:
        """Items, notes, requests."""
        return self.case.state is CaseState.OPEN and self.may_write

    @property
    def may_lead(self) -> bool:
        return self.role is CaseRole.LEAD

    @property
    def may_export(self) -> bool:
        return self.exports and self.may_write and bool(self.pieces)


def case_id(told: str) -> int | None:
    """Of an address, a cookie or a form; None for what cannot be one."""
    return int(told) if told.isdecimal() and len(told) <= ID_DIGITS else None


def open_case(
    server: Server, user: User, number: str, title: str, description: str = "", *, source: str | None
) -> Case:
    return register.add(server, user, CaseWish(number, title, description), source=source).case


def brief(server: Server, user: User, case_id: int) -> tuple[Case, CaseRole]:
    """Not recorded: it is for what is put into it, not looked at. A browser may remember a case of somebody else.

    Raises NotFoundError for a case that ``user`` is not on.
    """
    with server.database.session() as session:
        role = membership.role_of(session, user, case_id)
        if role is None:
            raise cases.not_found(case_id)
        return cases.get(session, case_id), role


def read(server: Server, user: User, case_id: int, *, source: str | None) -> CaseFile:
    """Raises NotFoundError for a case that ``user`` is not on."""
    view = register.get(server, user, case_id, source=source)
    found = items.listed(server, user, case_id, source=source)
    written = notes.listed(server, user, case_id, source=source)
    reach = user.reach(Action.SEARCH)
    return CaseFile(
        view,
        tuple(_piece(case_id, each, reach) for each in found),
        tuple(each.note for each in written),
        tuple(requests.of_case(server, user, case_id, source=source)),
        _hold(server, user, view.case.number, source) if view.hold is not None else None,
        exports=not user.reach(Action.EXPORT).is_nowhere,
    )


def _piece(case_id: int, view: ItemView, reach: Reach) -> Piece:
    item = view.item
    path = f"/api/v1/cases/{case_id}/snapshots/{item.id}" if view.may_replay and item.snapshot else None
    is_shared = view.is_open and not reach.covers(item.area)
    is_unknown = view.is_expired and view.incident is None
    return Piece(item, view.is_open, view.incident, view.is_held, is_shared, is_unknown, view.is_expired, path)


def _hold(server: Server, user: User, number: str, source: str | None) -> Hold | None:
    """The hold on the whole case, for who may hold somewhere."""
    if user.reach(Action.HOLD).is_nowhere:
        return None
    known = holds.listed(server, user, source=source)
    of_case = (each for each in known if each.target.kind is HoldKind.CASE and each.target.case_number == number)
    return next((each for each in of_case if each.is_active), None)


# What is done -----------------------------------------------------------------------------------------------------


def change(
    server: Server, user: User, case: Case, *, number: str, title: str, description: str, source: str | None
) -> None:
    wish = CaseWish(number, title, description)
    register.change(server, user, case.id, wish, revision=case.revision, source=source)


def turn(server: Server, user: User, case: Case, state: CaseState, reason: str, *, source: str | None) -> None:
    """Close it, or open it again."""
    step = register.close if state is CaseState.CLOSED else register.reopen
    step(server, user, case.id, reason, source=source)


def add(
    server: Server, user: User, case_id: int, wanted: Sequence[Wish], comment: str, *, source: str | None
) -> list[int]:
    """Ids of those that were not in it yet. No pictures: the browser has them (``send_picture``)."""
    made: list[int] = []
    wishes = [_item_wish(each, comment) for each in wanted]
    for first in range(0, len(wishes), AT_ONCE_MAX):
        some = wishes[first : first + AT_ONCE_MAX]
        made += [each.item.id for each in items.add(server, user, case_id, some, source=source)]
    return made


def _item_wish(wish: Wish, comment: str) -> items.Wish:
    if wish.incident is not None:
        return items.Wish(incident=wish.incident, part=wish.part, comment=comment)
    return items.Wish(camera=wish.camera, from_at=wish.from_at, to_at=wish.to_at, comment=comment)


def picture_url(case_id: int, wish: Wish, comment: str) -> str:
    """Of the REST API: where the browser sends the picture."""
    asked = {"camera": wish.camera or "", "at": time_json(wish.from_at) if wish.from_at else "", "comment": comment}
    if wish.incident is not None:
        asked["incident"] = str(wish.incident)
    return f"/api/v1/cases/{case_id}/snapshots?{urlencode({name: text for name, text in asked.items() if text})}"


def of_incidents(server: Server, user: User, incidents: Collection[UUID]) -> Mapping[UUID, tuple[tuple[int, str], ...]]:
    """Id and number of those of the user's cases that each is in."""
    with server.database.session() as session:
        return case_marks.numbers(session, case_people.asker(user), incidents)


def known(server: Server, user: User, wanted: Collection[UUID]) -> Mapping[UUID, Incident]:
    """Those of ``wanted`` that lie where ``user`` may search."""
    reach = user.reach(Action.SEARCH)
    with server.database.session() as session:
        found = incident_rows.named(session, wanted) if wanted else {}
    return {id_: each for id_, each in found.items() if reach.covers(each.area)}


def history(
    server: Server, user: User, case_id: int, *, before: int | None, limit: int, source: str | None
) -> tuple[Sequence[CaseEvent], int | None]:
    found = register.history(server, user, case_id, before=before, limit=limit, source=source)
    return found.items, found.next_before
