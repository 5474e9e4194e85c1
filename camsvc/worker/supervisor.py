"""Keeps child processes alive: starts them in order, restarts what ends, bounds their logs, stops them in order."""

from __future__ import annotations

import os
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from random import Random

from camsvc import log
from camsvc.clock import Clock, SystemClock
from camsvc.errors import CamsvcError, EmbeddedServerError
from camsvc.worker.process import Child, Place, ProcessSpec, end_survivor, last_line

POLL_S = 0.1
"""How late the end of a child is noticed, at most: a small part of what its restart takes."""
FIRST_RESTART_S = 0.2
RESTART_CAP_S = 30.0
"""A process that cannot live (a full disk, a bad setting) costs two starts a minute and is back soon after the cure."""
JITTER = (0.5, 1.5)
STABLE_S = 60.0
"""A process that lived so long was well: its next end begins with a short wait again."""
START_ATTEMPTS = 3
"""At the first start a process may end because its killed predecessor is not quite gone; not three times."""
LOG_MAX_BYTES = 10 * 1024 * 1024
"""A log file is cut when it is longer; the part cut off is kept once, as NAME.log.1."""
LOG_CHECK_S = 5.0

_log = log.get(__name__)


@dataclass(slots=True)
class _Ward:
    """One process that is wanted, over all its runs."""

    spec: ProcessSpec
    child: Child | None = None
    started_at_s: float = 0.0
    failures: int = 0
    """Ends in a row without a stable run."""
    restart_at_s: float = 0.0
    ended_at_s: float | None = None
    """When it stopped answering; None while it answers."""
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class WardStatus:
    name: str
    pid: int | None
    """None: waiting for its restart."""
    restarts: int


class Supervisor:
    """One thread calls everything but ``statuses``, and lives as long as the children: the kernel ends them with it.

    ``hurry`` cuts the graces short while stopping (the second Ctrl-C).
    """

    def __init__(
        self,
        place: Place,
        stop: threading.Event,
        *,
        hurry: threading.Event | None = None,
        clock: Clock | None = None,
        random: Random | None = None,
    ) -> None:
        self._place = place
        self._stop = stop
        self._hurry = hurry or threading.Event()
        self._clock = clock or SystemClock()
        self._random = random or Random()  # noqa: S311  spreads restarts, guards nothing
        self._wards: list[_Ward] = []
        self._logs_checked_s = self._clock.monotonic_s()

    def start(self, spec: ProcessSpec) -> bool:
        """Starts a process and waits until it answers; False when ``stop`` was set meanwhile.

        Raises EmbeddedServerError when it ends again and again or does not answer in time.
        """
        end_survivor(self._place, spec.name, spec.stop_signal, spec.grace_s)
        ward = _Ward(spec)
        self._wards.append(ward)
        deadline_s = self._clock.monotonic_s() + spec.ready_timeout_s
        while not self._stop.is_set():
            if ward.child is None:
                self._spawn(ward)
            elif ward.child.poll() is not None:
                status = ward.child.poll()
                self._ended(ward)
                if ward.failures >= START_ATTEMPTS:
                    raise EmbeddedServerError(f"{spec.name} ended with status {status}: {self._words(spec)}")
                self._clock.wait(self._stop, max(0.0, ward.restart_at_s - self._clock.monotonic_s()))
            elif ward.child.is_ready():
                ward.failures = 0
                return True
            elif self._clock.monotonic_s() > deadline_s:
                raise EmbeddedServerError(
                    f"{spec.name} does not answer after {spec.ready_timeout_s:g} s: {self._words(spec)}"
                )
            else:
                self._clock.wait(self._stop, POLL_S)
        return False

    def run(self) -> None:
        """Watches until ``stop`` is set."""
        while not self._clock.wait(self._stop, POLL_S):
            self.step()

    def step(self) -> None:
        """Once around: what ended is noticed, what is due is restarted, logs are cut."""
        now_s = self._clock.monotonic_s()
        for ward in self._wards:
            self._look_after(ward, now_s)
        if now_s - self._logs_checked_s >= LOG_CHECK_S:
            self._logs_checked_s = now_s
            for ward in self._wards:
                _bound(self._place.log_file(ward.spec.name))

    def stop_all(self) -> None:
        """Stops every process: higher layers first, those of one layer together. Any number of times."""
        for layer in sorted({ward.spec.layer for ward in self._wards}, reverse=True):
            self._stop_layer([ward for ward in self._wards if ward.spec.layer == layer])
        self._wards.clear()

    def statuses(self) -> list[WardStatus]:
        return [
            WardStatus(ward.spec.name, ward.child.pid if ward.child else None, ward.restarts)
            for ward in tuple(self._wards)
        ]

    def _look_after(self, ward: _Ward, now_s: float) -> None:
        name = ward.spec.name
        if ward.child is None:
            if now_s >= ward.restart_at_s:
                ward.restarts += 1
                self._spawn(ward)
            return
        status = ward.child.poll()
        if status is not None:
            _log.warning("process ended; it is restarted", name=name, status=status, said=self._words(ward.spec))
            self._ended(ward)
        elif ward.ended_at_s is not None and ward.child.is_ready():
            _log.info("process answers again", name=name, after_s=round(now_s - ward.ended_at_s, 1))
            ward.ended_at_s = None

    def _spawn(self, ward: _Ward) -> None:
        """A failure counts as an end: it is tried again later."""
        try:
            if ward.spec.before_start is not None:
                ward.spec.before_start()
            ward.child = Child(ward.spec, self._place)
            ward.started_at_s = self._clock.monotonic_s()
        except (OSError, CamsvcError) as error:
            _log.warning("process cannot be started", name=ward.spec.name, reason=str(error))
            self._ended(ward)

    def _ended(self, ward: _Ward) -> None:
        now_s = self._clock.monotonic_s()
        if ward.child is not None:
            ward.child.kill()  # what it started itself goes with it
            if now_s - ward.started_at_s >= STABLE_S:
                ward.failures = 0
            ward.child = None
        wait_s = min(RESTART_CAP_S, FIRST_RESTART_S * 2.0 ** min(ward.failures, 16)) * self._random.uniform(*JITTER)
        ward.failures += 1
        ward.restart_at_s = now_s + wait_s
        ward.ended_at_s = now_s if ward.ended_at_s is None else ward.ended_at_s

    def _stop_layer(self, wards: list[_Ward]) -> None:
        children = [ward.child for ward in wards if ward.child is not None]
        for child in children:
            child.ask_to_stop()
        began_s = self._clock.monotonic_s()
        waiting = threading.Event()  # never set: only hurry ends the wait early
        while not self._hurry.is_set():
            waited_s = self._clock.monotonic_s() - began_s
            if all(child.poll() is not None or waited_s > child.spec.grace_s for child in children):
                break
            self._clock.wait(waiting, POLL_S / 2)
        for child in children:
            child.stop(grace_s=0)

    def _words(self, spec: ProcessSpec) -> str:
        file = self._place.log_file(spec.name)
        return f"{last_line(file) or 'it said nothing'} (more in {file})"


def _bound(file: Path) -> None:
    """Copies and cuts: the writer keeps its open file and goes on at the new end. A few lines may be lost between."""
    try:
        if file.stat().st_size > LOG_MAX_BYTES:
            shutil.copyfile(file, file.with_name(file.name + ".1"))
            os.truncate(file, 0)
    except OSError as error:
        _log.warning("a log cannot be cut", file=str(file), reason=str(error))
