"""One child process: started so that it dies with us, recognised again after we died, stopped within a known time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from camsvc import log
from camsvc.errors import CamsvcError

LAUNCHER = Path(__file__).with_name("launch.py")
GRACE_S = 10.0
"""From the request to stop until SIGKILL: an orderly end of an idle process takes well under a second."""
READY_TIMEOUT_S = 60.0
"""PostgreSQL may replay its log after a crash before it answers; on a slow disk that is most of a minute."""
POLL_S = 0.02
LAST_BYTES = 4096
KILLED_S = 5.0
"""After SIGKILL the kernel ends a process at once, unless it waits on a dead disk."""

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class User:
    """Whom a child runs as, when not as ourselves."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """What to run. Secrets go through ``env``, never through ``argv``, which every user of the machine can read."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(repr=False)
    """The whole environment of the child."""
    stop_signal: signal.Signals = signal.SIGTERM
    grace_s: float = GRACE_S
    cwd: Path = Path("/")
    orphan_signal: signal.Signals | None = None
    """What the kernel sends it when we die. None: ``stop_signal``."""
    lingers: bool = False
    """Known not to end by itself after its orderly stop: killing it is no cause for a warning."""
    layer: int = 0
    """Higher layers stop before lower ones; those of one layer stop together."""
    user: User | None = None
    before_start: Callable[[], None] | None = None
    """Called before every start and restart: clears what a killed predecessor left. May raise CamsvcError."""
    after_stop: Callable[[], None] | None = None
    """Called when it was stopped for good: clears what it leaves itself."""
    ready: Callable[[], bool] | None = None
    """Whether it answers. None: it is ready once it runs."""
    ready_timeout_s: float = READY_TIMEOUT_S


@dataclass(frozen=True, slots=True)
class Place:
    """Where the processes of one data folder write and are remembered."""

    logs: Path
    run: Path

    @classmethod
    def under(cls, data: Path) -> Place:
        place = cls(data / "logs", data / "run")
        for folder in (place.logs, place.run):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return place

    def log_file(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def pid_file(self, name: str) -> Path:
        return self.run / f"{name}.pid"


class Child:
    """One run of a ``ProcessSpec``; never reused.

    The thread that starts it must live as long as it: the kernel's parent-death signal looks at the thread.
    """

    def __init__(self, spec: ProcessSpec, place: Place) -> None:
        """Starts it. Raises OSError when the launcher itself cannot be started."""
        self.spec = spec
        self._pid_file = place.pid_file(spec.name)
        user = spec.user
        command = [
            *(sys.executable, "-I", "-S", str(LAUNCHER)),
            *(str(os.getpid()), str(int(spec.orphan_signal or spec.stop_signal))),
            *((str(user.uid), str(user.gid)) if user else ("-1", "-1")),
            *spec.argv,
        ]
        with place.log_file(spec.name).open(
            "ab"
        ) as output:  # append: the supervisor may cut the file while it is written to
            self._process = subprocess.Popen(  # noqa: S603  argv is ours
                command,
                env=dict(spec.env),
                cwd=spec.cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C in a terminal goes to us alone; we stop them in order
            )
        _remember(self._pid_file, self.pid)

    @property
    def pid(self) -> int:
        return self._process.pid

    def poll(self) -> int | None:
        """Exit status, negative signal number, or None while it runs."""
        return self._process.poll()

    def is_ready(self) -> bool:
        return self.spec.ready is None or self.spec.ready()

    def ask_to_stop(self) -> None:
        if self.poll() is None:
            self._process.send_signal(self.spec.stop_signal)

    def stop(self, grace_s: float | None = None) -> None:
        """Asks, waits ``grace_s``, then kills it and all it started. Any number of times."""
        self.ask_to_stop()
        try:
            self._process.wait(self.spec.grace_s if grace_s is None else grace_s)
        except subprocess.TimeoutExpired:
            if not self.spec.lingers:
                _log.warning("process did not stop in time and is killed", name=self.spec.name, pid=self.pid)
        self.kill()
        if self.spec.after_stop is not None:
            self.spec.after_stop()

    def kill(self) -> None:
        """SIGKILL to it and to what it left behind in its session. Call it once for one that has ended."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(KILLED_S)
            self._pid_file.unlink(missing_ok=True)


def end_survivor(place: Place, name: str, stop_signal: signal.Signals, grace_s: float) -> None:
    """Ends the process ``name`` of an earlier supervisor, if it still runs.

    It is recognised by boot, process id and start time together, so a foreign process that got the same id is never
    touched. Raises CamsvcError when it cannot be ended.
    """
    pid_file = place.pid_file(name)
    identity = _recall(pid_file)
    if identity is not None and identity.lives():
        _log.warning("a process of an earlier run still runs and is stopped", name=name, pid=identity.pid)
        end(identity, name, stop_signal, grace_s)
    pid_file.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Identity:
    """Tells a process from a later one with the same id."""

    pid: int
    boot: str
    """Of the machine; process ids and start times begin anew with it."""
    started_ticks: int
    """Clock ticks between boot and the process's start (proc(5), stat, field 22); the wall clock has no part in it."""

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """None: no such process, or only its exit status is left."""
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
            boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
        except OSError:
            return None
        state, *fields = stat.rpartition(")")[2].split()  # the name, in parentheses, may hold anything
        return None if state in "ZX" else cls(pid, boot, int(fields[18]))

    def lives(self) -> bool:
        return Identity.of(self.pid) == self


def end(identity: Identity, name: str, stop_signal: signal.Signals, grace_s: float) -> None:
    """Ends a process that is not our child. Raises CamsvcError when it cannot be ended."""
    for number, patience_s in ((stop_signal, grace_s), (signal.SIGKILL, KILLED_S)):
        try:
            os.kill(identity.pid, number)
        except ProcessLookupError:
            return
        except PermissionError as error:
            raise CamsvcError(
                f"{name} of an earlier run (process {identity.pid}) belongs to another user: stop it as that user"
            ) from error
        deadline_s = time.monotonic() + patience_s
        while identity.lives():
            if time.monotonic() > deadline_s:
                break
            time.sleep(POLL_S)
        else:
            return
    raise CamsvcError(f"{name} of an earlier run (process {identity.pid}) does not end: does its disk answer?")


def _remember(pid_file: Path, pid: int) -> None:
    identity = Identity.of(pid)
    if identity is not None:  # else it is gone already
        pid_file.write_text(json.dumps(asdict(identity)), encoding="utf-8")


def _recall(pid_file: Path) -> Identity | None:
    """A file that is missing or torn by a crash remembers nothing."""
    try:
        return Identity(**json.loads(pid_file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def last_line(log_file: Path) -> str:
    """The end of a log: why a process ended, as it said itself. Empty when it said nothing."""
    try:
        with log_file.open("rb") as file:
            file.seek(max(0, log_file.stat().st_size - LAST_BYTES))
            lines = file.read().decode("utf-8", errors="replace").strip().splitlines()
    except OSError:
        return ""
    return log.redact(lines[-1]) if lines else ""
