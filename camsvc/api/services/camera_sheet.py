"""Cameras as a spreadsheet or a YAML file holds them: what is written in which row and column, and what is wrong there.

A row of a spreadsheet says only what its cells say: an empty cell leaves a camera that is there as it is, and gives a
new one the default; ``-`` takes away. So a list that was exported, changed in two columns and read again loses no zone.
An entry of a YAML file is a whole camera and replaces the stored one.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from camsvc.config import CAMERA_ID, CameraConfig
from camsvc.errors import InputError

COLUMNS: Mapping[str, tuple[str, ...]] = {
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
    "user": ("user",),
    "password": ("password",),
    "fps": ("detect", "fps"),
    "classes": ("detect", "classes"),
    "min_confidence": ("detect", "min_confidence"),
}
"""Column → member of the camera. ``user`` and ``password`` go into the stream URLs. Zones and rules need YAML."""
NUMBERS = frozenset({"lat", "lon", "heading_deg", "fov_deg", "range_m", "fps", "min_confidence"})
TAKE_AWAY = "-"
COMMENT = "#"
"""A row whose first cell begins with it is left out."""
MAX_ROWS = 5000
"""Of one file: all are stored in one transaction, and no site has more."""
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_TRUTH = {"true": True, "yes": True, "1": True, "x": True, "có": True}
_UNTRUTH = {"false": False, "no": False, "0": False, "không": False}
_FORMULA = ("=", "+", "-", "@")
"""A cell that begins so is run by a spreadsheet: it is written, and read, behind an apostrophe."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Never holds a refused value: it may be a password."""

    column: str | None
    """Of the spreadsheet; of YAML the member, like ``location.lat``. None: it is of the whole entry."""
    detail: str
    cure: str | None = None
    code: str = "format"
    """For programs: format, missing, number, unknown, cells, twice, taken, forbidden, area, pair, credentials or
    masked."""


@dataclass(frozen=True, slots=True)
class Entry:
    row: int
    """Line of the file, from 1; of YAML the number of the camera."""
    where: str
    """``line 3`` or ``camera gate-1``."""
    id: str | None
    """As it is written; None: it is missing."""
    values: Mapping[str, Any] = field(repr=False)
    """Members, nested as in the configuration; of a spreadsheet None for what is taken away."""
    is_whole: bool = False
    """It replaces what is stored, instead of changing it."""
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    entries: tuple[Entry, ...]


