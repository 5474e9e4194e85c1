"""Where the analysis of one camera sends what it finds: the recorder in a worker, the writers of ``analyze``."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from camsvc.domain.incident import GapReason
from camsvc.domain.track import Scene
from camsvc.rules.events import RuleEvent

if TYPE_CHECKING:
    from camsvc.media.decode import Frame


class Sink(Protocol):
    """Called by the camera's analysis thread alone, in order of time; must not block (invariant 1).

    A moment is of the analysed stream: with a sub stream its ``session`` and ``pts_90k`` are the sub stream's,
    and only ``at`` says which recorded packet is meant (within both sessions' clock errors).
    """

    def scene(self, scene: Scene, frame: Frame | None) -> None:
        """One analysed frame; ``frame`` is the decoded picture, None where there is none to give."""
        ...

    def event(self, event: RuleEvent, frame: Frame | None) -> None:
        """What a rule concluded from the scene before it; ``frame`` is that scene's picture, if any."""
        ...

    def not_analysed(self, started_at: datetime, ended_at: datetime, reason: GapReason) -> None:
        """Nothing is known of this time (invariant 3)."""
        ...
