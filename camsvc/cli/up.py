"""``camsvc up``: everything on this machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

import camsvc
from camsvc import config, log
from camsvc.embedded import stack
from camsvc.embedded.stack import Running


def command(
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="Where everything is kept. Default: your data folder.")
    ] = None,
    host: Annotated[
        str | None, typer.Option("--host", metavar="H", help="Address to serve on; 0.0.0.0 is every one.")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", metavar="P", min=0, max=65535, help="Port to serve on; 0 is any free one.")
    ] = None,
    config_file: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="Settings, areas and cameras; YAML.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Say what runs as one line of JSON.")] = False,
) -> None:
    """Everything on this machine: PostgreSQL, object store, workers, web application. Ctrl-C stops all of it.

    Names of your own PostgreSQL (database_url) or object store (s3_endpoint and its keys) in the settings are used
    instead of the built-in ones. The first administrator's password comes from CAMSVC_ADMIN_PASSWORD, else it is
    generated and shown once.
    """
    settings = config.load(config_file, data=data, server__host=host, server__port=port)
    log.configure(settings.log_level, process="up")
    status = stack.run(
        settings,
        on_ready=announce_json if as_json else announce,
        on_step=(lambda _: None) if as_json else tell,
    )
    raise typer.Exit(status)


def announce(running: Running) -> None:
    """The summary for a person."""
    settings = running.settings
    lines = [
        "",
        f"camsvc {camsvc.__version__} is running.",
        "",
        f"  Web application  {running.url}",
        *_account(running.prepared.admin_password),
        f"  Cameras          {running.prepared.cameras}"
        + ("" if running.prepared.cameras else "  (add some: camsvc cameras add --help)"),
        f"  Data             {settings.data}",
        f"  Logs             {settings.data / 'logs'}",
    ]
    if not running.prepared.hold_is_enforced:
        lines.append("  Hold             NOT enforced by the object store: clips cannot be held (see the guide)")
    lines += ["", "Ctrl-C stops everything.", ""]
    print("\n".join(lines), flush=True)


def tell(step: str) -> None:
    print(f"{step} …", file=sys.stderr, flush=True)


def announce_json(running: Running) -> None:
    """The same as one line of JSON. ``admin_password`` is null unless it was generated just now."""
    settings = running.settings
    values = {
        "url": running.url,
        "admin": "admin",
        "admin_password": running.prepared.admin_password,
        "cameras": running.prepared.cameras,
        "hold_is_enforced": running.prepared.hold_is_enforced,
        "data": str(settings.data),
        "logs": str(settings.data / "logs"),
    }
    print(json.dumps(values), flush=True)


def _account(generated: str | None) -> list[str]:
    if generated is None:
        return ["  User name        admin, with the password set before (forgotten: camsvc accounts password admin)"]
    return [
        "  User name        admin",
        f"  Password         {generated}",
        "                   (shown this once; it is stored only as a hash)",
    ]
