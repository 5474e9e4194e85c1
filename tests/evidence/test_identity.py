"""The signing identity: checked by OpenSSL's own commands, kept sealed, made once, replaced by an administrator."""

from __future__ import annotations

import hashlib
import subprocess
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.queries import signing
from camsvc.errors import ConfigError, InputError
from camsvc.evidence import keeping
from camsvc.evidence.identity import SigningIdentity, is_signed
from tests.cli.console import Run

VERIFY = "openssl dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -verify"
ENCRYPTED = serialization.BestAvailableEncryption(b"s3cret-of-the-key")


def pem_of(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey, password: bool = False) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        ENCRYPTED if password else serialization.NoEncryption(),
    )


def openssl_verifies(identity: SigningIdentity, signature: bytes, data: bytes, folder: Path) -> bool:
    for name, content in {"c.pem": identity.certificate.encode(), "s": signature, "d": data}.items():
        (folder / name).write_bytes(content)
    public = subprocess.run(
        ["openssl", "x509", "-in", "c.pem", "-noout", "-pubkey"], cwd=folder, check=True, capture_output=True
    )
    (folder / "p.pem").write_bytes(public.stdout)
    done = subprocess.run(
        [*VERIFY.split(), "p.pem", "-signature", "s", "d"], cwd=folder, check=False, capture_output=True
    )
    return done.returncode == 0


def test_openssl_verifies_signatures_of_data_and_of_digests(identity: SigningIdentity, tmp_path: Path) -> None:
    data = b"what is signed"
    digest = hashlib.sha256(data).digest()
    for signature in (identity.sign(data), identity.sign_digest(digest)):
        assert openssl_verifies(identity, signature, data, tmp_path)
        assert not openssl_verifies(identity, signature, b"what is sIgned", tmp_path)
        assert is_signed(identity.leaf, signature, digest)
        assert not is_signed(identity.leaf, signature, hashlib.sha256(b"other").digest())


def test_another_identity_s_signature_does_not_verify(
    identity: SigningIdentity, other_identity: SigningIdentity
) -> None:
    digest = hashlib.sha256(b"x").digest()
    assert not is_signed(other_identity.leaf, identity.sign_digest(digest), digest)


def test_it_is_made_once_however_many_ask(database: Database, cipher: Cipher) -> None:
    seen: list[str] = []

    def ask() -> None:
        with database.session() as session:
            seen.append(keeping.current(session, cipher, "Org").fingerprint)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 4
    assert len(set(seen)) == 1


def test_the_private_key_is_encrypted_at_rest_and_in_no_repr(database: Database, cipher: Cipher) -> None:
    with database.session() as session:
        identity = keeping.current(session, cipher, "Org")
        stored = signing.all_identities(session)[0]
    assert b"PRIVATE" not in stored.sealed_key
    inner = identity.private_pem().splitlines()[1]
    assert inner not in repr(identity) + repr(stored)
    with pytest.raises(ConfigError, match="identity renew"), database.session() as session:
        keeping.current(session, Cipher("A" * 43 + "="), "Org")


def test_a_brought_certificate_signs_from_then_on_and_the_old_key_is_gone(
    database: Database, cipher: Cipher, other_identity: SigningIdentity
) -> None:
    with database.session() as session:
        first = keeping.current(session, cipher, "Org")
    with database.session() as session:
        keeping.bring(session, cipher, other_identity)
    with database.session() as session:
        assert keeping.current(session, cipher, "Org").fingerprint == other_identity.fingerprint
        known = {each.fingerprint: each for each in signing.all_identities(session)}
    assert known[first.fingerprint].retired_at is not None
    assert known[first.fingerprint].sealed_key == b""
    assert known[other_identity.fingerprint].brought


def test_a_key_that_does_not_fit_is_refused_with_its_reason(
    identity: SigningIdentity, other_identity: SigningIdentity
) -> None:
    certificate = identity.certificate.encode()
    with pytest.raises(InputError, match="not of this private key"):
        SigningIdentity.load(certificate, other_identity.private_pem().encode())
    with pytest.raises(InputError, match="no RSA key"):
        SigningIdentity.load(certificate, pem_of(ed25519.Ed25519PrivateKey.generate()))
    with pytest.raises(InputError, match="password is wrong"):
        SigningIdentity.load(certificate, pem_of(rsa.generate_private_key(65537, 2048), password=True), b"wrong")
    with pytest.raises(InputError, match="no certificate"):
        SigningIdentity.load(b"?", identity.private_pem().encode())


def test_the_commands_show_bring_and_list(
    camsvc: Run, tmp_path: Path, other_identity: SigningIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = camsvc("identity", "show", "--json").json
    assert camsvc("identity", "show", "--json").json["fingerprint"] == first["fingerprint"]
    assert camsvc("identity", "show", "--pem").out == first["certificate"]
    (tmp_path / "c.pem").write_text(other_identity.certificate)
    loaded = serialization.load_pem_private_key(other_identity.private_pem().encode(), None)
    assert isinstance(loaded, rsa.RSAPrivateKey)
    (tmp_path / "k.pem").write_bytes(pem_of(loaded, password=True))
    monkeypatch.setenv("CAMSVC_KEY_PASSWORD", "s3cret-of-the-key")
    brought = camsvc("identity", "bring", str(tmp_path / "c.pem"), str(tmp_path / "k.pem"), "--json")
    assert brought.json["fingerprint"] == other_identity.fingerprint
    again = camsvc("identity", "bring", str(tmp_path / "c.pem"), str(tmp_path / "k.pem"))
    assert again.status == 2
    assert "already" in again.err
    renewed = camsvc("identity", "renew", "--json").json["fingerprint"]
    listed = camsvc("identity", "list", "--json").json
    assert [each["fingerprint"] for each in listed] == [renewed, other_identity.fingerprint, first["fingerprint"]]
    assert "PRIVATE KEY" not in camsvc("identity", "list").out
