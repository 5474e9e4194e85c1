"""Commands against a migrated database of their own."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from tests.cli.console import Run, runner


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    database = Database(migrated_url)
    yield database
    database.close()


@pytest.fixture
def cipher(key: str) -> Cipher:
    return Cipher(key)


@pytest.fixture
def key() -> str:
    return Fernet.generate_key().decode()


@pytest.fixture
def camsvc(
    migrated_url: str,
    key: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Run]:
    """Runs a command on ``database``; its settings come from the environment."""
    monkeypatch.setenv("CAMSVC_DATABASE_URL", migrated_url)
    monkeypatch.setenv("CAMSVC_SECRET_KEY", key)
    monkeypatch.setenv("CAMSVC_DATA", str(tmp_path / "data"))
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield runner(monkeypatch, capsys)
    root.handlers[:] = handlers  # a command sets up logging for its process
    root.setLevel(level)
