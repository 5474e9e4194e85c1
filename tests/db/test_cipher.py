from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from camsvc.config import Settings
from camsvc.db.cipher import KEY_FILE, Cipher
from camsvc.errors import ConfigError


def test_a_key_is_made_once_readable_by_its_owner_alone(tmp_path: Path) -> None:
    first = Cipher.load_or_create(tmp_path / "data")
    file = tmp_path / "data" / KEY_FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    sealed = first.seal("a", {"main": "x"})
    assert Cipher.load_or_create(tmp_path / "data").open("a", sealed) == {"main": "x"}
    assert [each.name for each in file.parent.iterdir()] == [KEY_FILE]


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    ciphers: list[Cipher] = []
    barrier = threading.Barrier(8)

    def one() -> None:
        barrier.wait()
        ciphers.append(Cipher.load_or_create(tmp_path))

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    sealed = ciphers[0].seal("a", {"main": "x"})
    assert [cipher.open("a", sealed) for cipher in ciphers] == [{"main": "x"}] * 8


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    Cipher.load_or_create(tmp_path)
    (tmp_path / KEY_FILE).chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        Cipher.load_or_create(tmp_path)


@pytest.mark.parametrize("key", ["", "short-and-secret", "é" * 44, "A" * 43])
def test_a_key_of_another_form_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(ConfigError, match="secret_key") as caught:
        Cipher(key)
    assert not key or key not in str(caught.value)


def test_the_setting_comes_before_the_file(tmp_path: Path) -> None:
    key = Fernet.generate_key().decode()
    cipher = Cipher.of(Settings(data=tmp_path, secret_key=SecretStr(key)))
    assert Cipher(key).open("a", cipher.seal("a", {"k": "v"})) == {"k": "v"}
    assert not (tmp_path / KEY_FILE).exists()


def test_a_key_can_be_changed_while_the_old_one_still_opens() -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    sealed = Cipher(old).seal("a", {"k": "v"})
    both = Cipher(f"{new}, {old}")
    assert both.open("a", sealed) == {"k": "v"}
    assert Cipher(new).open("a", both.seal("a", {"k": "w"})) == {"k": "w"}


def test_what_was_altered_does_not_open() -> None:
    cipher = Cipher(Fernet.generate_key())
    sealed = bytearray(cipher.seal("a", {"k": "v"}))
    sealed[20] ^= 1
    with pytest.raises(ConfigError, match="camera a"):
        cipher.open("a", bytes(sealed))
    with pytest.raises(ConfigError, match="camera a"):
        cipher.open("a", b"")


def test_repr_shows_nothing() -> None:
    key = Fernet.generate_key().decode()
    assert key not in repr(Cipher(key))
