"""Of what time something is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from camsvc.domain.incident import GapReason


class Coverage(StrEnum):
    FOOTAGE = "footage"
    """Packets were received and kept as far as an incident asked for them."""
    ANALYSIS = "analysis"
    """The detector looked, or the gate could tell that nothing moved."""


@dataclass(frozen=True, slots=True)
class MissingSpan:
    """Time of one camera in which something is missing; it is never read as "nothing was there" (invariant 3)."""

    camera: str
    what: Coverage
    started_at: datetime
    ended_at: datetime
    reason: GapReason
