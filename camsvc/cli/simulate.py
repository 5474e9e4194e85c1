"""``camsvc simulate``: RTSP cameras from files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from camsvc import log
from camsvc.errors import InputError
from camsvc.media.simulator import faults
from camsvc.media.simulator.server import SimulatorServer, cameras_from_files

DEFAULT_PORT = 8554
"""What RTSP servers for tests commonly take; 554 needs privileges."""


def command(
    videos: Annotated[
        list[Path], typer.Argument(metavar="VIDEO…", help="Files to serve, each at rtsp://HOST:PORT/NAME.")
    ],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = DEFAULT_PORT,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[CAMERA:]KIND[=AMOUNT][/EVERY_S]",
            help="Misbehave: drop/60, stall=10/60, jump=10/60, refuse=20/60, resize=0.5/60, loss=0.01, corrupt=0.01, "
            "clock=3600. May be given several times.",
        ),
    ] = None,
    user: Annotated[
        str | None, typer.Option(help="Ask clients for USER:PASSWORD (digest).", metavar="USER:PASSWORD")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the URLs as JSON.")] = False,
) -> None:
    """Serve video files as RTSP cameras: real time, endless, several clients each."""
    log.configure("info")
    credentials = None
    if user is not None:
        name, colon, password = user.partition(":")
        if not (name and colon and password):
            raise InputError("not a user and password", parameter="--user", cure="write USER:PASSWORD")
        credentials = (name, password)
    cameras = cameras_from_files(videos, [faults.parse(text) for text in fault or []])
    with SimulatorServer(cameras, host=host, port=port, credentials=credentials) as server:
        urls = {name: server.url(name, with_credentials=False) for name in cameras}
        print(json.dumps(urls) if as_json else "\n".join(urls.values()), flush=True)
        try:
            server.wait()
        except KeyboardInterrupt:
            typer.echo("stopped", err=True)
