"""The months of the incident index: made ahead, made for what came in late, taken out when their time is over.

::

    incidents_earlier   from -infinity      few rows: what came in after its month went, or is kept from it
    incidents_2026_10   a calendar month, UTC
    incidents_2026_11
    …                   AHEAD months beyond the present one
    incidents_later     to infinity         few rows: starts in the future, by a clock that is wrong

They always meet: a row of any time has a place. To make or take out a month, the table is locked for some milliseconds
against reading and writing, with the months' open neighbour alone; who cannot have the lock at once tries again later,
for nothing depends on it but speed. Names and bounds are read from the catalogue, nothing else remembers them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from camsvc.db.locks import PARTITIONS, SPACE
from camsvc.db.models import IncidentRow
from camsvc.db.models.incidents import EARLIER, LATER

AHEAD = 2
"""Months made beforehand: publishers may fail to make one for weeks before rows pile up in the open end. Not more:
every search for the newest looks into these as well."""
MANY = 20_000
"""Rows in an open end from which on they get months of their own: a back-log or an import, not a stray."""
MONTHS_MAX = 240
"""Twenty years: a bound on what wrong clocks can make us do."""
LOCK_PATIENCE_MS = 500
"""Who waits for the lock on the table makes everybody after it wait as well."""

_COLUMNS = ", ".join(column.name for column in IncidentRow.__table__.columns if column.computed is None)
_BOUNDS = re.compile(r"FROM \((?:'(?P<start>[^']+)'|MINVALUE)\) TO \((?:'(?P<end>[^']+)'|MAXVALUE)\)")


@dataclass(frozen=True, slots=True)
class Partition:
    name: str
    start: datetime | None
    """None: from ever."""
    end: datetime | None
    """Exclusive; None: for ever."""


@dataclass(frozen=True, slots=True)
class Retired:
    """A month that is no longer searched. Its table stands by itself until ``forget``: its rows name what to delete."""

    table: str
    incidents: int
    kept: int
    """Incidents of it that stay in the index: held, or not over."""


Held = Callable[[Session, str], Sequence[UUID]]
"""Which incidents of the table named must stay whatever their age; asked within the transaction that takes it out."""


def nothing_held(_session: Session, _table: str) -> Sequence[UUID]:
    return ()


def partitions(session: Session) -> list[Partition]:
    """In order of time."""
    rows = session.execute(
        text(
            "SELECT child.relname, pg_get_expr(child.relpartbound, child.oid) FROM pg_inherits"
            " JOIN pg_class child ON child.oid = inhrelid WHERE inhparent = 'incidents'::regclass"
        )
    )
    found = []
    for name, bounds in rows:
        match = _BOUNDS.search(bounds)
        if match is None:
            raise ValueError(f"partition {name} of incidents has bounds that are none of ours: {bounds}")
        found.append(Partition(name, _moment(match["start"]), _moment(match["end"])))
    return sorted(found, key=lambda each: each.start or datetime.min.replace(tzinfo=UTC))


def extend(session: Session, now: datetime, *, since: datetime | None = None) -> list[str]:
    """Make the months that lack, up to AHEAD beyond ``now``; also those of the MANY that came in late. Their names.

    ``since``: also all from there on, for whoever is about to bring in much that is old.

    Cheap when nothing lacks. Any number of processes may call it. Raises DatabaseUnavailableError when the lock was not
    to be had: call it again later.
    """
    wanted = _wanted(session, now, since)
    if wanted is None:
        return []
    session.execute(text(f"SET LOCAL lock_timeout = {LOCK_PATIENCE_MS}"))
    session.execute(text("SELECT pg_advisory_xact_lock(:space, :what)"), {"space": SPACE, "what": PARTITIONS})
    wanted = _wanted(session, now, since)  # another process may have been first
    return _rearrange(session, *wanted) if wanted is not None else []


def retire(session: Session, before: datetime, *, held: Held = nothing_held) -> list[Retired]:
    """Take out of the index the months that ended before ``before``; what of them is ``held`` or not over stays in it.

    Each month's table is detached whole, in no time, and is renamed ``retired_…``: whoever deletes files reads there
    which, and then calls :func:`forget`; a process that dies in between leaves the table to be found by
    :func:`retired`. Rows in the open end stay: what is held, and what came in later than its month went.
    """
    gone = [each for each in partitions(session) if each.start and each.end and each.end <= before]
    if not gone:
        return []
    session.execute(text(f"SET LOCAL lock_timeout = {LOCK_PATIENCE_MS}"))
    session.execute(text("SELECT pg_advisory_xact_lock(:space, :what)"), {"space": SPACE, "what": PARTITIONS})
    done = []
    for each in gone:
        _detach(session, each.name)
        table = each.name.replace("incidents_", "retired_", 1)
        session.execute(text(f"ALTER TABLE {each.name} RENAME TO {table}"))
        kept = _keep(session, table, before, held(session, table))
        left = session.scalars(text(f"SELECT count(*) FROM {table}")).one()  # noqa: S608  our own words
        done.append(Retired(table, left, kept))
    _detach(session, EARLIER)
    _attach(session, EARLIER, "MINVALUE", _literal(gone[-1].end))
    for gone_by in done:
        spared = f"{gone_by.table}_kept"
        session.execute(text(f"INSERT INTO incidents ({_COLUMNS}) SELECT {_COLUMNS} FROM {spared}"))  # noqa: S608
        session.execute(text(f"DROP TABLE {spared}"))
    return done


def retired(session: Session) -> list[str]:
    """Tables of months that were taken out and not forgotten yet, oldest first."""
    return list(
        session.scalars(
            text(
                "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename ~ :form ORDER BY 1"
            ),
            {"form": r"^retired_\d{4}_\d{2}$"},
        )
    )


def forget(session: Session, table: str) -> None:
    """Drop a month that was taken out, once its files are deleted."""
    if table not in retired(session):
        raise ValueError(f"{table} is no month that was taken out of the index")
    session.execute(text(f"DROP TABLE {table}"))


def month(moment: datetime, further: int) -> datetime:
    """Start of the month of ``moment`` in UTC, or of one so many months later."""
    utc = moment.astimezone(UTC)
    number = max(12, min(utc.year * 12 + utc.month - 1 + further, 12 * 9999 + 11))  # the years that can be written
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)


def _wanted(session: Session, now: datetime, since: datetime | None) -> tuple[list[datetime], datetime] | None:
    """Starts of the months to make, and where they then end; None: nothing lacks."""
    known = partitions(session)
    months = [each.start for each in known if each.start is not None and each.end is not None]
    end = month(now, AHEAD + 1)
    first = min(months, default=None)
    last = max(months, default=None)
    late = _start_of_many(session, now) if since is None else month(since, 0)
    begin = min(each for each in (first or month(now, 0), late) if each is not None)
    after = month(last, 1) if last is not None else begin
    lacking = [*_months(begin, first or begin), *_months(after, max(end, after))]
    return (lacking, max(end, after)) if lacking else None


def _start_of_many(session: Session, now: datetime) -> datetime | None:
    """The month in which the oldest of many late rows began; None: there are few."""
    some = f"SELECT started_at FROM {EARLIER} WHERE started_at >= :oldest"  # noqa: S608  our own words
    bounds = {"oldest": month(now, -MONTHS_MAX), "many": MANY}
    if session.scalars(text(f"SELECT count(*) FROM ({some} LIMIT :many) AS late"), bounds).one() < MANY:  # noqa: S608
        return None
    oldest: datetime = session.scalars(text(f"SELECT min(started_at) FROM ({some}) AS late"), bounds).one()  # noqa: S608
    return month(oldest, 0)


def _rearrange(session: Session, lacking: Sequence[datetime], end: datetime) -> list[str]:
    """Both open ends are taken off, the months made between them, and the ends put back; what they held moves in."""
    known = [each.start for each in partitions(session) if each.start is not None and each.end is not None]
    begin = min([*known, *lacking])
    for name in (EARLIER, LATER):
        _detach(session, name)
    for each in lacking:
        session.execute(
            text(
                f"CREATE TABLE {_name(each)} PARTITION OF incidents"
                f" FOR VALUES FROM ({_literal(each)}) TO ({_literal(month(each, 1))})"
            )
        )
    for name, outside in ((EARLIER, f"started_at >= {_literal(begin)}"), (LATER, f"started_at < {_literal(end)}")):
        session.execute(text(f"CREATE TEMPORARY TABLE moving_{name} (LIKE {name}) ON COMMIT DROP"))
        session.execute(
            text(
                f"WITH moved AS (DELETE FROM {name} WHERE {outside} RETURNING *)"  # noqa: S608  our own words
                f" INSERT INTO moving_{name} SELECT * FROM moved"
            )
        )
    _attach(session, EARLIER, "MINVALUE", _literal(begin))
    _attach(session, LATER, _literal(end), "MAXVALUE")
    for name in (EARLIER, LATER):
        session.execute(text(f"INSERT INTO incidents ({_COLUMNS}) SELECT {_COLUMNS} FROM moving_{name}"))  # noqa: S608
        session.execute(text(f"DROP TABLE moving_{name}"))
    return [_name(each) for each in lacking]


def _keep(session: Session, table: str, before: datetime, held: Sequence[UUID]) -> int:
    session.execute(text(f"CREATE TABLE {table}_kept (LIKE {table})"))
    moved = session.execute(
        text(
            f"WITH moved AS (DELETE FROM {table} WHERE ended_at IS NULL OR ended_at >= :before"  # noqa: S608
            f" OR id = ANY(:held) RETURNING *) INSERT INTO {table}_kept SELECT * FROM moved RETURNING 1"
        ).bindparams(bindparam("held", type_=ARRAY(Uuid))),
        {"before": before, "held": list(held)},
    )
    return len(moved.all())


def _detach(session: Session, name: str) -> None:
    session.execute(text(f"ALTER TABLE incidents DETACH PARTITION {name}"))


def _attach(session: Session, name: str, start: str, end: str) -> None:
    session.execute(text(f"ALTER TABLE incidents ATTACH PARTITION {name} FOR VALUES FROM ({start}) TO ({end})"))


def _months(start: datetime, end: datetime) -> list[datetime]:
    found = []
    while start < end:
        found.append(start)
        start = month(start, 1)
    return found


def _name(start: datetime) -> str:
    return f"incidents_{start:%Y_%m}"


def _literal(moment: datetime | None) -> str:
    if moment is None:
        raise ValueError("an open end has no bound to write down")
    return f"'{moment.isoformat()}'"


def _moment(bound: str | None) -> datetime | None:
    return datetime.fromisoformat(bound).astimezone(UTC) if bound is not None else None
