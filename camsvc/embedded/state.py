"""Small files of JSON that outlive a crash and that nobody else may read: ports and generated passwords."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from camsvc.errors import ConfigError

OWNER_ONLY = 0o600


def write(path: Path, values: dict[str, Any]) -> None:
    """Replaces ``path`` as a whole: after a crash it is the old one or the new one. Mode 0600."""
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(values, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read(path: Path) -> dict[str, Any] | None:
    """None: there is none. Raises ConfigError when it is not readable, or others may read it."""
    try:
        mode = path.stat().st_mode
        if mode & 0o077:
            raise ConfigError(f"{path} holds passwords and others may read it: chmod 600 {path}")
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}; run as the user who owns it") from error
    except ValueError as error:
        raise ConfigError(f"{path} is damaged: {error}") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{path} is damaged: not a mapping")
    return values
