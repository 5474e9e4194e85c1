"""``camsvc models``: the detection models that are known, fetched, and compiled for this machine."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from camsvc import config, log
from camsvc.errors import DetectorError
from camsvc.vision import catalogue
from camsvc.vision.catalogue import Model
from camsvc.vision.fetch import local_file
from camsvc.vision.fetch import pull as fetch
from camsvc.vision.prepare import CPU, is_prepared
from camsvc.vision.prepare import prepare as compile_model

MIB = 1024 * 1024

app = typer.Typer(no_args_is_help=True, help="Detection models: list, fetch, compile for this machine.")

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="A name of `camsvc models list`, or the path of a model file.")
]
Configuration = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Settings: data folder, detector.")
]
Data = Annotated[Path | None, typer.Option(help="Data folder; models lie in its folder 'models'.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_models(configuration: Configuration = None, data: Data = None, as_json: AsJson = False) -> None:
    """What is known, what of it is on this machine, and which one is used."""
    settings = config.load(configuration, data=data)
    models_dir = settings.data / "models"
    rows = [_row(model, models_dir, settings.detector.model) for model in catalogue.load().models]
    if as_json:
        print(json.dumps({"models": rows}, indent=2))
        return
    for row in rows:
        used = "*" if row["used"] else " "
        size_mib = float(str(row["size_bytes"])) / MIB
        print(f"{used} {row['name']:<10} {row['state']:<9} {size_mib:>6.1f} MiB  {row['licence']:<10} {row['about']}")
    if not any(row["used"] for row in rows):
        print(f"* {settings.detector.model} (named by path in the settings)")


@app.command()
def pull(name: Name, configuration: Configuration = None, data: Data = None, as_json: AsJson = False) -> None:
    """Fetch a model and verify its sha256. Needs the network unless the model comes with a Python package."""
    settings = config.load(configuration, data=data)
    log.configure(settings.log_level)
    model = catalogue.load().model(name)
    _say(f"fetching {model.name} ({model.size_bytes / MIB:.1f} MiB)")
    path = fetch(model, settings.data / "models")
    if as_json:
        print(json.dumps({"name": model.name, "path": str(path), "sha256": model.sha256}))
    else:
        print(f"{model.name}: {path}, sha256 verified")


@app.command()
def prepare(
    name: Name,
    device: Annotated[
        str, typer.Option(help="cpu compiles for OpenVINO; another (cuda:0) runs the file as it is.")
    ] = CPU,
    configuration: Configuration = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Compile a model for this machine anew and compare it with its source. A worker does this at its first start."""
    settings = config.load(configuration, data=data)
    log.configure(settings.log_level)
    model = catalogue.load().model(name)
    _say(f"preparing {model.name} for {device}")
    began_s = time.monotonic()
    prepared = compile_model(model, settings.data / "models", device=device, again=True)
    took_s = round(time.monotonic() - began_s, 1)
    if as_json:
        answer = {
            "name": model.name,
            "version": prepared.name,
            "runtime": prepared.runtime,
            "path": str(prepared.path),
            "note": prepared.note,
            "took_s": took_s,
        }
        print(json.dumps(answer))
    else:
        print(f"{prepared.name}: {prepared.note}; {prepared.path} ({took_s} s)")


def _row(model: Model, models_dir: Path, used: str) -> dict[str, object]:
    return {
        "name": model.name,
        "version": model.version,
        "about": model.about,
        "state": _state(model, models_dir),
        "size_bytes": model.size_bytes,
        "sha256": model.sha256,
        "licence": model.licence,
        "classes": list(model.classes),
        "sources": [source.kind for source in model.sources],
        "used": model.name == used,
    }


def _state(model: Model, models_dir: Path) -> str:
    """absent, altered, here (its file is), or prepared (compiled for this machine)."""
    try:
        local_file(model, models_dir)
    except DetectorError as error:
        return "altered" if "altered" in str(error) else "absent"
    return "prepared" if is_prepared(model, models_dir) else "here"


def _say(text: str) -> None:
    """Progress goes to a person, and not into what a program reads."""
    if sys.stderr.isatty():
        print(text, file=sys.stderr)
