"""What a worker is to do, and its memory of that for a start while PostgreSQL is away.

The memory is one file in DATA/worker-<id>/, encrypted as a whole: it holds stream URLs (invariant 9).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from camsvc import log as logging
from camsvc.config import CameraConfig
from camsvc.db.cipher import Cipher
from camsvc.errors import ConfigError

_log = logging.get(__name__)

FILE = "assignments"


@dataclass(frozen=True, slots=True)
class Assignment:
    camera: CameraConfig
    epoch: int
    """Of the lease under which this worker has it (invariant 7)."""


class AssignmentCache:
    """Used by the control thread."""

    def __init__(self, folder: Path, worker: str, cipher: Cipher) -> None:
        self._file = folder / FILE
        self._subject = f"worker {worker}"
        self._cipher = cipher
        self._saved: dict[str, Assignment] | None = None

    def save(self, assignments: Mapping[str, Assignment]) -> None:
        """Durable on return. A disk that refuses is only logged: the memory is for a day that may never come."""
        if self._saved == assignments:
            return
        listed = [
            {"camera": each.camera.model_dump(mode="json", exclude_none=True), "epoch": each.epoch}
            for each in assignments.values()
        ]
        sealed = self._cipher.seal(self._subject, {"assignments": json.dumps(listed)})
        aside = self._file.with_suffix(".new")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(sealed)
                stream.flush()
                os.fsync(stream.fileno())
            aside.replace(self._file)
        except OSError as error:
            _log.warning("assignments not remembered", file=str(self._file), reason=error.strerror)
            return
        self._saved = dict(assignments)

    def load(self) -> dict[str, Assignment]:
        """What was saved last; nothing when there is none, or it cannot be read."""
        try:
            sealed = self._file.read_bytes()
            listed = json.loads(self._cipher.open(self._subject, sealed)["assignments"])
            found = [Assignment(CameraConfig.model_validate(each["camera"]), int(each["epoch"])) for each in listed]
        except FileNotFoundError:
            return {}
        except (OSError, ConfigError, ValidationError, KeyError, TypeError, ValueError) as error:
            # A ValidationError would repeat the values, which may hold credentials.
            _log.warning("remembered assignments cannot be read", file=str(self._file), reason=type(error).__name__)
            return {}
        return {each.camera.id: each for each in found}
