"""Table of the keys that sign evidence packages."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Identity, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from camsvc.db.models.base import Base


class SigningIdentityRow(Base):
    __tablename__ = "signing_identities"
    __table_args__ = (
        UniqueConstraint("fingerprint", info={"serves": "replace(): whether a certificate was in use before"}),
        Index(
            "ix_signing_identities_in_use",
            text("(true)"),
            unique=True,
            postgresql_where=text("retired_at IS NULL"),
            info={"serves": "current(): the one in use; and there is never a second"},
        ),
        {
            "comment": "Keys that sign evidence packages, with their certificates. Never deleted: packages that were"
            " handed out name them."
        },
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True, comment="No meaning.")
    fingerprint: Mapped[str] = mapped_column(comment="SHA-256 of the certificate (DER), in hex: what people compare.")
    certificate: Mapped[str] = mapped_column(comment="PEM: the certificate, then those of its issuers. Public.")
    sealed_key: Mapped[bytes] = mapped_column(
        comment="The private key (PKCS #8), encrypted (Fernet) with the installation's key. Emptied when retired."
    )
    brought: Mapped[bool] = mapped_column(comment="False: made here; true: an administrator brought it.")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When it was first in use.")
    retired_at: Mapped[datetime | None] = mapped_column(comment="When another took its place; null: in use.")
