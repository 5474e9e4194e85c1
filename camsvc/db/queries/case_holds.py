"""Which items of a case are held, and what a hold on the whole case has to cover."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select, text, update
from sqlalchemy.orm import Session

from camsvc.db.models import CaseItemRow, CaseRow, HoldRow
from camsvc.db.queries import holds
from camsvc.domain.account import Reach
from camsvc.domain.case import Item, ItemKind
from camsvc.domain.hold import Hold, HoldKind, Target


def held(session: Session, items: Collection[Item]) -> set[int]:
    """Ids of those that must stay, by whosever hold; of a span all of it. Not pictures, which
    are held with their case."""
    footage = [each for each in items if each.kind in {ItemKind.INCIDENT, ItemKind.CLIP} and each.incident]
    covered = holds.held_ids(session, {each.incident for each in footage if each.incident is not None})
    spans = [each for each in items if each.kind is ItemKind.SPAN]
    return {each.id for each in footage if each.incident in covered} | _held_spans(session, spans)


def named(session: Session, number: str) -> set[tuple[UUID | None, str | None, object, object]]:
    """What active holds under the number of a case name already: see ``thing``."""
    rows = session.execute(
        select(HoldRow.incident, HoldRow.camera, HoldRow.from_at, HoldRow.to_at).where(
            HoldRow.case_number == number, HoldRow.kind != HoldKind.CASE, HoldRow.released_at.is_(None)
        )
    )
    return {(row.incident, row.camera, row.from_at, row.to_at) for row in rows}


def everything(session: Session, number: str) -> list[Hold]:
    """Active holds under the number, in order; those on the whole case last."""
    rows = session.scalars(
        select(HoldRow)
        .where(HoldRow.case_number == number, HoldRow.released_at.is_(None))
        .order_by(HoldRow.kind == HoldKind.CASE, HoldRow.id)
        .execution_options(populate_existing=True)
    )
    return [holds.hold_of(row) for row in rows]


def active(session: Session, number: str, reach: Reach) -> list[Hold]:
    """Of ``everything``, what ``reach`` covers."""
    whole = reach.is_everywhere or holds.covers_case(session, reach, number)
    return [
        each
        for each in everything(session, number)
        if (whole if each.target.kind is HoldKind.CASE else each.area is not None and reach.covers(each.area))
    ]


@dataclass(frozen=True, slots=True)
class Picture:
    item: int
    key: str


def pictures_to_lock(session: Session, after: int, limit: int) -> list[Picture]:
    """Of cases under legal holds, not yet held by the store; with a higher item than ``after``, in order."""
    return _pictures(session, _LEGAL, after, limit, locked=False)


def pictures_to_unlock(session: Session, after: int, limit: int) -> list[Picture]:
    """Held by the store, and no legal hold is on their case any more; as ``pictures_to_lock``."""
    return _pictures(session, ~_LEGAL, after, limit, locked=True)


def put_locked(session: Session, items: Collection[int], *, locked: bool) -> None:
    changed = update(CaseItemRow).where(CaseItemRow.id.in_(list(items))).values(snapshot_locked=locked)
    session.execute(changed.execution_options(synchronize_session=False))


def target(item: Item, number: str) -> Target | None:
    """What to hold for it; None: pictures belong to the case and are never given up."""
    if item.kind is ItemKind.SPAN:
        return Target(camera=item.camera, from_at=item.from_at, to_at=item.to_at, case_number=number)
    if item.kind in {ItemKind.INCIDENT, ItemKind.CLIP}:
        return Target(incident=item.incident, case_number=number)
    return None


def thing(target_: Target) -> tuple[UUID | None, str | None, object, object]:
    return (target_.incident, target_.camera, target_.from_at, target_.to_at)


_LEGAL = exists().where(
    HoldRow.kind == HoldKind.CASE,
    HoldRow.case_number == CaseRow.number,
    HoldRow.released_at.is_(None),
    HoldRow.legal,
)


def _pictures(session: Session, wanted: ColumnElement[bool], after: int, limit: int, *, locked: bool) -> list[Picture]:
    rows = session.execute(
        select(CaseItemRow.id, CaseItemRow.snapshot)
        .join(CaseRow, CaseRow.id == CaseItemRow.case_id)
        .where(
            CaseItemRow.snapshot.is_not(None),
            CaseItemRow.snapshot_locked.is_(locked),
            CaseItemRow.id > after,
            wanted,
        )
        .order_by(CaseItemRow.id)
        .limit(limit)
    )
    return [Picture(id_, key) for id_, key in rows if key is not None]


def _held_spans(session: Session, spans: Collection[Item]) -> set[int]:
    if not spans:
        return set()
    wanted = text(
        f"SELECT t.camera, t.from_at, t.to_at FROM ({holds.TARGETS}) t WHERE t.camera = ANY(:cameras)"  # noqa: S608  our own words
    )
    rows = session.execute(wanted, {"cameras": sorted({each.camera for each in spans})}).all()
    return {
        each.id
        for each in spans
        if any(row.camera == each.camera and row.from_at <= each.from_at and each.to_at <= row.to_at for row in rows)
    }
