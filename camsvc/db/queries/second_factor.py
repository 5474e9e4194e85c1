"""One-time codes (TOTP, RFC 6238) as second factor, and the recovery codes that stand in for them.

Secrets are sealed with the installation's key. A code is taken once: the number of its half minute must be above that
of the last. Wrong codes slow down the next ones; whoever tries them knows the password already.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import pyotp
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from camsvc.db.cipher import Cipher
from camsvc.db.models import RecoveryCodeRow, SecondFactorRow
from camsvc.errors import ConfigError, ConflictError, NotFoundError

STEP_S = 30
"""RFC 6238 §5.2, and the only one that every authenticator knows; as are six digits and SHA-1 (§1.2: HMAC)."""
DRIFT_STEPS = 1
"""Steps that a phone's clock may be ahead or behind; also for who types slowly (RFC 6238 §5.2)."""
RECOVERY_CODES = 10
RECOVERY_BYTES = 10
"""80 random bits: not to be guessed, so a fast hash is enough to keep them, and they need no slowing down."""
FREE_WRONG_CODES = 5
"""In a row, before each further one doubles the wait."""
FIRST_WAIT_S = 30.0
LONGEST_WAIT_S = 3600.0
"""Leaves 24 tries a day at three codes in a million each: one chance in 14,000 a day for who has the password."""
ENROLMENT_AGE_S = 3600.0
"""How long a secret waits for its first code; then another is made."""
_MISREAD = str.maketrans("018", "olb")
"""Base 32 has none of these figures: whoever types one read a letter as it."""
_SECRET = "secret"  # noqa: S105  the name of a value


