"""Proving the audit chain, or naming the first record that breaks it."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from camsvc.db.database import Database
from camsvc.db.queries import audit
from camsvc.domain.audit import START, Head, Record, canonical, digest

NEAR = 200
"""A record that does not fit is looked for among so many on either side before it is called altered: every place with
every predecessor, 160,000 hashes, a fifth of a second."""


class Fault(StrEnum):
    ALTERED = "altered"
    """Its content or its hash is not what was appended."""
    MISSING = "missing"
    """It was removed; the last one too."""
    MOVED = "moved"
    """It was appended with another number."""
    FOREIGN = "foreign"
    """It stands behind the end of the chain: it was not appended, but put there."""
    REWRITTEN = "rewritten"
    """The chain fits in itself, but is not the one that was anchored."""


@dataclass(frozen=True, slots=True)
class Broken:
    seq: int
    """Number of the first record at fault."""
    fault: Fault
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    records: int
    """Proved, from the first on."""
    head: Head
    """Of the last proved record: kept elsewhere it is an anchor."""
    broken: Broken | None = None


def verify(
    database: Database, anchor: Head | None = None, *, progress: Callable[[int], None] = lambda _: None
) -> Verdict:
    """Prove the chain as it is now; ``anchor``, a head that was kept elsewhere, must be part of it.

    Reads in pieces and holds up nobody who appends. ``progress`` is told the number of records proved so far.
    Raises DatabaseUnavailableError.
    """
    with database.session() as session:
        end = audit.head(session)
    last = START
    before: deque[Record] = deque(maxlen=NEAR)
    for record in _records(database, end.seq):
        broken = _judge(database, last, record, before)
        if broken is None and anchor is not None and anchor.seq == record.seq and anchor.hash != record.hash:
            broken = _rewritten(anchor)
        if broken is not None:
            return Verdict(last.seq, last, broken)
        last = Head(record.seq, record.hash)
        before.append(record)
        if record.seq % audit.READ_AT_ONCE == 0:
            progress(record.seq)
    broken = _judge_end(database, last, end, anchor)
    return Verdict(last.seq, last, broken)


def _records(database: Database, up_to: int) -> Iterator[Record]:
    position = 0
    while position < up_to:
        with database.session() as session:
            found = audit.read(session, position)
        yield from (record for record in found if record.seq <= up_to)
        if not found:
            return
        position = found[-1].seq


def _judge(database: Database, last: Head, record: Record, before: Iterable[Record]) -> Broken | None:
    seq = last.seq + 1
    if record.seq != seq:
        gone = f"record {seq} is" if record.seq == seq + 1 else f"records {seq} to {record.seq - 1} are"
        return Broken(
            seq, Fault.MISSING, f"{gone} not there: record {record.seq} follows {last.seq or 'the beginning'}"
        )
    if digest(last.hash, seq, record.at, record.deed, record.format) == record.hash:
        return None
    with database.session() as session:
        after = [each for each in audit.read(session, seq, NEAR) if each.seq > seq]
    near = [*before, *after]
    if (number := _appended_as(record, near)) is not None:
        return Broken(seq, Fault.MOVED, f"what stands as record {seq} was appended as record {number}")
    for each in near:
        if digest(last.hash, seq, each.at, each.deed, each.format) == record.hash:
            return Broken(seq, Fault.MOVED, f"what was appended as record {seq} stands as record {each.seq}")
    return Broken(seq, Fault.ALTERED, f"record {seq} is not what was appended after record {last.seq}")


def _appended_as(record: Record, near: Iterable[Record]) -> int | None:
    """The number under which ``record`` was appended, if it is near and what stood before it still is."""
    hashes = [START.hash, *(each.hash for each in near)]
    for number in range(max(1, record.seq - NEAR), record.seq + NEAR + 1):
        if number == record.seq:
            continue
        content = canonical(number, record.at, record.deed, record.format)
        if any(hashlib.sha256(each + content).digest() == record.hash for each in hashes):
            return number
    return None


def _judge_end(database: Database, last: Head, end: Head, anchor: Head | None) -> Broken | None:
    if last.seq < end.seq:
        return Broken(last.seq + 1, Fault.MISSING, f"the chain went on to record {end.seq}, and ends with {last.seq}")
    if last != end:
        return Broken(last.seq, Fault.ALTERED, f"record {last.seq} is not the one that the chain ended with")
    if anchor is not None and anchor.seq > end.seq:
        detail = f"the chain was anchored at record {anchor.seq}, and ends with {end.seq}"
        return Broken(end.seq + 1, Fault.MISSING, detail)
    with database.session() as session:
        beyond = audit.read(session, end.seq)
        now = audit.head(session)  # after the rows: what was appended meanwhile is below it
    for record in beyond:
        if record.seq > now.seq:
            return Broken(record.seq, Fault.FOREIGN, f"the chain ends with record {now.seq}")
    return None


def _rewritten(anchor: Head) -> Broken:
    detail = f"the chain fits in itself, but record {anchor.seq} had another hash when it was anchored"
    return Broken(anchor.seq, Fault.REWRITTEN, detail)
