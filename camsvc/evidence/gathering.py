"""Reads from the database all that a package says, before any footage is touched."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from camsvc.db.queries import audit, coverage, custody, directory, faults, incidents, redactions, seals
from camsvc.db.queries.areas import all_areas
from camsvc.db.queries.directory import CameraEntry
from camsvc.domain.audit import canonical
from camsvc.domain.case import SPAN_MAX, Access
from camsvc.domain.coverage import MissingSpan
from camsvc.domain.export_job import Snapshot, Span, Subjects
from camsvc.domain.fault import Fault
from camsvc.domain.hold import MARGIN
from camsvc.domain.incident import Incident
from camsvc.domain.seal import SealedFile, SealOf, WorkerKey
from camsvc.domain.search import IncidentFilter
from camsvc.errors import InputError, NotFoundError
from camsvc.evidence.contents import (
    INCIDENTS_MAX,
    TRACKS,
    CameraFacts,
    Found,
    FoundSnapshot,
    FoundSpan,
    Gathered,
    clip_name,
    joined,
)
from camsvc.storage.proofs import Book, Standing

CUSTODY_MAX = 10_000
"""Records about one package's incidents; the newest. When there are more the manifest says so."""
PAGE = 200
"""Incidents of a span that are read at once."""


def gather(session: Session, subjects: Subjects, access: Access) -> Gathered:
    """Incidents oldest first, each once: those asked for, and those whose footage touches a span of time asked for.

    Raises NotFoundError for an incident or camera that ``access`` does not cover, in the same words as for one that
    does not exist; InputError for nothing, or too much.
    """
    cameras = _Cameras(session)
    found = _named(session, subjects.incidents, access)
    asked = frozenset(found)
    spans = [each for span in subjects.spans for each in _allowed(cameras, span, access)]
    touching: list[list[Incident]] = []
    for span in spans:
        touching.append(_touching(session, span, access))
        found.update({each.id: each for each in touching[-1]})
        _check(len(found) + len(subjects.snapshots) + len(spans))
    _check(len(found) + len(subjects.snapshots) + len(spans))
    for each in subjects.snapshots:
        _snapshot(each, access)
    ordered = sorted(found.values(), key=lambda each: (each.started_at, each.id))
    numbers = {each.id: number for number, each in enumerate(ordered, start=1)}
    book, known = Book.of(session, ordered), _faults(session, numbers)
    decided = redactions.of_incidents(session, list(numbers))
    return Gathered(
        tuple(
            Found(
                numbers[each.id],
                each,
                cameras.facts(each.camera, each.area),
                _missing(session, each),
                None if each.id in asked else _parts_of(each, spans),
                *_sealed(book, each),
                tuple(known.get(each.id, ())),
                decided.get(each.id),
            )
            for each in ordered
        ),
        tuple(
            _span(session, number, span, [(numbers[each.id], each) for each in of_it], cameras)
            for number, (span, of_it) in enumerate(zip(spans, touching, strict=True), start=1)
        ),
        tuple(
            FoundSnapshot(number, each, cameras.facts(each.camera, each.area))
            for number, each in enumerate(sorted(subjects.snapshots, key=lambda each: (each.at, each.item)), start=1)
        ),
    )


