"""What is in a package, to be shown to whoever checks it. It may come from anybody: every member is looked at before
it is used, and what is not of the kind that it should be is left out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from camsvc.evidence.contents import CERTIFICATE, MANIFEST
from camsvc.evidence.verification import MANIFEST_MAX_BYTES
from camsvc.evidence.zip_reader import DamagedError, ZipReader

TEXT_MAX = 1000
"""Characters of one text that are shown."""
FILES_MAX = 20_000
"""That are listed; a package of 1000 incidents with all their parts and pictures has fewer."""
RECORDS_MAX = 100_000
"""Of a custody log that are compared with a chain."""
CERTIFICATE_MAX_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class InsideFile:
    """One file of the package, as its manifest names it."""

    name: str
    role: str
    state: str
    size_bytes: int
    offset: int | None
    """Where its bytes begin in the package; None: it is not there, or not where a package has it."""


@dataclass(frozen=True, slots=True)
class Custody:
    """What the package says that the installation's audit chain was."""

    hashes: Mapping[int, str]
    """Of its records, by number; hexadecimal."""
    head: str
    """``SEQ:HASH``."""


@dataclass(frozen=True, slots=True)
class Inside:
    certificate: str | None = None
    """PEM, as it is in the package."""
    request: Mapping[str, str] = field(default_factory=dict)
    """``by``, ``account``, ``reason``, ``case_number``, ``case_title``: those that are there."""
    incidents: Sequence[Mapping[str, Any]] = ()
    """``folder``, ``id``, ``camera``, ``camera_name``, ``kind``, ``started_at``, ``ended_at``, ``area_names``,
    ``gaps``: those that are there."""
    files: Sequence[InsideFile] = ()
    custody: Custody | None = None


def inspect(file: BinaryIO) -> Inside:
    """Of a package that was verified: what it says of itself is believed only as far as that holds. Raises OSError."""
    try:
        reader = ZipReader(file)
        entries = {entry.name: entry for entry in reader.entries}
        pem, data = (
            reader.read_whole(entries[name], most) if name in entries else None
            for name, most in ((CERTIFICATE, CERTIFICATE_MAX_BYTES), (MANIFEST, MANIFEST_MAX_BYTES))
        )
        manifest = json.loads(data) if data is not None else None
    except (DamagedError, ValueError, RecursionError):
        return Inside()
    certificate = pem.decode("ascii", "replace") if pem else None
    if not isinstance(manifest, dict):
        return Inside(certificate)
    # Where bytes lie is known without a look at local headers only when the ZIP is built as a package is.
    places = {} if reader.faults else {name: entry.data_offset for name, entry in entries.items()}
    return Inside(
        certificate,
        _texts(manifest.get("request"), ("by", "account", "reason", "case_number", "case_title")),
        [_incident(each) for each in _dicts(manifest.get("incidents"))],
        [_file(each, places) for each in _dicts(manifest.get("files"))[:FILES_MAX]],
        _custody(manifest.get("custody")),
    )


def _incident(given: Mapping[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = dict(
        _texts(given, ("folder", "id", "camera", "camera_name", "kind", "started_at", "ended_at"))
    )
    names = given.get("area_names")
    told["area_names"] = [each[:TEXT_MAX] for each in names if isinstance(each, str)] if isinstance(names, list) else []
    told["gaps"] = len(_dicts(given.get("uncovered"))) + sum(
        each.get("what") == "footage" for each in _dicts(given.get("missing"))
    )
    return told


def _file(given: Mapping[str, Any], places: Mapping[str, int]) -> InsideFile:
    told = _texts(given, ("name", "role", "state"))
    name, size = told.get("name", ""), given.get("size_bytes")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        size = 0
    return InsideFile(name, told.get("role", ""), told.get("state", ""), size, places.get(name))


def _custody(given: object) -> Custody | None:
    if not isinstance(given, dict):
        return None
    hashes: dict[int, str] = {}
    for each in _dicts(given.get("records"))[:RECORDS_MAX]:
        record, digest = each.get("record"), each.get("hash")
        seq = record.get("seq") if isinstance(record, dict) else None
        if isinstance(seq, int) and isinstance(digest, str):
            hashes[seq] = digest
    head = given.get("head")
    return Custody(hashes, head[:TEXT_MAX] if isinstance(head, str) else "")


def _dicts(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _texts(given: object, names: Sequence[str]) -> dict[str, str]:
    """The members of ``given`` that are texts."""
    if not isinstance(given, dict):
        return {}
    return {name: given[name][:TEXT_MAX] for name in names if isinstance(given.get(name), str)}
