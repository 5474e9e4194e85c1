"""What live viewers cost: a whole path of real processes on this machine, from an RTSP camera to headless viewers."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from camsvc.cli.bench import film
from camsvc.errors import CamsvcError

START_S = 30.0
"""For a part to be ready, or for viewers to join: 25 take three seconds."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Processor seconds a second."""

    live_cores: float
    worker_cores: float
    audience: dict[str, Any]
    """What ``audience.watch`` says."""

    def report(self, size: str) -> dict[str, Any]:
        viewers = self.audience["viewers"]
        return {
            "size": size,
            **self.audience,
            "cores_per_viewer": round(self.live_cores / viewers, 5),
            "live_cores": round(self.live_cores, 4),
            "worker_cores": round(self.worker_cores, 4),
        }


def measure(size: str, viewers: int, seconds: float, folder: Path) -> Measured:
    """``size``: a name of ``film.SIZES``."""
    with contextlib.ExitStack() as parts:
        movie = film.made(folder, size)
        camera = parts.enter_context(part("camera", str(movie)))
        worker = parts.enter_context(part("worker", camera.ready["url"]))
        endpoint = {"kind": "tap", "name": "worker", **worker.ready}
        live = parts.enter_context(part("live", json.dumps(endpoint)))
        with part("viewers", live.ready["url"], str(viewers), str(seconds)) as audience:
            began = live.cpu_s(), worker.cpu_s(), time.monotonic()
            seen = audience.line()
            passed_s = time.monotonic() - began[2]
            used = live.cpu_s() - began[0], worker.cpu_s() - began[1]
    return Measured(used[0] / passed_s, used[1] / passed_s, seen)


class Part:
    """One process of the path, that has said it is ready."""

    def __init__(self, process: subprocess.Popen[str], name: str) -> None:
        self._process = process
        self._name = name
        self._watched = psutil.Process(process.pid)
        self.ready = self.line()

    def cpu_s(self) -> float:
        times = self._watched.cpu_times()
        return times.user + times.system

    def line(self) -> dict[str, Any]:
        """The next thing that it says."""
        assert self._process.stdout is not None  # noqa: S101  a pipe was asked for
        said = self._process.stdout.readline()
        if not said:
            raise CamsvcError(f"the benchmark's {self._name} process ended: its reason stands above")
        found: dict[str, Any] = json.loads(said)
        return found


@contextlib.contextmanager
def part(name: str, *arguments: str) -> Iterator[Part]:
    command = [sys.executable, "-m", "camsvc.cli.bench.parts", name, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            yield Part(process, name)
        finally:
            assert process.stdin is not None  # noqa: S101  a pipe was asked for
            process.stdin.close()
            try:
                process.wait(START_S)
            except subprocess.TimeoutExpired:
                process.kill()
