"""The embedded PostgreSQL, as a process that is killed, moved and found again."""

from __future__ import annotations

import psycopg
import pytest

from camsvc.embedded.postgres import EmbeddedPostgres


def test_each_test_gets_a_fresh_database_of_its_own(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE TABLE t (x int)")
        row = connection.execute("SELECT current_user, current_setting('data_checksums')").fetchone()
        assert row == ("camsvc", "on")


def test_a_wrong_password_is_refused_on_loopback_too(embedded_postgres: EmbeddedPostgres, database_url: str) -> None:
    password = psycopg.conninfo.conninfo_to_dict(database_url)["password"]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(database_url.replace(str(password), "wrong"))
