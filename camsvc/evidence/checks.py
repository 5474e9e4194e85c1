"""What a check of a package found: what holds, what does not, what was not looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

LISTED_MAX = 1000
"""Findings that are kept; the rest is counted. A file of somebody else's making may have any number of faults."""


class Outcome(StrEnum):
    HOLDS = "holds"
    FAILS = "fails"
    UNCHECKED = "unchecked"


class Check(StrEnum):
    ARCHIVE = "archive"
    """The ZIP is built as a package is, to the last byte of its headers."""
    SEAL = "seal"
    """The signature over the whole ZIP."""
    MANIFEST = "manifest"
    """The signature over the manifest, and its form."""
    FILES = "files"
    """Each file is there, is what the manifest says, and no other."""
    ORIGINALS = "originals"
    """What was recorded was still intact in the store when the package was made."""
    RECORDING = "recording"
    """What was recorded bears the signature of the worker that recorded it."""
    CERTIFICATE = "certificate"
    """It is the one that was given, and was valid."""
    CUSTODY = "custody"
    """Each record of the custody log fits its hash."""
    TIME_STAMP = "time-stamp"
    PROVENANCE = "c2pa"


@dataclass(frozen=True, slots=True)
class Finding:
    check: Check
    outcome: Outcome
    detail: str
    file: str | None = None


@dataclass(slots=True)
class Verdict:
    findings: list[Finding] = field(default_factory=list)
    failures: int = 0
    more: int = 0
    """Findings beyond LISTED_MAX."""
    package: str | None = None
    created_at: str | None = None
    organisation: str | None = None
    fingerprint: str | None = None
    """Of the certificate in the package."""
    files: int = 0
    bytes: int = 0

    @property
    def holds(self) -> bool:
        return self.failures == 0

    def passed(self, check: Check, detail: str) -> None:
        """Only where nothing of ``check`` failed before."""
        if not any(each.check is check and each.outcome is Outcome.FAILS for each in self.findings):
            self._add(Finding(check, Outcome.HOLDS, detail))

    def failed(self, check: Check, detail: str, file: str | None = None) -> None:
        self.failures += 1
        self._add(Finding(check, Outcome.FAILS, detail, file))

    def unchecked(self, check: Check, detail: str) -> None:
        self._add(Finding(check, Outcome.UNCHECKED, detail))

    def _add(self, finding: Finding) -> None:
        if len(self.findings) < LISTED_MAX:
            self.findings.append(finding)
        else:
            self.more += 1
