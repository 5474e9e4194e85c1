"""How a worker process is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    worker: str
    started_at: datetime
    cameras: int
    """That it runs now."""
    detector: str | None
    """Name of the model that runs; None: none does."""
    detector_detail: str | None
    """Why the detector does not work, in one sentence; None: it does."""
    analysed_frames: int
    """Since the worker started, as all counts here."""
    shed_frames: int
    """Given up for newer ones: the detector was too slow."""
    published: int
    """Incidents published whole."""
    spool_entries: int
    """Incidents not yet published whole: the back-log."""
    spool_bytes: int
    spool_oldest_at: datetime | None
    """When the oldest of them started."""
    spool_refused: str | None
    """Why no footage is recorded now, in one sentence; None: it is."""
    spool_aside: int
    """Incidents set aside: damaged, or refused because another worker owned the camera. A person must look."""
    store_away_since: datetime | None
    """Since when the object store does not answer this worker; None: it does."""
