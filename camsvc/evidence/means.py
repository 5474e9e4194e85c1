"""What a package is made with, how, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import UUID

from camsvc.clock import Clock
from camsvc.config import Settings
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.domain.account import EVERYWHERE
from camsvc.domain.case import Access
from camsvc.domain.export_job import Contents
from camsvc.evidence.contents import Packed
from camsvc.storage.objects import ObjectStore
from camsvc.vision.detector import Detector

USUAL: Final = Contents()
ANY_FOOTAGE: Final = Access(EVERYWHERE)
"""Of whoever sits at the machine itself."""


@dataclass(frozen=True, slots=True)
class Means:
    """What a package is made with."""

    database: Database
    store: ObjectStore
    cipher: Cipher = field(repr=False)
    settings: Settings
    clock: Clock
    detector: Callable[[], Detector] | None = None
    """Opens what checks redacted copies, when there are any. None: the installation's own."""


@dataclass(frozen=True, slots=True)
class Options:
    contents: Contents = USUAL
    scratch: Path | None = None
    """Folder for the copies of one incident at a time, while they are made; None: the system's."""
    on_progress: Callable[[int, int], None] = lambda _done, _all: None
    """Told bytes of footage that are done, and of all."""
    check: Callable[[], None] = lambda: None
    """Called between pieces of about a megabyte, and while copies are made: what it raises ends the export."""


AS_USUAL: Final = Options()


@dataclass(frozen=True, slots=True)
class Made:
    id: UUID
    size_bytes: int
    manifest_sha256: str
    fingerprint: str
    """Of the certificate that signed."""
    incidents: int
    files: int
    problems: tuple[Packed, ...]
    """Files that are altered, missing or vouched for by nobody: they are marked so in the package."""
    notes: tuple[str, ...]
    """What could not be done and is not needed to prove anything."""
