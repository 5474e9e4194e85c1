"""What the embedded servers stand on: lock, ports, small files, the right to pass a folder, settings handed over."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from camsvc import config
from camsvc.embedded import handover, lock, ports, privileges, runtime, state
from camsvc.embedded.lock import DataLock
from camsvc.errors import ConfigError
from camsvc.worker.process import User

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs servers as another user")
NOBODY = User("nobody", 65534, 65534)


def test_a_second_up_on_the_same_data_is_refused_naming_the_first(tmp_path: Path) -> None:
    with DataLock(tmp_path):
        assert lock.is_held(tmp_path)
        source = (
            "from pathlib import Path; from camsvc.embedded.lock import DataLock\n"
            f"with DataLock(Path({str(tmp_path)!r})): pass"
        )
        second = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=False)
    assert f"in use by another `camsvc up` (process {os.getpid()})" in second.stderr
    assert not lock.is_held(tmp_path)


def test_the_lock_of_a_killed_up_is_free_though_its_children_live_on(tmp_path: Path) -> None:
    source = (
        "import subprocess, sys, time; from pathlib import Path; from camsvc.embedded.lock import DataLock\n"
        f"with DataLock(Path({str(tmp_path)!r})):\n"
        "    child = subprocess.Popen(['/bin/sleep', '60'])\n"
        "    print(child.pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        child = int(holder.stdout.readline())
        assert lock.is_held(tmp_path)
        holder.kill()
    assert not lock.is_held(tmp_path)
    os.kill(child, signal.SIGKILL)


def test_a_data_folder_that_cannot_be_made_is_refused_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="--data"), DataLock(tmp_path / "file" / "data"):
        pass


def test_a_taken_port_is_refused_naming_the_option_that_cures_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"port {port} on 127.0.0.1 is taken .* --port"):
            ports.require_free("127.0.0.1", port, option="--port")
    ports.require_free("127.0.0.1", port, option="--port")
    ports.require_free("127.0.0.1", 0, option="--port")


def test_a_host_that_is_not_ours_is_refused() -> None:
    with pytest.raises(ConfigError, match="cannot be served"):
        ports.require_free("192.0.2.1", 0, option="--port")
    with pytest.raises(ConfigError, match="is no address"):
        ports.require_free("no-such-host.invalid", 0, option="--port")


def test_chosen_ports_differ_and_lie_below_those_of_outgoing_connections() -> None:
    chosen = ports.choose_ports(20)
    assert len(set(chosen)) == 20
    assert all(ports.FIRST <= port < ports.LAST for port in chosen)


def test_a_small_file_is_replaced_whole_and_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "f.json"
    state.write(file, {"a": 1})
    state.write(file, {"a": 2})
    assert state.read(file) == {"a": 2}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["f.json"]


@pytest.mark.parametrize(("text", "words"), [("{", "damaged"), ("[]", "damaged")])
def test_a_damaged_small_file_is_named(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "f.json"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(ConfigError, match=words):
        state.read(file)


def test_without_up_and_without_settings_the_cure_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"database_url and s3_endpoint not set, and no `camsvc up` runs"):
        runtime.resolve(config.load(data=tmp_path))


def test_what_a_killed_up_left_is_not_taken_for_a_running_one(tmp_path: Path) -> None:
    state.write(tmp_path / runtime.FILE, {"database_url": "postgresql://x", "s3_endpoint": "y"})
    with pytest.raises(ConfigError, match="no `camsvc up` runs"):
        runtime.resolve(config.load(data=tmp_path))


def test_what_is_not_set_comes_from_the_running_up_and_what_is_set_stays(tmp_path: Path) -> None:
    settings = config.load(data=tmp_path, database_url="postgresql://mine")
    values = {
        "s3_endpoint": "127.0.0.1:1",
        "s3_access_key": "a",
        "s3_secret_key": "b",
        "s3_region": "us-east-1",
        "s3_secure": False,
    }
    with DataLock(tmp_path):
        runtime.publish(settings, values)
        resolved = runtime.resolve(settings)
    assert resolved.database_url == SecretStr("postgresql://mine")
    assert (resolved.s3_endpoint, resolved.s3_secure) == ("127.0.0.1:1", False)
    assert stat.S_IMODE((tmp_path / runtime.FILE).stat().st_mode) == 0o600


def test_settings_handed_over_as_a_file_are_the_same_but_for_cameras(tmp_path: Path) -> None:
    settings = config.load(
        data=tmp_path, database_url="postgresql://u:p@h/d", secret_key="k", server__port=1234, worker__ring_s=20
    )
    file = tmp_path / "settings.json"
    handover.write(settings, file)
    assert config.load(file) == settings
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_children_do_not_get_our_variables_a_second_time() -> None:
    given = {"PATH": "/bin", "CAMSVC_ADMIN_PASSWORD": "secret", "CAMSVC_DATA": "/elsewhere"}
    assert handover.environment(given) == {"PATH": "/bin"}


@root_only
def test_the_servers_user_gets_the_right_to_pass_and_nobody_else_does(data_dir: Path) -> None:
    closed = data_dir / "closed"
    inner = closed / "inner"
    inner.mkdir(parents=True, mode=0o755)
    closed.chmod(0o700)
    (inner / "f").write_text("x")
    assert not _can_read(inner / "f", NOBODY)
    privileges.let_reach(NOBODY, inner / "f")
    assert _can_read(inner / "f", NOBODY)
    assert not _can_list(closed, NOBODY)
    assert not _can_read(inner / "f", User("daemon", 1, 1))


@root_only
def test_the_right_to_pass_comes_back_when_somebody_took_it_and_no_denied_right_does(data_dir: Path) -> None:
    closed = data_dir / "closed"
    closed.mkdir(mode=0o750)
    (closed / "f").write_text("x")
    os.chown(closed, 0, 1)
    privileges.let_reach(NOBODY, closed / "f")
    closed.chmod(0o700)
    assert not _can_read(closed / "f", NOBODY)
    privileges.let_reach(NOBODY, closed / "f")
    assert _can_read(closed / "f", NOBODY)
    assert not _can_list(closed, User("daemon", 1, 1))


@root_only
def test_where_there_are_no_access_control_lists_passing_is_allowed_by_mode(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "setxattr", refuse)
    closed = data_dir / "closed"
    closed.mkdir(mode=0o700)
    privileges.let_reach(NOBODY, closed / "f")
    assert stat.S_IMODE(closed.stat().st_mode) == 0o701


def _can_read(file: Path, user: User) -> bool:
    return _as(user, "/bin/cat", file)


def _can_list(folder: Path, user: User) -> bool:
    return _as(user, "/bin/ls", folder)


def _as(user: User, program: str, path: Path) -> bool:
    done = subprocess.run(
        [program, str(path)], user=user.uid, group=user.gid, extra_groups=[], capture_output=True, check=False
    )
    return done.returncode == 0
