"""Workers' public keys, and whether one of them signed something: also for who has nothing but a package."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

KEYS_KEPT = 4096
"""Parsed keys: a worker has one."""
PEM_MAX = 4096
"""Letters of a key that is looked at; one of ours has some 180."""


def is_signed(public_pem: str, key: str, statement: bytes, signature: bytes) -> bool:
    """Whether ``public_pem``, which may be no key at all, is the key of that id (``domain.seal.Seal.key``), and made
    ``signature`` (ECDSA, SHA-256) over ``statement``."""
    loaded = _load(public_pem) if len(public_pem) <= PEM_MAX else None
    if loaded is None or loaded[1] != key:
        return False
    try:
        loaded[0].verify(signature, statement, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


@lru_cache(KEYS_KEPT)
def _load(public_pem: str) -> tuple[ec.EllipticCurvePublicKey, str] | None:
    """With its id."""
    try:
        key = serialization.load_pem_public_key(public_pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        return None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        return None
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return key, hashlib.sha256(der).hexdigest()
