"""Settings as a file for our own child processes: the same values, whatever they came from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

from camsvc.config import ENV_PREFIX, Settings
from camsvc.embedded import state

NOT_FOR_CHILDREN = frozenset({"cameras", "areas"})
"""They are in the database by then, and theirs is the truth."""


def write(settings: Settings, path: Path) -> None:
    """With passwords, mode 0600; ``config.load`` reads it back (JSON is YAML)."""
    plain = {name: _plain(value) for name, value in settings if name not in NOT_FOR_CHILDREN}
    state.write(path, {name: value for name, value in plain.items() if value is not None})


def environment(environ: dict[str, str]) -> dict[str, str]:
    """For a child that gets such a file: without our variables, which are in it already."""
    return {name: value for name, value in environ.items() if not name.startswith(ENV_PREFIX)}


def _plain(value: object) -> Any:  # noqa: ANN401  JSON
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, BaseModel):
        return {name: _plain(inner) for name, inner in value if inner is not None}
    if isinstance(value, tuple | list):
        return [_plain(inner) for inner in value]
    return str(value) if isinstance(value, Path) else value