class _Cameras:
    """As the directory knows them; each is asked for once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._names = {area.path: area.name for area in all_areas(session)}
        self._entries: dict[str, CameraEntry | None] = {}

    def find(self, camera: str) -> CameraEntry | None:
        if camera not in self._entries:
            self._entries[camera] = directory.find(self._session, camera)
        return self._entries[camera]

    def facts(self, camera: str, area: str) -> CameraFacts:
        """``area``: the one that it was in then."""
        entry, steps = self.find(camera), area.split("/")
        paths = ["/".join(steps[: depth + 1]) for depth in range(len(steps))]
        return CameraFacts(
            camera,
            entry.name if entry else None,
            tuple(self._names.get(path, path.split("/")[-1]) for path in paths),
            area,
            entry.location if entry else None,
        )


def _check(count: int) -> None:
    if not 1 <= count <= INCIDENTS_MAX:
        raise InputError(
            f"{count} incidents", parameter="incidents", cure=f"a package holds 1 to {INCIDENTS_MAX} of them"
        )


def _named(session: Session, wanted: Collection[UUID], access: Access) -> dict[UUID, Incident]:
    found = incidents.named(session, wanted)
    for each in wanted:
        if each not in found or not access.covers(found[each]):
            raise incidents.not_found(each)
    return found


def _snapshot(wanted: Snapshot, access: Access) -> None:
    if not access.shows(wanted):
        raise NotFoundError(f"there is no snapshot {wanted.item}", parameter="items", cure="take it from its case")


def _allowed(cameras: _Cameras, span: Span, access: Access) -> list[Span]:
    """Of the span what may be had: all of it, or what shares give of it. Raises NotFoundError when that is nothing."""
    entry = cameras.find(span.camera)
    if entry is None:
        raise directory.not_found(span.camera)
    if span.to_at <= span.from_at or span.to_at - span.from_at > SPAN_MAX:
        raise InputError(
            f"{span.camera} from {span.from_at.isoformat()} to {span.to_at.isoformat()}",
            parameter="span",
            cure=f"its end lies after its start, by at most {SPAN_MAX.total_seconds() / 3600:.0f} hours",
        )
    given = access.given(span.camera, entry.area, span.from_at, span.to_at)
    pieces = [Span(span.camera, from_at, to_at) for from_at, to_at in joined(given)]
    if not pieces:
        raise directory.not_found(span.camera)
    return pieces


def _touching(session: Session, span: Span, access: Access) -> list[Incident]:
    """Incidents with footage within the span; it may reach MARGIN beyond the incident itself."""
    asked = IncidentFilter(from_=span.from_at - MARGIN, to=span.to_at + MARGIN, cameras=(span.camera,))
    found: list[Incident] = []
    cursor = None
    while True:
        page = incidents.search(session, asked, cursor=cursor, limit=PAGE)
        found += [each for each in page.items if access.covers(each) and _parts_of(each, [span])]
        cursor = page.next_cursor
        if cursor is None or len(found) > INCIDENTS_MAX:
            return found


def _parts_of(incident: Incident, spans: Iterable[Span]) -> frozenset[int]:
    parts = incident.clip.parts if incident.clip else ()
    return frozenset(
        part.index
        for span in spans
        for part in parts
        if incident.camera == span.camera and part.started_at < span.to_at and part.ended_at > span.from_at
    )


def _span(
    session: Session, number: int, span: Span, touching: Sequence[tuple[int, Incident]], cameras: _Cameras
) -> FoundSpan:
    entry = cameras.find(span.camera)
    parts = [part for _, each in touching for part in (each.clip.parts if each.clip else ())]
    footage = sorted(
        (max(part.started_at, span.from_at), min(part.ended_at, span.to_at))
        for part in parts
        if part.started_at < span.to_at and part.ended_at > span.from_at
    )
    return FoundSpan(
        number,
        span,
        cameras.facts(span.camera, entry.area if entry else ""),
        tuple(sorted(number for number, _ in touching)),
        tuple(joined(footage)),
        tuple(coverage.spans(session, span.camera, span.from_at, span.to_at)),
    )


def worker_keys(session: Session, found: Gathered) -> dict[str, WorkerKey]:
    """Of those whose seals the incidents bear, by id."""
    ids = {file.seal.key for each in found.incidents for file in each.seals.values()}
    return {key.id: key for key in seals.keys(session, ids)} if ids else {}


def _sealed(book: Book, incident: Incident) -> tuple[dict[str, SealedFile], dict[str, str]]:
    """Seals of its files, and why the index's word is not what was sealed, by the files' names."""
    files: dict[str, SealedFile] = {}
    forged: dict[str, str] = {}
    judged = [
        (clip_name(part.index), book.file(incident.id, SealOf.CLIP, part.index), book.part(incident, part))
        for part in (incident.clip.parts if incident.clip else ())
    ]
    if incident.tracks is not None:
        judged.append((TRACKS, book.file(incident.id, SealOf.TRACKS), book.tracks(incident)))
    for name, file, verdict in judged:
        if file is not None:
            files[name] = file
        if verdict.standing is Standing.FORGED:
            forged[name] = verdict.detail
    return files, forged


def _faults(session: Session, ids: Collection[UUID]) -> dict[UUID, list[Fault]]:
    found: dict[UUID, list[Fault]] = {}
    for fault in faults.of_incidents(session, ids):
        if fault.incident is not None:
            found.setdefault(fault.incident, []).append(fault)
    return found


def custody_log(session: Session, wanted: Iterable[UUID]) -> dict[str, Any]:
    """Of the manifest: the records about these incidents, and the end of the chain, all with their hashes."""
    head = audit.head(session)
    links = custody.of_incidents(session, list(wanted), CUSTODY_MAX + 1)
    shown = links[-CUSTODY_MAX:]
    return {
        "records": [
            {
                "before": link.before.hex(),
                "record": json.loads(canonical(link.record.seq, link.record.at, link.record.deed, link.record.format)),
                "hash": link.record.hash.hex(),
            }
            for link in shown
        ],
        "complete": len(shown) == len(links),
        "head": str(head),
    }


def _missing(session: Session, incident: Incident) -> tuple[MissingSpan, ...]:
    starts = [incident.started_at, *([incident.clip.started_at] if incident.clip else [])]
    ends = [incident.until, *([incident.clip.ended_at] if incident.clip else [])]
    return tuple(coverage.spans(session, incident.camera, min(starts), max(ends)))
