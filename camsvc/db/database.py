"""The one way to PostgreSQL: pooled sessions, bounded waits, one error when it is away, notifications, migration."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors as pg
from pydantic import SecretStr
from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session, sessionmaker

from camsvc.db import locks, migrate
from camsvc.errors import ConfigError, ConflictError, DatabaseUnavailableError, InputError
from camsvc.log import redact

INCIDENTS = "incidents"
"""Channel: an incident changed; the payload is its id. Read what changed with ``incidents.changes_since``."""
CAMERAS = "cameras"
"""Channel: a desired camera changed; the payload is its id."""
LEASES = "leases"
"""Channel: a lease was released, so that another worker may claim it; the payload is the camera's id."""
CAMERA_STATES = "camera_states"
"""Channel: what is true of a camera changed; the payload is its id. Read it with ``status.statuses``."""

CONNECT_TIMEOUT_S = 5
"""A server on the same network answers in milliseconds; a dead host never does."""
STATEMENT_TIMEOUT_S = 30
"""No query of ours takes a second; one that takes this long is stuck, and holds a connection that others need."""
LOCK_TIMEOUT_S = 10
"""Locks of ours are held for milliseconds."""
IDLE_IN_TRANSACTION_TIMEOUT_S = 60
"""The server ends a session whose client froze within a transaction, and with it its locks."""
RANDOM_PAGE_COST = 1.1
"""Beside a sequential page's 1. The server's default, 4, is a turning disk's: it makes walks of an index look dear."""
DEAD_PEER_S = 20
"""How long sent bytes may stay unacknowledged: a host that vanished says nothing."""
KEEPALIVE_IDLE_S = 10
"""A listening connection is silent for hours: it asks this often whether the other end is there."""
POOL_SIZE = 5
POOL_OVERFLOW = 10
"""Of a process, beyond POOL_SIZE, at peaks. The embedded server takes 100 connections in all."""
POOL_WAIT_S = 5.0
"""For a free connection of the pool. Longer, and the caller's own time-out comes first."""
LISTEN_INTERVAL_S = 5.0

_AWAY = (psycopg.OperationalError, psycopg.InterfaceError, pg.ReadOnlySqlTransaction)
"""No connection, connection lost, shut down, time-out, deadlock, disk full, a standby: all worth a retry."""
_NO_SCHEMA = (pg.UndefinedTable,)


