"""A worker's own key, and the seals that it makes with it of what it recorded: before anything leaves the machine.

The key is made at the worker's first start and lies with what else the worker remembers, readable by its account alone.
It never leaves the machine; its public half is registered in the database, and journalled with each seal, so that a
seal that was made while the database was away can still be checked, whoever publishes it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from camsvc import log
from camsvc.domain.seal import Seal
from camsvc.errors import SpoolError
from camsvc.worker.spool_journal import write_durably

FILE = "seal-key.pem"
UNREADABLE = "seal-key.unreadable"
"""What is put aside under this name, and a number, could not be read: for a person to look at."""
_CURVE = ec.SECP256R1()

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Sealer:
    """Any thread may call any method."""

    worker: str
    key: str
    """SHA-256 of the public key (DER SubjectPublicKeyInfo), hexadecimal: the name that seals carry."""
    public_pem: str
    _private: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def of(cls, folder: Path, worker: str) -> Self:
        """With the key in ``folder``, which is made where there is none.

        One that cannot be read is put aside, and another made: recording goes on, and what is sealed says by which key.
        Raises SpoolError when the disk refuses.
        """
        path = folder / FILE
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            private = _load(path)
            if private is None:
                private = ec.generate_private_key(_CURVE)
                _write(path, private)
        except OSError as error:
            raise SpoolError(f"the worker's key {path} cannot be read or written: {error.strerror}") from error
        public = private.public_key()
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return cls(
            worker,
            hashlib.sha256(public.public_bytes(serialization.Encoding.DER, form)).hexdigest(),
            public.public_bytes(serialization.Encoding.PEM, form).decode("ascii"),
            private,
        )

    def seal(self, statement: bytes) -> Seal:
        return Seal(self.key, self._private.sign(statement, ec.ECDSA(hashes.SHA256())))


def _load(path: Path) -> ec.EllipticCurvePrivateKey | None:
    try:
        found = serialization.load_pem_private_key(path.read_bytes(), None)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        found = None
    if isinstance(found, ec.EllipticCurvePrivateKey) and isinstance(found.curve, ec.SECP256R1):
        return found
    aside, number = path.with_name(UNREADABLE), 1
    while aside.exists():
        aside, number = path.with_name(f"{UNREADABLE}.{number}"), number + 1
    path.rename(aside)
    _log.error("the worker's key cannot be read: another one is made", put_aside=str(aside))
    return None


def _write(path: Path, private: ec.EllipticCurvePrivateKey) -> None:
    """On the disk before it is used: what is sealed with a key that is then lost names a key that nobody has."""
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_durably(path, pem)
