"""The embedded PostgreSQL: killed, moved, found again, taken over."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest

from camsvc.db.audit_proof import verify
from camsvc.db.database import Database
from camsvc.db.queries import audit
from camsvc.domain.audit import Deed, Kind
from camsvc.embedded.postgres import EmbeddedPostgres
from camsvc.errors import ConfigError


@pytest.fixture
def server(data_dir: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(data_dir / "data")


def count(server: EmbeddedPostgres) -> int:
    with psycopg.connect(server.url()) as connection:
        row = connection.execute("SELECT count(*) FROM t").fetchone()
        assert row is not None
        return int(row[0])


def fill(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.url()) as connection:
        connection.execute("CREATE TABLE t AS SELECT generate_series(1, 100)")


def test_each_test_gets_a_fresh_database_of_its_own(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE TABLE t (x int)")
        row = connection.execute("SELECT current_user, current_setting('data_checksums')").fetchone()
        assert row == ("camsvc", "on")


def test_a_wrong_password_is_refused_on_loopback_too(embedded_postgres: EmbeddedPostgres, database_url: str) -> None:
    password = psycopg.conninfo.conninfo_to_dict(database_url)["password"]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(database_url.replace(str(password), "wrong"))


def test_the_services_role_is_no_superuser_and_its_password_is_stored_as_scram(
    embedded_postgres: EmbeddedPostgres,
) -> None:
    with embedded_postgres.connect_as_superuser() as connection:
        row = connection.execute(
            "SELECT rolsuper, rolpassword LIKE 'SCRAM-SHA-256$%' FROM pg_authid WHERE rolname = 'camsvc'"
        ).fetchone()
    assert row == (False, True)


def test_it_listens_on_loopback_only_and_its_command_line_has_no_secret(embedded_postgres: EmbeddedPostgres) -> None:
    process = psutil.Process(embedded_postgres.pid)
    listening = [each.laddr.ip for each in process.net_connections() if each.status == psutil.CONN_LISTEN]
    assert listening == ["127.0.0.1"]
    for secret in ("password", "superuser_password"):
        assert embedded_postgres._state[secret] not in " ".join(process.cmdline())


def test_once_sealed_the_services_role_appends_to_the_audit_and_cannot_change_it(server: EmbeddedPostgres) -> None:
    with server:
        database = Database(server.url())
        database.migrate()
        for _ in range(2):
            server.seal_audit()
        with database.session() as session:
            audit.append(session, Deed(Kind.ADMINISTER, "thing.done"))
        for statement in ("DELETE FROM audit", "ALTER TABLE audit DISABLE TRIGGER ALL", "DROP TABLE audit CASCADE"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), psycopg.connect(server.url()) as connection:
                connection.execute(statement)
        assert verify(database).records == 1
        database.migrate()
        database.close()


def test_durability_is_on_unless_a_test_says_otherwise(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir / "data") as server, server.connect_as_superuser() as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert connection.execute(f"SHOW {name}").fetchone() == ("on",)


def test_it_comes_back_on_the_same_port_with_its_rows_after_kill_9(server: EmbeddedPostgres) -> None:
    with server:
        fill(server)
        url = server.url()
        os.kill(server.pid, signal.SIGKILL)
        server.stop()
        server.start()
        assert server.url() == url
        assert count(server) == 100


def test_a_server_that_outlived_its_parent_is_stopped_and_its_data_taken_over(server: EmbeddedPostgres) -> None:
    server.start()
    fill(server)
    orphan = server.pid
    with EmbeddedPostgres(server._data) as successor:
        assert successor.pid != orphan
        assert successor.url() == server.url()
        assert count(successor) == 100
    server.stop()


def test_a_server_that_only_its_own_pid_file_remembers_is_stopped_too(server: EmbeddedPostgres) -> None:
    server.start()
    orphan = server.pid
    (server._data / "run" / "postgres.pid").unlink()
    with EmbeddedPostgres(server._data) as successor:
        assert successor.pid != orphan
    server.stop()


def test_a_stale_pid_file_with_the_id_of_a_foreign_process_neither_stops_it_nor_the_start(
    server: EmbeddedPostgres,
) -> None:
    with server:
        fill(server)
        os.kill(server.pid, signal.SIGKILL)
    pid_file = server._folder / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    with subprocess.Popen(["/bin/sleep", "60"]) as foreign:
        pid_file.write_text("\n".join([str(foreign.pid), *lines[1:]]) + "\n")
        with server:
            assert count(server) == 100
        assert foreign.poll() is None
        foreign.kill()


@pytest.mark.parametrize("text", ["", "garbage\n", "-1\n"])
def test_a_torn_pid_file_does_not_stop_the_start(server: EmbeddedPostgres, text: str) -> None:
    with server:
        pass
    (server._folder / "postmaster.pid").write_text(text)
    with server:
        assert server.answers()


def test_a_port_taken_by_another_program_is_given_up(server: EmbeddedPostgres) -> None:
    with server:
        port = server._state["port"]
    with socket.create_server(("127.0.0.1", port)), server:
        assert server._state["port"] != port
        assert server.answers()


def test_a_start_that_was_cut_off_while_the_data_was_made_is_made_good(server: EmbeddedPostgres) -> None:
    partial = server._data / "postgres.partial"
    partial.mkdir(parents=True)
    (partial / "PG_VERSION").write_text("18\n")
    with server:
        assert server.answers()
    assert not partial.exists()


def test_an_empty_folder_for_the_data_is_filled(server: EmbeddedPostgres) -> None:
    server._folder.mkdir(parents=True)
    with server:
        assert server.answers()


def test_a_data_path_longer_than_a_socket_name_may_be_works(data_dir: Path) -> None:
    folder = data_dir / ("long-" * 20) / ("name-" * 20)
    with EmbeddedPostgres(folder, durable=False) as server:
        assert server.answers()


def test_a_path_with_spaces_and_vietnamese_letters_works(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir / "dữ liệu của 'tỉnh'", durable=False) as server:
        assert server.answers()


def test_data_of_another_version_is_refused_with_the_cure(server: EmbeddedPostgres) -> None:
    server._folder.mkdir(parents=True)
    (server._folder / "PG_VERSION").write_text("16\n")
    with pytest.raises(ConfigError, match=r"made by PostgreSQL 16 .* pg_upgrade"):
        server.start()


def test_something_else_in_its_place_is_refused(server: EmbeddedPostgres) -> None:
    server._folder.mkdir(parents=True)
    (server._folder / "holiday.jpg").write_text("")
    with pytest.raises(ConfigError, match="is not the data of a PostgreSQL"):
        server.start()


def test_passwords_that_others_may_read_are_refused(server: EmbeddedPostgres) -> None:
    with server:
        pass
    server._state_file.chmod(0o644)
    with pytest.raises(ConfigError, match=r"chmod 600 .*postgres.json"):
        server.start()


def test_lost_passwords_are_replaced_as_the_data_is_ours(server: EmbeddedPostgres) -> None:
    with server:
        fill(server)
    server._state_file.unlink()
    with server:
        assert count(server) == 100


AS_NOBODY = """
import os, sys
from pathlib import Path
from camsvc.db.audit_proof import verify
from camsvc.db.database import Database
from camsvc.db.queries import audit
from camsvc.domain.audit import Deed, Kind
from camsvc.embedded.postgres import EmbeddedPostgres
from camsvc.embedded.s3 import EmbeddedS3
import psycopg, minio, encodings.ascii, encodings.idna, encodings.latin_1
os.setgroups([]); os.setgid(65534); os.setuid(65534)
sys.executable = "/usr/bin/python3"  # that of the tests may lie in root's home
for kind in (EmbeddedPostgres, EmbeddedS3):
    with kind(Path(sys.argv[1])) as server:
        assert server.answers()
print("answered")
"""


@pytest.mark.skipif(
    os.geteuid() != 0 or not Path("/usr/bin/python3").exists(), reason="root and the system's Python are needed"
)
def test_an_ordinary_user_runs_both_servers_as_himself(data_dir: Path) -> None:
    os.chown(data_dir, 65534, 65534)
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, str(data_dir / "data")], capture_output=True, text=True, check=False
    )
    assert done.stdout.endswith("answered\n"), done.stderr
    assert (data_dir / "data" / "postgres").stat().st_uid == 65534


def test_what_it_keeps_is_its_owners_alone(server: EmbeddedPostgres) -> None:
    with server:
        assert server._state_file.stat().st_mode & 0o777 == 0o600
        assert server._folder.stat().st_mode & 0o777 == 0o700
        assert set(json.loads(server._state_file.read_text())) == {"port", "password", "superuser_password"}
