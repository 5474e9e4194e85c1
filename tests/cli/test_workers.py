"""``camsvc workers``: whose keys seal, and that one was ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.queries import audit, seals
from camsvc.worker.sealing import Sealer
from tests.cli.console import Run


@pytest.mark.parametrize("digits", [12, 64])
def test_a_key_is_listed_and_ended_once(
    camsvc: Run, database: Database, cipher: Cipher, tmp_path: Path, digits: int
) -> None:
    sealer = Sealer.of(tmp_path / "key", "w1")
    with database.session() as session:
        assert seals.register(session, sealer.key, "w1", sealer.public_pem)
        assert not seals.register(session, sealer.key, "w1", sealer.public_pem)
    (listed,) = camsvc("workers", "keys", "--json").json
    assert (listed["id"], listed["worker"], listed["ended_at"]) == (sealer.key, "w1", None)
    assert "PRIVATE" not in camsvc("workers", "keys", "--json").out
    assert camsvc("workers", "end-key", sealer.key[:digits], "--reason", "its host was stolen").status == 0
    assert camsvc("workers", "end-key", sealer.key[:digits], "--reason", "again").status == 2
    assert camsvc("workers", "keys", "--json").json[0]["ended_at"] is not None
    with database.session() as session:
        (told,) = [each.deed for each in audit.read(session, 0) if each.deed.what == "worker.key_ended"]
    assert told.details["key"] == sealer.key
    assert told.details["reason"] == "its host was stolen"
