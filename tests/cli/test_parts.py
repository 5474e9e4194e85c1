"""``camsvc server`` and ``camsvc worker`` when they cannot start: the cure is named, nothing is left."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.cli.console import Run, runner


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.setenv("CAMSVC_DATA", str(tmp_path))
    return runner(monkeypatch, capsys)


@pytest.mark.parametrize("command", ["server", "worker"])
def test_without_database_and_store_the_cure_is_named(bare: Run, command: str) -> None:
    done = bare(command)
    assert done.status == 2
    assert "no `camsvc up` runs on" in done.err


@pytest.mark.parametrize("name", ["", "a/b", "../x", "a b", "-", "x" * 65])
def test_a_worker_name_that_is_no_folder_name_is_refused(bare: Run, name: str) -> None:
    done = bare("worker", "--id", name)
    assert done.status == 2
    assert "--id" in done.err


def test_a_taken_port_is_refused_before_the_database_is_touched(
    bare: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:

    monkeypatch.setenv("CAMSVC_DATABASE_URL", "postgresql://u:p@127.0.0.1:1/d")
    for name in ("ENDPOINT", "ACCESS_KEY", "SECRET_KEY"):
        monkeypatch.setenv(f"CAMSVC_S3_{name}", "127.0.0.1:1")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = bare("server", "--port", str(taken.getsockname()[1]))
    assert done.status == 2
    assert "is taken by another program" in done.err
