"""Cameras from files: YAML as in the settings, or CSV as a spreadsheet writes it (``api.services.camera_sheet``)."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from camsvc.api.services import camera_sheet, imports
from camsvc.api.services.camera_sheet import Entry, Fault, Sheet
from camsvc.config import CameraConfig
from camsvc.errors import ConfigError, InputError

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class CameraFile:
    cameras: list[CameraConfig]
    faults: list[str]
    """One line each: where, what, and how to write it. Never holds a refused value: it may be a password."""


def read(file: Path) -> Sheet:
    """Every camera of ``file`` (.csv, .yaml, .yml), each with what is wrong with it.

    ``${NAME}`` in a stream's URL, user or password is replaced by the environment's variable, so that a file need not
    hold passwords. Raises ConfigError when the file cannot be read as such, InputError for another kind of file.
    """
    kind = file.suffix.lower()
    if kind not in (".csv", ".yaml", ".yml"):
        raise InputError(f"{file}: neither CSV nor YAML", parameter="FILE", cure="name it .csv, .yaml or .yml")
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
    try:
        sheet = camera_sheet.read_csv(content) if kind == ".csv" else camera_sheet.read_yaml(content)
    except InputError as error:
        raise ConfigError(f"{file}: {error}: {error.cure}") from error
    return Sheet(tuple(_with_environment(each) for each in sheet.entries))


def whole(file: Path) -> CameraFile:
    """Every camera of ``file`` as it would be new. Raises as ``read``."""
    found: dict[str, CameraConfig] = {}
    faults: list[str] = []
    for entry in read(file).entries:
        config, wrong = imports.config_of(entry, None)
        if config is not None and config.id in found:
            wrong.append(Fault("id", f"{config.id!r} is there twice: ids are never shared or reused"))
        faults += [told(file, entry, each) for each in (*entry.faults, *wrong)]
        if config is not None:
            found[config.id] = config
    return CameraFile(list(found.values()), faults)


def told(file: Path, entry: Entry, fault: Fault) -> str:
    column = f"{fault.column}: " if fault.column else ""
    cure = f" ({fault.cure})" if fault.cure else ""
    return f"{file}: {entry.where}: {column}{fault.detail}{cure}"


def _with_environment(entry: Entry) -> Entry:
    faults: list[Fault] = []

    def filled(value: Any, column: str) -> Any:  # noqa: ANN401  a member of a camera
        if not isinstance(value, str):
            return value
        try:
            return _VARIABLE.sub(_variable, value)
        except KeyError as error:
            detail = f"the variable {error.args[0]} is not set in the environment: set it, or write what it stands for"
            faults.append(Fault(column, detail))
            return None

    values = dict(entry.values)
    streams = values.get("streams")
    if isinstance(streams, Mapping):
        values["streams"] = {
            name: filled(url, camera_sheet.column_of(("streams", name))) for name, url in streams.items()
        }
    for name in ("user", "password"):
        if name in values:
            values[name] = filled(values[name], name)
    return replace(entry, values=values, faults=(*entry.faults, *faults))


def _variable(match: re.Match[str]) -> str:
    return os.environ[match[1]]
