"""The supervisor, over real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from random import Random

import psutil
import pytest

from camsvc.clock import SimulatedClock
from camsvc.errors import EmbeddedServerError
from camsvc.worker import supervisor as module
from camsvc.worker.process import Child, Identity, Place, ProcessSpec, User, end_survivor
from camsvc.worker.supervisor import Supervisor

PATIENCE_S = 10.0
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


def until(true: Callable[[], object]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.01)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place.under(tmp_path)


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


@pytest.fixture
def supervisor(place: Place, stop: threading.Event) -> Iterator[Supervisor]:
    supervisor = Supervisor(place, stop)
    yield supervisor
    supervisor.stop_all()


def spec(name: str, *argv: str, **more: object) -> ProcessSpec:
    return ProcessSpec(name=name, argv=argv or ("/bin/sleep", "60"), env={"PATH": os.defpath}, **more)  # type: ignore[arg-type]


def python(name: str, source: str, **more: object) -> ProcessSpec:
    return spec(name, sys.executable, "-c", source, **more)


def pid_of(supervisor: Supervisor, name: str) -> int | None:
    return next(status.pid for status in supervisor.statuses() if status.name == name)


def ended(child: Child) -> bool:
    return child.poll() is not None


def gone(pid: int) -> bool:
    return Identity.of(pid) is None


def test_a_killed_process_is_started_again(supervisor: Supervisor) -> None:
    assert supervisor.start(spec("a"))
    first = pid_of(supervisor, "a")
    assert first is not None
    os.kill(first, signal.SIGKILL)

    def restarted() -> bool:
        supervisor.step()
        return pid_of(supervisor, "a") not in (None, first)

    until(restarted)
    assert supervisor.statuses()[0].restarts == 1


def test_a_process_that_cannot_live_is_tried_ever_more_rarely(place: Place, stop: threading.Event) -> None:
    clock = SimulatedClock()
    supervisor = Supervisor(place, stop, clock=clock, random=Random(1))
    assert supervisor.start(spec("a"))
    ward = supervisor._wards[0]
    os.kill(ward.child.pid, signal.SIGKILL)  # type: ignore[union-attr]
    ward.spec = spec("a", "/bin/false")
    starts_s: list[float] = []
    while clock.monotonic_s() < 1000 + 300:
        restarts = ward.restarts
        supervisor.step()
        if ward.restarts > restarts:
            starts_s.append(clock.monotonic_s())
        if ward.child is not None:
            until(partial(ended, ward.child))
        clock.advance(0.1)
    waits_s = [later - earlier for earlier, later in pairwise(starts_s)]
    assert waits_s[0] < 1
    assert 12 <= len(starts_s) <= 30
    assert max(waits_s) <= module.RESTART_CAP_S * module.JITTER[1] + 0.3
    assert waits_s[-1] >= module.RESTART_CAP_S * module.JITTER[0]


def test_a_process_that_ends_at_every_start_is_reported_with_its_last_words(supervisor: Supervisor) -> None:
    with pytest.raises(EmbeddedServerError, match=r"a ended with status 3: no room left"):
        supervisor.start(python("a", "import sys; print('no room left'); sys.exit(3)", ready=lambda: False))


def test_a_program_that_does_not_exist_is_named(supervisor: Supervisor) -> None:
    with pytest.raises(EmbeddedServerError, match="/no/such/program: No such file"):
        supervisor.start(spec("a", "/no/such/program", ready=lambda: False))


def test_a_process_that_does_not_answer_in_time_is_reported(supervisor: Supervisor) -> None:
    with pytest.raises(EmbeddedServerError, match=r"a does not answer after 0.2 s"):
        supervisor.start(spec("a", ready=lambda: False, ready_timeout_s=0.2))


def test_start_returns_when_stopping_begins_meanwhile(supervisor: Supervisor, stop: threading.Event) -> None:
    threading.Timer(0.2, stop.set).start()
    assert supervisor.start(spec("a", ready=lambda: False)) is False


def test_a_start_that_fails_before_the_process_is_tried_again(supervisor: Supervisor) -> None:
    tries: list[int] = []

    def clear() -> None:
        tries.append(1)
        if len(tries) == 1:
            raise EmbeddedServerError("the predecessor is still going")

    assert supervisor.start(spec("a", before_start=clear))
    assert len(tries) == 2


def test_a_process_that_ignores_the_request_is_killed_after_its_grace(supervisor: Supervisor, place: Place) -> None:
    supervisor.start(python("a", STUBBORN, grace_s=0.3, ready=lambda: place.log_file("a").stat().st_size > 0))
    pid = pid_of(supervisor, "a")
    assert pid is not None
    began_s = time.monotonic()
    supervisor.stop_all()
    assert 0.3 <= time.monotonic() - began_s < 2
    assert gone(pid)


def test_the_second_request_to_stop_does_not_wait_for_the_grace(place: Place, stop: threading.Event) -> None:
    hurry = threading.Event()
    supervisor = Supervisor(place, stop, hurry=hurry)
    supervisor.start(python("a", STUBBORN, grace_s=60, ready=lambda: place.log_file("a").stat().st_size > 0))
    threading.Timer(0.2, hurry.set).start()
    began_s = time.monotonic()
    supervisor.stop_all()
    assert time.monotonic() - began_s < 2


def test_higher_layers_are_gone_before_lower_ones_are_asked(supervisor: Supervisor, tmp_path: Path) -> None:
    ends = tmp_path / "ends"
    source = (
        "import signal, sys, time\n"
        "def end(*_):\n"
        "    time.sleep({late})\n"
        "    open({file!r}, 'a').write('{name} ')\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "open({file!r} + '.{name}', 'w')\n"
        "time.sleep(60)\n"
    )

    def up(name: str) -> Callable[[], bool]:
        return lambda: Path(f"{ends}.{name}").exists()

    for name, layer, late in (("server", 0, 0), ("slow", 1, 0.4), ("quick", 1, 0)):
        text = source.format(name=name, file=str(ends), late=late)
        supervisor.start(python(name, text, layer=layer, ready=up(name)))
    supervisor.stop_all()
    assert ends.read_text() == "quick slow server "


def test_what_a_process_started_itself_goes_with_it(supervisor: Supervisor, tmp_path: Path) -> None:
    file = tmp_path / "grandchild"
    source = (
        "import subprocess, time\n"
        f"open({str(file)!r}, 'w').write(str(subprocess.Popen(['/bin/sleep', '60']).pid))\n"
        "time.sleep(60)\n"
    )
    supervisor.start(python("a", source, ready=lambda: file.exists() and file.read_text() != ""))
    grandchild = int(file.read_text())
    assert not gone(grandchild)
    supervisor.stop_all()
    until(lambda: gone(grandchild))


PARENT = """
import sys, threading
from pathlib import Path
from camsvc.worker.process import Place, ProcessSpec
from camsvc.worker.supervisor import Supervisor
place = Place.under(Path(sys.argv[1]))
stop = threading.Event()
supervisor = Supervisor(place, stop)
supervisor.start(ProcessSpec("a", ("/bin/sleep", "60"), {}))
print(supervisor.statuses()[0].pid, flush=True)
supervisor.run()
"""


def test_children_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert not gone(child)
        parent.kill()
    until(lambda: gone(child))


def test_a_process_that_outlived_its_supervisor_is_ended_before_the_next_start(place: Place) -> None:
    survivor = Child(spec("a"), place)
    end_survivor(place, "a", signal.SIGTERM, 5)
    assert survivor.poll() == -signal.SIGTERM
    assert not place.pid_file("a").exists()


def test_a_foreign_process_with_the_remembered_id_is_left_alone(place: Place) -> None:
    with subprocess.Popen(["/bin/sleep", "60"]) as foreign:
        identity = Identity.of(foreign.pid)
        assert identity is not None
        place.pid_file("a").write_text(
            f'{{"pid": {foreign.pid}, "boot": "{identity.boot}", "started_ticks": {identity.started_ticks - 1}}}'
        )
        end_survivor(place, "a", signal.SIGKILL, 1)
        assert foreign.poll() is None
        assert not place.pid_file("a").exists()
        foreign.kill()


@pytest.mark.parametrize("text", ["", "{", "123", '{"pid": "x"}', "[]", '{"pid": 1}'])
def test_a_torn_pid_file_remembers_nothing(place: Place, text: str) -> None:
    place.pid_file("a").write_text(text)
    end_survivor(place, "a", signal.SIGTERM, 1)
    assert not place.pid_file("a").exists()


def test_a_secret_in_the_environment_is_on_no_command_line(supervisor: Supervisor) -> None:
    wanted = ProcessSpec("a", ("/bin/sleep", "60"), {"KEY": "s3cret"})
    supervisor.start(wanted)
    process = psutil.Process(pid_of(supervisor, "a"))
    until(lambda: process.cmdline()[:1] == ["/bin/sleep"])
    assert process.environ()["KEY"] == "s3cret"
    assert "s3cret" not in repr(wanted)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_process_can_run_as_another_user_without_our_groups(supervisor: Supervisor, place: Place) -> None:
    supervisor.start(
        spec("a", "/usr/bin/id", user=User("nobody", 65534, 65534), ready=lambda: "uid" in _text(place, "a"))
    )
    assert _text(place, "a").startswith("uid=65534(nobody) gid=65534(nogroup) groups=65534(nogroup)")


def test_a_long_log_is_cut_while_it_is_written_and_its_past_is_kept_once(
    supervisor: Supervisor, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOG_MAX_BYTES", 100_000)
    monkeypatch.setattr(module, "LOG_CHECK_S", 0.0)
    source = "import time\nfor n in range(10**9):\n    print(n, 'x' * 80, flush=True)\n    time.sleep(0.0005)"
    supervisor.start(python("a", source))
    log, past = place.log_file("a"), place.logs / "a.log.1"

    def cut() -> bool:
        supervisor.step()
        return past.exists()

    until(cut)
    assert past.stat().st_size > 100_000
    assert log.stat().st_size < 100_000
    before = log.stat().st_size
    until(lambda: log.stat().st_size > before)
    assert log.read_bytes().count(b"\0") == 0


def _text(place: Place, name: str) -> str:
    return place.log_file(name).read_text()
