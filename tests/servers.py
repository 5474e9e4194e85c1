"""Real servers for tests: one PostgreSQL and one S3 server a session, a fresh database and a fresh bucket a test."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from psycopg import sql

from camsvc.embedded.postgres import OWNER, EmbeddedPostgres
from camsvc.embedded.s3 import EmbeddedS3
from camsvc.storage.objects import ObjectStore

MEMORY = Path("/dev/shm")  # noqa: S108  a folder of a random name in it
MEMORY_MIN_BYTES = 6 << 30
"""A session's servers hold less than half of it. A container's has often 64 MB: then the disk is taken."""
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Bucket:
    """What ``ObjectStore(**vars(bucket))`` and ``Settings(s3_…)`` need."""

    endpoint: str
    access_key: str
    secret_key: str
    bucket: str
    region: str
    secure: bool


@pytest.fixture(scope="session")
def embedded_postgres() -> Iterator[EmbeddedPostgres]:
    """One server for the whole session, without fsync: a test that needs its own starts its own."""
    with _passing_folder() as folder:
        server = EmbeddedPostgres(Path(folder), durable=False)
        with server:
            yield server


@pytest.fixture(scope="session")
def embedded_s3() -> Iterator[EmbeddedS3]:
    """One server for the whole session."""
    with _passing_folder() as folder:
        server = EmbeddedS3(Path(folder), durable=False)
        with server:
            yield server


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """An empty folder for a server of the test's own.

    Not below ``tmp_path``: as root the servers run as another user, who is let through the folders above, and every
    session of pytest takes that right from pytest's folder again.
    """
    with tempfile.TemporaryDirectory(prefix="camsvc-test-") as folder:
        yield Path(folder)


@pytest.fixture
def database_url(embedded_postgres: EmbeddedPostgres) -> Iterator[str]:
    """URL of a fresh, empty database (not migrated), owned by the role that the URL names. Gone after the test."""
    name = f"test_{next(_numbers)}"
    with _database(embedded_postgres, name, "template0"):
        yield embedded_postgres.url(name)


@pytest.fixture(scope="session")
def migrated_template(embedded_postgres: EmbeddedPostgres) -> str:
    """Name of a database with all migrations, to be copied."""
    from camsvc.db.database import Database

    name = "migrated_template"
    with embedded_postgres.connect_as_superuser() as connection:
        connection.execute(_create(name, "template0"))
    database = Database(embedded_postgres.url(name))
    database.migrate()
    database.close()
    return name


@pytest.fixture
def migrated_url(embedded_postgres: EmbeddedPostgres, migrated_template: str) -> Iterator[str]:
    """URL of a fresh database with all migrations: a copy, which takes some hundredths of a second."""
    name = f"test_{next(_numbers)}"
    with _database(embedded_postgres, name, migrated_template):
        yield embedded_postgres.url(name)


@pytest.fixture
def bucket(embedded_s3: EmbeddedS3) -> Bucket:
    """A bucket name of its own, not made yet: ``ObjectStore.ensure_bucket()`` does that."""
    return Bucket(
        endpoint=embedded_s3.endpoint,
        access_key=embedded_s3.access_key,
        secret_key=embedded_s3.secret_key,
        bucket=f"test-{next(_numbers)}",
        region=embedded_s3.region,
        secure=False,
    )


@pytest.fixture
def store(bucket: Bucket) -> Iterator[ObjectStore]:
    """An object store with its bucket made."""
    store = ObjectStore(**vars(bucket))
    store.ensure_bucket()
    yield store
    store.close()


def _passing_folder() -> tempfile.TemporaryDirectory[str]:
    """In memory where there is room: a database of hundreds of files is copied for every test, which takes 20 ms there
    and 100 to 400 on a disk."""
    in_memory = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= MEMORY_MIN_BYTES
    return tempfile.TemporaryDirectory(prefix="camsvc-test-", dir=MEMORY if in_memory else None)


@contextmanager
def _database(server: EmbeddedPostgres, name: str, template: str) -> Iterator[None]:
    with server.connect_as_superuser() as connection:
        connection.execute(_create(name, template))
    try:
        yield
    finally:
        with server.connect_as_superuser() as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _create(name: str, template: str) -> sql.Composed:
    return sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY file_copy").format(
        sql.Identifier(name), sql.Identifier(OWNER), sql.Identifier(template)
    )
