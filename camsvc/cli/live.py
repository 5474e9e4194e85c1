"""``camsvc live``: brings live pictures from the workers to viewers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from camsvc import config, log
from camsvc.cli import part
from camsvc.embedded.stack import resolve


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
    chosen = part.name_of(name, "a live process")
    settings = resolve(config.load(config_file, data=data))
    log.configure(settings.log_level, process=f"live {chosen}")
    stop = part.stop_on_signals()

    from camsvc.live.process import LiveProcess

    raise typer.Exit(LiveProcess(settings, chosen).run(stop))
