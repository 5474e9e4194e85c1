"""Live viewers beside go2rtc: the same camera, the same viewers, in the same run, turn about.

    python -m tests.bench.bench_live [--sizes 360p 1080p] [--viewers 1 10 25] [--seconds 10]

Prints one JSON object a line. ``ours`` is the live process and the worker that feeds it, ``go2rtc`` is its one process:
both receive the camera over RTSP. The camera and the viewers are processes of their own and not counted.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from camsvc.cli.bench import film, live
from tests.rtsp_server import free_port, installed_go2rtc, wait_until

RATIOS = {10: 1.3, 25: 1.0}
"""At most, by viewers. Two processes of Python have a fixed cost that ten viewers of 0.5 Mb/s do not outweigh."""
READY_S = 10.0


@contextlib.contextmanager
def go2rtc(camera_url: str) -> Iterator[tuple[str, psutil.Process]]:
    """Its WHEP address, and the process."""
    api, webrtc = free_port(), free_port()
    configuration = {
        "api": {"listen": f"127.0.0.1:{api}"},
        "rtsp": {"listen": ""},
        "srtp": {"listen": ""},
        "webrtc": {
            "listen": f"127.0.0.1:{webrtc}",
            "candidates": [f"127.0.0.1:{webrtc}"],
            "ice_servers": [],
            "filters": {"loopback": True},
        },
        "streams": {"camera": camera_url},
        "log": {"level": "error"},
    }
    command = [str(installed_go2rtc()), "-config", json.dumps(configuration)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        try:
            watched = psutil.Process(process.pid)
            wait_until(lambda: len(watched.net_connections()) >= 2, READY_S, "go2rtc")
            yield f"http://127.0.0.1:{api}/api/webrtc?src=camera", watched
        finally:
            process.kill()


def measure_go2rtc(size: str, viewers: int, seconds: float, folder: Path) -> dict[str, Any]:
    with contextlib.ExitStack() as parts:
        camera = parts.enter_context(live.part("camera", str(film.made(folder, size))))
        url, process = parts.enter_context(go2rtc(camera.ready["url"]))
        with live.part("viewers", url, str(viewers), str(seconds)) as audience:
            before, began_s = process.cpu_times(), time.monotonic()
            seen = audience.line()
            after, passed_s = process.cpu_times(), time.monotonic() - began_s
    cores = (after.user + after.system - before.user - before.system) / passed_s
    return {"cores": round(cores, 4), **seen}


def compare(size: str, viewers: int, seconds: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="camsvc-bench-") as name:
        theirs = measure_go2rtc(size, viewers, seconds, Path(name))
        ours = live.measure(size, viewers, seconds, Path(name))
    total = ours.live_cores + ours.worker_cores
    return {
        "size": size,
        "viewers": viewers,
        "ratio": round(total / theirs["cores"], 2),
        "ours_cores": round(total, 4),
        "ours_live_cores": round(ours.live_cores, 4),
        "go2rtc_cores": theirs["cores"],
        "ours": ours.audience,
        "go2rtc": theirs,
    }


@pytest.mark.bench
@pytest.mark.parametrize("viewers", RATIOS)
@pytest.mark.parametrize("size", ["360p", "1080p"])
@pytest.mark.timeout(300)
def test_many_viewers_cost_about_as_much_as_with_go2rtc_or_less(size: str, viewers: int) -> None:
    found = compare(size, viewers, 10.0)
    print(json.dumps(found))
    assert found["ratio"] <= RATIOS[viewers]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", nargs="+", default=["360p", "1080p"], choices=list(film.SIZES))
    parser.add_argument("--viewers", nargs="+", type=int, default=[1, 10, 25])
    parser.add_argument("--seconds", type=float, default=10.0)
    arguments = parser.parse_args()
    for size in arguments.sizes:
        for viewers in arguments.viewers:
            print(json.dumps(compare(size, viewers, arguments.seconds)), flush=True)


if __name__ == "__main__":
    main()
