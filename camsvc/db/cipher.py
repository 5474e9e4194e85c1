"""Encryption of camera credentials at rest (invariant 9): Fernet (AES-128-CBC with HMAC-SHA256)."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import stat
from pathlib import Path
from typing import Self

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from camsvc.config import Settings
from camsvc.errors import ConfigError

KEY_FILE = "secret.key"
_MAKE_ONE = "make one with: python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"


class Cipher:
    """Safe for many threads. ``repr`` shows nothing."""

    def __init__(self, key: str | bytes) -> None:
        """``key``: 32 bytes in URL-safe base64. Several, joined by commas, while keys are being changed: the first
        encrypts, all decrypt. Raises ConfigError.
        """
        text = key.decode("ascii", "replace") if isinstance(key, bytes) else key
        try:
            keys = [Fernet(each.strip()) for each in text.split(",")]
        except ValueError as error:
            # Neither the key nor the library's words about it are repeated.
            raise ConfigError(f"secret_key: not 32 bytes in URL-safe base64: {_MAKE_ONE}") from error
        self._fernet = MultiFernet(keys)
        self._keys = [each.strip().encode("ascii") for each in text.split(",")]

    def __repr__(self) -> str:
        return "Cipher(***)"

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The cipher of ``settings.secret_key``, else of the key file in the data directory, made when missing."""
        if settings.secret_key is not None:
            return cls(settings.secret_key.get_secret_value())
        return cls.load_or_create(settings.data)

    @classmethod
    def load_or_create(cls, data: Path) -> Self:
        """The cipher of ``data``/secret.key. Two processes that start together agree on one key.

        Raises ConfigError when the file cannot be read, or others than its owner may.
        """
        file = data / KEY_FILE
        try:
            if not file.exists():
                _create(file)
            if stat.S_IMODE(file.stat().st_mode) & 0o077:
                raise ConfigError(f"{file}: others may read the key of the camera credentials: run chmod 600 on it")
            return cls(file.read_text(encoding="ascii").strip())
        except OSError as error:
            raise ConfigError(f"{file}: the key of the camera credentials cannot be used: {error.strerror}") from error

    def derive(self, purpose: str) -> tuple[bytes, ...]:
        """32 bytes for ``purpose``, the same in all processes of the installation, that tell nothing of the key. One
        of each key, while keys are being changed: the first is given, all are accepted.
        """
        return tuple(hmac.digest(key, purpose.encode(), hashlib.sha256) for key in self._keys)

    def seal(self, subject: str, values: dict[str, str]) -> bytes:
        """``values`` encrypted, bound to ``subject``: moved to another subject they do not open."""
        return self._fernet.encrypt(json.dumps({"subject": subject, "values": values}).encode())

    def open(self, subject: str, sealed: bytes) -> dict[str, str]:
        """What ``seal`` was given. Raises ConfigError: another key, or ``sealed`` was altered or moved."""
        try:
            content = json.loads(self._fernet.decrypt(sealed))
        except InvalidToken:
            # The cause is left out on purpose: its frames hold the values.
            raise ConfigError(
                f"camera {subject}: its stream URLs cannot be decrypted with this key: restore the secret.key (or"
                " secret_key) that was in use when the camera was added, or add the camera's streams again"
            ) from None
        if content["subject"] != subject:
            raise ConfigError(
                f"camera {subject}: its stream URLs belong to {content['subject']!r}: the row was altered"
            )
        values: dict[str, str] = content["values"]
        return values


def _create(file: Path) -> None:
    """Written aside and linked into place: never seen half, never replaced when another process was first."""
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f".{KEY_FILE}.{secrets.token_hex(8)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(Fernet.generate_key() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(aside, file)
        except FileExistsError:
            return
    finally:
        aside.unlink()
