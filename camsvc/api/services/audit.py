"""Who did what, recorded before the answer is given (invariant 8): what cannot be recorded is not done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from camsvc.api.context import Server
from camsvc.db.queries import audit as rows
from camsvc.domain.account import User
from camsvc.domain.audit import Deed, Kind, Outcome, Record


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
    with server.database.session() as session:
        return append(
            session,
            user,
            kind,
            what,
            source=source,
            camera=camera,
            area=area,
            incident=incident,
            outcome=outcome,
            purpose=purpose,
            case_number=case_number,
            details=details,
        )


def append(
    session: Session,
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
    """As ``record``, within the transaction of the deed itself: both are done, or neither. Let it be its last
    statement: all who append wait for its end."""
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
    return rows.append(session, deed)


def refuse_sign_in(server: Server, name: str, *, source: str | None) -> None:
    """Somebody tried to log in as ``name``, and is not."""
    with server.database.session() as session:
        rows.append(session, Deed(Kind.SIGN_IN, "session.refused", Outcome.REFUSED, user_name=name, source=source))
