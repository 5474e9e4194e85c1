"""``camsvc worker``: owns cameras, records, analyses, publishes."""

from __future__ import annotations

import re
import signal
import socket
import threading
from pathlib import Path
from typing import Annotated

import typer

from camsvc import config, log
from camsvc.embedded.stack import resolve
from camsvc.errors import InputError

ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")


def command(
    worker: Annotated[
        str | None,
        typer.Option("--id", metavar="ID", help="Name of this worker, kept over restarts. Default: the host's."),
    ] = None,
    config_file: Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Settings; YAML.")] = None,
    data: Annotated[Path | None, typer.Option("--data", metavar="DIR", help="Data folder: spool and models.")] = None,
) -> None:
    """One worker process. It takes the cameras that no other worker has, up to worker.max_cameras."""
    name = worker if worker is not None else socket.gethostname()
    if not ID.fullmatch(name):
        raise InputError(
            f"{name!r} is no name for a worker",
            parameter="--id",
            cure="use letters, digits, '-', '.' and '_', 64 at most",
        )
    settings = resolve(config.load(config_file, data=data))
    log.configure(settings.log_level, process=f"worker {name}")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())

    from camsvc.worker.worker import Worker

    raise typer.Exit(Worker(settings, name).run(stop))
