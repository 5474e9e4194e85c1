"""Where the signing identity is kept: in PostgreSQL, its key sealed with the installation's; made when first needed."""

from __future__ import annotations

from sqlalchemy.orm import Session

from camsvc.db.cipher import Cipher
from camsvc.db.queries import signing
from camsvc.db.queries.signing import NewIdentity, StoredIdentity
from camsvc.errors import ConfigError
from camsvc.evidence.identity import SigningIdentity

_KEY = "key"


def current(session: Session, cipher: Cipher, organisation: str) -> SigningIdentity:
    """The one in use; made for ``organisation`` when there is none yet. Takes a second then.

    Raises ConfigError when ``cipher`` has another key than the one that sealed it.
    """
    stored = signing.current(session, lambda: _sealed(SigningIdentity.fresh(organisation), cipher, brought=False))
    return _opened(stored, cipher)


def bring(session: Session, cipher: Cipher, identity: SigningIdentity) -> StoredIdentity:
    """``identity``, an administrator's own, signs from now on. Raises ConflictError when it was in use before."""
    return signing.replace(session, _sealed(identity, cipher, brought=True))


def renew(session: Session, cipher: Cipher, organisation: str) -> StoredIdentity:
    """A new key signs from now on."""
    return signing.replace(session, _sealed(SigningIdentity.fresh(organisation), cipher, brought=False))


def _sealed(identity: SigningIdentity, cipher: Cipher, *, brought: bool) -> NewIdentity:
    sealed = cipher.seal(_subject(identity.fingerprint), {_KEY: identity.private_pem()})
    return NewIdentity(identity.fingerprint, identity.certificate, sealed, brought)


def _opened(stored: StoredIdentity, cipher: Cipher) -> SigningIdentity:
    try:
        key = cipher.open(_subject(stored.fingerprint), stored.sealed_key)[_KEY]
    except ConfigError:
        # The cipher speaks of cameras; its cause holds secrets.
        raise ConfigError(
            "the key that signs evidence cannot be decrypted: restore the secret.key (or secret_key) that was in use"
            " when it was made, or replace it: `camsvc identity renew`"
        ) from None
    return SigningIdentity.load(stored.certificate.encode("ascii"), key.encode("ascii"))


def _subject(fingerprint: str) -> str:
    return f"signing identity {fingerprint}"
