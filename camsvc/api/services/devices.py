"""Marks that a browser keeps once somebody has logged in with it: their own browsers are not held up by strangers.

Failed log-ins are counted by account and by address; a stranger could fail on purpose, to keep out an account or
everybody behind one address. From a browser with the account's mark failures are counted for that mark instead (the
"device cookies" of OWASP). A mark opens nothing: whoever steals it has some more guesses at one password.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from camsvc.db.cipher import Cipher
from camsvc.db.queries.accounts import LOCK_AFTER_FAILURES, LOCK_S
from camsvc.db.queries.log_in_failures import Bucket

MARK_AGE = timedelta(days=180)
MARKS_MAX = 10
"""In one browser: a station's computer has several users. The oldest goes."""
_PURPOSE = "mark of a browser that logged in"
_BETWEEN = "~"


def known(cipher: Cipher, cookie: str | None, name: str, now: datetime) -> str | None:
    """The mark of account ``name`` in ``cookie``, if there is one in force."""
    return next((each for each in _marks(cookie) if _is_of(cipher, each, name, now)), None)


def with_mark(cipher: Cipher, cookie: str | None, name: str, now: datetime) -> str:
    """``cookie`` with a new mark of account ``name``."""
    others = [each for each in _marks(cookie) if not _is_of(cipher, each, name, now)]
    said = f"{int(now.timestamp())}.{secrets.token_urlsafe(12)}"
    return _BETWEEN.join([*others[-MARKS_MAX + 1 :], f"{said}.{_seal(cipher.derive(_PURPOSE)[0], said, name)}"])


def bucket(mark: str) -> Bucket:
    """As many failures as an account has, and as soon forgotten."""
    return Bucket(
        f"device:{hashlib.sha256(mark.encode()).hexdigest()[:32]}", LOCK_AFTER_FAILURES, LOCK_S / LOCK_AFTER_FAILURES
    )


def _marks(cookie: str | None) -> list[str]:
    return [each for each in (cookie or "")[:4000].split(_BETWEEN) if each][:MARKS_MAX]


def _is_of(cipher: Cipher, mark: str, name: str, now: datetime) -> bool:
    said, _, seal = mark.rpartition(".")
    made_s, _, _ = said.partition(".")
    if not (said.isascii() and seal.isascii() and made_s.isdecimal() and len(made_s) <= 12):
        return False
    if not 0 <= now.timestamp() - int(made_s) <= MARK_AGE.total_seconds():
        return False
    return any(hmac.compare_digest(seal, _seal(key, said, name)) for key in cipher.derive(_PURPOSE))


def _seal(key: bytes, said: str, name: str) -> str:
    digest = hmac.digest(key, f"{name.strip().lower()}\n{said}".encode("utf-8", "surrogatepass"), hashlib.sha256)
    return base64.urlsafe_b64encode(digest[:18]).decode()
