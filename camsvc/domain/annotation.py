"""What people say of an incident: tags, notes, who looks after it, and what it turned out to be."""

from __future__ import annotations

from enum import StrEnum


class Disposition(StrEnum):
    """What a person judged it to be."""

    NONE = "none"
    """Nobody has judged it (yet)."""
    TRUE = "true"
    """It was what the rule says."""
    FALSE_ALARM = "false_alarm"
    """It was not."""
