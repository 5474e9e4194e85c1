"""``camsvc fsck``: store against database against spool."""

from __future__ import annotations

import json
import mimetypes
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.status import Status

from camsvc import config, log
from camsvc.api.services import faults
from camsvc.cli.fsck_index import expected_files, expected_of
from camsvc.config import Settings
from camsvc.db.database import Database
from camsvc.db.queries import faults as fault_rows
from camsvc.db.queries import retention
from camsvc.domain.fault import FaultKind, Finder
from camsvc.embedded.stack import resolve
from camsvc.errors import ConfigError
from camsvc.storage import fsck, keys
from camsvc.storage.fsck import EVERYTHING, Expected, Finding, Kind, Report, Span
from camsvc.storage.objects import ObjectStore

EXIT_FINDINGS = 1
NOTICES_MAX = 20
"""Of one run: whoever is told twenty times looks at the list."""
SPOOL = "spool"
WAITING, ASIDE = "incidents", ("fenced", "damaged")
"""Folders of a spool (worker.spool_root): what is still to be published; what a person must decide on."""


def command(
    fast: Annotated[
        bool, typer.Option("--fast", help="Compare sizes and seals: of files only listings are read.")
    ] = False,
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="Incidents of this day (UTC) and later alone."),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], help="Incidents of this day (UTC) and earlier alone."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="Data folder: spools, and where `camsvc up` is sought.")
    ] = None,
    config_file: Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Settings; YAML.")] = None,
    restore: Annotated[
        bool,
        typer.Option("--restore", help="Bring back what was deleted or written over, where the store has its version."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The report as one JSON object.")] = False,
) -> None:
    """Compare object store, database and spool: what is missing, extra, altered or forged. Without --restore it changes
    no file and no row.

    Every file is read and its sha256 computed, unless --fast; the workers' seals are checked in any case. What is found
    is written down as a fault, shown with the incident and told to administrators; a fault is cleared when its file is
    whole again. --restore makes the version that was recorded the newest again, if the store still has it, as it has of
    all that is held; what lay over it stays below it as a trace. The service may run meanwhile. A large store may be
    checked day by day (--from, --to): the progress names the day. Only spools below the data folder are known: where
    workers run on other machines, files that wait there for their rows count as extra. Exit status 1 when anything was
    found.
    """
    settings = resolve(config.load(config_file, data=data))
    log.configure("warning", process="fsck")
    spools, span = Spools(settings.data / SPOOL), _span(first, last)
    with _opened(settings) as (database, store), Console(stderr=True).status("Comparing …") as status:
        book = FaultBook(database, Restorer(database, store) if restore else None, quiet=as_json)
        report = fsck.check(
            store,
            expected_files(database, span),
            Known(database, spools),
            fast=fast,
            span=span,
            on_finding=book.found,
            on_whole=book.whole,
            on_progress=lambda so_far: _show(status, so_far),
        )
    aside = spools.aside()
    if as_json:
        print(json.dumps({**_as_json(report, spools, aside), "restored": book.restored}, ensure_ascii=False))
    else:
        _summarise(report, spools, aside)
        if restore:
            print(f"{len(book.restored)} files restored: run it again to see that all is whole")
    if aside or not report.is_clean:
        raise typer.Exit(EXIT_FINDINGS)


@contextmanager
def _opened(settings: Settings) -> Iterator[tuple[Database, ObjectStore]]:
    if settings.database_url is None:
        raise ConfigError("database_url is not set")
    with (
        closing(Database(settings.database_url, application="camsvc fsck")) as database,
        closing(ObjectStore.of(settings)) as store,
    ):
        yield database, store


class Restorer:
    """Brings back the version that was recorded."""

    def __init__(self, database: Database, store: ObjectStore) -> None:
        self._database = database
        self._store = store

    def restore(self, finding: Finding) -> bool:
        """Whether the file is now what was recorded. Not of what was forged: its record says nothing any more."""
        if finding.kind not in {Kind.MISSING, Kind.ALTERED}:
            return False
        wanted = expected_of(self._database, finding.key)
        if wanted is None or wanted.sha256 is None:
            return False
        kind = mimetypes.guess_type(finding.key)[0] or "application/octet-stream"
        return self._store.restore(finding.key, wanted.sha256, kind)


class FaultBook:
    """Writes down what is found, and clears what is whole again."""

    def __init__(self, database: Database, restorer: Restorer | None, *, quiet: bool) -> None:
        self._database = database
        self._restorer = restorer
        self._quiet = quiet
        self.restored: list[str] = []
        """Keys."""
        self._told = 0
        with database.session() as session:
            self._open = set(fault_rows.open_keys(session))

    def found(self, finding: Finding) -> None:
        if not self._quiet:
            _tell(finding)
        if finding.kind is Kind.EXTRA:
            return
        tell = self._told < NOTICES_MAX
        with self._database.session() as session:
            what = FaultKind(finding.kind.value)
            self._told += faults.report(session, finding.key, what, Finder.FSCK, finding.detail, tell=tell)
        if self._restorer is not None and self._restorer.restore(finding):
            self._clear(finding.key)
            self.restored.append(finding.key)
            if not self._quiet:
                print(f"{'restored':8} {finding.key}", flush=True)

    def whole(self, key: str) -> None:
        if key in self._open:
            self._clear(key)

    def _clear(self, key: str) -> None:
        with self._database.session() as session:
            faults.clear(session, [key], Finder.FSCK)


class Spools:
    """The spools of this machine's workers, looked at from outside: a worker may live in them."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def holds(self, incident: UUID) -> bool:
        return any((spool / WAITING / str(incident)).is_dir() for spool in self._each())

    def waiting(self) -> int:
        return sum(1 for spool in self._each() for _ in _inside(spool / WAITING))

    def aside(self) -> list[Path]:
        """What was set aside: the database refuses it, or it cannot be read back."""
        return [folder for spool in self._each() for name in ASIDE for folder in _inside(spool / name)]

    def _each(self) -> Iterator[Path]:
        return _inside(self._root)


class Known:
    """Second looks, see ``fsck.Known``. The spool comes before the row: what leaves the one is in the other by then."""

    def __init__(self, database: Database, spools: Spools) -> None:
        self._database = database
        self._spools = spools

    def is_spooled(self, key: str) -> bool:
        incident = keys.incident_of(key)
        return incident is not None and self._spools.holds(incident)

    def is_going(self, key: str) -> bool:
        incident = keys.incident_of(key)
        if incident is None:
            return keys.export_of(key) is not None  # on its way, or left by a server that died: exports are swept
        with self._database.session() as session:
            return retention.is_going(session, incident)

    def expected(self, key: str) -> Expected | None:
        return expected_of(self._database, key)


def _span(first: datetime | None, last: datetime | None) -> Span:
    """Of the days named, both inclusive. Raises ConfigError."""
    if first is None and last is None:
        return EVERYTHING
    if first is not None and last is not None and last < first:
        raise ConfigError("--to is before --from")
    start = keys.day(first.replace(tzinfo=UTC)) if first else keys.INCIDENTS
    end = keys.day(last.replace(tzinfo=UTC) + timedelta(days=1)) if last else None
    return Span(keys.INCIDENTS, after=start, until=end)


def _inside(folder: Path) -> Iterator[Path]:
    try:
        yield from sorted(folder.iterdir())
    except OSError:
        return


def _tell(finding: Finding) -> None:
    print(f"{finding.kind:8} {finding.key}  ({finding.detail})", flush=True)


def _show(status: Status, report: Report) -> None:
    day = f"{report.at}: " if report.at else ""
    status.update(
        f"{day}{report.objects} objects, {report.files} files of incidents, {report.bytes_read / 1e6:.0f} MB read"
    )


def _summarise(report: Report, spools: Spools, aside: list[Path]) -> None:
    for folder in aside:
        print(f"{folder.parent.name:8} {folder}  (set aside by a worker: see docs/reference/spool.md)")
    counts = ", ".join(f"{report.counts[kind]} {kind}" for kind in Kind)
    verdict = "clean" if report.is_clean and not aside else "NOT clean"
    print(
        f"{verdict}: {report.objects} objects, {report.files} files named by the database; {counts}; "
        f"{report.sealed} sealed, {report.unsealed} unsealed; "
        f"{len(aside)} set aside; {spools.waiting()} incidents wait in spools; {report.going} objects are about to go",
        file=sys.stdout,
    )


def _as_json(report: Report, spools: Spools, aside: list[Path]) -> dict[str, Any]:
    """Lists name the first ``fsck.LISTED_MAX`` of each kind; ``counts`` counts all."""
    return {
        "clean": report.is_clean and not aside,
        **{
            kind.value: [{"key": finding.key, "detail": finding.detail} for finding in report.findings[kind]]
            for kind in Kind
        },
        "counts": {kind.value: report.counts[kind] for kind in Kind},
        "set_aside": [str(folder) for folder in aside],
        "waiting_in_spools": spools.waiting(),
        "going": report.going,
        "sealed": report.sealed,
        "unsealed": report.unsealed,
        "objects": report.objects,
        "files": report.files,
        "bytes_read": report.bytes_read,
    }
