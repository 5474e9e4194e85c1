from __future__ import annotations

import hashlib
import random
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import av
import pytest
from cryptography.fernet import Fernet

from camsvc.clock import SimulatedClock
from camsvc.config import CameraConfig
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.queries import cameras, incidents, leases
from camsvc.domain.incident import ClipPart, IncidentState
from camsvc.domain.search import IncidentFilter
from camsvc.storage.objects import ObjectStore
from camsvc.worker.publisher import Publisher
from camsvc.worker.recorder_finaliser import Finaliser
from camsvc.worker.spool import Spool
from camsvc.worker.spool_entry import Entry
from tests.worker.crash_child import ROUND_S
from tests.worker.spooling import CAMERA, START, open_spool

ROUNDS = 30
SLOW_ROUNDS = 300


@dataclass
class Report:
    """What the killed processes had said before they died."""

    opened: set[str] = field(default_factory=set)
    closed: dict[str, datetime] = field(default_factory=dict)
    last_packet: dict[int, datetime] = field(default_factory=dict)

    @classmethod
    def read(cls, file: Path) -> Report:
        report = cls()
        for line in file.read_text().splitlines():
            what, *rest = line.split()
            if what == "open":
                report.opened.add(rest[0])
            elif what == "closed":
                report.closed[rest[0]] = datetime.fromisoformat(rest[1])
            else:
                packet_at = datetime.fromisoformat(rest[0])
                report.last_packet[round_of(packet_at)] = packet_at
        return report


def round_of(moment: datetime) -> int:
    return int((moment - START).total_seconds() // ROUND_S)


def kill_again_and_again(tmp_path: Path, rounds: int) -> Report:
    seed = random.randrange(1_000_000)
    print("seed", seed)
    child = [sys.executable, "-m", "tests.worker.crash_child"]
    arguments = [str(tmp_path / "spool"), str(tmp_path / "report"), str(rounds), str(seed)]
    done = subprocess.run(
        [*child, *arguments], cwd=Path(__file__).parents[2], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Report.read(tmp_path / "report")


def finish(spool: Spool) -> None:
    finaliser = Finaliser(spool, clock=SimulatedClock(START), stop=threading.Event())
    while finaliser.turn():
        pass
    assert finaliser.failures == 0


def check_plays(entry: Entry, part: ClipPart) -> None:
    content = entry.part_file(part.index).read_bytes()
    assert hashlib.sha256(content).hexdigest() == part.sha256
    with av.open(str(entry.part_file(part.index))) as container:
        stream = container.streams.video[0]
        stream.codec_context.options = {"err_detect": "explode"}
        shown = sum(1 for _ in container.decode(stream))
    assert shown == round(part.duration_s * 10)


def check(spool: Spool, report: Report) -> int:
    """Every incident that was ever reported is there, once, and says nothing that was not so. Returns its parts."""
    found = {str(entry.id): entry for entry in spool.entries()}
    assert report.opened <= set(found)
    assert spool.stats().damaged == 0
    parts = 0
    for key, entry in found.items():
        state, facts = entry.state, entry.state.incident
        assert state.completed
        assert facts.ended_at is not None
        assert facts.started_at <= facts.ended_at <= report.last_packet[round_of(facts.started_at)]
        if key in report.closed:
            assert (facts.state, facts.ended_at) == (IncidentState.CLOSED, report.closed[key])
        else:
            assert facts.state in {IncidentState.INTERRUPTED, IncidentState.CLOSED}  # killed between deed and word
        for part in state.parts:
            check_plays(entry, part)
            parts += 1
        for earlier, later in zip(state.parts, state.parts[1:], strict=False):
            assert earlier.ended_at == later.started_at
    return parts


def test_what_was_reported_survives_any_kill(tmp_path: Path, store: ObjectStore, migrated_url: str) -> None:
    report = kill_again_and_again(tmp_path, ROUNDS)
    assert len(report.opened) > ROUNDS / 2
    assert report.closed
    clock = SimulatedClock(START)
    database = Database(migrated_url)
    _lease(database)
    with open_spool(tmp_path / "spool", clock) as spool:
        finish(spool)
        assert check(spool, report) > ROUNDS / 2
        reported = {str(entry.id) for entry in spool.entries()}
        publisher = Publisher(spool, store, database, clock=clock, stop=threading.Event())
        for _ in range(20):
            publisher.turn()
            clock.advance(1)
        assert spool.entries() == ()
        assert spool.stats().fenced == 0
    with database.session() as session:
        page = incidents.search(session, IncidentFilter(), limit=500)
    assert {str(item.id) for item in page.items} == reported
    assert len(page.items) == len(reported)
    for item in page.items:
        for part in item.clip.parts if item.clip else ():
            stat = store.stat(part.key)
            assert stat is not None
            assert (stat.size_bytes, stat.sha256) == (part.size_bytes, part.sha256)
    database.close()


@pytest.mark.slow
def test_what_was_reported_survives_hundreds_of_kills(tmp_path: Path) -> None:
    report = kill_again_and_again(tmp_path, SLOW_ROUNDS)
    with open_spool(tmp_path / "spool") as spool:
        finish(spool)
        check(spool, report)


def _lease(database: Database) -> None:
    config = CameraConfig.model_validate(
        {"id": CAMERA.id, "name": "Gate", "area": CAMERA.area, "streams": {"main": "rtsp://camera.invalid/main"}}
    )
    with database.session() as session:
        cameras.put(session, config, Cipher(Fernet.generate_key()))
    with database.session() as session:
        leases.claim(session, "w1", 1, 3600)
