"""Fetching a package: rights are asked each time, a download is recorded once, however many ranges it comes in."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from uuid import UUID

from sqlalchemy.orm import Session

from camsvc.api.context import Server
from camsvc.api.errors import ForbiddenError, NotYetError
from camsvc.api.services import audit, rights
from camsvc.api.services.exports import history, standing
from camsvc.api.services.exports.making import BINARY, CMS, ZIP
from camsvc.api.stored import StoredFile
from camsvc.db.models import ExportRow
from camsvc.db.queries import export_downloads
from camsvc.db.queries import exports as rows
from camsvc.domain.account import Action, User
from camsvc.domain.audit import Kind
from camsvc.domain.export_job import ExportState
from camsvc.domain.incident_json import time_json
from camsvc.errors import NotFoundError

RETRY_S = 10
"""Of who asks for a package that is being made."""


class File(StrEnum):
    PACKAGE = "package"
    """The ZIP, or what is encrypted of it."""
    ENVELOPE = "envelope"
    """The CMS file that opens an encrypted one."""


def file_of(
    server: Server,
    user: User,
    export: UUID,
    file: File,
    *,
    begins: Callable[[StoredFile], int | None],
    source: str | None = None,
) -> StoredFile:
    """What may be sent. ``begins``: at which byte the answer does; None: it holds none (HEAD). Recorded, unless it goes
    on with a download that is.

    Raises NotFoundError, also when its time is over; NotYetError; ForbiddenError, recorded, when a grant or a share
    that it needs has ended since.
    """
    rights.require_somewhere(server, user, Action.EXPORT, source=source)
    with server.database.session() as session:
        row = rows.row_of(session, export)
        standing.require_known(session, user, row)
        may = standing.may_have(session, user, row)
        found = _file(row, file)
        if may and (first_byte := begins(found)) is not None:
            goes_on = first_byte > 0 and export_downloads.goes_on(session, export, user.id, source, file)
            if not goes_on:
                export_downloads.begin(session, export, user.id, source, file)
                _record(session, user, row, file, found, first_byte, source)
    if not may:
        rights.refuse(server, user, Action.EXPORT, source=source)
        raise ForbiddenError("You may not export all that is in this package any more: a grant or a share has ended.")
    return found


def _record(
    session: Session,
    user: User,
    row: ExportRow,
    file: File,
    found: StoredFile,
    first_byte: int,
    source: str | None,
) -> None:
    history.record(session, user, rows.export_of(row), "package.downloaded", file=file.value, sha256=found.sha256)
    audit.append(
        session,
        user,
        Kind.EXPORT,
        "package.downloaded",
        source=source,
        purpose=row.reason,
        case_number=row.case_number,
        details={
            "export": str(row.id),
            "package": str(row.package),
            "file": file.value,
            "sha256": found.sha256,
            "size_bytes": found.size_bytes,
            "from_byte": first_byte,
            "asked_by": row.user_name,
        },
    )


def _file(row: ExportRow, file: File) -> StoredFile:
    if row.state in rows.WAITING:
        raise NotYetError(
            "The package is still being made.",
            retry_after_s=RETRY_S,
            cure=f"ask again in {RETRY_S} s, or follow the progress of the export",
        )
    if row.state is ExportState.EXPIRED:
        raise NotFoundError(
            f"the package was deleted{f' at {time_json(row.removed_at)}' if row.removed_at else ''}",
            parameter="id",
            cure="export again; the footage itself is kept as long as retention says",
        )
    if row.state is not ExportState.DONE or row.key is None:
        raise NotFoundError(f"the export has no package: it is {row.state.value}", parameter="id", cure="export again")
    stem = f"evidence_{row.created_at:%Y%m%d}_{str(row.id)[:8]}"
    if file is File.PACKAGE:
        media_type, name = (ZIP, f"{stem}.zip") if row.envelope_key is None else (BINARY, f"{stem}.zip.enc")
        return StoredFile(row.key, row.size_bytes or 0, row.sha256 or "", media_type, name)
    if row.envelope_key is None:
        raise NotFoundError("the package is not encrypted", parameter="id", cure="fetch the package itself")
    return StoredFile(row.envelope_key, row.envelope_bytes or 0, row.envelope_sha256 or "", CMS, f"{stem}.zip.cms")
