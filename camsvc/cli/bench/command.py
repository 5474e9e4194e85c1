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


@app.command("search")
def search_command(
    incidents: Annotated[int, typer.Option(help="How many, over a year.", min=1000, max=1_000_000_000)] = 1_000_000,
    cameras: Annotated[int, typer.Option(help="Of how many cameras.", min=1, max=100_000)] = 1000,
    rounds: Annotated[int, typer.Option(help="Questions of each of the twenty shapes.", min=1)] = 50,
    insert_per_s: Annotated[float, typer.Option(help="Incidents that are to be published meanwhile.", min=1)] = 2500.0,
    database: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Fill and ask this one, which is empty, or filled by this command."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep the embedded one there, and use it again. Else: thrown away."),
    ] = None,
    plans: Annotated[Path | None, typer.Option(metavar="DIR", help="Write the server's plans there.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """The search over a year of a province, while incidents are published; beside the best SQL written by hand.

    Ten million incidents take 18 GB and, on two processors, ten minutes to fill.
    """
    from camsvc import log
    from camsvc.cli.bench.search import run

    log.configure("warning", process="bench")
    with Console(stderr=True).status("…") as status:
        report = run.run(
            incidents, cameras, rounds, insert_per_s, status.update, database=database, data=data, plans=plans
        )
    if as_json:
        print(json.dumps(report))
        return
    shapes = report.pop("shapes")
    for name, value in report.items():
        print(f"{name:22} {value}")
    for name, shape in shapes.items():
        print(f"{name:40}", *(f"{key} {value}" for key, value in shape.items()), sep="  ")
