"""Who owns a camera (invariant 7): one lease for each, with an epoch that rises with every grant.

The clock is the database's throughout. A worker counts ``ttl_s`` on its own monotonic clock from *before* it asked, so
it lets go no later than the database does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from camsvc.db.database import LEASES
from camsvc.db.models import CameraRow, LeaseGrantRow, LeaseRow

_NOW = func.clock_timestamp()
"""Not ``now()``, which is when the transaction began: it may have waited for a lock since."""


@dataclass(frozen=True, slots=True)
class Lease:
    camera: str
    epoch: int
    expires_at: datetime = field(compare=False)
    """By the database's clock."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One line of the history."""

    camera: str
    epoch: int
    worker: str
    granted_at: datetime
    ended_at: datetime | None
    """None: not known to have ended."""


def claim(session: Session, worker: str, limit: int, ttl_s: float, *, held: Collection[str] = ()) -> list[Lease]:
    """At most ``limit`` more cameras for ``worker``: wanted, enabled, and nobody's, expired, or its own.

    ``held``: cameras that this very process already holds; they are left alone. A lease of the same worker that is not
    among them was a former process's: it is granted anew at once, with a new epoch. Its own come first, so cameras stay
    where they were over a restart. Two workers that claim at the same time never get the same camera.
    """
    free = or_(LeaseRow.expires_at.is_(None), LeaseRow.expires_at <= _NOW, LeaseRow.worker == worker)
    candidates = session.scalars(
        select(LeaseRow)
        .join(CameraRow, CameraRow.id == LeaseRow.camera)
        .where(CameraRow.removed_at.is_(None), CameraRow.enabled, free, LeaseRow.camera.not_in(held))
        .order_by(func.coalesce(LeaseRow.worker == worker, False).desc(), LeaseRow.camera)
        .limit(limit)
        .with_for_update(of=LeaseRow, skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    if not candidates:
        return []
    now = _supersede(session, [row.camera for row in candidates])
    expires_at = now + timedelta(seconds=ttl_s)
    grants = []
    for row in candidates:
        row.epoch += 1
        row.worker, row.granted_at, row.expires_at = worker, now, expires_at
        grants.append({"camera": row.camera, "epoch": row.epoch, "worker": worker, "granted_at": now})
    session.flush()
    session.execute(insert(LeaseGrantRow).values(grants))
    return [Lease(row.camera, row.epoch, expires_at) for row in candidates]


def renew(session: Session, worker: str, leases: Iterable[Lease], ttl_s: float) -> list[Lease]:
    """Those of ``leases`` that ``worker`` still holds, prolonged to ``ttl_s`` from now; each one missing is lost.

    Lost are leases that another process was granted, and those of cameras that are disabled or removed by now.
    One that expired is prolonged as well while nobody else has been granted it.
    """
    ours = _ours(worker, leases)
    if ours is None:
        return []
    wanted = select(CameraRow.id).where(CameraRow.removed_at.is_(None), CameraRow.enabled)
    rows = session.execute(
        update(LeaseRow)
        .where(ours, LeaseRow.camera.in_(wanted))
        .values(expires_at=_NOW + timedelta(seconds=ttl_s))
        .returning(LeaseRow.camera, LeaseRow.epoch, LeaseRow.expires_at)
        .execution_options(synchronize_session=False)
    )
    return [Lease(camera, epoch, expires_at) for camera, epoch, expires_at in rows if expires_at is not None]


def release(session: Session, worker: str, leases: Iterable[Lease]) -> None:
    """Give back those of ``leases`` that ``worker`` still holds, for others to claim at once. Notifies on commit."""
    ours = _ours(worker, leases)
    if ours is None:
        return
    freed = session.execute(
        update(LeaseRow)
        .where(ours)
        .values(worker=None, expires_at=None)
        .returning(LeaseRow.camera, LeaseRow.epoch)
        .execution_options(synchronize_session=False)
    ).all()
    if not freed:
        return
    session.execute(
        update(LeaseGrantRow)
        .where(tuple_(LeaseGrantRow.camera, LeaseGrantRow.epoch).in_([tuple(each) for each in freed]))
        .values(ended_at=_NOW)
        .execution_options(synchronize_session=False)
    )
    for camera, _ in freed:
        session.execute(select(func.pg_notify(LEASES, camera)))


def holders(session: Session) -> dict[str, str]:
    """Camera → worker, for every lease that is in force."""
    rows = session.execute(select(LeaseRow.camera, LeaseRow.worker).where(LeaseRow.expires_at > _NOW))
    return {camera: worker for camera, worker in rows if worker is not None}


def history(session: Session, camera: str) -> list[Grant]:
    """Every grant of ``camera``, oldest first."""
    rows = session.scalars(select(LeaseGrantRow).where(LeaseGrantRow.camera == camera).order_by(LeaseGrantRow.epoch))
    return [Grant(row.camera, row.epoch, row.worker, row.granted_at, row.ended_at) for row in rows]


def _supersede(session: Session, cameras: list[str]) -> datetime:
    """End the last grant of each camera; the moment from which the next ones count.

    That moment is taken once the grants are locked: a publisher that decides by one of them (``publish`` locks it as
    well) is either done, with an incident that began before, or will see that the grant was superseded.
    """
    last = and_(LeaseGrantRow.camera == LeaseRow.camera, LeaseGrantRow.epoch == LeaseRow.epoch)
    session.execute(
        select(LeaseGrantRow.epoch)
        .join(LeaseRow, last)
        .where(LeaseRow.camera.in_(cameras))
        .order_by(LeaseGrantRow.camera)
        .with_for_update(of=LeaseGrantRow)
    ).all()
    now: datetime = session.scalars(select(_NOW)).one()
    session.execute(
        update(LeaseGrantRow)
        .where(last, LeaseRow.camera.in_(cameras))
        .values(superseded_at=now, ended_at=func.coalesce(LeaseGrantRow.ended_at, func.least(LeaseRow.expires_at, now)))
        .execution_options(synchronize_session=False)
    )
    return now


def _ours(worker: str, leases: Iterable[Lease]) -> ColumnElement[bool] | None:
    pairs = [(lease.camera, lease.epoch) for lease in leases]
    if not pairs:
        return None
    return and_(LeaseRow.worker == worker, tuple_(LeaseRow.camera, LeaseRow.epoch).in_(pairs))
