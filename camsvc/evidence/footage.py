"""The footage of one incident as what is rendered from it sees it: what was recorded, and one file of it at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from camsvc.domain.coverage import MissingSpan
from camsvc.domain.incident import ClipPart, Incident


@dataclass(frozen=True, slots=True)
class Footage:
    """``tracks`` is ``tracks.json`` as parsed (docs/reference/tracks.md); None: there is none.

    ``open_part`` gives the file of a part for as long as the context lasts; one at a time is open. It may raise
    NotFoundError (the store does not have it) or IntegrityError (it is not what was recorded): a rendition shows a
    slate in its place that says so. Whatever else it raises ends the rendering.
    """

    incident: Incident
    camera_name: str
    """Empty: not known."""
    timezone: str
    """IANA name, of the local times shown."""
    tracks: Mapping[str, Any] | None
    open_part: Callable[[ClipPart], AbstractContextManager[Path]]
    missing: tuple[MissingSpan, ...] = ()
    """What is known to be missing, beside the clip's own gaps: reasons for the slates."""

    @property
    def parts(self) -> tuple[ClipPart, ...]:
        return self.incident.clip.parts if self.incident.clip else ()

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)
