"""The keys that sign evidence packages: one in use, the retired ones known by their certificates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from camsvc.db.locks import SIGNING, SPACE
from camsvc.db.models import SigningIdentityRow
from camsvc.errors import ConflictError


@dataclass(frozen=True, slots=True)
class StoredIdentity:
    fingerprint: str
    certificate: str
    """PEM: its own, then those of its issuers."""
    sealed_key: bytes = field(repr=False)
    """Empty once retired."""
    brought: bool
    created_at: datetime
    retired_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewIdentity:
    fingerprint: str
    certificate: str
    sealed_key: bytes = field(repr=False)
    brought: bool


def current(session: Session, make: Callable[[], NewIdentity]) -> StoredIdentity:
    """The one in use; the first time what ``make`` gives, once however many ask at the same time."""
    found = _in_use(session)
    if found is None:
        _lock(session)
        found = _in_use(session) or _add(session, make())
    return _stored(found)


def replace(session: Session, fresh: NewIdentity) -> StoredIdentity:
    """``fresh`` is in use from now on; the key of the one before is forgotten, its certificate kept.

    Raises ConflictError when ``fresh`` was in use before.
    """
    _lock(session)
    if session.scalar(select(SigningIdentityRow.id).where(SigningIdentityRow.fingerprint == fresh.fingerprint)):
        raise ConflictError(
            f"the certificate {fresh.fingerprint} is, or was, this installation's already",
            parameter="certificate",
            cure="bring another certificate, or see `camsvc identity list`",
        )
    before = _in_use(session)
    if before is not None:
        before.retired_at = session.scalars(select(func.now())).one()
        before.sealed_key = b""
        session.flush()
    return _stored(_add(session, fresh))


def all_identities(session: Session) -> list[StoredIdentity]:
    """Newest first."""
    rows = session.scalars(select(SigningIdentityRow).order_by(SigningIdentityRow.id.desc()))
    return [_stored(row) for row in rows]


def _in_use(session: Session) -> SigningIdentityRow | None:
    return session.scalar(select(SigningIdentityRow).where(SigningIdentityRow.retired_at.is_(None)))


def _add(session: Session, fresh: NewIdentity) -> SigningIdentityRow:
    row = SigningIdentityRow(
        fingerprint=fresh.fingerprint,
        certificate=fresh.certificate,
        sealed_key=fresh.sealed_key,
        brought=fresh.brought,
    )
    session.add(row)
    session.flush()
    session.refresh(row)
    return row


def _lock(session: Session) -> None:
    session.execute(text("SELECT pg_advisory_xact_lock(:space, :what)"), {"space": SPACE, "what": SIGNING})


def _stored(row: SigningIdentityRow) -> StoredIdentity:
    return StoredIdentity(
        row.fingerprint,
        row.certificate,
        row.sealed_key,
        row.brought,
        row.created_at.astimezone(UTC),
        row.retired_at.astimezone(UTC) if row.retired_at else None,
    )
