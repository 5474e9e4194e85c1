"""What the database says lies in the object store, for ``camsvc fsck``: by key, each with the verdict on its seal."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy.orm import Session

from camsvc.db.database import Database
from camsvc.db.queries import case_items, exports, stored_files
from camsvc.domain.incident import Incident
from camsvc.storage import fsck, keys
from camsvc.storage.fsck import EVERYTHING, Expected, Span
from camsvc.storage.proofs import Book


def expected_files(database: Database, span: Span = EVERYTHING) -> Iterator[Expected]:
    """By key. Incidents come by id, and the day in front of it in the key is the id's own."""
    if span == EVERYTHING:
        with database.session() as session:
            others = _others(session)
        yield from sorted(others, key=lambda each: each.key)
    last = keys.first_id_of(span.after) if span.after not in (None, keys.INCIDENTS) else None
    while True:
        with database.session() as session:
            page = stored_files.after(session, last)
            book = Book.of(session, page)
        if not page:
            return
        last = page[-1].id
        for incident in page:
            if span.until is not None and keys.incident(incident.id) >= span.until:
                return
            yield from fsck.with_renditions(files_of(incident, book))


def expected_of(database: Database, key: str) -> Expected | None:
    """What the database says of ``key`` now; None: nothing."""
    id_: UUID | None = keys.incident_of(key)
    with database.session() as session:
        if id_ is None:
            return next((each for each in _others(session) if each.key == key), None)
        incident = stored_files.of(session, id_)
        if incident is None:
            return None
        book = Book.of(session, [incident])
    return next((each for each in fsck.with_renditions(files_of(incident, book)) if each.key == key), None)


def files_of(incident: Incident, book: Book) -> list[Expected]:
    """By key."""
    parts = incident.clip.parts if incident.clip else ()
    files = [Expected(part.key, part.sha256, part.size_bytes, verdict=book.part(incident, part)) for part in parts]
    if incident.thumbnail is not None:
        files.append(Expected(incident.thumbnail))
    if incident.tracks is not None:
        verdict = book.tracks(incident)
        files.append(Expected(incident.tracks, verdict.sha256, verdict.size_bytes, verdict=verdict))
    return sorted(files, key=lambda file: file.key)


def _others(session: Session) -> list[Expected]:
    """Snapshots of cases and packages of exports: thousands at most."""
    files = case_items.snapshots(session) | exports.files(session)
    return [Expected(key, sha256, size) for key, (sha256, size) in files.items()]
