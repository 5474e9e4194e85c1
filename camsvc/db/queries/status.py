"""What is true of each camera now, as its worker last said, and never older than it looks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from camsvc.db.database import CAMERA_STATES
from camsvc.db.models import CameraRow, CameraStatusRow, LeaseRow
from camsvc.domain.camera import CameraState, CameraStatus

STALE_AFTER_S = 30.0
"""Workers report every few seconds: one that has been silent for this long says nothing about now."""
_FIELDS = tuple(field.name for field in fields(CameraStatus))


def report(session: Session, worker: str, statuses: Sequence[CameraStatus]) -> None:
    """Store what ``worker`` says of its cameras, and notify of those whose state changed (channel CAMERA_STATES).

    Of a camera whose lease another one holds, it is left out.
    """
    held = set(
        session.scalars(
            select(LeaseRow.camera).where(
                LeaseRow.worker == worker, LeaseRow.camera.in_([status.camera for status in statuses])
            )
        )
    )
    latest = {status.camera: status for status in statuses if status.camera in held}
    if not latest:
        return
    before = {
        camera: (state, since, detail)
        for camera, state, since, detail in session.execute(
            select(CameraStatusRow.camera, CameraStatusRow.state, CameraStatusRow.since, CameraStatusRow.detail).where(
                CameraStatusRow.camera.in_(latest)
            )
        )
    }
    now = func.clock_timestamp()
    rows = [
        {**{name: getattr(latest[camera], name) for name in _FIELDS}, "worker": worker, "reported_at": now}
        for camera in sorted(latest)
    ]
    insertion = insert(CameraStatusRow).values(rows)
    session.execute(
        insertion.on_conflict_do_update(
            index_elements=[CameraStatusRow.camera],
            set_={name: insertion.excluded[name] for name in rows[0] if name != "camera"},
        )
    )
    for camera, each in latest.items():
        if before.get(camera) != (each.state, each.since, each.detail):
            session.execute(select(func.pg_notify(CAMERA_STATES, camera)))


def statuses(session: Session, ids: Collection[str] | None = None) -> dict[str, CameraStatus]:
    """Of every camera that is wanted, by id; of those among ``ids``, where given.

    ``unassigned``: no worker holds its lease, or the one that does has not reported for STALE_AFTER_S; ``detail`` says
    which. What the last report measured (rates, clock) is then left out: it is not true of now.
    """
    now = session.scalars(select(func.clock_timestamp())).one()
    wanted = (
        select(CameraRow, LeaseRow, CameraStatusRow)
        .outerjoin(LeaseRow, LeaseRow.camera == CameraRow.id)
        .outerjoin(CameraStatusRow, CameraStatusRow.camera == CameraRow.id)
        .where(CameraRow.removed_at.is_(None))
        .order_by(CameraRow.id)
        .execution_options(populate_existing=True)
    )
    if ids is not None:
        wanted = wanted.where(CameraRow.id.in_(ids))
    rows = session.execute(wanted)
    return {camera.id: _status(camera, lease, last, now) for camera, lease, last in rows}


def _status(camera: CameraRow, lease: LeaseRow | None, last: CameraStatusRow | None, now: datetime) -> CameraStatus:
    last_packet_at = _utc(last.last_packet_at) if last and last.last_packet_at else None
    if not camera.enabled:
        return CameraStatus(camera.id, CameraState.DISABLED, _utc(camera.updated_at), last_packet_at=last_packet_at)
    nobody = CameraStatus(camera.id, CameraState.UNASSIGNED, _utc(camera.updated_at), last_packet_at=last_packet_at)
    if lease is None or lease.worker is None or lease.expires_at is None:
        released = [moment for moment in (camera.updated_at, last.reported_at if last else None) if moment]
        return replace(nobody, since=_utc(max(released)), detail="no worker holds it")
    if lease.expires_at <= now:
        detail = f"worker {lease.worker} held it until {_utc(lease.expires_at):%Y-%m-%d %H:%M:%S} UTC, then was gone"
        return replace(nobody, since=_utc(lease.expires_at), detail=detail)
    granted_at = _utc(lease.granted_at or now)
    if last is None or last.worker != lease.worker or last.reported_at < granted_at:
        silent_s = (now - granted_at).total_seconds()
        if silent_s < STALE_AFTER_S:
            detail = f"worker {lease.worker} has just been given it"
            return replace(nobody, state=CameraState.CONNECTING, since=granted_at, worker=lease.worker, detail=detail)
        detail = f"worker {lease.worker} holds it but has not reported for {silent_s:.0f} s"
        return replace(nobody, since=granted_at, worker=lease.worker, detail=detail)
    silent_s = (now - last.reported_at).total_seconds()
    if silent_s >= STALE_AFTER_S:
        detail = f"worker {lease.worker} has not reported for {silent_s:.0f} s; it was {last.state.value} then"
        return replace(nobody, since=_utc(last.reported_at), worker=lease.worker, detail=detail)
    values: dict[str, Any] = {name: getattr(last, name) for name in _FIELDS}
    return CameraStatus(**{**values, "since": _utc(last.since), "last_packet_at": last_packet_at})


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
