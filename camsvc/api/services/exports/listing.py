"""Exports as those see them who may: listed, looked at, stopped, deleted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from camsvc.api.context import Server
from camsvc.api.errors import ForbiddenError
from camsvc.api.services import rights
from camsvc.api.services.exports import history, standing
from camsvc.db.queries import exports as rows
from camsvc.db.queries.exports import LIST_MAX
from camsvc.domain.account import Action, User
from camsvc.domain.export_job import Export, ExportState


def listed(
    server: Server,
    user: User,
    *,
    everyone: bool = False,
    case: int | None = None,
    states: Sequence[ExportState] = (),
    before: UUID | None = None,
    limit: int = LIST_MAX,
    source: str | None = None,
) -> list[Export]:
    """Newest first: one's own and those of one's cases; ``everyone``: of all accounts, for administrators.

    Raises ForbiddenError, recorded.
    """
    if everyone:
        rights.require_everywhere(server, user, Action.ADMINISTER, source=source)
    with server.database.session() as session:
        return rows.page(
            session,
            user=None if everyone else user.id,
            cases=standing.cases_of(user),
            case=case,
            states=states,
            before=before,
            limit=limit,
        )


def get(server: Server, user: User, export: UUID) -> Export:
    """Raises NotFoundError also for one that is somebody else's."""
    with server.database.session() as session:
        row = rows.row_of(session, export)
        standing.require_known(session, user, row)
        return rows.export_of(row)


def cancel(server: Server, user: User, export: UUID, *, source: str | None = None) -> Export:
    """By who asked for it, or an administrator. It stops within seconds. Recorded.

    Raises NotFoundError; ForbiddenError, recorded, for others of its case; ConflictError when it has ended.
    """
    return _end(server, user, export, rows.cancel, "export.cancelled", source)


def delete(server: Server, user: User, export: UUID, *, source: str | None = None) -> Export:
    """The package is given out no more; its room comes back within a minute. That it was made stays known. Recorded.

    Errors as ``cancel``.
    """
    return _end(server, user, export, rows.delete, "export.deleted", source)


def _end(
    server: Server,
    user: User,
    export: UUID,
    end: Callable[[Session, UUID, str], Export],
    what: str,
    source: str | None,
) -> Export:
    with server.database.session() as session:
        row = rows.row_of(session, export)
        standing.require_known(session, user, row)
        if row.user_id == user.id or standing.is_administrator(user):
            ended = end(session, export, user.name)
            history.ended(session, user, ended, what, source)
            return ended
    rights.refuse(server, user, Action.EXPORT, source=source)
    raise ForbiddenError("Only who asked for an export may end it, or an administrator.")
