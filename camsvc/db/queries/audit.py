"""The audit chain in the database: appended to, read, proved. Nothing here changes or removes a record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, LargeBinary, Text, bindparam, column, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from camsvc.db.models import AuditHeadRow, AuditRow
from camsvc.domain.audit import Deed, Head, Kind, Outcome, Record, pieces, plain, storable

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

SEQ_MAX = 2**63 - 1
READ_AT_ONCE = 2000
"""Records: about a megabyte."""


def append(session: Session, deed: Deed) -> Record:
    """The record of ``deed``, at the end of the chain: one statement, as the database itself numbers and hashes it.

    Appenders wait for each other until the transaction ends: let it hold nothing but this. Text that PostgreSQL cannot
    hold is mended: a request is recorded whatever it held. Raises DatabaseUnavailableError through the session.
    """
    deed = _storable(deed)
    made = select(
        column("new_seq", BigInteger), column("new_at", DateTime(timezone=True)), column("new_hash", LargeBinary)
    )
    seq, at, hash_ = session.execute(made.select_from(func.audit_append(*pieces(deed)))).one()
    return Record(seq, at.astimezone(UTC), deed, hash_)


def append_all(session: Session, deeds: Sequence[Deed]) -> None:
    """The records of ``deeds``, one after another, in one statement: others who append wait for the whole of it."""
    parts = [pieces(_storable(deed)) for deed in deeds]
    given = (
        func.unnest(*(bindparam(f"part_{n}", [each[n] for each in parts], ARRAY(Text)) for n in range(3)))
        .table_valued(*(column(name, Text) for name in "abc"), name="given")
        .render_derived()
    )
    # Each call sees what the ones before it appended: the function is volatile.
    session.execute(select(func.audit_append(given.c.a, given.c.b, given.c.c)).select_from(given))


def head(session: Session) -> Head:
    """The end of the chain; ``audit.START`` while it is empty."""
    seq, hash_ = session.execute(select(AuditHeadRow.seq, AuditHeadRow.hash)).one()
    return Head(seq, hash_)


def read(session: Session, after: int, limit: int = READ_AT_ONCE) -> list[Record]:
    """Records with a number above ``after``, in order: as they are stored, right or wrong."""
    rows = session.scalars(
        select(AuditRow)
        .where(AuditRow.seq > after)
        .order_by(AuditRow.seq)
        .limit(limit)
        .execution_options(populate_existing=True)
    )
    return [record_of(row) for row in rows]


def hashes(session: Session, seqs: Sequence[int]) -> dict[int, str]:
    """Of those of the records ``seqs`` that there are; hexadecimal."""
    found: dict[int, str] = {}
    for begin in range(0, len(seqs), READ_AT_ONCE):
        some = [seq for seq in seqs[begin : begin + READ_AT_ONCE] if 0 < seq <= SEQ_MAX]
        rows = session.execute(select(AuditRow.seq, AuditRow.hash).where(AuditRow.seq.in_(some)))
        found |= {seq: digest.hex() for seq, digest in rows}
    return found


@dataclass(frozen=True, slots=True)
class Wanted:
    """Every condition given must hold."""

    user: str | None = None
    camera: str | None = None
    incident: UUID | None = None
    kind: Kind | None = None
    outcome: Outcome | None = None
    from_: datetime | None = None
    to: datetime | None = None
    case_number: str | None = None
    what: str | None = None


def entries(session: Session, wanted: Wanted, *, limit: int, before: int | None = None) -> list[Record]:
    """Newest first; ``before``: only those with a lower number."""
    pairs: tuple[tuple[Any, object], ...] = (
        (AuditRow.user_name, wanted.user),
        (AuditRow.camera, wanted.camera),
        (AuditRow.incident, wanted.incident),
        (AuditRow.kind, wanted.kind),
        (AuditRow.outcome, wanted.outcome),
        (AuditRow.case_number, wanted.case_number),
        (AuditRow.what, wanted.what),
    )
    conditions = [column == value for column, value in pairs if value is not None]
    if wanted.from_ is not None:
        conditions.append(AuditRow.at >= wanted.from_)
    if wanted.to is not None:
        conditions.append(AuditRow.at < wanted.to)
    if before is not None:
        conditions.append(AuditRow.seq < before)
    rows = session.scalars(select(AuditRow).where(*conditions).order_by(AuditRow.seq.desc()).limit(limit))
    return [record_of(row) for row in rows]


def record_of(row: AuditRow) -> Record:
    values: dict[str, Any] = {name: getattr(row, name) for name in _DEED}
    values["kind"], values["outcome"] = _word(Kind, row.kind), _word(Outcome, row.outcome)
    deed = Deed(**values, details=row.details)
    return Record(row.seq, row.at.astimezone(UTC), deed, row.hash, row.format)


def _word(words: type[StrEnum], text_: str) -> str:
    """As it is stored when this program does not know it: a record that cannot be named cannot be proved."""
    return words(text_) if text_ in set(words) else text_


def _storable(deed: Deed) -> Deed:
    values = {name: getattr(deed, name) for name in _DEED}
    mended: dict[str, Any] = {name: storable(value) for name, value in values.items() if type(value) is str}
    return replace(deed, details=plain(deed.details), **mended)
