"""What is in a case: references to footage, and pictures. Who calls has locked the case."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from camsvc.db.models import CaseItemRow, CaseRow
from camsvc.db.queries.holds import By
from camsvc.domain.case import ITEMS_MAX, Item, ItemKind
from camsvc.errors import ConflictError, InputError, NotFoundError

COMMENT_MAX = 2000
"""Characters: what one sees, in some lines."""


def add(session: Session, case_id: int, drafts: Sequence[Item], by: By) -> list[Item]:
    """Those that were not in the case yet, in order; what is in it already stays as it is. ``id``, ``added_at`` and
    ``added_by`` of ``drafts`` do not matter.

    Raises ConflictError when the case would hold more than one package can.
    """
    before = count(session, case_id)
    made = []
    for draft in drafts:
        row = session.scalar(
            insert(CaseItemRow)
            .values(**_values(draft), case_id=case_id, added_by=by.name, added_by_id=by.id)
            .on_conflict_do_nothing()
            .returning(CaseItemRow)
        )
        if row is not None:
            made.append(item_of(row))
    if before + len(made) > ITEMS_MAX:
        raise ConflictError(
            f"a case holds {ITEMS_MAX} items at most, and {before} are in it",
            parameter="items",
            cure="take something out, or begin a second case",
        )
    return made


def of_case(
    session: Session, case_id: int, among: Collection[int] | None = None, *, removed: bool = False
) -> list[Item]:
    """In order of time; ``removed``: those that were taken out, instead; ``among``: no others."""
    gone = CaseItemRow.removed_at.is_not(None) if removed else CaseItemRow.removed_at.is_(None)
    wanted = select(CaseItemRow).where(CaseItemRow.case_id == case_id, gone)
    if among is not None:
        wanted = wanted.where(CaseItemRow.id.in_(list(among)))
    rows = session.scalars(
        wanted.order_by(CaseItemRow.from_at, CaseItemRow.id).execution_options(populate_existing=True)
    )
    return [item_of(row) for row in rows]


def times(session: Session, items: Collection[int]) -> dict[int, tuple[datetime, datetime]]:
    """From when to when each of ``items`` goes, of whatever case; also of those that were taken out."""
    rows = session.execute(
        select(CaseItemRow.id, CaseItemRow.from_at, CaseItemRow.to_at).where(CaseItemRow.id.in_(list(items)))
    )
    return {row.id: (row.from_at, row.to_at) for row in rows}


def count(session: Session, case_id: int) -> int:
    wanted = select(func.count()).where(CaseItemRow.case_id == case_id, CaseItemRow.removed_at.is_(None))
    return session.execute(wanted).scalar_one()


def is_full(session: Session, case_id: int) -> bool:
    return count(session, case_id) >= ITEMS_MAX


def get(session: Session, case_id: int, item: int) -> Item:
    """Also one that was taken out. Raises NotFoundError."""
    return item_of(_row(session, case_id, item))


def remove(session: Session, case_id: int, item: int, by: By) -> Item:
    """Raises NotFoundError, ConflictError."""
    row = _row(session, case_id, item)
    if row.removed_at is not None:
        raise ConflictError(f"item {item} was taken out by {row.removed_by} already", parameter="item")
    row.removed_at, row.removed_by = session.execute(select(func.now())).scalar_one(), by.name
    session.flush()
    return item_of(row)


def restore(session: Session, case_id: int, item: int) -> Item:
    """Back into the case. Raises NotFoundError; ConflictError when it, or the same thing, is in the case."""
    row = _row(session, case_id, item)
    if row.removed_at is None:
        raise ConflictError(f"item {item} is in the case", parameter="item", cure="nothing needs to be done")
    same = select(CaseItemRow.id).where(
        CaseItemRow.case_id == case_id,
        CaseItemRow.removed_at.is_(None),
        *(
            getattr(CaseItemRow, name).is_not_distinct_from(getattr(row, name))
            for name in ("kind", "camera", "incident", "part", "from_at", "to_at", "snapshot")
        ),
    )
    if session.scalar(same) is not None:
        raise ConflictError("the same thing is in the case again", parameter="item", cure="nothing needs to be done")
    if is_full(session, case_id):
        raise ConflictError(f"a case holds {ITEMS_MAX} items at most", parameter="item", cure="take something out")
    row.removed_at = row.removed_by = None
    session.flush()
    return item_of(row)


def comment(session: Session, case_id: int, item: int, text: str) -> Item:
    """Raises NotFoundError, InputError, ConflictError for one that was taken out."""
    row = _row(session, case_id, item)
    if row.removed_at is not None:
        raise ConflictError(f"item {item} was taken out", parameter="item", cure="put it back first")
    row.comment = checked_comment(text)
    session.flush()
    return item_of(row)


def checked_comment(text: str) -> str:
    text = text.strip()
    if len(text) > COMMENT_MAX:
        raise InputError(
            f"comment: longer than {COMMENT_MAX} characters", parameter="comment", cure="write a note of the case"
        )
    return text


def cases_of(session: Session, incident: UUID) -> dict[int, str]:
    """Ids and numbers of the cases that it is on, in order."""
    wanted = (
        select(CaseRow.id, CaseRow.number)
        .join(CaseItemRow, CaseItemRow.case_id == CaseRow.id)
        .where(CaseItemRow.incident == incident, CaseItemRow.removed_at.is_(None))
        .distinct()
        .order_by(CaseRow.id)
    )
    return {case: number for case, number in session.execute(wanted)}  # noqa: C416  of rows, which are no pairs to mypy


def snapshots(session: Session) -> dict[str, tuple[str, int]]:
    """Of all cases, also of what was taken out: sha256 and size by object key, for ``camsvc fsck``."""
    rows = session.execute(
        select(CaseItemRow.snapshot, CaseItemRow.snapshot_sha256, CaseItemRow.snapshot_bytes).where(
            CaseItemRow.snapshot.is_not(None)
        )
    )
    return {key: (sha256, size) for key, sha256, size in rows if key and sha256 and size}


def draft(
    kind: ItemKind,
    camera: str,
    area: str,
    from_at: datetime,
    to_at: datetime,
    *,
    text: str = "",
    incident: UUID | None = None,
    incident_started_at: datetime | None = None,
    part: int | None = None,
    snapshot: str | None = None,
    snapshot_sha256: str | None = None,
    snapshot_bytes: int | None = None,
    clock_error_ms: float | None = None,
) -> Item:
    """What ``add`` takes. Raises InputError for a comment that is too long."""
    return Item(
        id=0,
        kind=kind,
        added_at=from_at,
        added_by="",
        area=area,
        camera=camera,
        from_at=from_at,
        to_at=to_at,
        comment=checked_comment(text),
        incident=incident,
        incident_started_at=incident_started_at,
        part=part,
        snapshot=snapshot,
        snapshot_sha256=snapshot_sha256,
        snapshot_bytes=snapshot_bytes,
        clock_error_ms=clock_error_ms,
    )


def item_of(row: CaseItemRow) -> Item:
    return Item(
        id=row.id,
        kind=row.kind,
        added_at=row.added_at,
        added_by=row.added_by,
        area=row.area,
        camera=row.camera,
        from_at=row.from_at,
        to_at=row.to_at,
        comment=row.comment,
        incident=row.incident,
        part=row.part,
        snapshot=row.snapshot,
        snapshot_sha256=row.snapshot_sha256,
        snapshot_bytes=row.snapshot_bytes,
        clock_error_ms=row.clock_error_ms,
        incident_started_at=row.incident_started_at,
        removed_at=row.removed_at,
        removed_by=row.removed_by,
    )


def _row(session: Session, case_id: int, item: int) -> CaseItemRow:
    row = session.get(CaseItemRow, item, populate_existing=True)
    if row is None or row.case_id != case_id:
        raise NotFoundError(f"there is no item {item} in this case", parameter="item", cure="read the case's items")
    return row


def _values(item: Item) -> dict[str, object]:
    names = (
        "kind",
        "incident",
        "incident_started_at",
        "part",
        "camera",
        "area",
        "from_at",
        "to_at",
        "snapshot",
        "snapshot_sha256",
        "snapshot_bytes",
        "clock_error_ms",
        "comment",
    )
    return {name: getattr(item, name) for name in names}