class Proof(StrEnum):
    CODE = "code"
    RECOVERY = "recovery"
    """A recovery code, which is now used up."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """On a code that was given. Commit it: a wrong one is counted."""

    proof: Proof | None
    """None: refused."""
    wait_s: float = 0.0
    """Seconds until the next code is looked at; 0: at once."""


@dataclass(frozen=True, slots=True)
class State:
    since: datetime | None
    """When it was set up; None: it is not."""
    recovery_codes: int
    """That are still good."""

    @property
    def is_set_up(self) -> bool:
        return self.since is not None


def state(session: Session, user: int) -> State:
    since = session.scalar(select(SecondFactorRow.confirmed_at).where(SecondFactorRow.user_id == user))
    left = session.scalars(
        select(func.count()).where(RecoveryCodeRow.user_id == user, RecoveryCodeRow.used_at.is_(None))
    ).one()
    return State(since.astimezone(UTC) if since else None, left)


def is_set_up(session: Session, user: int) -> bool:
    return state(session, user).is_set_up


def require(session: Session, user: int) -> None:
    """Raises NotFoundError when none is set up."""
    if not is_set_up(session, user):
        raise NotFoundError("no second factor is set up", cure="set one up first")


def begin(session: Session, cipher: Cipher, user: int) -> str:
    """The secret to put into an authenticator, in base 32: a new one, or the one that was begun within the hour.

    It counts only once ``confirm`` has seen a code of it. Raises ConflictError when one is set up already.
    """
    row = session.get(SecondFactorRow, user, with_for_update=True, populate_existing=True)
    if row is not None and row.confirmed_at is not None:
        raise ConflictError("a second factor is set up already", cure="remove it first")
    now = session.scalars(select(func.clock_timestamp())).one()
    if row is not None and now - row.begun_at < timedelta(seconds=ENROLMENT_AGE_S):
        return _secret(row, cipher)
    secret = pyotp.random_base32()
    values = {"sealed_secret": cipher.seal(_subject(user), {_SECRET: secret}), "begun_at": now, "wrong_codes": 0}
    insertion = insert(SecondFactorRow).values(user_id=user, **values)
    session.execute(insertion.on_conflict_do_update(index_elements=[SecondFactorRow.user_id], set_=values))
    return secret


def confirm(session: Session, cipher: Cipher, user: int, code: str, now: datetime) -> tuple[Verdict, list[str]]:
    """Sets up what was begun, if ``code`` is right. With it the recovery codes, to be shown once.

    Raises NotFoundError when nothing was begun, ConflictError when one is set up already.
    """
    row = session.get(SecondFactorRow, user, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFoundError("no second factor was begun", cure="begin to set one up first")
    if row.confirmed_at is not None:
        raise ConflictError("a second factor is set up already", cure="remove it first")
    verdict = _look_at(row, cipher, _typed(code), now)
    if verdict.proof is None:
        return verdict, []
    row.confirmed_at = session.scalars(select(func.clock_timestamp())).one()
    session.flush()
    return verdict, renew_recovery_codes(session, user)


def check(session: Session, cipher: Cipher, user: int, code: str, now: datetime) -> Verdict:
    """Whether ``code`` proves that ``user`` has their second factor: one of its codes, or a recovery code.

    Each is taken once. Raises NotFoundError when none is set up.
    """
    row = session.get(SecondFactorRow, user, with_for_update=True, populate_existing=True)
    if row is None or row.confirmed_at is None:
        raise NotFoundError("no second factor is set up")
    typed = _typed(code)
    if _use_recovery_code(session, user, typed):
        row.wrong_codes, row.refused_until = 0, None
        session.flush()
        return Verdict(Proof.RECOVERY)
    verdict = _look_at(row, cipher, typed, now)
    session.flush()
    return verdict


def renew_recovery_codes(session: Session, user: int) -> list[str]:
    """New ones in place of all before. They are shown here and never again."""
    codes = [base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower() for _ in range(RECOVERY_CODES)]
    session.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.user_id == user))
    session.execute(insert(RecoveryCodeRow).values([{"user_id": user, "hash": _digest(each)} for each in codes]))
    return ["-".join(each[at : at + 4] for at in range(0, len(each), 4)) for each in codes]


def remove(session: Session, user: int) -> bool:
    """Whether there was one, set up or begun."""
    session.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.user_id == user))
    gone = delete(SecondFactorRow).where(SecondFactorRow.user_id == user).returning(SecondFactorRow.user_id)
    return session.scalar(gone) is not None


def uri(secret: str, account: str, issuer: str) -> str:
    """What a QR code tells an authenticator."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def _look_at(row: SecondFactorRow, cipher: Cipher, code: str, now: datetime) -> Verdict:
    """Counts a wrong code in ``row``, or notes the step of a right one."""
    if row.refused_until is not None and now < row.refused_until:
        return Verdict(None, (row.refused_until - now).total_seconds())
    generator = pyotp.TOTP(_secret(row, cipher), interval=STEP_S)
    current = int(now.timestamp()) // STEP_S
    fitting = [
        step
        for step in range(current - DRIFT_STEPS, current + DRIFT_STEPS + 1)
        if hmac.compare_digest(generator.generate_otp(step).encode(), code.encode())
    ]
    fresh = [step for step in fitting if row.last_step is None or step > row.last_step]
    if fresh:
        row.last_step, row.wrong_codes, row.refused_until = fresh[0], 0, None
        return Verdict(Proof.CODE)
    row.wrong_codes += 1
    beyond = row.wrong_codes - FREE_WRONG_CODES
    if beyond < 0:
        return Verdict(None)
    wait_s = min(FIRST_WAIT_S * 2 ** min(beyond, 30), LONGEST_WAIT_S)
    row.refused_until = now + timedelta(seconds=wait_s)
    return Verdict(None, wait_s)


def _use_recovery_code(session: Session, user: int, typed: str) -> bool:
    used = session.scalar(
        update(RecoveryCodeRow)
        .where(
            RecoveryCodeRow.user_id == user,
            RecoveryCodeRow.hash == _digest(typed.translate(_MISREAD)),
            RecoveryCodeRow.used_at.is_(None),
        )
        .values(used_at=func.clock_timestamp())
        .returning(RecoveryCodeRow.user_id)
        .execution_options(synchronize_session=False)
    )
    return used is not None


def _typed(code: str) -> str:
    """Without what people and keyboards put between: spaces, dashes, capitals, wide figures."""
    plain = unicodedata.normalize("NFKC", code[:200]).lower()
    return re.sub(r"[^a-z0-9]", "", plain)


def _digest(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()


def _secret(row: SecondFactorRow, cipher: Cipher) -> str:
    try:
        return cipher.open(_subject(row.user_id), row.sealed_secret)[_SECRET]
    except ConfigError:
        # The cipher speaks of cameras; its cause holds secrets.
        raise ConfigError(
            f"the second factor of account {row.user_id} cannot be decrypted with this key: restore the secret.key (or"
            " secret_key) that was in use when it was set up, or reset it with `camsvc accounts reset-second-factor`"
        ) from None


def _subject(user: int) -> str:
    return f"second factor of account {user}"
