"""Reads from the database all that a package says, before any footage is touched."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from camsvc.db.queries import audit, coverage, custody, directory, incidents
from camsvc.db.queries.areas import all_areas
from camsvc.domain.account import EVERYWHERE, Reach
from camsvc.domain.audit import canonical
from camsvc.domain.coverage import MissingSpan
from camsvc.domain.incident import Incident
from camsvc.errors import InputError
from camsvc.evidence.contents import INCIDENTS_MAX, CameraFacts, Found

CUSTODY_MAX = 10_000
"""Records about one package's incidents; the newest. When there are more the manifest says so."""


def gather(session: Session, wanted: Sequence[UUID], reach: Reach = EVERYWHERE) -> tuple[Found, ...]:
    """The incidents, oldest first, each once. Raises NotFoundError for one that is not in ``reach``, InputError."""
    ids = list(dict.fromkeys(wanted))
    if not 1 <= len(ids) <= INCIDENTS_MAX:
        raise InputError(
            f"{len(ids)} incidents", parameter="incidents", cure=f"a package holds 1 to {INCIDENTS_MAX} of them"
        )
    names = {area.path: area.name for area in all_areas(session)}
    known = sorted((incidents.get(session, each, reach) for each in ids), key=lambda each: (each.started_at, each.id))
    return tuple(
        Found(number, incident, _camera(session, incident, names), _missing(session, incident))
        for number, incident in enumerate(known, start=1)
    )


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


def _camera(session: Session, incident: Incident, names: dict[str, str]) -> CameraFacts:
    entry = directory.find(session, incident.camera)
    steps = incident.area.split("/")
    paths = ["/".join(steps[: depth + 1]) for depth in range(len(steps))]
    return CameraFacts(
        incident.camera, entry.name if entry else None, tuple(names.get(path, path.split("/")[-1]) for path in paths)
    )


def _missing(session: Session, incident: Incident) -> tuple[MissingSpan, ...]:
    starts = [incident.started_at, *([incident.clip.started_at] if incident.clip else [])]
    ends = [incident.ended_at or incident.last_observed_at, *([incident.clip.ended_at] if incident.clip else [])]
    return tuple(coverage.spans(session, incident.camera, min(starts), max(ends)))
