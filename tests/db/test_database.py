from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from camsvc.db import database as module
from camsvc.db.database import Database
from camsvc.embedded.postgres import EmbeddedPostgres
from camsvc.errors import ConfigError, DatabaseUnavailableError, InputError


def _pids(url: str, application: str) -> list[int]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT pid FROM pg_stat_activity WHERE application_name = %s", [application])
        return [pid for (pid,) in rows]


def test_what_a_session_did_is_committed_when_its_block_ends(database: Database) -> None:
    with database.session() as session:
        session.execute(text("INSERT INTO areas (path, name) VALUES ('a', 'A')"))
    with database.session() as session:
        assert session.scalar(text("SELECT name FROM areas")) == "A"


def test_what_a_session_did_is_undone_when_its_block_raises(database: Database) -> None:
    with pytest.raises(LookupError), database.session() as session:
        session.execute(text("INSERT INTO areas (path, name) VALUES ('a', 'A')"))
        raise LookupError
    with database.session() as session:
        assert session.scalar(text("SELECT count(*) FROM areas")) == 0


def test_times_are_read_in_utc_and_waits_are_bounded(database: Database) -> None:
    with database.session() as session:
        assert session.scalar(text("SHOW timezone")) == "UTC"
        assert session.scalar(text("SHOW statement_timeout")) == f"{module.STATEMENT_TIMEOUT_S}s"
        assert session.scalar(text("SHOW lock_timeout")) == f"{module.LOCK_TIMEOUT_S}s"
        assert session.scalar(text("SHOW idle_in_transaction_session_timeout")) == "1min"


@pytest.mark.parametrize(
    "url", ["", "no url", "mysql://u:hunter2@h/d", "sqlite:///x", "postgresql://u:hunter2@h:port/d"]
)
def test_a_url_of_something_else_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigError, match="database_url") as caught:
        Database(url)
    assert "hunter2" not in str(caught.value)


def test_an_unreachable_server_is_one_error_without_the_password() -> None:
    database = Database("postgresql://someone:hunter2@127.0.0.1:1/camsvc")
    with (
        pytest.raises(DatabaseUnavailableError, match=r"127\.0\.0\.1/camsvc did not answer") as caught,
        database.session() as s,
    ):
        s.execute(text("SELECT 1"))
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(database)
    with pytest.raises(DatabaseUnavailableError):
        next(database.listen("incidents"))
    with pytest.raises(DatabaseUnavailableError):
        database.migrate()


def test_a_statement_that_takes_too_long_is_the_same_error(database: Database) -> None:
    with pytest.raises(DatabaseUnavailableError, match="statement timeout"), database.session() as session:
        session.execute(text("SET LOCAL statement_timeout = 20"))
        session.execute(text("SELECT pg_sleep(5)"))


def test_a_database_without_tables_says_what_makes_them(database_url: str) -> None:
    database = Database(database_url)
    with pytest.raises(DatabaseUnavailableError, match="camsvc up"):
        database.ping()
    database.close()


def test_an_error_in_a_statement_does_not_repeat_its_values(database: Database) -> None:
    with pytest.raises(Exception, match="areas") as caught, database.session() as session:
        session.execute(text("INSERT INTO areas (path, name, parent) VALUES (:p, :n, :n)"), {"p": "x", "n": "hunter2"})
    assert "hunter2" not in str(caught.value).split("DETAIL")[0]


def test_exhausting_the_pool_is_told_apart(migrated_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POOL_WAIT_S", 0.05)
    monkeypatch.setattr(module, "POOL_OVERFLOW", 0)
    database = Database(migrated_url, pool_size=1)
    with database.session() as first:
        first.execute(text("SELECT 1"))
        with pytest.raises(DatabaseUnavailableError, match="too many requests"), database.session() as second:
            second.execute(text("SELECT 1"))
    database.close()


def test_connections_are_returned_whatever_happens_in_the_block(migrated_url: str) -> None:
    database = Database(migrated_url, application="leak-test", pool_size=2)
    for _ in range(50):
        with pytest.raises(RuntimeError), database.session() as session:
            session.execute(text("SELECT 1"))
            raise RuntimeError
    assert len(_pids(migrated_url, "leak-test")) <= 2
    database.close()
    assert _pids(migrated_url, "leak-test") == []


def test_a_connection_killed_within_a_block_is_the_one_error_and_the_next_block_works(migrated_url: str) -> None:
    database = Database(migrated_url, application="kill-test")
    with pytest.raises(DatabaseUnavailableError), database.session() as session:
        session.execute(text("SELECT 1"))
        with psycopg.connect(migrated_url, autocommit=True) as other:
            for pid in _pids(migrated_url, "kill-test"):
                other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        session.execute(text("SELECT 1"))
    with database.session() as session:
        assert session.scalar(text("SELECT 1")) == 1
    database.close()


def test_a_restart_of_the_server_is_survived() -> None:
    # Not tmp_path: another pytest that starts closes its parent to the servers' user.
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder), durable=False) as server:
        database = Database(server.url())
        database.migrate()
        with database.session() as session:
            session.execute(text("INSERT INTO areas (path, name) VALUES ('a', 'A')"))
        server.stop()
        with pytest.raises(DatabaseUnavailableError), database.session() as session:
            session.execute(text("SELECT 1"))
        server.start()
        with database.session() as session:
            assert session.scalar(text("SELECT name FROM areas")) == "A"
        database.close()


def test_a_listener_hears_what_commits_after_it_began_and_nothing_that_was_undone(database: Database) -> None:
    heard: list[str] = []
    stop = threading.Event()
    ready = threading.Event()

    def listen() -> None:
        for payload in database.listen("incidents", stop=stop, interval_s=0.1):
            ready.set()
            if payload is not None:
                heard.append(payload)
            if payload == "last":
                return

    thread = threading.Thread(target=listen)
    thread.start()
    assert ready.wait(5)
    with pytest.raises(LookupError), database.session() as session:
        session.execute(text("SELECT pg_notify('incidents', 'undone')"))
        raise LookupError
    with database.session() as session:
        session.execute(text("SELECT pg_notify('cameras', 'elsewhere')"))
        session.execute(text("SELECT pg_notify('incidents', 'first')"))
    with database.session() as session:
        session.execute(text("SELECT pg_notify('incidents', 'last')"))
    thread.join(5)
    assert not thread.is_alive()
    assert heard == ["first", "last"]


def test_a_listener_ends_soon_after_it_is_told_to(database: Database) -> None:
    stop = threading.Event()
    items = database.listen("incidents", stop=stop, interval_s=0.05)
    assert next(items) is None
    stop.set()
    began = time.monotonic()
    assert [item for item in items if item is not None] == []
    assert time.monotonic() - began < 2


def test_a_listener_whose_connection_dies_says_so(migrated_url: str) -> None:
    database = Database(migrated_url, application="listen-test")
    items = database.listen("incidents", interval_s=0.05)
    next(items)
    with psycopg.connect(migrated_url, autocommit=True) as other:
        for pid in _pids(migrated_url, "listen-test"):
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    with pytest.raises(DatabaseUnavailableError):
        for _ in range(100):
            next(items)
    database.close()


@pytest.mark.parametrize("value", ["a\0b", "\ud800"])
def test_a_text_that_the_server_cannot_hold_is_the_callers_mistake(database: Database, value: str) -> None:
    with pytest.raises(InputError), database.session() as session:
        session.execute(text("SELECT 1 FROM areas WHERE path = :path"), {"path": value})
