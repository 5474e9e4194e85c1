"""What the incident index says lies in the object store: for checking the one against the other."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from camsvc.db.models import IncidentRow

PAGE = 1000
_HAS_FILES = IncidentRow.footage_expired_at.is_(None)


@dataclass(frozen=True, slots=True)
class StoredFile:
    key: str
    sha256: str | None
    """None: the index does not keep it (thumbnail, tracks)."""
    size_bytes: int | None


def after(session: Session, incident: UUID | None, limit: int = PAGE) -> list[tuple[UUID, list[StoredFile]]]:
    """The next ``limit`` incidents by id, from the first or after ``incident``, each with its files by key."""
    wanted = select(IncidentRow.id, IncidentRow.clip, IncidentRow.thumbnail, IncidentRow.tracks).where(_HAS_FILES)
    if incident is not None:
        wanted = wanted.where(IncidentRow.id > incident)
    rows = session.execute(wanted.order_by(IncidentRow.id).limit(limit))
    return [(row.id, _files(row.clip, row.thumbnail, row.tracks)) for row in rows]


def of(session: Session, incident: UUID) -> list[StoredFile]:
    """Empty when there is no such incident, or its footage has expired."""
    wanted = select(IncidentRow.clip, IncidentRow.thumbnail, IncidentRow.tracks).where(
        IncidentRow.id == incident, _HAS_FILES
    )
    row = session.execute(wanted).one_or_none()
    return _files(row.clip, row.thumbnail, row.tracks) if row is not None else []


def _files(clip: dict[str, list[dict[str, object]]] | None, *others: str | None) -> list[StoredFile]:
    files = [
        StoredFile(str(part["key"]), str(part["sha256"]), int(str(part["size_bytes"])))
        for part in (clip or {}).get("parts", [])
    ]
    files += [StoredFile(key, None, None) for key in others if key is not None]
    return sorted(files, key=lambda file: file.key)
