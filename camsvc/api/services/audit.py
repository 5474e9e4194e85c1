"""Who did what, recorded before the answer is given (invariant 8): what cannot be recorded is not done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy.orm import Session

from camsvc.api.context import Server
from camsvc.db.queries import audit as rows
from camsvc.domain.account import User
from camsvc.domain.audit import Deed, Kind, Outcome, Record


class Particulars(TypedDict, total=False):
    """What else a record says, under the names of ``Deed``; what is left out is as there."""

    source: str | None
    camera: str | None
    area: str | None
    incident: UUID | None
    outcome: Outcome
    purpose: str | None
    case_number: str | None
    details: Mapping[str, Any]


def record(
    server: Server,
    user: User | None,
    kind: Kind,
    what: str,
    **particulars: Unpack[Particulars],
) -> Record:
    """Append one record, in a transaction of its own; it is durable when this returns. Blocks for one commit.

    ``what`` is thing and verb (``live.began``); ``source`` is ``access.source_of(connection)``; ``details`` is JSON
    without credentials. Raises DatabaseUnavailableError: then the deed must not be done.
    """
    with server.database.session() as session:
        return append(session, user, kind, what, **particulars)


def append(
    session: Session,
    user: User | None,
    kind: Kind,
    what: str,
    **particulars: Unpack[Particulars],
) -> Record:
    """As ``record``, within the transaction of the deed itself: both are done, or neither. Let it be its last
    statement: all who append wait for its end. What ``user`` said it is for is recorded, unless told otherwise."""
    return rows.append(session, _deed(user, kind, what, particulars))


def append_all(session: Session, user: User, kind: Kind, deeds: Sequence[tuple[str, Particulars]]) -> None:
    """``append`` of each of ``deeds``, each with its ``what``, as one statement."""
    rows.append_all(session, [_deed(user, kind, what, particulars) for what, particulars in deeds])


def refused(server: Server, user: User | None, kind: Kind, **particulars: Unpack[Particulars]) -> None:
    """Record that ``user`` tried what they may not."""
    told: Particulars = {**particulars, "outcome": Outcome.REFUSED}
    record(server, user, kind, "access.refused", **told)


def refuse_sign_in(server: Server, name: str, *, source: str | None) -> None:
    """Somebody tried to log in as ``name``, and is not."""
    with server.database.session() as session:
        rows.append(session, Deed(Kind.SIGN_IN, "session.refused", Outcome.REFUSED, user_name=name, source=source))


def _deed(user: User | None, kind: Kind, what: str, particulars: Particulars) -> Deed:
    if user is None:
        return Deed(kind, what, **particulars)
    said: Particulars = {"purpose": user.reason.purpose, "case_number": user.reason.case_number}
    said.update(particulars)
    return Deed(kind, what, user_id=user.id, user_name=user.name, **said)
