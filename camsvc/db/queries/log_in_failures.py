"""How often log-ins from somewhere failed of late: one count for all servers. A bucket that drains.

A failure is counted before the password is looked at, so that parallel guesses cannot pass the bound, and taken back
when it was right: however many people share an address, only what fails fills their bucket.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, case, delete, extract, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from camsvc.db.models import LogInFailuresRow

IPV6_PREFIX = 64
"""Bits: what one subscriber is given. Counting each of its 2^64 addresses alone would count nothing."""
DRAINED_AFTER = timedelta(days=1)
"""Longer than any bucket takes to drain."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """``source`` fails at most ``size`` times at once, and then once every ``drain_s``."""

    source: str
    size: float
    drain_s: float


def of_address(address: str | None, size: float, drain_s: float) -> Bucket:
    """All of one IPv6 network count as one; without an address (a local socket) all count together."""
    return Bucket(f"address:{_network(address)}", size, drain_s)


def count(session: Session, bucket: Bucket) -> float:
    """Counts one failure. 0: it found room; else the seconds until there is some, and nothing is counted."""
    now = func.clock_timestamp()
    insertion = insert(LogInFailuresRow).values(source=bucket.source, level=1, at=now)
    level = _level(bucket)
    counted = session.scalar(
        insertion.on_conflict_do_update(
            index_elements=[LogInFailuresRow.source],
            set_={"level": level + 1, "at": now},
            where=level + 1 <= bucket.size,
        ).returning(LogInFailuresRow.level)
    )
    if counted is not None:
        return 0.0
    held = session.scalar(select(_level(bucket)).where(LogInFailuresRow.source == bucket.source)) or 0.0
    return max((float(held) + 1 - bucket.size) * bucket.drain_s, 1.0)


def take_back(session: Session, bucket: Bucket) -> None:
    """What was counted was no failure."""
    session.execute(
        update(LogInFailuresRow)
        .where(LogInFailuresRow.source == bucket.source)
        .values(level=func.greatest(0, LogInFailuresRow.level - 1))
        .execution_options(synchronize_session=False)
    )


def purge(session: Session) -> None:
    """Forget what has drained."""
    session.execute(delete(LogInFailuresRow).where(LogInFailuresRow.at < func.clock_timestamp() - DRAINED_AFTER))


def _level(bucket: Bucket) -> ColumnElement[float]:
    """Of what is stored, now. A clock that was set back drains nothing."""
    passed_s = extract("epoch", func.clock_timestamp() - LogInFailuresRow.at)
    drained = LogInFailuresRow.level - passed_s / literal(bucket.drain_s)
    return case((passed_s < 0, LogInFailuresRow.level), else_=func.greatest(0, drained))


def _network(address: str | None) -> str:
    if address is None:
        return "none"
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:100]
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, IPV6_PREFIX), strict=False))
    return str(parsed)
