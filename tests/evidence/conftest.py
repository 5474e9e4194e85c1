"""A migrated database, a cipher, a signing identity, and the command line over them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.evidence.identity import SigningIdentity
from tests.cli.console import Run, runner
from tests.servers import Bucket

pytest_plugins = ["tests.browser"]


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    database = Database(migrated_url)
    yield database
    database.close()


@pytest.fixture
def key() -> str:
    return Fernet.generate_key().decode()


@pytest.fixture
def cipher(key: str) -> Cipher:
    return Cipher(key)


@pytest.fixture(scope="session")
def identity() -> SigningIdentity:
    return SigningIdentity.fresh("Công an tỉnh Bắc Ninh")


@pytest.fixture(scope="session")
def other_identity() -> SigningIdentity:
    return SigningIdentity.fresh("Somebody else")


@pytest.fixture
def camsvc(
    migrated_url: str,
    key: str,
    bucket: Bucket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Run]:
    """Runs a command on ``database`` and ``store``; its settings come from the environment."""
    monkeypatch.setenv("CAMSVC_DATABASE_URL", migrated_url)
    monkeypatch.setenv("CAMSVC_SECRET_KEY", key)
    monkeypatch.setenv("CAMSVC_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("CAMSVC_S3_SECURE", "false")
    for name in ("endpoint", "access_key", "secret_key", "bucket"):
        monkeypatch.setenv(f"CAMSVC_S3_{name.upper()}", getattr(bucket, name))
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield runner(monkeypatch, capsys)
    root.handlers[:] = handlers  # a command sets up logging for its process
    root.setLevel(level)
