"""Real footage with truth: every true interval is found, and nothing is found where nothing happens."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import av
import pytest

from camsvc.media.simulator.server import SimulatorServer, cameras_from_files
from tests.system.installation import Installation, wait_for

FILMS = ("veh_overhead_4cars", "ped_onebyone_indoor")
READING_ERROR_S = 0.3
"""Of the intervals in events.json, by its own word."""
START = datetime(2026, 1, 1, tzinfo=UTC)
PHASE_ERROR_S = 1.0
"""Between our idea of when the film started anew and the camera's."""

Interval = tuple[float, float]


def truth(footage: Path, film: str) -> list[Interval]:
    events = json.loads((footage / "events.json").read_text(encoding="utf-8"))[f"{film}.mp4"]["present"]
    return [(event[0], event[1]) for event in events]


def assert_matches(incidents: list[Interval], true: list[Interval], tolerance_s: float) -> None:
    for start, end in true:
        assert any(first < end and last > start for first, last in incidents), f"{start}–{end} s is not covered"
    for first, last in incidents:
        near = [t for t in true if first < t[1] + tolerance_s and last > t[0] - tolerance_s]
        assert near, f"an incident at {first:.1f}–{last:.1f} s where nothing happens"


@pytest.mark.timeout(420)
@pytest.mark.parametrize("film", FILMS)
def test_analyze_finds_what_happens_and_nothing_else(footage: Path, tmp_path: Path, film: str) -> None:
    out = tmp_path / "incidents.jsonl"
    argv = [
        sys.executable,
        "-m",
        "camsvc.cli.main",
        "analyze",
        str(footage / f"{film}.mp4"),
        "--incidents-out",
        str(out),
    ]
    # Five frames a second, as live cameras are analysed: enough for incidents, and a third of the work.
    subprocess.run([*argv, "--start", START.isoformat(), "--fps", "5"], check=True, capture_output=True, timeout=400)
    incidents = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert_matches([_interval(incident, START) for incident in incidents], truth(footage, film), READING_ERROR_S)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_same_is_found_over_rtsp(footage: Path, workspace: Path) -> None:
    files = [footage / f"{film}.mp4" for film in FILMS]
    durations = {file.stem: _duration_s(file) for file in files}
    cameras = cameras_from_files(files)
    names = {file.stem: file.stem.replace("_", "-") for file in files}
    with SimulatorServer(cameras) as server:
        began = datetime.now(UTC)
        urls: dict[str, str | dict[str, Any]] = {names[file.stem]: server.url(file.stem) for file in files}
        with Installation(workspace, urls) as installation:
            wait_for(lambda: len(installation.get("/cameras", state="live").json()["items"]) == 2, 90, "not live")
            live_s = (datetime.now(UTC) - began).total_seconds()
            # Two whole rounds of the short film, and one of the long one from where it was joined.
            time.sleep(max(durations.values()) + 15)
            watched_s = (datetime.now(UTC) - began).total_seconds() - 10
            for film, name in names.items():
                found = [_interval(i, began) for i in installation.incidents(camera=name)]
                true = _rounds(truth(footage, film), durations[film], live_s + 5, watched_s)
                everything = _rounds(truth(footage, film), durations[film], -1e9, 1e9)
                assert true
                for start, end in true:
                    assert any(a < end + PHASE_ERROR_S and b > start - PHASE_ERROR_S for a, b in found), (
                        film,
                        start,
                        end,
                    )
                assert_matches(found, [t for t in everything if any(_touch(t, f) for f in found)], PHASE_ERROR_S)


def _touch(one: Interval, other: Interval) -> bool:
    return one[0] < other[1] + PHASE_ERROR_S and one[1] > other[0] - PHASE_ERROR_S


def _rounds(true: list[Interval], duration_s: float, from_s: float, to_s: float) -> list[Interval]:
    """The true intervals of all rounds that lie wholly within [from_s, to_s)."""
    repeated = [(a + n * duration_s, b + n * duration_s) for n in range(40) for a, b in true]
    return [(a, b) for a, b in repeated if a >= from_s and b < to_s]


def _interval(incident: dict[str, Any], origin: datetime) -> Interval:
    """Start and end in seconds from ``origin``; an open incident has lasted until now."""
    start = datetime.fromisoformat(incident["started_at"])
    end = datetime.fromisoformat(incident["ended_at"]) if incident["ended_at"] else datetime.now(UTC)
    return (start - origin).total_seconds(), (end - origin).total_seconds()


def _duration_s(file: Path) -> float:
    with av.open(str(file), "r") as container:
        stream = container.streams.video[0]
        assert stream.duration is not None
        assert stream.time_base is not None
        return float(stream.duration * stream.time_base)
