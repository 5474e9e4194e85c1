"""A real PostgreSQL on loopback, from a Python package, with data under DATA/postgres."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Self

import psycopg

from camsvc import log
from camsvc.db import audit_seal
from camsvc.embedded import ports, privileges, programs, state
from camsvc.embedded.single import Single
from camsvc.errors import ConfigError, EmbeddedServerError
from camsvc.worker.process import Identity, Place, ProcessSpec, User, end, end_survivor

NAME = "postgres"
SUPERUSER = "postgres"
OWNER = "camsvc"
"""The service's role: owns its database, may make more, is no superuser."""
DATABASE = "camsvc"
PROGRAM_TIMEOUT_S = 180.0
"""``initdb`` takes 1 to 3 s here; most of it is fsync."""
WORDS = 1000
"""Characters of a program's complaint that are passed on: its end says why."""
GRACE_S = 30.0
"""A fast shutdown writes a checkpoint: seconds on a slow disk."""
CONNECT_TIMEOUT_S = 3
PASSWORD_BYTES = 24

SETTINGS = {
    "listen_addresses": ports.LOOPBACK,
    "unix_socket_directories": "",  # a socket's path is limited to 107 bytes, a data folder's is not
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",  # to stderr, which the supervisor keeps bounded
    "log_checkpoints": "off",
    "max_wal_size": "512MB",
    "max_locks_per_transaction": "256",  # a search over all months locks each of them, and each of its indexes
    "jit": "off",  # our queries are short
    "max_parallel_workers_per_gather": "0",  # in a container /dev/shm is often too small for them
    "tcp_keepalives_idle": "60",
}
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
"""Also the defaults: stated so that a stray configuration file does not take them away."""
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

_log = log.get(__name__)


