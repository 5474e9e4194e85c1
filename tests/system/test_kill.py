"""kill -9 of any process at random moments under load: nothing that was reported is lost (invariants 2 and 3)."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import threading
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from camsvc.cli.demo import film
from camsvc.media.simulator.server import SimulatorServer, cameras_from_files
from tests.system.installation import Installation, wait_for

ROUNDS = int(os.environ.get("KILL_ROUNDS", "50"))
SEED = int(os.environ.get("KILL_SEED", str(random.randrange(10_000))))
SETTLE_TIMEOUT_S = 240
"""After the last round: restarts back off, open incidents end, clips are finished, uploaded and listed."""
LONGEST_PEACE_S = 14.0
"""Between two kills: long enough for incidents to open and to end, short enough to hit every step of their way."""
HEALED_WITHIN_S = 60
"""A process that was killed before must run again: restarts back off to half a minute."""
BUSY = (film.Scene(1, 6, leftward=False), film.Scene(10, 15, leftward=True), film.Scene(20, 27, leftward=False))

pytestmark = [pytest.mark.slow, pytest.mark.timeout(ROUNDS * 60 + 600)]


def words(target: str) -> str:
    """What marks the target's command line."""
    return {
        "worker": "cli.main worker",
        "server": "cli.main server",
        "live": "cli.main live",
        "postgres": "bin/postgres",
        "s3": "weed",
    }[target]


class Watch:
    """Remembers every incident that was ever reported open."""

    def __init__(self, installation: Installation) -> None:
        self.seen: dict[str, dict[str, Any]] = {}
        self._installation = installation
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(30)

    def _run(self) -> None:
        while not self._stop.wait(0.3):
            with contextlib.suppress(httpx.HTTPError):
                for incident in self._installation.incidents(state="open"):
                    self.seen.setdefault(incident["id"], incident)


def test_nothing_reported_is_lost_by_kill_9_of_any_process(workspace: Path) -> None:
    chance = random.Random(SEED)
    film.make(workspace / "a.mp4", BUSY, 32)
    for name in ("b", "c"):
        (workspace / f"{name}.mp4").symlink_to(workspace / "a.mp4")
    with SimulatorServer(cameras_from_files([workspace / f"{name}.mp4" for name in "abc"])) as cameras:
        urls: dict[str, str | dict[str, Any]] = {f"cam-{name}": cameras.url(name) for name in "abc"}
        with Installation(workspace, urls) as installation, Watch(installation) as watch:
            killed: Counter[str] = Counter()
            wait_for(lambda: len(watch.seen) >= 1, 120, installation._why)
            for _ in range(ROUNDS):
                time.sleep(chance.uniform(1.0, LONGEST_PEACE_S))
                target = chance.choice(("worker", "server", "live", "postgres", "s3"))
                victims = wait_for(partial(installation.children, words(target)), HEALED_WITHIN_S, installation._why)
                for process in victims:
                    with contextlib.suppress(psutil.Error):
                        process.kill()
                killed[target] += 1
            print(f"seed {SEED}: killed {dict(killed)}, {len(watch.seen)} incidents were seen open")
            settled = wait_for(lambda: settle(installation, set(watch.seen)), SETTLE_TIMEOUT_S, installation._why) or []
            check(installation, settled, watch.seen)
            assert len(killed) == 5 or ROUNDS < 20


def settle(installation: Installation, seen: set[str]) -> list[dict[str, Any]] | None:
    """The incidents, once each of those seen open is listed, ended and has its clip."""
    found = {incident["id"]: incident for incident in installation.incidents()}
    ended = {name for name, incident in found.items() if incident["state"] != "open" and incident["clip"]}
    return list(found.values()) if seen <= ended else None


def check(installation: Installation, found: list[dict[str, Any]], seen: dict[str, dict[str, Any]]) -> None:
    by_id = {incident["id"]: incident for incident in found}
    assert len(by_id) == len(found), "an incident is listed twice"
    for name, before in seen.items():
        after = by_id[name]
        assert after["state"] in ("closed", "interrupted")
        assert after["started_at"] == before["started_at"]
        assert after["ended_at"] >= after["started_at"]
    parts = 0
    for incident in found:
        for part in (incident["clip"] or {"parts": []})["parts"]:
            data = installation.get(f"/incidents/{incident['id']}/clip", part=part["index"]).content
            assert hashlib.sha256(data).hexdigest() == part["sha256"], f"{incident['id']} part {part['index']}"
            parts += 1
    states = Counter(incident["state"] for incident in found)
    print(f"{len(found)} incidents: {dict(states)}; {parts} clip files downloaded, every sha256 matches")
    report = installation.command("fsck")
    assert not report["missing"], report
    assert not report["altered"], report
    assert not report["extra"], report
