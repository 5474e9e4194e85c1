"""Following the changes of incidents without missing one.

``change_seq`` is drawn from a sequence, and transactions commit in another order than they drew: a follower that has
seen 7 may yet have 6 to come. So before it draws, a publisher takes a shared advisory lock whose key holds the last
number drawn so far; what it then draws is higher. The lock ends with its transaction, after the commit is visible.
A follower reads the last number drawn, *then* the locks, *then* the rows, and looks no further than the lowest lock:

* a number up to there whose transaction was running when the last number was read is held back by that one's lock;
* if that lock is gone by the time the locks are read, its transaction has ended, and the rows, read later, show it.

Nobody waits for anybody; a publisher that hangs holds back the followers, not the other publishers, until the server
ends it (see ``IDLE_IN_TRANSACTION_TIMEOUT_S``). The three steps need READ COMMITTED (the default) and the primary.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, text
from sqlalchemy.orm import Session, undefer

from camsvc.db.incident_rows import from_row
from camsvc.db.models import IncidentRow, ViewpointRow
from camsvc.domain.incident import Incident

_TAG = 0x6373 << 40
"""Distinguishes our keys in the one-key space of advisory locks; below it, 40 bits of numbers (10^12)."""
_HELD = "incident changes held back in"
_DRAWN = "CASE WHEN is_called THEN last_value ELSE 0 END"

CHANGES_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Change:
    """An incident as it is now. One that changed several times appears once, at its last change."""

    seq: int
    incident: Incident
    marks: frozenset[str] = frozenset()
    """What people said of it (``domain.marks``): a change of this as well is one of the incident, of no revision."""


def changes_since(session: Session, seq: int, limit: int = CHANGES_LIMIT) -> list[Change]:
    """Incidents that changed after ``seq``, at most ``limit``, in order of ``seq``. Continue from the last one's."""
    rows = session.execute(
        select(IncidentRow, ViewpointRow)
        .join(ViewpointRow, ViewpointRow.id == IncidentRow.viewpoint_id)
        .where(IncidentRow.change_seq > seq, IncidentRow.change_seq <= latest(session))
        .order_by(IncidentRow.change_seq)
        .limit(limit)
        .options(undefer(IncidentRow.marks))
        .execution_options(populate_existing=True)
    )
    return [Change(row.change_seq, from_row(row, seen_from), frozenset(row.marks or ())) for row, seen_from in rows]


def latest(session: Session) -> int:
    """The number up to which all is committed: to follow from now on, begin here."""
    drawn: int = session.scalars(text(f"SELECT {_DRAWN} FROM incident_change_seq")).one()  # noqa: S608  our own words
    held: int | None = session.scalar(
        text(
            "SELECT min((classid::bigint << 32) | objid::bigint) - :tag FROM pg_locks"
            " WHERE locktype = 'advisory' AND objsubid = 1"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND (classid::bigint << 32) | objid::bigint BETWEEN :tag AND :tag + (1::bigint << 40) - 1"
        ),
        {"tag": _TAG},
    )
    return drawn if held is None else min(drawn, held)


def hold_back(session: Session) -> None:
    """Call before drawing a number: followers stay below it until this transaction has ended. Once is enough."""
    transaction = session.get_nested_transaction() or session.get_transaction()
    if transaction is not None and session.info.get(_HELD) is transaction:
        return
    session.execute(
        text(f"SELECT pg_advisory_xact_lock_shared(:tag + {_DRAWN}) FROM incident_change_seq"),  # noqa: S608  our own words
        {"tag": _TAG},
    )
    session.info[_HELD] = session.get_nested_transaction() or session.get_transaction()