class EmbeddedPostgres:
    """``prepare()`` then ``process()`` for a supervisor; or ``start()`` and ``stop()`` (a context manager) alone.

    The data folder is locked by its user (``embedded.lock``), not here. One thread.
    """

    def __init__(self, data: Path, *, durable: bool = True) -> None:
        """``durable=False``: for tests. What the machine has not written at a power cut is lost."""
        self._data = data.absolute()
        self._folder = self._data / "postgres"
        self._state_file = self._data / "postgres.json"
        self._durable = durable
        self._bin = programs.postgres_bin()
        self._user: User | None = None
        self._state: dict[str, Any] = {}
        self._single = Single(self._data)

    def prepare(self) -> None:
        """Makes the data on the first start, chooses the port. Raises ConfigError or EmbeddedServerError."""
        self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
        end_survivor(Place.under(self._data), NAME, signal.SIGINT, GRACE_S)  # it would hold the port
        self._user = privileges.server_user(self._folder)
        if self._user is not None:
            privileges.let_reach(self._user, self._folder)
            privileges.let_reach(self._user, self._bin / "postgres")
        self._clear()
        saved = state.read(self._state_file)
        self._state = saved or {
            "port": ports.choose_ports(1)[0],
            "password": secrets.token_urlsafe(PASSWORD_BYTES),
            "superuser_password": secrets.token_urlsafe(PASSWORD_BYTES),
        }
        if not ports.come_free([self._state["port"]]):
            _log.warning("PostgreSQL's port is taken by another program; it gets a new one", port=self._state["port"])
            self._state["port"] = ports.choose_ports(1)[0]
        made_before = self._folder.exists() and any(self._folder.iterdir())
        if made_before:
            self._check()
            if saved is None:
                self._reset_password()
        state.write(self._state_file, self._state)
        if not made_before:
            self._make()

    def process(self) -> ProcessSpec:
        """What to run; after ``prepare()``."""
        settings = {**SETTINGS, "port": str(self._state["port"]), **(DURABLE if self._durable else FAST)}
        argv = [str(self._bin / "postgres"), "-D", str(self._folder)]
        for name, value in settings.items():
            argv += ["-c", f"{name}={value}"]
        return ProcessSpec(
            name=NAME,
            argv=argv,
            env=_environment(),
            stop_signal=signal.SIGINT,  # fast shutdown: SIGTERM would wait for every client to leave
            grace_s=GRACE_S,
            user=self._user,
            before_start=self._clear,
            ready=self.answers,
        )

    def start(self) -> None:
        """Returns when it answers and the service's role and database exist."""
        self.prepare()
        self._single.start(self.process())
        self.provision()

    def stop(self) -> None:
        self._single.stop()

    @property
    def pid(self) -> int:
        """Of the process that ``start()`` started."""
        return self._single.pid

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def url(self, database: str = DATABASE) -> str:
        """For the service's role, password included."""
        return f"postgresql://{OWNER}:{self._state['password']}@{ports.LOOPBACK}:{self._state['port']}/{database}"

    def answers(self) -> bool:
        try:
            with self.connect_as_superuser() as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def connect_as_superuser(self, database: str = "postgres") -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(
            host=ports.LOOPBACK,
            port=self._state["port"],
            user=SUPERUSER,
            password=self._state["superuser_password"],
            dbname=database,
            connect_timeout=CONNECT_TIMEOUT_S,
            autocommit=True,
        )

    def provision(self) -> None:
        """Makes role and database where they lack; any number of times."""
        with self.connect_as_superuser() as connection:
            role = psycopg.sql.Identifier(OWNER)
            if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (OWNER,)).fetchone() is None:
                connection.execute(psycopg.sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(role))
            connection.execute(
                psycopg.sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, psycopg.sql.Literal(self._state["password"]))
            )
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone() is None:
                connection.execute(
                    psycopg.sql.SQL("CREATE DATABASE {} OWNER {}").format(psycopg.sql.Identifier(DATABASE), role)
                )

    def seal_audit(self) -> None:
        """Take the audit chain out of the service's own hands, once the database is migrated; any number of times."""
        with self.connect_as_superuser(DATABASE) as connection, connection.transaction():
            for statement in audit_seal.statements(OWNER):
                connection.execute(statement)

    def _make(self) -> None:
        """Under another name until it is whole: a start that is cut off leaves nothing half made."""
        partial = self._data / "postgres.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o700)
        with tempfile.NamedTemporaryFile("w", dir=self._data, prefix="initdb-", encoding="utf-8") as password_file:
            password_file.write(self._state["superuser_password"])
            password_file.flush()
            if self._user is not None:
                os.chown(partial, self._user.uid, self._user.gid)
                os.chown(password_file.name, self._user.uid, self._user.gid)
            command = [
                str(self._bin / "initdb"),
                *("-D", str(partial), "-U", SUPERUSER, "--pwfile", password_file.name),
                *("--auth-host=scram-sha-256", "--auth-local=scram-sha-256", "--encoding=UTF8", "--data-checksums"),
                # The order of text then never depends on the machine's C library.
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
                *(() if self._durable else ("--no-sync",)),
            ]
            made = self._run(command)
        if made.returncode != 0:
            raise EmbeddedServerError(f"PostgreSQL's data cannot be made in {partial}: {made.stderr.strip()[-WORDS:]}")
        partial.replace(self._folder)  # also over an empty folder

    def _reset_password(self) -> None:
        """The file with the passwords is lost; whoever owns the data may set new ones, without the server."""
        _log.warning("PostgreSQL's passwords are lost; they get new ones", data=str(self._folder))
        statement = (
            f"ALTER ROLE {SUPERUSER} PASSWORD '{self._state['superuser_password']}'\n"  # token_urlsafe: no quotes
        )
        command = [str(self._bin / "postgres"), "--single", "-D", str(self._folder), "postgres"]
        done = self._run(command, statement)
        if done.returncode != 0 or "ERROR" in done.stderr:
            raise EmbeddedServerError(f"PostgreSQL's passwords cannot be replaced: {done.stderr.strip()[-WORDS:]}")

    def _run(self, command: list[str], given: str | None = None) -> subprocess.CompletedProcess[str]:
        """A program of PostgreSQL's, to its end, as the servers' user."""
        user = self._user
        try:
            return subprocess.run(  # noqa: S603  argv is ours
                command,
                input=given,
                stdin=subprocess.DEVNULL if given is None else None,
                env=_environment(),
                cwd="/",
                capture_output=True,
                text=True,
                timeout=PROGRAM_TIMEOUT_S,
                check=False,
                user=user.uid if user else None,
                group=user.gid if user else None,
                extra_groups=[] if user else None,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise EmbeddedServerError(f"{command[0]} did not do its work: {error}") from error

    def _check(self) -> None:
        try:
            major = (self._folder / "PG_VERSION").read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigError(
                f"{self._folder} is not the data of a PostgreSQL that this user can read: {error.strerror}"
            ) from error
        if major != str(programs.POSTGRES_MAJOR):
            raise ConfigError(
                f"{self._folder} was made by PostgreSQL {major} and version {programs.POSTGRES_MAJOR} is installed: "
                "upgrade it with pg_upgrade, or give another data folder"
            )
        if self._user is not None:
            privileges.give(self._user, self._folder)
        elif (owner := self._folder.stat().st_uid) != os.geteuid():
            raise ConfigError(
                f"{self._folder} belongs to user {owner}: run as that user, or give it to this one: chown -R"
            )

    def _clear(self) -> None:
        """Deals with what a killed server left: a server that still runs is stopped, a pid file of none is removed.

        PostgreSQL itself would take any process with the remembered id, in a container often one of ours, for a
        running server and refuse to start.
        """
        pid_file = self._folder / "postmaster.pid"
        try:
            first = pid_file.read_text(encoding="utf-8", errors="replace").split("\n", 1)[0]
        except FileNotFoundError:
            return
        except OSError as error:
            raise ConfigError(f"{pid_file} cannot be read: {error.strerror}; run as the user who owns it") from error
        identity = Identity.of(int(first)) if re.fullmatch(r"[1-9]\d*", first.strip()) else None
        if identity is not None and self._is_ours(identity.pid):
            _log.warning("a PostgreSQL of an earlier run still runs and is stopped", pid=identity.pid)
            end(identity, "PostgreSQL", signal.SIGINT, GRACE_S)
        pid_file.unlink(missing_ok=True)

    def _is_ours(self, pid: int) -> bool:
        try:
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            return False
        return "postgres" in Path(arguments[0]).name and str(self._folder) in arguments


def _environment() -> dict[str, str]:
    """Nothing of ours: no PGDATA, no password of anything."""
    return {"PATH": os.defpath, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