class Database:
    """Shared by all threads of a process; a session belongs to the thread that opened it. ``close`` it at the end.

    Survives a restart of the server: a pooled connection is tried before it is lent.
    """

    def __init__(self, url: str | SecretStr, *, application: str = "camsvc", pool_size: int = POOL_SIZE) -> None:
        """Does not connect yet. Raises ConfigError when ``url`` is none."""
        self._url = _parse(url.get_secret_value() if isinstance(url, SecretStr) else url)
        self._arguments = _arguments(self._url, application)
        self._engine = create_engine(
            self._url.difference_update_query(["options"]),
            connect_args=self._arguments,
            pool_size=pool_size,
            max_overflow=POOL_OVERFLOW,
            pool_timeout=POOL_WAIT_S,
            pool_pre_ping=True,
            hide_parameters=True,  # an error never repeats values: they may be credentials
        )
        self._sessions = sessionmaker(self._engine, expire_on_commit=False)

    def __repr__(self) -> str:
        return f"Database({self._where})"

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One transaction: committed when the block ends, rolled back when it raises.

        Raises DatabaseUnavailableError when PostgreSQL cannot be reached or does not answer in time: nothing was
        committed then, but for a connection lost during the commit itself, when nobody knows. Hence every write
        of ours can be repeated. Raises InputError for a text that PostgreSQL cannot hold (U+0000).
        """
        try:
            with self._sessions.begin() as session:
                yield session
        except (DBAPIError, PoolTimeoutError, UnicodeEncodeError) as error:
            raise self._translated(error) from error

    def ping(self) -> None:
        """Raises DatabaseUnavailableError unless PostgreSQL answers and has the schema of this program."""
        with self.session() as session:
            found = session.scalar(text("SELECT version_num FROM alembic_version"))
        if found != migrate.newest():
            raise DatabaseUnavailableError(
                f"the database's schema is {found or 'not made yet'}, this program's is {migrate.newest()}: start"
                " `camsvc up` or `camsvc server` of this version, which migrate it"
            )

    def migrate(self) -> None:
        """Bring the schema up to this program's, in one transaction; concurrent callers wait for each other.

        Raises DatabaseUnavailableError, or ConfigError when the schema is of a newer program.
        """
        try:
            with self._engine.begin() as connection:
                migrate.upgrade(connection)
        except (DBAPIError, PoolTimeoutError) as error:
            raise self._translated(error) from error

    def listen(
        self, channel: str, *, stop: threading.Event | None = None, interval_s: float = LISTEN_INTERVAL_S
    ) -> Iterator[str | None]:
        """Payloads of ``channel`` as transactions commit, in a connection of its own; for one thread.

        The first item is None and says that listening is in force: read the state after it, and nothing is missed.
        None also comes after each ``interval_s`` of silence. Ends after ``stop`` is set, within ``interval_s``.
        Raises DatabaseUnavailableError when the connection is lost: read the state again then.
        """
        stop = stop or threading.Event()
        try:
            with psycopg.connect(**self._libpq(), autocommit=True) as connection:
                connection.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(channel)))
                yield None
                while not stop.is_set():
                    heard = False
                    for note in connection.notifies(timeout=interval_s, stop_after=1):
                        heard = True
                        yield note.payload
                    if not heard:
                        yield None
        except psycopg.Error as error:
            raise self._translated(error) from error

    @contextmanager
    def holding(self, lock: int) -> Iterator[Callable[[], None]]:
        """Holds the advisory lock ``lock`` of ``db.locks`` on a connection of its own, until the block ends.

        What is given is to be called now and then: it raises DatabaseUnavailableError once the lock is lost with its
        connection. Raises ConflictError when another holds it.
        """
        try:
            with psycopg.connect(**self._libpq(), autocommit=True) as connection:
                row = connection.execute("SELECT pg_try_advisory_lock(%s, %s)", (locks.SPACE, lock)).fetchone()
                if row is None or not row[0]:
                    raise ConflictError("another process holds it", cure="wait for its end")

                def check() -> None:
                    try:
                        connection.execute("SELECT 1")
                    except psycopg.Error as error:
                        raise self._translated(error) from error

                yield check
        except psycopg.OperationalError as error:
            raise self._translated(error) from error

    def close(self) -> None:
        """Sessions still open keep their connection until they end."""
        self._engine.dispose()

    @property
    def _where(self) -> str:
        return f"{self._url.host or self._url.query.get('host', 'local socket')}/{self._url.database}"

    def _libpq(self) -> dict[str, Any]:
        query = {name: value for name, value in self._url.query.items() if name != "options"}
        parts = {
            "host": self._url.host,
            "port": self._url.port,
            "dbname": self._url.database,
            "user": self._url.username,
            "password": self._url.password,
        }
        return {**query, **{name: value for name, value in parts.items() if value is not None}, **self._arguments}

    def _translated(self, error: Exception) -> Exception:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(cause, _NO_SCHEMA):
            return DatabaseUnavailableError(
                f"PostgreSQL at {self._where} lacks this program's tables ({_first_line(cause)}):"
                " start `camsvc up` or `camsvc server`, which make them"
            )
        if isinstance(cause, UnicodeEncodeError) or (isinstance(cause, psycopg.DataError) and "NUL" in str(cause)):
            return InputError("a text holds a character that is none", cure="leave out U+0000 and half surrogate pairs")
        if isinstance(cause, PoolTimeoutError):
            return DatabaseUnavailableError(
                f"no connection to PostgreSQL at {self._where} came free within {POOL_WAIT_S:g} s:"
                " too many requests at once"
            )
        if isinstance(cause, _AWAY) or (isinstance(error, DBAPIError) and error.connection_invalidated):
            return DatabaseUnavailableError(f"PostgreSQL at {self._where} did not answer: {_first_line(cause)}")
        return error


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        # The text may hold a password: neither it nor the parser's message is repeated.
        raise ConfigError("database_url: not a URL: write postgresql://user:password@host:5432/name") from error
    if parsed.get_backend_name() != "postgresql":
        raise ConfigError(
            f"database_url: {parsed.drivername} is not supported: write postgresql://user:password@host:5432/name"
        )
    return parsed.set(drivername="postgresql+psycopg")


def _arguments(url: URL, application: str) -> dict[str, Any]:
    """What libpq is told besides the URL."""
    bounds = {
        "statement_timeout": STATEMENT_TIMEOUT_S * 1000,
        "lock_timeout": LOCK_TIMEOUT_S * 1000,
        "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_TIMEOUT_S * 1000,
        "timezone": "UTC",
        "random_page_cost": RANDOM_PAGE_COST,
        # A statement that comes often is prepared, and then planned for any values: for white cars as for purple ones,
        # for all months as for one. Planning takes a millisecond, a plan that is wrong for its values half a second.
        "plan_cache_mode": "force_custom_plan",
    }
    given = url.query.get("options", "")
    options = " ".join(
        [given if isinstance(given, str) else " ".join(given), *(f"-c {k}={v}" for k, v in bounds.items())]
    )
    return {
        "options": options.strip(),
        "application_name": application,
        "connect_timeout": CONNECT_TIMEOUT_S,
        "keepalives_idle": KEEPALIVE_IDLE_S,
        "keepalives_interval": KEEPALIVE_IDLE_S // 2,
        "keepalives_count": 2,
        "tcp_user_timeout": DEAD_PEER_S * 1000,
    }


def _first_line(error: BaseException | None) -> str:
    lines = redact(str(error)).strip().splitlines()
    return lines[0] if lines else type(error).__name__
