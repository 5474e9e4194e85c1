"""A fault: a stored file that is not what was recorded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class FaultKind(StrEnum):
    MISSING = "missing"
    """The store does not have it, and retention did not take it."""
    ALTERED = "altered"
    """Its bytes are not those that were recorded: size or sha256 differs."""
    FORGED = "forged"
    """The record of it was changed as well: the signature of the worker that recorded it does not fit."""


class Finder(StrEnum):
    READER = "reader"
    """A server, as somebody played or fetched it."""
    FSCK = "fsck"
    EXPORT = "export"


@dataclass(frozen=True, slots=True)
class Fault:
    key: str
    """Object key."""
    incident: UUID | None
    what: FaultKind
    found_at: datetime
    found_by: Finder
    detail: str
    """In English, for an administrator."""
    cleared_at: datetime | None = None
    """When the file was found whole again; None: it is at fault."""
