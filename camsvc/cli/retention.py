"""``camsvc retention``: what would go, and letting it go now."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console

from camsvc import config
from camsvc.api.routes.storage import run_json
from camsvc.api.services import retention
from camsvc.cli import tables
from camsvc.cli.options import ConfigOption, DataOption, JsonOption, Site, site
from camsvc.cli.part import stop_on_signals
from camsvc.clock import SystemClock
from camsvc.config import RetentionSettings
from camsvc.domain.incident_json import time_json
from camsvc.domain.retention import Run
from camsvc.embedded.stack import resolve
from camsvc.storage import retention_plan
from camsvc.storage.objects import ObjectStore
from camsvc.storage.retention_plan import Plan

MIB = 1024 * 1024

app = typer.Typer(no_args_is_help=True, help="Retention: what goes when its time is over; what is held never does.")


@app.command("plan")
def plan(config_file: ConfigOption = None, data: DataOption = None, as_json: JsonOption = False) -> None:
    """What would go now, and what stays because it is held. Touches nothing."""
    with site(config_file, data) as here:
        _show(here, as_json)


@app.command("run")
def run(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="As `plan`: touch nothing.")] = False,
    config_file: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let go what is due now. The server does so each hour by itself. Ctrl-C stops it in good order; what it left is
    done by the next run."""
    stop = stop_on_signals()
    with site(config_file, data) as here:
        if dry_run:
            _show(here, as_json)
            return
        settings = resolve(config.load(config_file, data=data))
        store = ObjectStore.of(settings)
        try:
            with Console(stderr=True).status("Looking …") as status:

                def tell(so_far: Run) -> None:
                    status.update(f"{so_far.incidents} incidents, {so_far.files} files, {so_far.bytes // MIB} MiB")

                done = retention.run_alone(
                    settings.model_copy(update={"retention": here.settings.retention}),
                    here.database,
                    store,
                    SystemClock(),
                    stop,
                    tell=tell,
                )
        finally:
            store.close()
    if as_json:
        print(json.dumps(run_json(done)))
        return
    print(
        f"Footage of {done.incidents} incidents gave way; {done.files} files deleted, {done.bytes / MIB:.1f} MiB;"
        f" {done.months} months left the index."
    )
    if done.left:
        print(f"Files of {done.left} incidents are still to be deleted: run it again, or see the log.")
    if done.exhausted:
        print("The disk has less free than retention.min_free_bytes, and nothing is left that may go.")


def _show(here: Site, as_json: bool) -> None:
    settings = resolve(here.settings)
    with Console(stderr=True).status("Looking …") as status:

        def tell(day: datetime) -> None:
            status.update(f"Looking at {day:%Y-%m-%d} …")

        found = retention_plan.plan(
            here.database,
            here.settings.retention.to_domain(),
            here.settings.retention.min_free_bytes,
            SystemClock(),
            retention.disk_of(settings),
            tell,
        )
    if as_json:
        print(json.dumps(_plan_json(found)))
        return
    _print(found, here.settings.retention)


def _print(found: Plan, settings: RetentionSettings) -> None:
    if settings.days is None and settings.index_days is None and not settings.overrides:
        print("retention.days and retention.index_days are not set: nothing goes for its age.")
    lines = [
        (
            f"{each.days} days" if each.days is not None else "for room",
            each.incidents,
            f"{each.bytes / MIB:.1f}",
            each.held,
            f"{each.oldest:%Y-%m-%d}" if each.oldest else None,
            f"{each.newest:%Y-%m-%d}" if each.newest else None,
        )
        for each in found.footage
    ]
    if lines:
        tables.show(("FOOTAGE KEPT", "INCIDENTS GO", "MIB", "HELD STAY", "FROM", "TO"), lines)
    if found.months:
        tables.show(
            ("MONTH", "INCIDENTS GO", "HELD STAY"), [(m.name, m.incidents - m.held, m.held) for m in found.months]
        )
    if found.left:
        print(f"Files of {found.left} incidents are still to be deleted.")
    if found.disk is not None:
        print(f"Disk: {found.disk.free_bytes / MIB:.0f} MiB free of {found.disk.total_bytes / MIB:.0f}.")
    if found.lacking_bytes:
        print(f"That is {found.lacking_bytes / MIB:.0f} MiB less than retention.min_free_bytes.")


def _plan_json(found: Plan) -> dict[str, Any]:
    time: Callable[[datetime | None], str | None] = lambda at: time_json(at) if at else None  # noqa: E731
    return {
        "footage": [
            {
                "days": each.days,
                "incidents": each.incidents,
                "bytes": each.bytes,
                "held": each.held,
                "oldest": time(each.oldest),
                "newest": time(each.newest),
            }
            for each in found.footage
        ],
        "months": [{"name": m.name, "incidents": m.incidents - m.held, "held": m.held} for m in found.months],
        "left": found.left,
        "free_bytes": found.disk.free_bytes if found.disk else None,
        "lacking_bytes": found.lacking_bytes,
    }
