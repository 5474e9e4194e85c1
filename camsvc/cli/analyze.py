"""``camsvc analyze``: tracks and incidents of a recorded file."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from camsvc import config, log
from camsvc.clock import SystemClock, require_utc
from camsvc.config import CameraConfig, DetectConfig, RuleConfig
from camsvc.domain.camera import Camera
from camsvc.domain.incident_json import incident_json, time_json
from camsvc.errors import InputError
from camsvc.media.file import FileSource
from camsvc.vision.detector import open_detector
from camsvc.worker.offline import DEFAULT_FPS, Findings, analyse

EXIT_INCOMPLETE = 3
"""The file broke off or could not be analysed throughout: what was found is written, and is not all."""


class RulesFile(BaseModel):
    """What ``--rules`` names: the parts of a camera that say what to look for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rules: list[RuleConfig] | None = None
    zones: dict[str, Any] = {}
    detect: DetectConfig = DetectConfig()


def command(
    video: Annotated[Path, typer.Argument(metavar="VIDEO", help="The file to look through.")],
    start: Annotated[
        str | None,
        typer.Option(metavar="UTC", help="When its first frame was taken, like 2026-11-05T03:00:00Z. Default: now."),
    ] = None,
    rules: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="YAML with 'rules', 'zones' and 'detect' as of a camera. Default: presence."),
    ] = None,
    tracks_out: Annotated[
        Path | None, typer.Option(metavar="F", help="Write tracks there, MOTChallenge text; '-' is the output.")
    ] = None,
    incidents_out: Annotated[
        Path | None,
        typer.Option(metavar="F", help="Write incidents there, one JSON object a line; '-' is the output."),
    ] = None,
    gate: Annotated[bool, typer.Option(help="Leave out what the packets show to be still.")] = True,
    fps: Annotated[
        float, typer.Option(metavar="N", help="Frames analysed a second, by the video's own time.", min=0.1, max=120)
    ] = DEFAULT_FPS,
    configuration: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="Settings: data folder, detector.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Data folder; models are prepared there.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Look through a recorded file as a camera would be, faster than real time where the machine allows.

    Exit status: 0 all was analysed; 1 failed; 2 wrong arguments; 3 the file broke off or is not
    analysed throughout; what was found is written.
    """
    settings = config.load(configuration, data=data)
    log.configure(settings.log_level)
    began = _start(start)
    camera = _camera(video, rules)
    for path, parameter in ((tracks_out, "--tracks-out"), (incidents_out, "--incidents-out")):
        _check_writable(path, parameter)
    clock = SystemClock()
    with FileSource(video, start=began) as source:
        duration_s = source.duration_s
    began_s = clock.monotonic_s()
    with _progress(video.name, duration_s, quiet=as_json) as advance:
        findings = analyse(
            video,
            camera,
            open_detector(settings.detector, settings.data / "models"),
            start=began,
            fps=fps,
            gated=gate and settings.detector.gate,
            progress=advance,
        )
    took_s = clock.monotonic_s() - began_s
    if tracks_out:
        _write(tracks_out, findings.mot_lines(), "--tracks-out")
    if incidents_out:
        lines = (json.dumps(incident_json(each), ensure_ascii=False) for each in findings.incidents)
        _write(incidents_out, lines, "--incidents-out")
    _report(findings, took_s, as_json=as_json)
    if findings.broken or findings.not_analysed:
        raise typer.Exit(EXIT_INCOMPLETE)


def _start(text: str | None) -> datetime:
    if text is None:
        return SystemClock().now()
    try:
        return require_utc(datetime.fromisoformat(text))
    except ValueError as error:
        raise InputError(
            f"{text!r} is not a time with a zone", parameter="--start", cure="write it like 2026-11-05T03:00:00Z"
        ) from error


def _camera(video: Path, rules: Path | None) -> Camera:
    """The camera that the file stands for. Raises ConfigError naming the file and the key."""
    wanted = config.parse(RulesFile, config.read_yaml(rules), rules) if rules else RulesFile()
    values: dict[str, Any] = {
        "id": re.sub(r"[^a-z0-9]+", "-", video.stem.lower()).strip("-")[:64].strip("-") or "video",
        "name": video.name[:200],
        "area": "file",
        "streams": {"main": "rtsp://file.invalid/"},
        "detect": wanted.detect,
        "zones": wanted.zones,
    }
    if wanted.rules is not None:
        values["rules"] = wanted.rules
    return config.parse(CameraConfig, values, rules).to_domain()


class _SpeedColumn(ProgressColumn):
    """Media time against our time."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.completed / task.elapsed:.1f}×" if task.elapsed else "", style="progress.data.speed")


@contextmanager
def _progress(name: str, duration_s: float | None, *, quiet: bool) -> Iterator[Any]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        _SpeedColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal, transient=True) as bar:
        task = bar.add_task(name, total=duration_s)
        yield lambda media_s: bar.update(task, completed=media_s)


def _check_writable(path: Path | None, parameter: str) -> None:
    """Before the work, not after it."""
    if path is not None and str(path) != "-" and not path.absolute().parent.is_dir():
        raise InputError(f"{path.absolute().parent} is no folder", parameter=parameter, cure="make it first")


def _write(path: Path, lines: Iterator[str], parameter: str) -> None:
    if str(path) == "-":
        for line in lines:
            print(line)
        return
    try:
        with path.open("w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}", parameter=parameter) from error


def _report(findings: Findings, took_s: float, *, as_json: bool) -> None:
    speed = round(findings.duration_s / took_s, 2) if took_s else None
    if as_json:
        summary = {
            "duration_s": round(findings.duration_s, 3),
            "took_s": round(took_s, 3),
            "speed": speed,
            "frames": len(findings.frame_times_90k),
            "decoded_frames": findings.counters.decoded,
            "analysed_frames": findings.counters.analysed,
            "incidents": len(findings.incidents),
            "not_analysed": [
                {"started_at": time_json(gap.started_at), "ended_at": time_json(gap.ended_at), "reason": gap.reason}
                for gap in findings.not_analysed
            ],
            "broken": findings.broken,
        }
        print(json.dumps(summary), file=sys.stdout)
        return
    typer.echo(
        f"{len(findings.incidents)} incidents in {findings.duration_s:.1f} s of video; {findings.counters.analysed} of "
        f"{len(findings.frame_times_90k)} frames analysed in {took_s:.1f} s ({speed}× real time)",
        err=True,
    )
    for gap in findings.not_analysed:
        typer.echo(
            f"not analysed: {time_json(gap.started_at)} to {time_json(gap.ended_at)} ({gap.reason.value})", err=True
        )
    if findings.broken:
        typer.echo(f"incomplete: {findings.broken}", err=True)
