"""What footage a case gives: to whom, and what of it goes into a package."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.orm import Session

from camsvc.api.context import Server
from camsvc.api.services.cases.membership import ENOUGH, reading
from camsvc.db.cursor import Position
from camsvc.db.queries import case_items, incidents, shares
from camsvc.domain.account import Action, User
from camsvc.domain.case import Access, Case, CaseRole, Item, ItemKind
from camsvc.domain.export_job import Snapshot, Span, Subjects
from camsvc.errors import InputError, NotFoundError


@dataclass(frozen=True, slots=True)
class Selection:
    """What of a case goes into a package, and what does not."""

    case: Case
    subjects: Subjects
    """May be empty."""
    closed: tuple[Item, ...]
    """Outside of what the asker may export, and not given to the case."""
    gone: tuple[Item, ...]
    """The incident's row is not in the index any more: there is nothing left of it."""


def access(session: Session, user: User, action: Action) -> Access:
    """Where ``user`` may do ``action``, with what was given for the cases they are on, as it is now."""
    return accesses(session, user, action)[0]


def accesses(session: Session, user: User, *actions: Action) -> list[Access]:
    """``access`` for each of ``actions``, in one statement."""
    given = shares.of_user_for_each(session, user, actions)
    return [Access(user.reach(each), given[each]) for each in actions]


def chosen(
    server: Server, user: User, case_id: int, items: Collection[int] | None = None, *, source: str | None = None
) -> Selection:
    """What ``user`` may export of the case; ``items``: no others. Of a clip all of its incident.

    Raises NotFoundError, InputError when that is nothing, or when one of ``items`` may not be exported.
    """
    found = selection(server, user, case_id, items, source=source)
    if items is not None and found.closed:
        raise InputError(
            f"items {', '.join(str(each.id) for each in found.closed)} lie outside of what you may export",
            parameter="items",
            cure="ask for them, or leave them out",
        )
    if found.subjects == Subjects():
        raise InputError("nothing in this case may be exported", parameter="items", cure="add items, or ask for them")
    return found


def selection(
    server: Server, user: User, case_id: int, items: Collection[int] | None = None, *, source: str | None = None
) -> Selection:
    """Raises NotFoundError: no such case, or none of ``items`` is in it. A reader of the case may export nothing of
    it."""
    with reading(server, user, case_id, source=source) as work:
        found = case_items.of_case(work.session, case_id, items)
        if items is not None and (unknown := set(items) - {each.id for each in found}):
            raise NotFoundError(f"there is no item {min(unknown)} in this case", parameter="items")
        may = access(work.session, user, Action.EXPORT)
        exports = work.role in ENOUGH[CaseRole.MEMBER]
        there = incidents.at(work.session, positions(found))
    opened = [each for each in found if exports and may.opens(each)]
    gone = [each for each in opened if each.incident is not None and each.incident not in there]
    gone = [each for each in gone if each.kind is not ItemKind.SNAPSHOT]
    closed = tuple(each for each in found if each not in opened)
    return Selection(work.case, subjects_of([each for each in opened if each not in gone]), closed, tuple(gone))


def positions(items: Collection[Item]) -> list[Position]:
    """Of their incidents."""
    return [
        Position(each.incident_started_at, each.incident)
        for each in items
        if each.incident is not None and each.incident_started_at is not None
    ]


def subjects_of(items: Collection[Item]) -> Subjects:
    """All of ``items``, whoever asks."""
    wanted = dict.fromkeys(
        each.incident for each in items if each.incident is not None and each.kind in {ItemKind.INCIDENT, ItemKind.CLIP}
    )
    spans = tuple(Span(each.camera, each.from_at, each.to_at) for each in items if each.kind is ItemKind.SPAN)
    pictures = tuple(_snapshot(each) for each in items if each.kind is ItemKind.SNAPSHOT)
    return Subjects(tuple(wanted), spans, pictures)


def _snapshot(item: Item) -> Snapshot:
    if item.snapshot is None or item.snapshot_sha256 is None:
        raise ValueError(f"item {item.id} is no picture")
    return Snapshot(
        item=item.id,
        key=item.snapshot,
        sha256=item.snapshot_sha256,
        camera=item.camera,
        area=item.area,
        at=item.from_at,
        by=item.added_by,
        comment=item.comment,
        clock_error_ms=item.clock_error_ms,
        incident=item.incident,
    )
