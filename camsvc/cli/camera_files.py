"""Cameras from files: YAML as in the settings, or CSV as a spreadsheet writes it."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from camsvc.config import CameraConfig, parse, read_yaml
from camsvc.errors import ConfigError, InputError

CSV_COLUMNS = {
    "id": ("id",),
    "name": ("name",),
    "area": ("area",),
    "enabled": ("enabled",),
    "lat": ("location", "lat"),
    "lon": ("location", "lon"),
    "heading_deg": ("location", "heading_deg"),
    "fov_deg": ("location", "fov_deg"),
    "range_m": ("location", "range_m"),
    "main": ("streams", "main"),
    "sub": ("streams", "sub"),
    "transport": ("streams", "transport"),
    "fps": ("detect", "fps"),
}
"""Column of the CSV → member of the camera. Empty cells are left out. Zones and rules need YAML."""
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class CameraFile:
    cameras: list[CameraConfig]
    faults: list[str]
    """One line each: where, what, and how to write it. Never holds a refused value: it may be a password."""


def read(file: Path) -> CameraFile:
    """Every camera of ``file`` (.csv, .yaml, .yml), and what is wrong with the others.

    ``${NAME}`` in a stream URL is replaced by the environment's variable, so that a file need not hold passwords.
    Raises ConfigError when the file cannot be read as such, InputError for another kind of file.
    """
    kind = file.suffix.lower()
    if kind == ".csv":
        entries = _csv_entries(file)
    elif kind in (".yaml", ".yml"):
        entries = _yaml_entries(file)
    else:
        raise InputError(f"{file}: neither CSV nor YAML", parameter="FILE", cure="name it .csv, .yaml or .yml")
    cameras: dict[str, CameraConfig] = {}
    faults: list[str] = []
    for where, values in entries:
        try:
            camera = parse(CameraConfig, _with_environment(values), None)
        except ConfigError as error:
            faults += [f"{file}: {where}: {line.removeprefix('settings: ')}" for line in str(error).splitlines()]
            continue
        if camera.id in cameras:
            faults.append(f"{file}: {where}: id: {camera.id!r} is there twice: ids are never shared or reused")
        cameras[camera.id] = camera
    if not cameras and not faults:
        faults.append(f"{file}: no camera in it: write 'cameras:' and a list, or a CSV with a header line")
    return CameraFile(list(cameras.values()), faults)


def _yaml_entries(file: Path) -> list[tuple[str, Mapping[str, Any]]]:
    """One camera, or a mapping with ``cameras`` (other members are settings, and left alone)."""
    document = read_yaml(file)
    listed = document.get("cameras", document if "id" in document else [])
    entries = [listed] if isinstance(listed, dict) else listed
    if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
        raise ConfigError(f"{file}: cameras: must be a list of mappings, each with id, name, area and streams")
    return [(f"camera {each.get('id', number)}", each) for number, each in enumerate(entries, 1)]


def _csv_entries(file: Path) -> list[tuple[str, Mapping[str, Any]]]:
    try:
        text = file.read_text(encoding="utf-8-sig")  # spreadsheets put a byte order mark first
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: not UTF-8: save it as 'CSV UTF-8'") from error
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
    header = text.partition("\n")[0]
    reader = csv.DictReader(
        text.splitlines(), delimiter=";" if header.count(";") > header.count(",") else ",", strict=True
    )
    unknown = [name for name in reader.fieldnames or [] if name not in CSV_COLUMNS]
    if unknown:
        raise ConfigError(f"{file}: unknown column {', '.join(map(repr, unknown))}: use {', '.join(CSV_COLUMNS)}")
    try:
        return [(f"line {reader.line_num}", _from_cells(row)) for row in reader]
    except csv.Error as error:
        raise ConfigError(f"{file}: line {reader.line_num}: not valid CSV: {error}") from error


def _from_cells(row: Mapping[str | None, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, cell in row.items():
        if name is None:  # more cells than columns: refused as an unknown key, where the line is known
            values["(cells beyond the last column)"] = cell
        elif cell is not None and cell.strip():
            *above, last = CSV_COLUMNS[name]
            inner = values
            for each in above:
                inner = inner.setdefault(each, {})
            inner[last] = cell.strip()
    return values


def _with_environment(values: Mapping[str, Any]) -> dict[str, Any]:
    streams = values.get("streams")
    if not isinstance(streams, dict):
        return dict(values)
    filled = {name: _filled(url) if isinstance(url, str) else url for name, url in streams.items()}
    return {**values, "streams": filled}


def _filled(url: str) -> str:
    def value(match: re.Match[str]) -> str:
        found = os.environ.get(match[1])
        if found is None:
            raise ConfigError(
                f"streams: the variable {match[1]} is not set in the environment: set it, or write the URL"
            )
        return found

    return _VARIABLE.sub(value, url)
