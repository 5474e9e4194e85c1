"""A notice to one account: an export is ready, footage is asked for, a request was decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class NoticeKind(StrEnum):
    EXPORT_DONE = "export_done"
    EXPORT_FAILED = "export_failed"
    EXPORT_EXPIRES = "export_expires"
    """Tomorrow."""
    FOOTAGE_ASKED = "footage_asked"
    FOOTAGE_DECIDED = "footage_decided"
    CASE_SHARED = "case_shared"
    """Somebody put the account on a case."""
    FOOTAGE_AT_FAULT = "footage_at_fault"
    """Footage was found altered or missing: for administrators, and the people of cases that hold it."""


@dataclass(frozen=True, slots=True)
class Notice:
    id: int
    at: datetime
    kind: NoticeKind
    path: str
    """Of the page it leads to; on this site."""
    facts: dict[str, str]
    """For its sentence, in the reader's language: ``case``, ``by``, ``reason``, …"""
    read_at: datetime | None = None
