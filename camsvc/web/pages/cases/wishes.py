"""What somebody wants to have in a case, before it is there; and how that is called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from camsvc.domain.case import ItemKind
from camsvc.domain.incident import Incident
from camsvc.web.directory import Directory
from camsvc.web.words import Words

MOMENT_MAX_MS = 253_402_300_800_000
"""The year 10000: what a browser sends may be anything."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Exactly one of ``incident`` (with ``part`` for a clip), ``camera`` with both times, ``picture`` with camera and
    ``from_at``."""

    incident: UUID | None = None
    part: int | None = None
    camera: str | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None
    picture: str | None = None
    """Token of a JPEG that the browser keeps. ``incident`` says where it was taken, where it was no live picture."""

    @property
    def kind(self) -> ItemKind:
        if self.picture is not None:
            return ItemKind.SNAPSHOT
        if self.incident is not None:
            return ItemKind.INCIDENT if self.part is None else ItemKind.CLIP
        return ItemKind.SPAN


def of_incident(incident: Incident) -> Wish:
    return Wish(incident=incident.id, camera=incident.camera, from_at=incident.started_at, to_at=incident.ended_at)


def moment(milliseconds: Any) -> datetime | None:  # noqa: ANN401  a browser sends what it likes
    """UTC; None for what is no moment."""
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float):
        return None
    if not 0 < milliseconds < MOMENT_MAX_MS:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def told(wishes: tuple[Wish, ...], words: Words, directory: Directory) -> str:
    """``3 incidents``, or what the only one is: ``Picture: Chợ Chờ, 22 Nov 2026 14:03:07.120``."""
    say, wall = words.language, words.wall
    if len(wishes) != 1:
        return say.count("collect.items", len(wishes))
    (wish,) = wishes
    where = directory.camera_name(wish.camera) if wish.camera else ""
    kind = say(f"case.kind.{wish.kind.value}")
    if wish.from_at is None:
        return kind if not where else f"{kind}: {where}"
    if wish.kind is ItemKind.SNAPSHOT:
        when = f"{wall.date_clock(wish.from_at)}.{wish.from_at.microsecond // 1000:03}"
    elif wish.kind is ItemKind.SPAN and wish.to_at is not None:
        when = words.span(wish.from_at, wish.to_at)
    else:
        when = wall.date_clock(wish.from_at)
    return f"{kind}: {where}, {when}"
