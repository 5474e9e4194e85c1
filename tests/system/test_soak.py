"""Ten cameras for an hour: memory stays flat, no session is lost, no footage is missing, the log is quiet."""

from __future__ import annotations

import os
import statistics
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from camsvc.cli.demo import film
from camsvc.media.simulator.server import SimulatorServer, cameras_from_files
from tests.system.installation import Installation, wait_for

MINUTES = float(os.environ.get("SOAK_MINUTES", "60"))
CAMERAS = 10
SAMPLE_EVERY_S = 15.0
WARM_UP = 0.25
"""Share of the run before memory counts: rings fill, caches grow, models load."""
GROWTH_ALLOWED = 0.05
"""Of the median of the first quarter after warm-up: what an allocator and fluctuating incidents make."""
STORE_MIB = 320
"""The embedded store's garbage collector lets it grow up to ``embedded.s3.MEMORY_LIMIT``, whatever it needs."""
LOG_LINES_PER_INCIDENT = 3
QUIET_LINES = 200
"""Starting ten cameras, the servers, and stopping."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(int(MINUTES * 60) + 900)]


def memory_mib(installation: Installation) -> dict[str, float]:
    """Resident memory by kind of process, MiB."""
    words = {"worker": "cli.main worker", "server": "cli.main server", "s3": "weed"}
    return {
        name: sum(process.memory_info().rss for process in installation.children(word)) / 2**20
        for name, word in words.items()
    }


def test_ten_cameras_run_for_an_hour(workspace: Path, request: pytest.FixtureRequest) -> None:
    films = _films(workspace, request)
    with SimulatorServer(cameras_from_files(films), credentials=("viewer", "hunter2")) as cameras:
        urls: dict[str, str | dict[str, Any]] = {f"cam-{i}": cameras.url(path.stem) for i, path in enumerate(films)}
        with Installation(workspace, urls) as installation:
            wait_for(lambda: _states(installation) == {"live"}, 120, installation._why)
            samples = _sample(installation)
            statuses = [camera["status"] for camera in installation.get("/cameras").json()["items"]]
            incidents = installation.incidents()
            gaps = [gap for incident in incidents if incident["clip"] for gap in incident["clip"]["gaps"]]
            logs = [installation.log, *(installation.data / "logs").glob("[sw]*er*.log")]  # server and workers
            lines = [line for log in logs for line in log.read_text(encoding="utf-8").splitlines()]
            print(f"{len(incidents)} incidents, {len(lines)} log lines, {len(gaps)} gaps")
            assert [status["sessions"] for status in statuses] == [1] * CAMERAS
            assert not gaps
            assert incidents
            assert len(lines) < QUIET_LINES + LOG_LINES_PER_INCIDENT * len(incidents)
            assert not [line for line in lines if "hunter2" in line]
            _assert_flat(samples)


def _films(folder: Path, request: pytest.FixtureRequest) -> list[Path]:
    """Ten names for what footage there is."""
    try:
        beside: Path = request.getfixturevalue("footage")
        real = [path for path in sorted(beside.glob("*.mp4")) if "1080p" not in path.name]
    except pytest.skip.Exception:
        real = [film.make(folder / "street.mp4")]
    links = []
    for index in range(CAMERAS):
        link = folder / f"film{index}.mp4"
        link.symlink_to(real[index % len(real)])
        links.append(link)
    return links


def _states(installation: Installation) -> set[str]:
    return {camera["status"]["state"] for camera in installation.get("/cameras").json()["items"]}


def _sample(installation: Installation) -> list[dict[str, float]]:
    samples = []
    ends_s = time.monotonic() + MINUTES * 60
    psutil.cpu_percent()
    while time.monotonic() < ends_s:
        time.sleep(SAMPLE_EVERY_S)
        samples.append(memory_mib(installation))
        if len(samples) % 8 == 1:
            told = ", ".join(f"{name} {size:.0f} MiB" for name, size in samples[-1].items())
            print(
                f"{len(samples) * SAMPLE_EVERY_S / 60:.1f} min: {told}; machine {psutil.cpu_percent():.0f} %",
                flush=True,
            )
    return samples


def _assert_flat(samples: list[dict[str, float]]) -> None:
    warm = samples[int(len(samples) * WARM_UP) :]
    quarter = max(1, len(warm) // 4)
    for name in warm[0]:
        before = statistics.median(sample[name] for sample in warm[:quarter])
        after = statistics.median(sample[name] for sample in warm[-quarter:])
        print(f"{name}: {before:.0f} MiB after warm-up, {after:.0f} MiB at the end")
        if name == "s3":
            assert after <= STORE_MIB, "the embedded store grows beyond its limit"
        else:
            assert after <= before * (1 + GROWTH_ALLOWED) + 8, f"{name} grows"
