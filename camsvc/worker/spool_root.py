"""The folder of a spool: who lives in it, and whether it still is the one it was."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import threading
from pathlib import Path
from uuid import UUID, uuid4

from camsvc.errors import SpoolError
from camsvc.worker.spool_journal import write_durably

IDENTITY = "spool.json"
LOCK = "lock"
FOLDERS = ("incidents", "coverage", "fenced", "damaged", "removed")


class SpoolRoot:
    """Made by :meth:`open`; holds the lock until :meth:`close` or the death of the process."""

    def __init__(self, path: Path, identity: str, handle: int, lock: int) -> None:
        self.path = path
        self.incidents, self.coverage, self.fenced, self.damaged, self.removed = (path / name for name in FOLDERS)
        self._identity = identity
        self._handle = handle
        self._lock_file = lock
        self._closing = threading.Lock()

    @classmethod
    def open(cls, path: Path, remembered: Path | None, *, create: bool = True) -> SpoolRoot:
        """Raises SpoolError: no access, lived in, no spool there (``create`` false), or not the remembered one."""
        try:
            if create:
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise SpoolError(f"spool {path} cannot be opened: {error.strerror}") from error
        lock = -1
        try:
            _verify(path, remembered, create)
            lock = _take_lock(path)
            identity = _identify(path, remembered)
            for name in FOLDERS:
                (path / name).mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            _close(handle, lock)
            raise SpoolError(f"spool {path} cannot be opened: {error.strerror}") from error
        except SpoolError:
            _close(handle, lock)
            raise
        return cls(path, identity, handle, lock)

    def check(self) -> None:
        """Raises SpoolError when another file system lies here than at the start, or none.

        Without it, a disk that was unmounted under a running worker would be replaced by the folder beneath it,
        silently, on the disk of the system.
        """
        try:
            now, then = self.path.stat(), os.fstat(self._handle)
            same = (now.st_dev, now.st_ino) == (then.st_dev, then.st_ino) and _read(self.path) == self._identity
        except OSError as error:
            raise SpoolError(f"spool {self.path} is gone: {error.strerror}; mount its disk and restart") from error
        if not same:
            raise SpoolError(f"{self.path} is not the spool it was: mount its disk again and restart the worker")

    def free_bytes(self) -> int:
        """What an ordinary process may still write. Raises SpoolError."""
        try:
            return shutil.disk_usage(self.path).free
        except OSError as error:
            raise SpoolError(f"spool {self.path} is gone: {error.strerror}; mount its disk and restart") from error

    def close(self) -> None:
        with self._closing:
            _close(self._handle, self._lock_file)
            self._handle = self._lock_file = -1


def _verify(path: Path, remembered: Path | None, create: bool) -> None:
    """Writes nothing: a folder where a disk should be stays as empty as it is."""
    identity = _read(path)
    expected = _recall(remembered)
    if expected is not None and identity != expected:
        raise SpoolError(
            f"{path} is not the spool it was when the worker last ran: mount its disk, "
            f"or delete {remembered} to begin a new spool"
        )
    if identity is None and not create:
        raise SpoolError(f"{path} is not a spool")


def _identify(path: Path, remembered: Path | None) -> str:
    """Called under the lock."""
    identity = _read(path)
    if identity is None:
        identity = str(uuid4())
        write_durably(path / IDENTITY, json.dumps({"version": 1, "id": identity}).encode() + b"\n")
    if remembered and _recall(remembered) is None:
        remembered.parent.mkdir(parents=True, exist_ok=True)
        write_durably(remembered, identity.encode() + b"\n")
    return identity


def _recall(remembered: Path | None) -> str | None:
    return remembered.read_text(encoding="utf-8").strip() if remembered and remembered.exists() else None


def _read(path: Path) -> str | None:
    try:
        content = json.loads((path / IDENTITY).read_bytes())
        return str(UUID(content["id"]))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise SpoolError(f"{path / IDENTITY} does not say which spool this is; restore it or move it away") from error


def _take_lock(path: Path) -> int:
    lock = os.open(path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise SpoolError(f"another worker lives in the spool {path}: give this one another id") from error
    return lock


def _close(handle: int, lock: int) -> None:
    for file in (lock, handle):
        if file >= 0:
            os.close(file)
