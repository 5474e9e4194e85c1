"""Encryption for one recipient: CMS EnvelopedData (RFC 5652) with the content apart from it.

OpenSSL reads a CMS whole into memory and fails at 2 GiB; content that is detached (RFC 5652 §6.1) it streams, so the
package may be of any size: `openssl cms -decrypt -inform DER -in F.cms -content F.enc -inkey KEY -out F.zip`.
The content key goes by RSAES-OAEP with SHA-256, the content by AES-256-CBC: what OpenSSL 1.1.1 knows. That it was not
changed is for the signatures inside to say.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from camsvc.errors import InputError
from camsvc.evidence.sealing import Sink

KEY_BYTES, BLOCK_BYTES = 32, 16
DATA, ENVELOPED = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.3"
OAEP, MGF1, SHA256 = "1.2.840.113549.1.1.7", "1.2.840.113549.1.1.8", "2.16.840.1.101.3.4.2.1"
AES_256_CBC = "2.16.840.1.101.3.4.1.42"
_SEQUENCE, _SET, _INTEGER, _OCTETS, _OID, _NULL = 0x30, 0x31, 0x02, 0x04, 0x06, 0x05
_LONG = 0x80


class EncryptedSink:
    """Takes the package as it is written, gives ``content`` what is encrypted. ``finish`` at the end, once."""

    def __init__(self, content: Sink, recipient: x509.Certificate) -> None:
        """Raises InputError when nothing can be encrypted for ``recipient``."""
        key, initial = secrets.token_bytes(KEY_BYTES), secrets.token_bytes(BLOCK_BYTES)
        self.envelope = _envelope(recipient, key, initial)
        """The ``.cms`` file."""
        self._content = content
        self._padder = PKCS7(BLOCK_BYTES * 8).padder()
        self._encryptor = Cipher(algorithms.AES(key), modes.CBC(initial)).encryptor()

    def write(self, data: bytes, /) -> None:
        self._content.write(self._encryptor.update(self._padder.update(data)))

    def finish(self) -> None:
        self._content.write(self._encryptor.update(self._padder.finalize()) + self._encryptor.finalize())


def require_usable(recipient: x509.Certificate, parameter: str = "--encrypt-for") -> rsa.RSAPublicKey:
    """What is encrypted for. Raises InputError when the certificate has no RSA key, or not one of ours to use."""
    public = recipient.public_key()
    if not isinstance(public, rsa.RSAPublicKey):
        raise InputError(
            "the recipient's certificate has no RSA key",
            parameter=parameter,
            cure="ask the recipient for a certificate with an RSA key",
        )
    return public


def require_current(recipient: x509.Certificate, now: datetime, parameter: str) -> None:
    """Raises InputError when the certificate has ended, or has yet to begin: its owner may lack the key."""
    begins, ends = recipient.not_valid_before_utc, recipient.not_valid_after_utc
    if not begins <= now <= ends:
        raise InputError(
            f"the recipient's certificate is valid from {begins:%Y-%m-%d} to {ends:%Y-%m-%d} only",
            parameter=parameter,
            cure="ask the recipient for the one in use",
        )


def _envelope(recipient: x509.Certificate, key: bytes, initial: bytes) -> bytes:
    public = require_usable(recipient)
    sha256 = hashes.SHA256()
    sealed = public.encrypt(key, padding.OAEP(padding.MGF1(sha256), sha256, None))
    recipient_info = _der(
        _SEQUENCE,
        _integer(0),
        _der(_SEQUENCE, recipient.issuer.public_bytes(), _integer(recipient.serial_number)),
        _oaep_algorithm(),
        _der(_OCTETS, sealed),
    )
    content_info = _der(
        _SEQUENCE, _oid(DATA), _der(_SEQUENCE, _oid(AES_256_CBC), _der(_OCTETS, initial))
    )  # encryptedContent is left out: it is the other file
    enveloped = _der(_SEQUENCE, _integer(0), _der(_SET, recipient_info), content_info)
    return _der(_SEQUENCE, _oid(ENVELOPED), _der(0xA0, enveloped))


def _oaep_algorithm() -> bytes:
    sha256 = _der(_SEQUENCE, _oid(SHA256), _der(_NULL))
    mask = _der(_SEQUENCE, _oid(MGF1), sha256)
    return _der(_SEQUENCE, _oid(OAEP), _der(_SEQUENCE, _der(0xA0, sha256), _der(0xA1, mask)))


def _der(tag: int, *members: bytes) -> bytes:
    """X.690 §8.1: tag, length, contents."""
    contents = b"".join(members)
    length = len(contents)
    if length < _LONG:
        return bytes([tag, length]) + contents
    digits = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, _LONG | len(digits)]) + digits + contents


def _integer(value: int) -> bytes:
    return _der(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def _oid(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    encoded = bytearray([40 * first + second])
    for arc in rest:
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(arc & 0x7F | 0x80)
        encoded += bytes(reversed(septets))
    return _der(_OID, bytes(encoded))
