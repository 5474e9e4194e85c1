"""`camsvc up` as a person runs it: a process that is stopped, killed, interrupted, and found again."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

import psutil
import psycopg
import pytest
import urllib3

from camsvc import config
from camsvc.embedded.stack import resolve
from camsvc.storage.objects import ObjectStore
from tests.servers import Bucket

PASSWORD = "correct horse battery"
START_S = 90.0
"""On a busy machine; 5 s on a quiet one."""
HEAL_S = 30.0


class Up:
    """One run of ``camsvc up --json``."""

    def __init__(self, data: Path, *options: str) -> None:
        self.data = data
        self.process = subprocess.Popen(
            [sys.executable, "-m", "camsvc.cli.main", "up", "--data", str(data), "--port", "0", "--json", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "CAMSVC_ADMIN_PASSWORD": PASSWORD},
            start_new_session=True,
        )

    def ready(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"it ended: {self.process.communicate()[1]}"
        values: dict[str, Any] = json.loads(line)
        return values

    def pids(self) -> dict[str, int]:
        return {file.stem: json.loads(file.read_text())["pid"] for file in (self.data / "run").glob("*.pid")}

    def end(self, number: signal.Signals) -> int:
        """Its exit status."""
        self.process.send_signal(number)
        self.process.communicate(timeout=START_S)
        return self.process.returncode

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.end(signal.SIGINT)
        else:
            self.process.communicate()


@pytest.fixture
def data(data_dir: Path) -> Iterator[Path]:
    yield data_dir / "data"
    assert left_over(data_dir) == []


def left_over(data: Path) -> list[str]:
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        line = " ".join(process.info["cmdline"] or ())
        if str(data) in line and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(line)
    return found


def until(true: Callable[[], object], within_s: float = HEAL_S) -> float:
    """Seconds that it took."""
    began_s = time.monotonic()
    while not true():
        assert time.monotonic() - began_s < within_s, "waited in vain"
        time.sleep(0.05)
    return time.monotonic() - began_s


def answers(url: str) -> bool:
    try:
        return urllib3.request("GET", url, retries=False, timeout=2).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def database_answers(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            return connection.execute("SELECT count(*) FROM cameras").fetchone() is not None
    except psycopg.OperationalError:
        return False


def logs_in(url: str) -> bool:
    form = urlencode({"grant_type": "password", "username": "admin", "password": PASSWORD})
    answer = urllib3.request(
        "POST",
        f"{url}api/v1/auth/token",
        body=form,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        retries=False,
        timeout=10,
    )
    return answer.status == 200


def test_up_serves_keeps_its_secrets_refuses_a_second_and_stops_cleanly(data: Path) -> None:
    with Up(data) as up:
        ready = up.ready()
        assert answers(f"{ready['url']}healthz")
        assert logs_in(ready["url"])
        assert (ready["admin_password"], ready["hold_is_enforced"]) == (None, True)
        for file in ("runtime.json", "postgres.json", "s3.json", "run/settings.json"):
            assert stat.S_IMODE((data / file).stat().st_mode) == 0o600
        second = subprocess.run(
            [sys.executable, "-m", "camsvc.cli.main", "up", "--data", str(data)],
            capture_output=True,
            text=True,
            check=False,
            timeout=START_S,
        )
        assert second.returncode == 2
        assert f"in use by another `camsvc up` (process {up.process.pid})" in second.stderr
        assert up.end(signal.SIGTERM) == 0
    assert not (data / "runtime.json").exists()
    assert up.pids() == {}


@pytest.mark.slow
def test_each_process_that_is_killed_comes_back_on_its_port_within_seconds(data: Path) -> None:
    with Up(data) as up:
        ready = up.ready()
        settings = resolve(config.load(data=data))
        assert settings.database_url is not None
        url = settings.database_url.get_secret_value()
        store = ObjectStore.of(settings)
        store.put_bytes("before", b"kept", "text/plain")
        checks: dict[str, Callable[[], bool]] = {
            "postgres": lambda: database_answers(url),
            "s3": lambda: writable(store),
            "server": lambda: answers(f"{ready['url']}healthz"),
            "worker-1": lambda: True,
            "live-1": lambda: True,
        }
        for _ in range(2):
            for name, healed in checks.items():
                killed = up.pids()[name]
                os.kill(killed, signal.SIGKILL)
                until(lambda name=name, killed=killed: up.pids().get(name, killed) != killed)  # type: ignore[misc]
                assert until(healed) < HEAL_S
        for name in ("postgres", "s3"):  # both at once
            os.kill(up.pids()[name], signal.SIGKILL)
        time.sleep(0.5)
        until(checks["postgres"])
        until(checks["s3"])
        assert store.stat("before") is not None
        assert logs_in(ready["url"])
        store.close()
        assert up.end(signal.SIGINT) == 0


@pytest.mark.slow
def test_when_up_itself_is_killed_everything_ends_and_the_next_up_finds_all_as_it_was(data: Path) -> None:
    with Up(data) as up:
        up.ready()
        settings = resolve(config.load(data=data))
        up.process.kill()
    until(lambda: left_over(data) == [])
    with Up(data) as successor:
        ready = successor.ready()
        assert logs_in(ready["url"])
        again = resolve(config.load(data=data))
        assert (again.database_url, again.s3_endpoint) == (settings.database_url, settings.s3_endpoint)


@pytest.mark.slow
def test_an_interrupt_at_any_moment_of_the_start_leaves_nothing_running_and_nothing_broken(data: Path) -> None:
    for delay_s in (0.6, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0):
        with Up(data) as up:
            time.sleep(delay_s)
            assert up.end(signal.SIGINT) in (0, -signal.SIGINT, 130), delay_s
        assert left_over(data) == []
    with Up(data) as up:
        assert logs_in(up.ready()["url"])


@pytest.mark.slow
def test_a_kill_at_any_moment_of_the_start_breaks_nothing(data: Path) -> None:
    for delay_s in (0.6, 1.0, 1.5, 2.0, 3.0, 4.0):
        with Up(data) as up:
            time.sleep(delay_s)
            up.process.kill()
        until(lambda: left_over(data) == [])
    with Up(data) as up:
        assert logs_in(up.ready()["url"])


@pytest.mark.slow
def test_a_database_and_a_store_of_ones_own_are_used_instead(
    data: Path, database_url: str, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMSVC_DATABASE_URL", database_url)
    for name in ("endpoint", "access_key", "secret_key", "bucket"):
        monkeypatch.setenv(f"CAMSVC_S3_{name.upper()}", getattr(bucket, name))
    monkeypatch.setenv("CAMSVC_S3_SECURE", "false")
    with Up(data) as up:
        assert logs_in(up.ready()["url"])
        assert set(up.pids()) == {"server", "worker-1", "live-1"}
        assert database_answers(database_url)


def test_a_port_that_is_taken_is_refused_before_anything_is_started(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "camsvc.cli.main", "up", "--data", str(data), "--port", str(port)],
            capture_output=True,
            text=True,
            check=False,
            timeout=START_S,
        )
    assert done.returncode == 2
    assert f"port {port} on 127.0.0.1 is taken by another program: give another with --port" in done.stderr
    assert not (data / "postgres").exists()


def writable(store: ObjectStore) -> bool:
    from camsvc.errors import StoreError

    try:
        store.put_bytes(f"probe-{time.monotonic_ns()}", b"x", "text/plain")
    except StoreError:
        return False
    return True
