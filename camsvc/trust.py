"""How processes of one installation know each other on the network: TLS with pinned certificates, and a shared token.

A process that serves others makes a certificate when it starts and publishes it, with its address, in PostgreSQL
(``db.queries.endpoints``), which all of them trust already. Who connects pins exactly that certificate, and shows a
token derived from the installation's secret key. No certificate authority, nothing to renew, no secret in a row.
"""

from __future__ import annotations

import hmac
import ssl
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

VALID_FOR = timedelta(days=3650)
"""The certificate lives as long as its process; it is pinned, so its dates guard nothing, and must not end it."""
CLOCK_SLACK = timedelta(days=1)
"""Hosts whose clocks differ must still agree that it is valid."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A fresh key and its certificate; ``certificate`` is public (PEM)."""

    certificate: str
    _key: bytes = field(repr=False)

    @classmethod
    def fresh(cls, name: str) -> Identity:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - CLOCK_SLACK)
            .not_valid_after(now + VALID_FOR)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return cls(certificate.public_bytes(serialization.Encoding.PEM).decode("ascii"), private)

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        # The standard library reads a key from a file only; the folder is ours alone (0700) and gone at once.
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "identity.pem"
            file.touch(mode=0o600)
            file.write_bytes(self._key + self.certificate.encode("ascii"))
            context.load_cert_chain(file)
        return context


def client_context(certificate: str) -> ssl.SSLContext:
    """Takes a server with exactly ``certificate`` (PEM) and no other, whatever its host is called."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=certificate)
    return context


def is_token(given: str, tokens: Sequence[bytes]) -> bool:
    """Whether ``given`` (hex) is one of ``tokens``; takes as long for a wrong one."""
    shown = given.encode("utf-8", "replace")
    return any([hmac.compare_digest(shown, each.hex().encode("ascii")) for each in tokens])  # noqa: C419  all of them
