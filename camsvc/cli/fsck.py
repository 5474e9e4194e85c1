"""``camsvc fsck``: store against database against spool."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.status import Status

from camsvc import config, log
from camsvc.db.database import Database
from camsvc.db.queries import retention, stored_files
from camsvc.db.queries.stored_files import StoredFile
from camsvc.embedded.stack import resolve
from camsvc.errors import ConfigError
from camsvc.storage import fsck, keys
from camsvc.storage.fsck import Expected, Finding, Kind, Report
from camsvc.storage.objects import ObjectStore

EXIT_FINDINGS = 1
SPOOL = "spool"
WAITING, ASIDE = "incidents", ("fenced", "damaged")
"""Folders of a spool (worker.spool_root): what is still to be published; what a person must decide on."""


def command(
    fast: Annotated[bool, typer.Option("--fast", help="Compare sizes only: nothing is read but listings.")] = False,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="Data folder: spools, and where `camsvc up` is sought.")
    ] = None,
    config_file: Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Settings; YAML.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The report as one JSON object.")] = False,
) -> None:
    """Compare object store, database and spool: what is missing, extra or altered. Never changes anything.

    Every file is read and its sha256 computed, unless --fast. The service may run meanwhile. Only spools below the
    data folder are known: where workers run on other machines, files that wait there for their rows count as extra.
    Exit status 1 when anything was found.
    """
    settings = resolve(config.load(config_file, data=data))
    log.configure("warning", process="fsck")
    if settings.database_url is None:
        raise ConfigError("database_url is not set")
    database = Database(settings.database_url, application="camsvc fsck")
    store = ObjectStore.of(settings)
    spools = Spools(settings.data / SPOOL)
    console = Console(stderr=True)
    try:
        with console.status("Comparing …") as status:
            report = fsck.check(
                store,
                _expected(database),
                Known(database, spools),
                fast=fast,
                on_finding=(lambda _: None) if as_json else _tell,
                on_progress=lambda so_far: _show(status, so_far),
            )
    finally:
        store.close()
        database.close()
    aside = spools.aside()
    if as_json:
        print(json.dumps(_as_json(report, spools, aside), ensure_ascii=False))
    else:
        _summarise(report, spools, aside)
    if aside or not report.is_clean:
        raise typer.Exit(EXIT_FINDINGS)


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
            return False
        with self._database.session() as session:
            return retention.is_going(session, incident)

    def expected(self, key: str) -> Expected | None:
        incident = keys.incident_of(key)
        if incident is None:
            return None
        with self._database.session() as session:
            files = stored_files.of(session, incident)
        return next((each for each in fsck.with_renditions(map(_named, files)) if each.key == key), None)


def _expected(database: Database) -> Iterator[Expected]:
    """By key: incidents come by id, and the day in front of it in the key is the id's own."""
    last: UUID | None = None
    while True:
        with database.session() as session:
            page = stored_files.after(session, last)
        if not page:
            return
        last = page[-1][0]
        for _, files in page:
            yield from fsck.with_renditions(map(_named, files))


def _named(file: StoredFile) -> Expected:
    return Expected(file.key, file.sha256, file.size_bytes)


def _inside(folder: Path) -> Iterator[Path]:
    try:
        yield from sorted(folder.iterdir())
    except OSError:
        return


def _tell(finding: Finding) -> None:
    print(f"{finding.kind:8} {finding.key}  ({finding.detail})", flush=True)


def _show(status: Status, report: Report) -> None:
    status.update(f"{report.objects} objects, {report.files} files of incidents, {report.bytes_read / 1e6:.0f} MB read")


def _summarise(report: Report, spools: Spools, aside: list[Path]) -> None:
    for folder in aside:
        print(f"{folder.parent.name:8} {folder}  (set aside by a worker: see docs/reference/spool.md)")
    counts = ", ".join(f"{report.counts[kind]} {kind}" for kind in Kind)
    verdict = "clean" if report.is_clean and not aside else "NOT clean"
    print(
        f"{verdict}: {report.objects} objects, {report.files} files named by incidents; {counts}; "
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
        "objects": report.objects,
        "files": report.files,
        "bytes_read": report.bytes_read,
    }
