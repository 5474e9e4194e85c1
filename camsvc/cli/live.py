"""``camsvc live``: brings live pictures from the workers to viewers."""

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
    name: Annotated[
        str | None,
        typer.Option("--id", metavar="ID", help="Name of this process, kept over restarts. Default: the host's."),
    ] = None,
    config_file: Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Settings; YAML.")] = None,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="Data folder: where a `camsvc up` is looked for.")
    ] = None,
) -> None:
    """One live process: WebRTC and fragmented MP4 for up to live.max_viewers viewers. Any number can run; the servers
    send all viewers of a camera to the same one.
    """
    chosen = name if name is not None else socket.gethostname()
    if not ID.fullmatch(chosen):
        raise InputError(
            f"{chosen!r} is no name for a live process",
            parameter="--id",
            cure="use letters, digits, '-', '.' and '_', 64 at most",
        )
    settings = resolve(config.load(config_file, data=data))
    log.configure(settings.log_level, process=f"live {chosen}")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())

    from camsvc.live.process import LiveProcess

    raise typer.Exit(LiveProcess(settings, chosen).run(stop))
