"""Workers' seals in a package: what a worker signed when it had written a file, its signature, and its public key."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from camsvc.domain.incident import ClipPart, Incident
from camsvc.domain.seal import SealedFile, SealOf, WorkerKey, file_statement, part_statement

KEYS_KEPT = 256
"""Parsed keys: one a worker."""


def statement_of_part(incident: Incident, part: ClipPart) -> bytes:
    return part_statement(incident, part)


def statement_of_tracks(incident: Incident, file: SealedFile) -> bytes | None:
    """None: the index does not keep what the seal is over."""
    if file.sha256 is None or file.size_bytes is None:
        return None
    return file_statement(incident, SealOf.TRACKS.value, file.sha256, file.size_bytes)


def fits(file: SealedFile, statement: bytes, keys: Mapping[str, WorkerKey]) -> bool:
    """Whether the worker whose registered key the seal names signed ``statement``."""
    key = keys.get(file.seal.key)
    return key is not None and is_signed(key.public_pem.encode(), file.seal.key, statement, file.seal.signature)


def is_signed(public_pem: bytes, key_id: str, statement: bytes, signature: bytes) -> bool:
    """Whether ``public_pem`` is the key ``key_id`` and made ``signature`` (ECDSA, SHA-256) over ``statement``."""
    loaded = _load(public_pem)
    if loaded is None or loaded[1] != key_id:
        return False
    try:
        loaded[0].verify(signature, statement, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=KEYS_KEPT)
def _load(public_pem: bytes) -> tuple[ec.EllipticCurvePublicKey, str] | None:
    """With its id."""
    try:
        key = serialization.load_pem_public_key(public_pem)
    except (ValueError, UnsupportedAlgorithm):
        return None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        return None
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return key, hashlib.sha256(der).hexdigest()
