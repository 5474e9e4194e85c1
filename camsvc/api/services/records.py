"""The audit chain as administrators read it: looked through, taken along, proved. Reading it is itself recorded."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from camsvc.api.context import Server
from camsvc.api.errors import BusyError
from camsvc.api.services import audit, rights
from camsvc.db import audit_proof
from camsvc.db.audit_proof import Verdict
from camsvc.db.queries import audit as rows
from camsvc.db.queries.audit import Wanted
from camsvc.domain.account import Action, User
from camsvc.domain.audit import Head, Kind, Record
from camsvc.domain.incident_json import time_json

EXPORT_PAGE = 1000
"""Records read at once for an export."""
PROOFS_AT_ONCE = 1
"""Of a server process: a proof reads the whole chain, and computes as fast as it reads."""

_proving = threading.BoundedSemaphore(PROOFS_AT_ONCE)


def entries(
    server: Server,
    user: User,
    wanted: Wanted,
    *,
    limit: int,
    before: int | None = None,
    source: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> tuple[list[Record], int | None]:
    """Newest first, and the number before which the next page begins. Recorded with its conditions.

    Raises ForbiddenError, DatabaseUnavailableError.
    """
    rights.require_everywhere(server, user, Action.ADMINISTER, source=source)
    found = _read(server, wanted, limit, before)
    if before is None:
        told = wanted_json(wanted) | dict(details or {})
        audit.record(server, user, Kind.ADMINISTER, "audit.read", source=source, details=told)
    return found


def pages(
    server: Server, user: User, wanted: Wanted, form: str, *, source: str | None = None
) -> Iterator[Sequence[Record]]:
    """All that match, newest first, page by page; none that is appended meanwhile. Recorded before the first.

    Raises ForbiddenError, DatabaseUnavailableError, before the first page is asked for.
    """
    first, position = entries(
        server, user, wanted, limit=EXPORT_PAGE, source=source, details={"format": form, "all": True}
    )
    return _all(server, wanted, first, position)


def head(server: Server, user: User, *, source: str | None = None) -> Head:
    """The end of the chain: to be kept where this system cannot reach. Raises ForbiddenError."""
    rights.require_everywhere(server, user, Action.ADMINISTER, source=source)
    with server.database.session() as session:
        return rows.head(session)


def verify(
    server: Server,
    user: User,
    anchor: Head | None,
    *,
    progress: Callable[[int], None] = lambda _: None,
    source: str | None = None,
) -> Verdict:
    """Prove the whole chain, as ``audit_proof.verify``. Recorded, with the verdict.

    Blocks for a second for each 8,000 records. Raises ForbiddenError, BusyError while another proof runs.
    """
    rights.require_everywhere(server, user, Action.ADMINISTER, source=source)
    with _one_at_a_time():
        verdict = audit_proof.verify(server.database, anchor, progress=progress)
    told = verdict_json(verdict) | ({"anchor": str(anchor)} if anchor else {})
    audit.record(server, user, Kind.ADMINISTER, "audit.verified", source=source, details=told)
    return verdict


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    broken = verdict.broken
    return {
        "ok": broken is None,
        "records": verdict.records,
        "head": str(verdict.head),
        "broken": {"seq": broken.seq, "fault": broken.fault.value, "detail": broken.detail} if broken else None,
    }


def wanted_json(wanted: Wanted) -> dict[str, Any]:
    """Conditions that are given, under the names of REST."""
    told = {
        "user": wanted.user,
        "camera": wanted.camera,
        "incident": str(wanted.incident) if wanted.incident else None,
        "kind": wanted.kind.value if wanted.kind else None,
        "what": wanted.what,
        "outcome": wanted.outcome.value if wanted.outcome else None,
        "from": time_json(wanted.from_) if wanted.from_ else None,
        "to": time_json(wanted.to) if wanted.to else None,
        "case": wanted.case_number,
    }
    return {name: value for name, value in told.items() if value is not None}


def _read(server: Server, wanted: Wanted, limit: int, before: int | None) -> tuple[list[Record], int | None]:
    with server.database.session() as session:
        found = rows.entries(session, wanted, limit=limit + 1, before=before)
    return found[:limit], found[limit - 1].seq if len(found) > limit else None


def _all(server: Server, wanted: Wanted, first: Sequence[Record], position: int | None) -> Iterator[Sequence[Record]]:
    yield first
    while position is not None:
        found, position = _read(server, wanted, EXPORT_PAGE, position)
        yield found


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    if not _proving.acquire(blocking=False):
        raise BusyError("The chain is being proved already: wait for that.")
    try:
        yield
    finally:
        _proving.release()
