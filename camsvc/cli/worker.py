"""``camsvc worker``: owns cameras, records, analyses, publishes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from camsvc import config, log
from camsvc.cli import part
from camsvc.embedded.stack import resolve


def command(
    worker: Annotated[
        str | None,
        typer.Option("--id", metavar="ID", help="Name of this worker, kept over restarts. Default: the host's."),
    ] = None,
    config_file: Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Settings; YAML.")] = None,
    data: Annotated[Path | None, typer.Option("--data", metavar="DIR", help="Data folder: spool and models.")] = None,
) -> None:
    """One worker process. It takes the cameras that no other worker has, up to worker.max_cameras."""
    name = part.name_of(worker, "a worker")
    settings = resolve(config.load(config_file, data=data))
    log.configure(settings.log_level, process=f"worker {name}")
    stop = part.stop_on_signals()

    from camsvc.worker.worker import Worker

    raise typer.Exit(Worker(settings, name).run(stop))
