"""Seals of what workers recorded, and the keys that they are checked by. Both are only added to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Uuid, bindparam, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session

from camsvc.db.models import SealRow, WorkerKeyRow
from camsvc.domain.seal import Seal, SealedFile, SealOf, WorkerKey

Place = tuple[UUID, str, int | None]
"""Incident, ``clip`` or ``tracks``, index of the part (None: of tracks)."""


@dataclass(frozen=True, slots=True)
class ToSeal:
    """A seal on its way into the index."""

    incident: UUID
    what: SealOf
    part: int | None
    file: SealedFile


def register(session: Session, id_: str, worker: str, public_pem: str) -> bool:
    """Make a worker's public key known; whether it was new. May be repeated."""
    made = session.execute(
        insert(WorkerKeyRow)
        .values(id=id_, worker=worker, public_pem=public_pem)
        .on_conflict_do_nothing(index_elements=[WorkerKeyRow.id])
        .returning(WorkerKeyRow.number)
    )
    return made.first() is not None


def end(session: Session, id_: str, by: str) -> bool:
    """From now on nothing is sealed with it; False: there is no such key in use."""
    done = session.execute(
        update(WorkerKeyRow)
        .where(WorkerKeyRow.id == id_, WorkerKeyRow.ended_at.is_(None))
        .values(ended_at=func.now(), ended_by=by)
        .returning(WorkerKeyRow.number)
    )
    return done.first() is not None


def keys(session: Session, ids: Collection[str] | None = None, workers: Collection[str] = ()) -> list[WorkerKey]:
    """Those of ``ids`` that are registered, and all of ``workers``; with None all there are. The oldest first."""
    wanted = select(WorkerKeyRow).order_by(WorkerKeyRow.number).execution_options(populate_existing=True)
    if ids is not None:
        wanted = wanted.where(or_(WorkerKeyRow.id.in_(set(ids)), WorkerKeyRow.worker.in_(set(workers))))
    return [_key(row) for row in session.scalars(wanted)]


def put(session: Session, given: Sequence[ToSeal]) -> None:
    """Add seals whose keys are registered. May be repeated: the first seal of a file stays."""
    if not given:
        return
    ids = {each.file.seal.key for each in given}
    rows = session.execute(select(WorkerKeyRow.id, WorkerKeyRow.number).where(WorkerKeyRow.id.in_(ids)))
    numbers: dict[str, int] = {row.id: row.number for row in rows}
    values = [
        {
            "incident": each.incident,
            "what": each.what,
            "part": each.part or 0,
            "key": numbers[each.file.seal.key],
            "signature": each.file.seal.signature,
            "sha256": bytes.fromhex(each.file.sha256) if each.file.sha256 else None,
            "size_bytes": each.file.size_bytes,
        }
        for each in sorted(given, key=lambda each: (each.incident, each.what.value, each.part or 0))
    ]
    session.execute(insert(SealRow).values(values).on_conflict_do_nothing())


def of_incidents(session: Session, incident_ids: Iterable[UUID]) -> Mapping[Place, Seal]:
    """The seals of ``incident_ids``; what is not in it is unsealed."""
    return {place: file.seal for place, file in files_of(session, incident_ids).items()}


def files_of(session: Session, incident_ids: Iterable[UUID]) -> dict[Place, SealedFile]:
    """As ``of_incidents``, with what the seals of tracks are over."""
    ids = sorted(set(incident_ids))
    if not ids:
        return {}
    rows = session.execute(
        select(SealRow, WorkerKeyRow.id)
        .join(WorkerKeyRow, WorkerKeyRow.number == SealRow.key)
        .where(SealRow.incident == func.any(bindparam("ids", ids, ARRAY(Uuid))))
        .execution_options(populate_existing=True)
    )
    found: dict[Place, SealedFile] = {}
    for row, key in rows:
        part = row.part if row.what is SealOf.CLIP else None
        sha256 = row.sha256.hex() if row.sha256 is not None else None
        found[(row.incident, row.what.value, part)] = SealedFile(Seal(key, row.signature), sha256, row.size_bytes)
    return found


def forget(session: Session, incident_ids: Collection[UUID]) -> None:
    """Of incidents that are in the index no more."""
    session.execute(
        text("DELETE FROM seals WHERE incident = ANY(:ids)").bindparams(bindparam("ids", type_=ARRAY(Uuid))),
        {"ids": list(incident_ids)},
    )


def _key(row: WorkerKeyRow) -> WorkerKey:
    ended_at: datetime | None = row.ended_at.astimezone(UTC) if row.ended_at else None
    return WorkerKey(row.id, row.worker, row.public_pem, row.registered_at.astimezone(UTC), ended_at, row.ended_by)
