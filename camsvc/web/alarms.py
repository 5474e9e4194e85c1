"""What can be sick, and how it is told from what the parts say of themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from camsvc.db.queries.status import STALE_AFTER_S
from camsvc.db.queries.workers import Report
from camsvc.domain.camera import CameraState, CameraStatus

BACKLOG_SPARE = 20
"""Incidents on a worker's spool beyond one for each of its cameras, before it is news: what is open or just being
uploaded lies there as well."""


class Part(StrEnum):
    """In the order in which they are told."""

    DATABASE = "database"
    RECORDING = "recording"
    """Workers whose spool takes no footage."""
    WORKERS = "workers"
    """Cameras that no working worker has."""
    SILENT = "silent"
    """Workers that were heard of lately, and are not now."""
    STORE = "store"
    DETECTOR = "detector"
    BACKLOG = "backlog"
    """Incidents that wait on spools."""
    ASIDE = "aside"
    """Incidents set aside: for the administrator."""
    NOTIFICATIONS = "notifications"


LIGHT = frozenset({Part.BACKLOG, Part.ASIDE, Part.NOTIFICATIONS})
"""Nothing is lost by these."""


@dataclass(frozen=True)
class Alarm:
    part: Part
    since: datetime
    """When this server saw it first."""
    count: int = 0
    detail: str = ""
    """What the part itself says; never a credential."""


def of_cameras(statuses: Mapping[str, CameraStatus]) -> dict[Part, tuple[int, str]]:
    """Parts that are sick, with how many and what is said."""
    unassigned = sum(status.state is CameraState.UNASSIGNED for status in statuses.values())
    return {Part.WORKERS: (unassigned, "")} if unassigned else {}


def of_workers(reports: Iterable[Report]) -> dict[Part, tuple[int, str]]:
    """As ``of_cameras``. What a silent worker said last is not taken for what is true now."""
    sick: dict[Part, tuple[int, str]] = {}

    def add(part: Part, count: int, detail: str) -> None:
        if count:
            before, said = sick.get(part, (0, ""))
            sick[part] = before + count, said or detail

    for report in reports:
        status = report.status
        if report.age_s >= STALE_AFTER_S:
            add(Part.SILENT, 1, status.worker)
            continue
        add(Part.RECORDING, status.spool_refused is not None, status.spool_refused or "")
        add(Part.DETECTOR, status.detector_detail is not None, status.detector_detail or "")
        waiting = status.store_away_since is not None or status.spool_entries > status.cameras + BACKLOG_SPARE
        add(Part.BACKLOG, status.spool_entries if waiting else 0, "")
        add(Part.ASIDE, status.spool_aside, "")
    return sick


def alarms(sick: Mapping[Part, tuple[int, str]], before: Iterable[Alarm], at: datetime) -> tuple[Alarm, ...]:
    """In the order of Part; one that lasts keeps the moment at which it began."""
    since = {alarm.part: alarm.since for alarm in before}
    return tuple(Alarm(part, since.get(part, at), *sick[part]) for part in Part if part in sick)
