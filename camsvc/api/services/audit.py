"""Who did what, recorded before the answer is given (invariant 8): what cannot be recorded is not done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from camsvc import log
from camsvc.api.context import Server
from camsvc.db.queries import audit as rows
from camsvc.domain.account import User
from camsvc.domain.audit import Deed, Kind, Outcome, Record

_log = log.get(__name__)


def record(
    server: Server,
    user: User | None,
    kind: Kind,
    what: str,
    *,
    source: str | None = None,
    camera: str | None = None,
    area: str | None = None,
    incident: UUID | None = None,
    outcome: Outcome = Outcome.ALLOWED,
    purpose: str | None = None,
    case_number: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> Record:
    """Append one record, in a transaction of its own; it is durable when this returns. Blocks for one commit.

    ``what`` is thing and verb (``live.began``); ``source`` is ``access.source_of(connection)``; ``details`` is JSON
    without credentials. Raises DatabaseUnavailableError: then the deed must not be done.
    """
    deed = Deed(
        kind=kind,
        what=what,
        outcome=outcome,
        user_id=user.id if user else None,
        user_name=user.name if user else None,
        source=source,
        camera=camera,
        area=area,
        incident=incident,
        purpose=purpose,
        case_number=case_number,
        details=details or {},
    )
    with server.database.session() as session:
        return rows.append(session, deed)
