"""A copy of an incident's clip in which people and vehicles are unrecognisable, as a person chose; checked by the
detector."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camsvc.domain.redaction import Redaction
from camsvc.evidence.footage import Footage
from camsvc.vision.detector import Detector


@dataclass(frozen=True, slots=True)
class Round:
    """One rendering, looked through by the detector."""

    found: int
    """Boxes outside of the choice that it found in the rendered pictures."""
    pictures: int
    """In which they were."""


@dataclass(frozen=True, slots=True)
class RedactionReport:
    frames: int
    """Pictures of footage in the copy; slates do not count."""
    hidden_tracks: int
    """Tracks of ``tracks.json`` that are hidden…"""
    seen_tracks: int
    """…and that stay to be seen."""
    added: int
    """Objects that the tracks had missed and the detector found in the original."""
    rounds: tuple[Round, ...]
    """Empty: nobody checked."""
    detector: str | None
    """Name of the model that checked; None: nobody did."""

    @property
    def remaining(self) -> int | None:
        """Boxes outside of the choice that the detector still finds; must be 0. None: nobody checked."""
        return self.rounds[-1].found if self.rounds else None


def make_redacted(
    footage: Footage,
    redaction: Redaction,
    out: Path,
    *,
    detector: Detector | None,
    check: Callable[[], None] = lambda: None,
    on_progress: Callable[[float], None] = lambda _share: None,
) -> RedactionReport:
    """Writes one fast-start MP4 (H.264, yuv420p; sound only if asked for) to ``out``, which must not exist.

    ``detector`` belongs to the calling thread; None: what the tracks missed stays unseen and nobody checks, which the
    report says. ``check`` is called between pictures and raises to give up; ``on_progress`` is told the share that is
    done, 0…1, rising. The caller decides what a report with something ``remaining`` means. ``out`` appears only when
    it is whole. Raises UnplayableError, DetectorError, OSError.
    """
    raise NotImplementedError


def redacted_frame(
    frame: NDArray[np.uint8], tracks: Mapping[str, Any] | None, redaction: Redaction, part: int, at_s: float
) -> NDArray[np.uint8]:
    """One picture (BGR, height × width × 3) of player time ``at_s`` of ``part`` as the copy will show it, by stored
    tracks and drawn regions alone: the copy may hide more, what the detector finds besides."""
    raise NotImplementedError
