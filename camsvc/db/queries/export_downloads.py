"""Who fetched which package: one row for a download, in however many ranges it comes."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from camsvc.db.models import DownloadRow, ExportRow
from camsvc.db.queries import exports

GOES_ON = timedelta(hours=24)
"""Since its last range. Whoever comes back the next day with a broken download begins a new one in the record."""


def goes_on(session: Session, export: UUID, user: int, source: str | None, file: str) -> bool:
    """Whether a range belongs to a download that this account began from the same address; its time is noted."""
    found = session.scalar(
        select(DownloadRow.id)
        .where(
            DownloadRow.export == export,
            DownloadRow.user_id == user,
            DownloadRow.source.is_not_distinct_from(source),
            DownloadRow.file == file,
            DownloadRow.last_at > func.now() - GOES_ON,
        )
        .order_by(DownloadRow.last_at.desc())
        .limit(1)
    )
    if found is None:
        return False
    session.execute(update(DownloadRow).where(DownloadRow.id == found).values(last_at=func.now()))
    return True


def begin(session: Session, export: UUID, user: int, source: str | None, file: str) -> None:
    session.add(DownloadRow(export=export, user_id=user, source=source, file=file))
    owner = session.scalar(
        update(ExportRow)
        .where(ExportRow.id == export)
        .values(downloads=ExportRow.downloads + 1)
        .returning(ExportRow.user_id)
    )
    if owner is not None:
        exports.tell(session, owner, export)
