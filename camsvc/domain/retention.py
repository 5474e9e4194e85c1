"""How long what is kept: footage by days, for places and severities apart; the index by days, in months."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from camsvc.domain.camera import Severity


@dataclass(frozen=True, slots=True)
class Exemption:
    """Other days for a camera, or for an area with all below it. Exactly one of the two is given."""

    area: str | None
    camera: str | None
    days: int | None
    alarm_days: int | None

    def covers(self, camera: str, area: str) -> bool:
        if self.camera is not None:
            return camera == self.camera
        return self.area is not None and (area == self.area or area.startswith(f"{self.area}/"))

    @property
    def weight(self) -> tuple[bool, int]:
        """The greater goes before the lesser: a camera before any area, a commune before its district."""
        return self.camera is not None, len(self.area or "")


@dataclass(frozen=True, slots=True)
class Policy:
    days: int | None
    """Of footage, from the start of its incident. None: until its row goes, or the disk is full."""
    alarm_days: int | None
    """Of the footage of alarms. None: as of all others."""
    index_days: int | None
    """Of rows; whole months go. None: for ever."""
    exemptions: tuple[Exemption, ...] = ()

    def footage_days(self, camera: str, area: str, severity: Severity) -> int | None:
        found = max(
            (each for each in self.exemptions if each.covers(camera, area)), key=lambda each: each.weight, default=None
        )
        days, alarm_days = (found.days, found.alarm_days) if found else (self.days, self.alarm_days)
        return alarm_days if severity is Severity.ALARM and alarm_days is not None else days

    @property
    def mark(self) -> str:
        """Changes with every change of the policy: how far an older one was carried out says nothing of this one."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Spot:
    """A viewpoint: where and by which camera incidents were seen."""

    id: int
    camera: str
    area: str


@dataclass(frozen=True, slots=True)
class Term:
    """All footage that is kept equally long."""

    days: int
    plain: tuple[int, ...]
    """Viewpoints whose footage of notices and infos it is."""
    alarm: tuple[int, ...]
    """Viewpoints whose footage of alarms it is."""


def terms(policy: Policy, spots: Iterable[Spot]) -> list[Term]:
    """The shortest first. What is kept without end is in none."""
    found: dict[int, tuple[list[int], list[int]]] = {}
    for spot in spots:
        for at, severity in enumerate((Severity.INFO, Severity.ALARM)):
            days = policy.footage_days(spot.camera, spot.area, severity)
            if days is not None:
                found.setdefault(days, ([], []))[at].append(spot.id)
    return [Term(days, tuple(plain), tuple(alarm)) for days, (plain, alarm) in sorted(found.items())]


@dataclass(frozen=True, slots=True)
class Disk:
    """What the store lies on, as far as this machine can see it."""

    total_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True)
class Run:
    """One turn of retention, as it was recorded."""

    started_at: datetime
    ended_at: datetime | None
    """None: it goes on, or died."""
    incidents: int
    """Whose footage was marked as expired."""
    files: int
    """Deleted from the store."""
    bytes: int
    months: int
    """Taken out of the index."""
    left: int
    """Incidents whose files are still to be deleted: the store refused, or the run was stopped."""
    pressure: bool
    """The disk had less free than it must."""
    exhausted: bool
    """And nothing was left that may go: recording is about to stop."""
    free_bytes: int | None
    error: str | None
