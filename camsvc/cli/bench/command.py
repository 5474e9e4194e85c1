"""The commands of ``camsvc bench``."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from camsvc.cli.bench import film
from camsvc.errors import InputError

app = typer.Typer(no_args_is_help=True, help="What this machine can take, measured.")


@app.callback()
def bench() -> None:
    """What this machine can take, measured."""


@app.command("live")
def live_command(
    viewers: Annotated[int, typer.Option(help="How many watch the same camera.", min=1, max=1000)] = 10,
    size: Annotated[str, typer.Option(help="360p (0.5 Mb/s) or 1080p (4 Mb/s), 25 pictures a second.")] = "1080p",
    seconds: Annotated[float, typer.Option(help="How long is measured, once all watch.", min=1, max=3600)] = 10.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """What live viewers cost: camera, worker, live process and viewers, each a process of its own on this machine."""
    from camsvc.cli.bench import live

    if size not in film.SIZES:
        raise InputError(f"no film of size {size!r}", parameter="--size", cure=f"take {' or '.join(film.SIZES)}")
    with (
        tempfile.TemporaryDirectory(prefix="camsvc-bench-") as folder,
        Console(stderr=True).status(f"{viewers} viewers of {size}, {seconds:g} s"),
    ):
        report = live.measure(size, viewers, seconds, Path(folder)).report(size)
    if as_json:
        print(json.dumps(report))
    else:
        for name, value in report.items():
            print(f"{name:22} {value}")
