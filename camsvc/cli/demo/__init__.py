"""``camsvc demo``: everything on this machine, with simulated cameras in a small town."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from camsvc import config, log
from camsvc.cli.demo import film, town
from camsvc.cli.up import announce, tell
from camsvc.embedded import ports, stack
from camsvc.worker.process import ProcessSpec

FOOTAGE = Path("..") / "shared" / "footage"
"""Beside a developer's checkout; used when it is there."""
PREFERRED = (
    "veh_overhead_4cars",
    "ped_onebyone_indoor",
    "veh_street_8cars",
    "veh_highway_uk",
    "ped_tud_campus",
    "veh_jamcam815_day",
)
"""Files of that folder, those with empty streets between the events first."""
DEFAULT_CAMERAS = 4
"""What two cores analyse without shedding while the pages are used as well."""


def command(
    videos: Annotated[list[Path] | None, typer.Argument(metavar="[VIDEO…]", help="Films for the cameras.")] = None,
    data: Annotated[Path, typer.Option(help="Where everything is kept.", envvar="CAMSVC_DATA")] = Path("demo-data"),
    host: Annotated[str | None, typer.Option(help="Address of the web application.")] = None,
    port: Annotated[int | None, typer.Option(help="Port of the web application.", min=0, max=65535)] = None,
    cameras: Annotated[int, typer.Option(help="How many cameras.", min=1, max=64)] = DEFAULT_CAMERAS,
) -> None:
    """Run everything on simulated cameras, to look at and to play with. Ctrl-C stops it; the data stays."""
    log.configure("info", process="demo")
    films = _films(videos or [], data)
    chosen = [films[index % len(films)] for index in range(max(cameras, len(videos or [])))]
    rtsp_port = ports.choose_ports(1)[0]
    urls = [f"rtsp://127.0.0.1:{rtsp_port}/{path.stem}" for path in chosen]
    settings = config.load(
        None,
        data=data,
        server__host=host,
        server__port=port,
        areas=[{"path": path, "name": name} for path, name in town.AREAS],
        cameras=town.cameras(urls),
        map__boundaries=town.boundaries(),
        map__lat=town.LAT,
        map__lon=town.LON,
        map__zoom=town.ZOOM,
    )
    unique = [str(path.absolute()) for path in dict.fromkeys(chosen)]
    argv = [sys.executable, "-m", "camsvc.cli.main", "simulate", *unique, "--port", str(rtsp_port)]
    simulator = ProcessSpec("cameras", argv, dict(os.environ), layer=stack.SERVICES)
    raise typer.Exit(stack.run(settings, extra_processes=[simulator], on_ready=announce, on_step=tell))


def _films(given: list[Path], data: Path) -> list[Path]:
    """Named on the command line, else beside the checkout, else made from a photograph that a package ships."""
    if given:
        return given
    beside = [path for name in PREFERRED if (path := (FOOTAGE / f"{name}.mp4").resolve()).is_file()]
    if beside:
        return beside
    typer.echo("no film given: making one (a few seconds)", err=True)
    return [film.make(data.absolute() / "films" / "street.mp4")]
