"""Compares the object store with what the database says it holds. Reports; never changes or deletes anything.

Both sides are read as streams in the order of their keys and merged, so memory does not grow with their number. The
service may run meanwhile: whatever looks wrong is looked at again on both sides before it is reported.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from camsvc.errors import NotFoundError
from camsvc.storage.keys import INCIDENTS, rendition
from camsvc.storage.objects import PROBES, ListedObject, ObjectStore
from camsvc.storage.proofs import Standing, Verdict

LISTED_MAX = 10_000
"""Findings of one kind that a report names; the rest is only counted."""
PROGRESS_EVERY = 100


class Kind(StrEnum):
    MISSING = "missing"
    """The database names it, the store does not have it."""
    EXTRA = "extra"
    """The store has it; neither the database nor a spool knows of it."""
    ALTERED = "altered"
    """It is not what was written: size or sha256 differs."""
    FORGED = "forged"
    """Its record is not the one that its worker sealed."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A file that the database names."""

    key: str
    sha256: str | None = None
    """None: the database does not keep it; the uploader's own word in the object's metadata is used."""
    size_bytes: int | None = None
    optional: bool = False
    """May be absent: a rendition is made when somebody asks for it."""
    verdict: Verdict | None = None
    """Of the worker's seal over its record; None: it is nothing that workers seal."""


@dataclass(frozen=True, slots=True)
class Span:
    """Which objects are looked at: those below ``prefix``, after the key ``after``, before the key ``until``."""

    prefix: str = ""
    after: str | None = None
    until: str | None = None


EVERYTHING = Span()


@dataclass(frozen=True, slots=True)
class Finding:
    kind: Kind
    key: str
    detail: str


class Known(Protocol):
    """What is looked at again before something is reported. Called from the thread of ``check``."""

    def is_spooled(self, key: str) -> bool:
        """Whether a spool still has the incident of ``key``: its row is on the way."""
        ...

    def is_going(self, key: str) -> bool:
        """Whether retention is about to delete it."""
        ...

    def expected(self, key: str) -> Expected | None:
        """What the database says of ``key`` now."""
        ...


@dataclass(slots=True)
class Report:
    objects: int = 0
    """Looked at in the store."""
    files: int = 0
    """Named by the database, not counting optional ones."""
    bytes_read: int = 0
    """To compute checksums; 0 with ``fast``."""
    spooled: int = 0
    """Objects whose rows are on the way."""
    going: int = 0
    """Objects that retention is about to delete."""
    at: str = ""
    """Day of the incident that is looked at now, as in its key."""
    sealed: int = 0
    """Files whose record bears its worker's signature."""
    unsealed: int = 0
    """Files that workers seal and that bear none: recorded before they did. No finding."""
    counts: dict[Kind, int] = field(default_factory=lambda: dict.fromkeys(Kind, 0))
    findings: dict[Kind, list[Finding]] = field(default_factory=lambda: {kind: [] for kind in Kind})
    """The first LISTED_MAX of each kind."""

    @property
    def is_clean(self) -> bool:
        return not any(self.counts.values())

    def add(self, finding: Finding) -> None:
        self.counts[finding.kind] += 1
        if len(self.findings[finding.kind]) < LISTED_MAX:
            self.findings[finding.kind].append(finding)


def check(
    store: ObjectStore,
    expected: Iterable[Expected],
    known: Known,
    *,
    fast: bool = False,
    span: Span = EVERYTHING,
    on_finding: Callable[[Finding], None] = lambda _: None,
    on_whole: Callable[[str], None] = lambda _: None,
    on_progress: Callable[[Report], None] = lambda _: None,
) -> Report:
    """``expected`` rises by key, and is what lies in ``span``. ``fast`` compares sizes and seals, and reads nothing.
    ``on_whole`` hears the key of each file that was read and is what was recorded.

    Raises StoreError when the store does not answer.
    """
    report = Report()
    for found, wanted in _merged(_listed(store, span), iter(expected)):
        report.at = _day(found.key if found is not None else wanted.key if wanted is not None else "")
        report.objects += found is not None
        report.files += wanted is not None and not wanted.optional
        _count_seal(report, wanted)
        finding = _look(store, found, wanted, known, report, fast=fast)
        if finding is not None:
            report.add(finding)
            on_finding(finding)
        elif found is not None and wanted is not None and not fast:
            on_whole(found.key)
        if (report.objects + report.files) % PROGRESS_EVERY == 0:
            on_progress(report)
    on_progress(report)
    return report


