"""Time of an incident that its footage does not show, with the reason: each gets a slate in a copy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from camsvc.domain.coverage import Coverage
from camsvc.domain.incident import ClipPart
from camsvc.evidence.contents import TOLERANCE, UNRECORDED
from camsvc.evidence.footage import Footage


@dataclass(frozen=True, slots=True)
class Hole:
    started_at: datetime
    ended_at: datetime
    reasons: tuple[str, ...]
    """Values of GapReason; ``unrecorded``; of a part that cannot be shown ``missing``, ``altered``, ``undecodable``."""

    @property
    def length_s(self) -> float:
        return (self.ended_at - self.started_at).total_seconds()


def before(footage: Footage) -> list[Hole]:
    """Between the incident's beginning and its footage's."""
    return _hole(footage, footage.incident.started_at, footage.parts[0].started_at)


def between(footage: Footage, earlier: ClipPart, later: ClipPart) -> list[Hole]:
    return _hole(footage, earlier.ended_at, later.started_at)


def after(footage: Footage) -> list[Hole]:
    incident = footage.incident
    return _hole(footage, footage.parts[-1].ended_at, incident.until)


def unreadable(part: ClipPart, fault: str) -> Hole:
    """In the place of a part that cannot be shown."""
    return Hole(part.started_at, part.ended_at, (fault,))


def _hole(footage: Footage, started_at: datetime, ended_at: datetime) -> list[Hole]:
    """None, where it is no longer than what lies between two pictures."""
    if ended_at - started_at <= TOLERANCE:
        return []
    return [Hole(started_at, ended_at, tuple(_reasons(footage, started_at, ended_at)) or (UNRECORDED,))]


def _reasons(footage: Footage, started_at: datetime, ended_at: datetime) -> Iterable[str]:
    clip = footage.incident.clip
    told = [(gap.started_at, gap.ended_at, gap.reason) for gap in clip.gaps] if clip else []
    told += [(m.started_at, m.ended_at, m.reason) for m in footage.missing if m.what is Coverage.FOOTAGE]
    inside = sorted((began, reason.value) for began, end, reason in told if began < ended_at and end > started_at)
    return dict.fromkeys(reason for _, reason in inside)
