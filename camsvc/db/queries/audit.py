"""The audit chain in the database: appended to, read, proved. Nothing here changes or removes a record."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from camsvc.db.locks import AUDIT, SPACE
from camsvc.db.models import AuditHeadRow, AuditRow
from camsvc.domain.audit import Deed, Head, Record, link, plain, storable

_DEED = (
    "kind",
    "what",
    "outcome",
    "user_id",
    "user_name",
    "source",
    "camera",
    "area",
    "incident",
    "purpose",
    "case_number",
)


def append(session: Session, deed: Deed) -> Record:
    """The record of ``deed``, at the end of the chain.

    Appenders wait for each other until the transaction ends: let it hold nothing but this. Text that PostgreSQL cannot
    hold is mended: a request is recorded whatever it held. Raises DatabaseUnavailableError through the session.
    """
    deed = _storable(deed)
    session.execute(text("SELECT pg_advisory_xact_lock(:space, :what)"), {"space": SPACE, "what": AUDIT})
    seq, hash_, now = session.execute(select(AuditHeadRow.seq, AuditHeadRow.hash, func.clock_timestamp())).one()
    record = link(Head(seq, hash_), now.astimezone(UTC), deed)
    session.execute(
        insert(AuditRow).values(
            seq=record.seq,
            at=record.at,
            **{name: getattr(deed, name) for name in _DEED},
            details=dict(deed.details),
            format=record.format,
            hash=record.hash,
        )
    )
    return record


def head(session: Session) -> Head:
    """The end of the chain; ``audit.START`` while it is empty."""
    seq, hash_ = session.execute(select(AuditHeadRow.seq, AuditHeadRow.hash)).one()
    return Head(seq, hash_)


def _storable(deed: Deed) -> Deed:
    values = {name: getattr(deed, name) for name in _DEED}
    mended: dict[str, Any] = {name: storable(value) for name, value in values.items() if type(value) is str}
    return replace(deed, details=plain(deed.details), **mended)
