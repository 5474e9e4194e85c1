"""What every rule kind offers to the analysis of one camera."""

from __future__ import annotations

from typing import Protocol

from camsvc.domain.track import Moment, Scene
from camsvc.rules.events import RuleEvent

PATIENCE_S = 30.0
"""How long an incident stays open while nothing is known: a camera's reconnect with the first back-offs, a detector's
restart. Longer, and nobody could say that it is still the same thing."""


class Rule(Protocol):
    """One rule of one camera, over all its sessions. Used by one thread; knows no clock but the moments it is told.

    Moments come in order of wall time, each by one of the four calls. Time passes for a rule only by them.
    """

    def observe(self, scene: Scene) -> list[RuleEvent]:
        """What follows from one analysed frame, also from one with nothing in it."""
        ...

    def idle(self, at: Moment) -> list[RuleEvent]:
        """Nothing moved from the last scene to ``at``, says the gate: what was in view still is, and nothing else."""
        ...

    def unseen(self, at: Moment) -> list[RuleEvent]:
        """Nothing is known from the last moment to ``at`` (not analysed, session lost): nothing ends because of it.

        What has been open without a sighting for more than ``PATIENCE_S`` of such time ends as interrupted.
        """
        ...

    def interrupt(self, at: Moment) -> list[RuleEvent]:
        """Analysis is lost for good at ``at``: what is open ends as interrupted at its last observed moment."""
        ...