def with_renditions(files: Iterable[Expected]) -> Iterator[Expected]:
    """After each part of a clip what may exist besides it, so that the keys still rise."""
    for file in files:
        copy = rendition(file.key)
        if not file.key.endswith(".mp4"):
            yield file
        else:
            yield from sorted((file, Expected(copy, optional=True)), key=lambda each: each.key)


def _look(
    store: ObjectStore,
    found: ListedObject | None,
    wanted: Expected | None,
    known: Known,
    report: Report,
    *,
    fast: bool,
) -> Finding | None:
    if found is None:
        assert wanted is not None  # noqa: S101  one of the two is there
        if wanted.optional or store.stat(wanted.key) is not None:
            return None
        still = known.expected(wanted.key)  # else removed meanwhile, by retention
        return Finding(Kind.MISSING, wanted.key, "the database names it") if still else None
    if wanted is None:
        if known.is_spooled(found.key):
            report.spooled += 1
            return None
        if known.is_going(found.key):
            report.going += 1
            return None
        wanted = known.expected(found.key)
        if wanted is None:
            return Finding(Kind.EXTRA, found.key, f"{found.size_bytes} bytes that nothing names")
    if _is_forged(wanted):  # not of a row that was read while it changed
        wanted = known.expected(found.key) or wanted
    return _compare(store, found, wanted, report, fast=fast)


def _day(key: str) -> str:
    return "-".join(key.split("/")[1:4]) if key.startswith(INCIDENTS) else ""


def _count_seal(report: Report, wanted: Expected | None) -> None:
    if wanted is not None and wanted.verdict is not None:
        report.sealed += wanted.verdict.standing is Standing.SEALED
        report.unsealed += wanted.verdict.standing is Standing.UNSEALED


def _is_forged(wanted: Expected) -> bool:
    return wanted.verdict is not None and wanted.verdict.standing is Standing.FORGED


def _compare(
    store: ObjectStore, found: ListedObject, wanted: Expected, report: Report, *, fast: bool
) -> Finding | None:
    if wanted.verdict is not None and _is_forged(wanted):
        return Finding(Kind.FORGED, found.key, wanted.verdict.detail)
    if wanted.size_bytes is not None and found.size_bytes != wanted.size_bytes:
        return Finding(Kind.ALTERED, found.key, f"{found.size_bytes} bytes, should be {wanted.size_bytes}")
    if fast:
        return None
    sha256 = wanted.sha256
    if sha256 is None:
        stat = store.stat(found.key)
        if stat is None:
            return None  # removed meanwhile
        if stat.sha256 is None:
            return Finding(Kind.ALTERED, found.key, "carries no sha256: it was not written by camsvc")
        sha256 = stat.sha256
    digest = hashlib.sha256()
    try:
        with store.open(found.key) as chunks:
            for chunk in chunks:
                digest.update(chunk)
                report.bytes_read += len(chunk)
    except NotFoundError:
        return None
    if digest.hexdigest() != sha256:
        return Finding(Kind.ALTERED, found.key, f"sha256 is {digest.hexdigest()}, should be {sha256}")
    return None


def _listed(store: ObjectStore, span: Span) -> Iterator[ListedObject]:
    for found in store.list(span.prefix, after=span.after):
        if span.until is not None and found.key >= span.until:
            return
        if not found.key.startswith(PROBES):
            yield found


def _merged(
    listed: Iterator[ListedObject], expected: Iterator[Expected]
) -> Iterator[tuple[ListedObject | None, Expected | None]]:
    """Pairs of equal key; None where one side lacks it.

    A key out of order, on either side, costs no more than a second look: what is missing or extra here is asked for
    by its key before it is reported.
    """
    found, wanted = next(listed, None), next(expected, None)
    while found is not None or wanted is not None:
        if wanted is None or (found is not None and found.key < wanted.key):
            yield found, None
            found = next(listed, None)
        elif found is None or wanted.key < found.key:
            yield None, wanted
            wanted = next(expected, None)
        else:
            yield found, wanted
            found, wanted = next(listed, None), next(expected, None)
