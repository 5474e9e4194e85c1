"""What a worker remembers for a start without PostgreSQL."""

from __future__ import annotations

import stat
from pathlib import Path

from cryptography.fernet import Fernet

from camsvc.config import CameraConfig
from camsvc.db.cipher import Cipher
from camsvc.worker.assignments import FILE, Assignment, AssignmentCache


def camera(name: str) -> CameraConfig:
    return CameraConfig.model_validate(
        {
            "id": name,
            "name": name,
            "area": "town",
            "streams": {"main": f"rtsp://user:secret-word@10.0.0.1/{name}"},
            "zones": {"door": [[0, 0], [1, 0], [1, 1]]},
            "rules": [{"kind": "presence", "zone": "door"}],
        }
    )


def test_assignments_come_back_whole(tmp_path: Path) -> None:
    cipher = Cipher(Fernet.generate_key())
    assignments = {name: Assignment(camera(name), epoch) for name, epoch in (("gate", 3), ("yard", 8))}
    AssignmentCache(tmp_path / "worker-a", "a", cipher).save(assignments)
    assert AssignmentCache(tmp_path / "worker-a", "a", cipher).load() == assignments


def test_no_credential_is_on_the_disk_and_only_the_owner_may_read(tmp_path: Path) -> None:
    AssignmentCache(tmp_path, "a", Cipher(Fernet.generate_key())).save({"gate": Assignment(camera("gate"), 1)})
    file = tmp_path / FILE
    assert b"secret-word" not in file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_cannot_be_read_is_nothing(tmp_path: Path) -> None:
    cipher = Cipher(Fernet.generate_key())
    cache = AssignmentCache(tmp_path, "a", cipher)
    assert cache.load() == {}
    cache.save({"gate": Assignment(camera("gate"), 1)})
    assert AssignmentCache(tmp_path, "a", Cipher(Fernet.generate_key())).load() == {}
    assert AssignmentCache(tmp_path, "b", cipher).load() == {}
    (tmp_path / FILE).write_bytes(b"torn")
    assert cache.load() == {}
