"""A migrated database, a cipher, and things to put into them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cryptography.fernet import Fernet

from camsvc.db.cipher import Cipher
from camsvc.db.database import Database


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    database = Database(migrated_url)
    yield database
    database.close()


@pytest.fixture(scope="session")
def cipher() -> Cipher:
    return Cipher(Fernet.generate_key())
