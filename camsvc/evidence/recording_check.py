"""Checks the workers' seals of a package that may come from anybody."""

from __future__ import annotations

import json
from typing import Any

from camsvc.evidence.checks import Check, Verdict
from camsvc.evidence.contents import SEAL, SEAL_SIGNATURE, WORKERS, Role
from camsvc.evidence.zip_format import Entry
from camsvc.evidence.zip_reader import ZipReader
from camsvc.storage.seal_keys import is_signed

SEAL_MAX_BYTES = 64 * 1024
"""Of a seal, its signature, a worker's key: each some hundred bytes."""


def check_recording(verdict: Verdict, manifest: dict[str, Any], reader: ZipReader, entries: dict[str, Entry]) -> None:
    """Each file that bears a worker's seal: the signature, and that the seal is about this file. The manifest has the
    members that are used, of the kinds that are used."""
    files = {each["name"]: each for each in manifest["files"]}
    sealed, unsealed = 0, 0
    for each in manifest["files"]:
        if each["role"] not in {Role.ORIGINAL, Role.TRACKS} or each["sha256"] is None:
            continue
        name = each["name"]
        if f"{name}{SEAL}" not in files:
            unsealed += each["role"] == Role.ORIGINAL
            continue
        sealed += 1
        if fault := _fault(each, files[f"{name}{SEAL}"], reader, entries):
            verdict.failed(Check.RECORDING, fault, name)
    if sealed:
        verdict.passed(
            Check.RECORDING,
            f"{sealed} files bear the signature of the worker that recorded them, made when they were written",
        )
        verdict.unchecked(
            Check.RECORDING, "whether the workers' keys are theirs: the installation says so, and signed that"
        )
    if unsealed:
        verdict.unchecked(
            Check.RECORDING, f"{unsealed} original clips bear no worker's signature: recorded before there were any"
        )


def _fault(file: dict[str, Any], seal: dict[str, Any], reader: ZipReader, entries: dict[str, Entry]) -> str | None:
    """None: all fits."""
    name, key = file["name"], str(seal.get("key"))
    statement, signature, pem = (
        reader.read_whole(entries[each], SEAL_MAX_BYTES) if each in entries else None
        for each in (f"{name}{SEAL}", f"{name}{SEAL_SIGNATURE}", f"{WORKERS}{key}.pem")
    )
    if statement is None or signature is None or pem is None:
        return "its seal is not whole"
    if not is_signed(pem.decode("ascii", "replace"), key, statement, signature):
        return "the worker's signature does not fit its seal"
    try:
        told = json.loads(statement)
        about = (told["sha256"], told["size_bytes"], told["incident"], told.get("part"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "its seal cannot be read"
    if about != (file["sha256"], file["size_bytes"], file.get("incident"), file.get("part")):
        return "the worker signed another file: this one was changed after it was recorded"
    return None
