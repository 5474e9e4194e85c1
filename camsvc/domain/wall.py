"""A saved layout of live pictures."""

from __future__ import annotations

from dataclasses import dataclass

CAMERAS_MAX = 500
"""Of one wall: they take turns when they are more than its tiles. A round of 20 full ones is more than a shift sees."""
WALLS_MAX = 100
"""Of one account."""
NAME_MAX = 100
CYCLE_MIN_S, CYCLE_MAX_S = 5, 3600
"""Faster, and each picture is gone before it is looked at; slower is a mistake."""


@dataclass(frozen=True, slots=True)
class Wall:
    name: str
    tiles: int
    """1, 4, 9, 16 or 25."""
    cameras: tuple[str | None, ...]
    """In reading order; None: an empty tile."""
    cycle_s: int | None = None
    """Seconds until the next cameras; None: they stay."""
