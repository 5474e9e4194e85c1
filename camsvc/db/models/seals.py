"""Tables of workers' keys, and of the seals that they put on what they recorded."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Identity, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from camsvc.db.models.base import Base, one_of
from camsvc.domain.seal import SealOf


class WorkerKeyRow(Base):
    __tablename__ = "worker_keys"
    __table_args__ = (
        UniqueConstraint("id", info={"serves": "register(), keys(): a key by the id that seals name"}),
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended"),
        {
            "comment": "Public keys of workers, by which their seals are checked. A trigger refuses to change or remove"
            " one; it may only be ended, once: an ended key still checks what it sealed."
        },
    )

    number: Mapped[int] = mapped_column(Identity(always=True), primary_key=True, comment="Short name, for seals.")
    id: Mapped[str] = mapped_column(comment="SHA-256 of the public key (DER SubjectPublicKeyInfo), hexadecimal.")
    worker: Mapped[str] = mapped_column(comment="Which worker made it.")
    public_pem: Mapped[str] = mapped_column(comment="ECDSA over P-256, PEM.")
    registered_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When it was first heard of, by the database's clock."
    )
    ended_at: Mapped[datetime | None] = mapped_column(
        comment="When an administrator said that it is used no more: what is sealed with it later is not trusted;"
        " null: it is in use."
    )
    ended_by: Mapped[str | None] = mapped_column(comment="Who said so; null as ended_at.")


class SealRow(Base):
    __tablename__ = "seals"
    __table_args__ = (
        {
            "comment": "Workers' signatures over what they recorded (camsvc.domain.seal). Added with the row that names"
            " the file, never changed; goes with the incident's row. Beside the index and not in it: no search reads"
            " it."
        },
    )

    incident: Mapped[UUID] = mapped_column(
        primary_key=True, comment="Of which incident. No foreign key: incidents are taken out by the month."
    )
    what: Mapped[SealOf] = mapped_column(
        one_of(SealOf, "what"), primary_key=True, comment="clip: a part of the clip; tracks: the boxes."
    )
    part: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, comment="Index of the part; 0 of tracks.")
    key: Mapped[int] = mapped_column(ForeignKey("worker_keys.number"), comment="Which key made it.")
    signature: Mapped[bytes] = mapped_column(comment="ECDSA with SHA-256 over the statement, DER.")
    sha256: Mapped[bytes | None] = mapped_column(
        comment="Of the tracks file, when it was written; null: of a part, whose row keeps it."
    )
    size_bytes: Mapped[int | None] = mapped_column(comment="Of the tracks file; null as sha256.")
