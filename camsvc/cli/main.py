"""``camsvc``: finds the command, runs it, turns an error into one clear line and an exit status."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from functools import cache

import typer

import camsvc
from camsvc.cli.said import begin
from camsvc.errors import CamsvcError, ConfigError, InputError

EXIT_FAILED = 1
EXIT_USAGE = 2
"""As getopt and click use it: what was asked is wrong, not what happened."""

COMMANDS = ("up", "demo", "server", "worker", "live", "simulate", "analyze", "fsck", "verify")
"""Single commands: ``camsvc.cli.NAME`` has a function ``command``."""
GROUPS = (
    "cameras",
    "incidents",
    "accounts",
    "agencies",
    "tokens",
    "sessions",
    "audit",
    "holds",
    "cases",
    "retention",
    "workers",
    "export",
    "identity",
    "models",
    "bench",
)
"""Commands with subcommands: ``camsvc.cli.NAME`` has a typer ``app``."""

app = typer.Typer(
    name="camsvc",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Video-surveillance event processing: cameras in, incidents that are found and clips that play out.",
)


@app.callback(invoke_without_command=True)
def root(
    version: bool = typer.Option(False, "--version", help="Print the version and exit."),
    purpose: str | None = typer.Option(None, metavar="TEXT", help="What this is done for; recorded with what is done."),
    case: str | None = typer.Option(None, metavar="NO", help="Case that this is done for; recorded likewise."),
) -> None:
    begin(purpose, case)
    if version:
        typer.echo(camsvc.__version__)
        raise typer.Exit


@cache
def build(asked: str | None = None) -> typer.Typer:
    """All commands, or ``asked`` alone if it is one. Once a process: each call would add every command again."""
    wanted = {asked} if asked in {*COMMANDS, *GROUPS} else {*COMMANDS, *GROUPS}
    for name in COMMANDS:
        if name in wanted and importlib.util.find_spec(f"camsvc.cli.{name}"):
            app.command(name)(importlib.import_module(f"camsvc.cli.{name}").command)
    for name in GROUPS:
        if name in wanted and importlib.util.find_spec(f"camsvc.cli.{name}"):
            app.add_typer(importlib.import_module(f"camsvc.cli.{name}").app, name=name)
    return app


def main() -> None:
    try:
        # The others are not imported: they take a second of a core, and a service that died is waited for.
        build(sys.argv[1] if len(sys.argv) > 1 else None)()
    except InputError as error:
        where = f"{error.parameter}: " if error.parameter else ""
        cure = f" ({error.cure})" if error.cure else ""
        _fail(f"{where}{error}{cure}", EXIT_USAGE)
    except ConfigError as error:
        _fail(str(error), EXIT_USAGE)
    except CamsvcError as error:
        _fail(str(error), EXIT_FAILED)


def _fail(message: str, status: int) -> None:
    print(f"camsvc: {message}", file=sys.stderr)
    raise SystemExit(status)


if __name__ == "__main__":
    main()
