"""One `camsvc up` a data folder."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from camsvc.errors import ConfigError

NAME = "lock"
PATIENCE_S = 1.0
"""``is_held`` takes the lock for an instant; that must not look like another `camsvc up`."""
POLL_S = 0.05


class DataLock:
    """Held while the block runs; given back by the kernel however we end. The children do not inherit it."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._descriptor = -1

    def __enter__(self) -> Self:
        """Raises ConfigError when another holds it, or the folder cannot be made or written."""
        file = self._data / NAME
        try:
            self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise ConfigError(
                f"{self._data} cannot be used for data: {error.strerror}; give another folder with --data"
            ) from error
        deadline_s = time.monotonic() + PATIENCE_S
        while not _try(self._descriptor):
            if time.monotonic() > deadline_s:
                holder = os.read(self._descriptor, 32).decode("ascii", "replace").strip() or "unknown"
                os.close(self._descriptor)
                raise ConfigError(
                    f"{self._data} is in use by another `camsvc up` (process {holder}): stop that one first, "
                    "or give another folder with --data"
                )
            time.sleep(POLL_S)
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, str(os.getpid()).encode(), 0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        os.close(self._descriptor)


def is_held(data: Path) -> bool:
    """Whether a `camsvc up` runs on ``data`` now."""
    try:
        descriptor = os.open(data / NAME, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _try(descriptor)
    finally:
        os.close(descriptor)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
