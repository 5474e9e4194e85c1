"""Who signs evidence packages: an RSA key and its X.509 certificate, one for the whole installation.

RSASSA-PSS with SHA-256 and a salt of 32 bytes (RFC 8017): `openssl dgst -verify` of OpenSSL 1.1.1 and 3 checks it with
one plain command. See docs/decisions/010-evidence.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from camsvc.errors import InputError

KEY_BITS = 3072
"""128 bits of security (NIST SP 800-57): to be relied on beyond 2030, as court files are."""
KEY_BITS_LEAST = 2048
"""Of a certificate that is brought; what authorities still issue."""
SALT_BYTES = 32
"""As long as the digest."""
VALID_FOR = timedelta(days=3650)
CLOCK_SLACK = timedelta(days=1)
DOCUMENT_SIGNING = ObjectIdentifier("1.3.6.1.5.5.7.3.36")
"""RFC 9336."""
_HASH = hashes.SHA256()
_PADDING = padding.PSS(padding.MGF1(_HASH), SALT_BYTES)


@dataclass(frozen=True, slots=True)
class SigningIdentity:
    """A key and its certificate. ``certificate`` is public: PEM, its own first, then those of its issuers."""

    certificate: str
    _key: rsa.RSAPrivateKey = field(repr=False)

    @classmethod
    def fresh(cls, organisation: str) -> Self:
        """A new key. Its certificate is issued by an authority made for it alone, whose key is forgotten at once:
        C2PA refuses a certificate that vouches for itself, and a key that is gone cannot vouch for another."""
        authority, key = (rsa.generate_private_key(65537, KEY_BITS) for _ in range(2))
        root = _authority(authority, organisation)
        own = _leaf(key, authority, root, organisation)
        return cls(_pem(own) + _pem(root), key)

    @classmethod
    def load(cls, certificate: bytes, key: bytes, password: bytes | None = None) -> Self:
        """What an administrator, or the database, holds (PEM). Raises InputError saying what does not fit."""
        own = parse_certificates(certificate)[0]
        try:
            loaded = serialization.load_pem_private_key(key, password)
        except (ValueError, TypeError) as error:
            raise InputError(
                "the private key cannot be read, or its password is wrong", parameter="key", cure="give PEM"
            ) from error
        if not isinstance(loaded, rsa.RSAPrivateKey) or loaded.key_size < KEY_BITS_LEAST:
            raise InputError(
                f"the private key is no RSA key of {KEY_BITS_LEAST} bits or more",
                parameter="key",
                cure=f"ask the authority for a certificate of an RSA key of {KEY_BITS} bits",
            )
        if loaded.public_key() != own.public_key():
            raise InputError(
                "the certificate is not of this private key", parameter="certificate", cure="give both of one pair"
            )
        return cls("".join(_pem(each) for each in parse_certificates(certificate)), loaded)

    @property
    def fingerprint(self) -> str:
        return fingerprint_of(self.leaf)

    @property
    def leaf(self) -> x509.Certificate:
        return parse_certificates(self.certificate.encode("ascii"))[0]

    @property
    def signature_bytes(self) -> int:
        return self._key.key_size // 8

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data, _PADDING, _HASH)

    def sign_digest(self, sha256: bytes) -> bytes:
        """Of what has this SHA-256: for what is too long to be held."""
        return self._key.sign(sha256, _PADDING, Prehashed(_HASH))

    def private_pem(self) -> str:
        """Only to be sealed."""
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode("ascii")


def is_signed(certificate: x509.Certificate, signature: bytes, sha256: bytes) -> bool:
    """Whether ``signature`` over what has the SHA-256 ``sha256`` was made with the key of ``certificate``."""
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    try:
        key.verify(signature, sha256, _PADDING, Prehashed(_HASH))
    except InvalidSignature:
        return False
    return True


def read_certificates(file: Path, parameter: str) -> Sequence[x509.Certificate]:
    """At least one. ``parameter``: by which it was given. Raises InputError."""
    try:
        return parse_certificates(file.read_bytes())
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}", parameter=parameter, cure="give a PEM file") from error


def parse_certificates(pem: bytes) -> Sequence[x509.Certificate]:
    """One or more. Raises InputError."""
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise InputError(
            "no certificate in PEM",
            parameter="certificate",
            cure="give a file that begins with -----BEGIN CERTIFICATE-----",
        ) from error


def fingerprint_of(certificate: x509.Certificate) -> str:
    """SHA-256 in hex: what `openssl x509 -fingerprint -sha256` shows, without colons, in small letters."""
    return certificate.fingerprint(_HASH).hex()


def _authority(key: rsa.RSAPrivateKey, organisation: str) -> x509.Certificate:
    name = _name("camsvc evidence authority", organisation)
    usage = _usage(key_cert_sign=True)
    return (
        _builder(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, _HASH)
    )


def _leaf(
    key: rsa.RSAPrivateKey, authority: rsa.RSAPrivateKey, root: x509.Certificate, organisation: str
) -> x509.Certificate:
    """Extensions as the C2PA specification, 2.1 §14.5.1, asks for."""
    return (
        _builder(_name("camsvc evidence", organisation), root.subject, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([DOCUMENT_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False)
        .sign(authority, _HASH)
    )


def _builder(subject: x509.Name, issuer: x509.Name, key: rsa.RSAPublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SLACK)
        .not_valid_after(now + VALID_FOR)
    )


def _name(common: str, organisation: str) -> x509.Name:
    # C2PA readers show the organisation as who signed: it is never left out.
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation or "camsvc"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=digital_signature,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")