def read_csv(content: bytes) -> Sheet:
    """A spreadsheet as Excel, LibreOffice or a program writes it: UTF-8 or UTF-16; commas, semicolons or tabs.

    Raises InputError for what is no such file: then no row can be named.
    """
    text = _text(content)
    lines = text.splitlines()
    skipped = 0
    delimiter = None
    if lines and lines[0].lower().startswith("sep=") and len(lines[0]) == len("sep=;"):
        delimiter, skipped, lines = lines[0][4], 1, lines[1:]
    header = lines[0] if lines else ""
    delimiter = delimiter or max(",;\t", key=header.count)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        rows = [(reader.line_num + skipped, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise InputError(
            f"line {reader.line_num + skipped}: not valid CSV: {error}", parameter="file", cure="save the list as CSV"
        ) from error
    if not rows:
        raise _empty()
    columns = _columns(rows[0][1])
    entries = tuple(
        _entry(line, columns, cells, is_european=delimiter != ",")
        for line, cells in rows[1:]
        if not cells[0].lstrip().startswith(COMMENT)
    )
    return _bounded(entries)


def read_yaml(content: bytes) -> Sheet:
    """One camera, or a mapping with ``cameras`` (its other members are settings, and left alone). Raises InputError."""
    try:
        document = yaml.safe_load(_text(content))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        raise InputError(f"{where}not valid YAML", parameter="file", cure="see configs/camsvc.yaml") from error
    if not isinstance(document, dict):
        raise _empty()
    listed = document.get("cameras", document if "id" in document else [])
    found = [listed] if isinstance(listed, dict) else listed
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise InputError(
            "cameras: must be a list of mappings",
            parameter="file",
            cure="give each camera id, name, area and streams, as in configs/camsvc.yaml",
        )
    return _bounded(tuple(_whole(number, each) for number, each in enumerate(found, 1)))


def template() -> bytes:
    """The columns, and one row that is left out, to be opened in a spreadsheet."""
    example = {
        "id": "# cho-01",
        "name": "Chợ Chờ, cổng chính",
        "area": "bac-ninh/yen-phong/cho",
        "enabled": "true",
        "lat": "21.2419",
        "lon": "105.9615",
        "heading_deg": "140",
        "fov_deg": "60",
        "range_m": "90",
        "main": "rtsp://192.0.2.7:554/main",
        "sub": "rtsp://192.0.2.7:554/sub",
        "transport": "tcp",
        "user": "viewer",
        "password": "",
        "fps": "5",
        "classes": "person car truck",
        "min_confidence": "0.4",
    }
    return write_csv([example])


def write_csv(rows: Iterable[Mapping[str, str]]) -> bytes:
    """``rows`` by column, with a byte order mark: else Excel takes UTF-8 for something older."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_harmless(name, row.get(name, "")) for name in COLUMNS])
    return out.getvalue().encode("utf-8-sig")


def cells_of(document: Mapping[str, Any]) -> dict[str, str]:
    """The row of a camera, given as JSON without credentials; it has no ``user`` and no ``password``."""
    cells = {}
    for name, (first, *rest) in COLUMNS.items():
        value = document.get(first)
        if rest:
            value = value.get(rest[0]) if isinstance(value, Mapping) else None
        cells[name] = _cell(value)
    return cells


def column_of(path: Sequence[object]) -> str:
    """The column that holds the member at ``path``; the member itself, dotted, where none does."""
    for name, members in COLUMNS.items():
        if tuple(path[: len(members)]) == members:
            return name
    return ".".join(str(part) for part in path)


def _text(content: bytes) -> str:
    encoding = next((name for bom, name in BOMS if content.startswith(bom)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(
            "the file is neither UTF-8 nor UTF-16", parameter="file", cure="save it as 'CSV UTF-8'"
        ) from error
    if "\0" in text:
        raise InputError(
            "the file is no text", parameter="file", cure="save the list as 'CSV UTF-8', not as a workbook"
        )
    return text


def _columns(header: Sequence[str]) -> list[str]:
    columns = [name.strip().lower() for name in header]
    while columns and not columns[-1]:
        columns.pop()  # a spreadsheet that was once wider
    if unknown := [name for name in columns if name not in COLUMNS]:
        raise InputError(
            f"unknown column {', '.join(map(repr, unknown[:5]))}", parameter="file", cure=f"use {', '.join(COLUMNS)}"
        )
    if twice := {name for name in columns if columns.count(name) > 1}:
        raise InputError(f"the column {min(twice)!r} is there twice", parameter="file", cure="leave one of them out")
    if "id" not in columns:
        raise InputError("there is no column 'id'", parameter="file", cure="give each camera its id")
    return columns


def _entry(line: int, columns: Sequence[str], cells: Sequence[str], *, is_european: bool) -> Entry:
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    if any(cell.strip() for cell in cells[len(columns) :]):
        faults.append(
            Fault(
                "(cells beyond the last column)",
                "there are more cells than columns",
                "put a name with commas in quotes",
                "cells",
            )
        )
    for name, cell in zip(columns, cells, strict=False):
        text = _undisguised(cell.strip())
        if not text:
            continue
        try:
            _put(values, COLUMNS[name], _value(name, text, is_european=is_european))
        except ValueError as error:
            faults.append(Fault(name, str(error), code="number" if name in NUMBERS else "format"))
    id_ = values.get("id")
    return Entry(line, f"line {line}", id_ if isinstance(id_, str) else None, values, faults=tuple(faults))


def _value(name: str, text: str, *, is_european: bool) -> object:
    if text == TAKE_AWAY and name not in {"id", "name", "area", "main"}:
        return None
    if name == "enabled":
        truth = {**_TRUTH, **_UNTRUTH}.get(text.lower())
        if truth is None:
            raise ValueError("write true or false")
        return truth
    if name in NUMBERS:
        # Where semicolons part the cells, a comma parts the decimals.
        number = text.replace(",", ".") if is_european and text.count(",") == 1 and "." not in text else text
        try:
            return float(number)
        except ValueError:
            raise ValueError("not a number: write it like 21.2417") from None
    if name == "classes":
        return [part for part in text.replace(",", " ").replace(";", " ").lower().split() if part]
    if name == "transport":
        return text.lower()
    return text


def _put(values: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    *above, last = path
    inner = values
    for each in above:
        inner = inner.setdefault(each, {})
    inner[last] = value


def _whole(number: int, document: Mapping[str, Any]) -> Entry:
    id_ = document.get("id")
    named = isinstance(id_, str) and CAMERA_ID.fullmatch(id_)
    where = f"camera {id_ if named else number}"
    unknown = tuple(
        Fault(str(name)[:100], "unknown key; see configs/camsvc.yaml for all keys", code="unknown")
        for name in document
        if name not in CameraConfig.model_fields
    )
    return Entry(number, where, id_ if isinstance(id_, str) else None, document, is_whole=True, faults=unknown)


def _bounded(entries: tuple[Entry, ...]) -> Sheet:
    if not entries:
        raise _empty()
    if len(entries) > MAX_ROWS:
        raise InputError(
            f"the file holds {len(entries)} cameras", parameter="file", cure=f"give at most {MAX_ROWS} at once"
        )
    return Sheet(entries)


def _empty() -> InputError:
    return InputError(
        "no camera in it", parameter="file", cure="write 'cameras:' and a list, or a CSV with a header line"
    )


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, (list, tuple)):
        return " ".join(map(str, value))
    return str(value)


def _harmless(column: str, text: str) -> str:
    return f"'{text}" if column not in NUMBERS and text.startswith(_FORMULA) else text


def _undisguised(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text
