"""A recording worker that is killed again and again: run by test_crash.

``python -m tests.worker.crash_child SPOOL REPORT ROUNDS SEED``. Each round is a forked process that opens the spool
(and so recovers what the one before left), records incidents of a camera in quick motion, and is killed by SIGKILL at
a random moment. ``REPORT`` gets one line for every packet, and for every incident once it is reported open or closed.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

from camsvc.config import ClipSettings
from camsvc.domain.camera import Severity
from camsvc.domain.incident import IncidentState, new_incident_id
from camsvc.domain.track import Moment
from camsvc.media.ring import Ring
from camsvc.rules.events import Closed, Opened, Updated
from camsvc.worker.recorder import IncidentRecorder
from camsvc.worker.recorder_finaliser import Finaliser
from camsvc.worker.recorder_thread import RecorderThread
from camsvc.worker.spool import Spool
from tests.worker.spooling import CAMERA, FPS, MIB, PERSON, START, packets, parameters, reading

SPEED = 30
"""Seconds of camera time in one of ours."""
ROUND_S = 1000.0
"""Camera time between the starts of two rounds."""
LIFE_S = (0.02, 0.3)


class FastClock:
    """Real time, but faster."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._origin_s = time.monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed_s())

    def monotonic_s(self) -> float:
        return 1000.0 + self._elapsed_s()

    def wait(self, stop: threading.Event, timeout_s: float) -> bool:
        return stop.wait(timeout_s / SPEED)

    def _elapsed_s(self) -> float:
        return (time.monotonic() - self._origin_s) * SPEED


def live(root: Path, report: int, number: int, chance: random.Random) -> None:
    """Never returns: it is killed."""
    origin_s = number * ROUND_S
    clock, stop, ring = FastClock(START + timedelta(seconds=origin_s)), threading.Event(), Ring(30, 64 * MIB)
    spool = Spool(root, max_bytes=512 * MIB, min_free_bytes=0, clock=clock)
    settings = ClipSettings.model_construct(pre_roll_s=2, post_roll_s=1, part_max_s=3, part_max_bytes=MIB)
    recorder = IncidentRecorder(
        CAMERA, ring, spool, settings=settings, worker="w1", epoch=lambda: 1, model=lambda: "test", clock=clock
    )
    recording = RecorderThread(clock=clock, stop=stop)
    recording.add(recorder)
    finaliser = Finaliser(spool, clock=clock, stop=stop)
    for run in (recording.run, finaliser.run):
        threading.Thread(target=run, daemon=True).start()
    session = f"round-{number}"
    ring.open_session(session, parameters(), reading)
    open_: dict[str, float] = {}
    for packet in packets(origin_s, origin_s + ROUND_S, origin_s=origin_s):
        while clock.now() < packet.at:
            time.sleep(0.001)
        _say(report, f"packet {packet.at.isoformat()}")
        ring.append(packet)
        moment = Moment(session, packet.pts_90k, packet.at)
        if len(open_) < 3 and chance.random() < 1.5 / FPS:
            key = str(new_incident_id(packet.at))
            recorder.event(Opened(key, "presence", None, Severity.INFO, moment, (PERSON,)), None)
            _say(report, f"open {key}")
            open_[key] = chance.uniform(0.5, 8)
        for key, left_s in list(open_.items()):
            open_[key] = left_s - 1 / FPS
            if open_[key] > 0:
                recorder.event(Updated(key, moment, (PERSON,)), None)
            else:
                del open_[key]
                recorder.event(Closed(key, moment, (PERSON,), IncidentState.CLOSED), None)
                _say(report, f"closed {key} {packet.at.isoformat()}")


def main(root: Path, report_file: Path, rounds: int, seed: int) -> None:
    parameters()  # made once, for all rounds
    chance = random.Random(seed)
    report = os.open(report_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number in range(rounds):
        life_s, child_seed = chance.uniform(*LIFE_S), chance.random()
        child = os.fork()
        if child == 0:
            try:
                live(root, report, number, random.Random(child_seed))
            finally:
                os._exit(3)  # it must not outlive its round, nor go on as if it were its parent
        time.sleep(life_s)
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            sys.exit(f"round {number} ended by itself: {status}")


def _say(report: int, line: str) -> None:
    os.write(report, f"{line}\n".encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
