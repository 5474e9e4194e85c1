"""Tables of exports, the jobs that make evidence packages, and of who fetched what they made."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Uuid, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from camsvc.db.models.base import Base, Big, one_of
from camsvc.domain.export_job import ExportState


class ExportRow(Base):
    __tablename__ = "exports"
    __table_args__ = (
        CheckConstraint("(state = 'running') = (claim IS NOT NULL)", name="claim"),
        CheckConstraint("state <> 'done' OR (key IS NOT NULL AND expires_at IS NOT NULL)", name="package"),
        CheckConstraint("(encrypted_for IS NULL) = (recipient_pem IS NULL)", name="recipient"),
        {
            "comment": "Exports: what was to be in an evidence package, and how far its making is. Never deleted: when"
            " the package has expired, that it was made stays known."
        },
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, comment="By chance (version 4): names it in a link.")
    state: Mapped[ExportState] = mapped_column(
        one_of(ExportState, "state"), server_default="queued", comment="How far it is."
    )
    subjects: Mapped[dict[str, Any]] = mapped_column(comment="Incidents, spans of cameras and snapshots asked for.")
    contents: Mapped[dict[str, Any]] = mapped_column(comment="What goes into the package of each.")
    reason: Mapped[str] = mapped_column(comment="Why, in the words of who asked.")
    case_id: Mapped[int | None] = mapped_column(Big, comment="Id of the case it is made for; null: of none here.")
    case_number: Mapped[str | None] = mapped_column(comment="Number of the case; null: none was said.")
    case_title: Mapped[str | None] = mapped_column(comment="Title of the case then; null: of none here.")
    recipient_pem: Mapped[str | None] = mapped_column(
        comment="Certificate of the only one who can open the package; null: it is not encrypted."
    )
    encrypted_for: Mapped[str | None] = mapped_column(comment="Subject of that certificate; null as recipient_pem.")
    reach: Mapped[list[str] | None] = mapped_column(
        comment="Paths of the areas where who asked might export then, as the token they came with allowed: the job"
        " never reaches beyond; null: everywhere."
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When it was asked for.")
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), comment="Who asked.")
    user_name: Mapped[str] = mapped_column(comment="Their name then.")
    source: Mapped[str | None] = mapped_column(comment="Address they asked from; null: not over the network.")
    next_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When it may be begun, or begun again after a failure."
    )
    attempts: Mapped[int] = mapped_column(server_default=text("0"), comment="How often it was begun.")
    claim: Mapped[UUID | None] = mapped_column(
        comment="By chance, of the attempt that runs: who no longer holds it has lost the job; null: nobody runs it."
    )
    claimed_by: Mapped[str | None] = mapped_column(comment="Host and process of the last attempt; null: none yet.")
    beat_at: Mapped[datetime | None] = mapped_column(
        comment="When the attempt last gave a sign of life; null: none yet."
    )
    cancelled_at: Mapped[datetime | None] = mapped_column(comment="When its end was asked for; null: it was not.")
    cancelled_by: Mapped[str | None] = mapped_column(comment="Who asked for it; null as cancelled_at.")
    started_at: Mapped[datetime | None] = mapped_column(comment="Begin of the last attempt; null: none yet.")
    ended_at: Mapped[datetime | None] = mapped_column(comment="When it was done, failed or cancelled; null: not yet.")
    estimated_bytes: Mapped[int] = mapped_column(Big, comment="Of the package, guessed before: what the quota counts.")
    done_bytes: Mapped[int] = mapped_column(Big, server_default=text("0"), comment="Of footage, in this attempt.")
    all_bytes: Mapped[int] = mapped_column(Big, server_default=text("0"), comment="Of footage; 0: not known yet.")
    error: Mapped[str | None] = mapped_column(comment="Why the last attempt failed, with the cure; null: it did not.")
    problems: Mapped[list[str]] = mapped_column(
        server_default=text("'{}'"), comment="Files of the package that are altered or missing."
    )
    notes: Mapped[list[str]] = mapped_column(
        server_default=text("'{}'"), comment="What could not be done and is not needed to prove anything."
    )
    package: Mapped[UUID | None] = mapped_column(comment="Id in the package's manifest; null: not done.")
    key: Mapped[str | None] = mapped_column(
        comment="Of the package in the object store; null: not made, or deleted since."
    )
    size_bytes: Mapped[int | None] = mapped_column(Big, comment="Of the package file; null: not done.")
    sha256: Mapped[str | None] = mapped_column(comment="Of the package file, hexadecimal; null: not done.")
    envelope_key: Mapped[str | None] = mapped_column(
        comment="Of the .cms file that opens it, in the object store; null: not encrypted, not made, or deleted since."
    )
    envelope_bytes: Mapped[int | None] = mapped_column(Big, comment="Its size; null: not encrypted, or not done.")
    envelope_sha256: Mapped[str | None] = mapped_column(comment="Its SHA-256; null as envelope_bytes.")
    manifest_sha256: Mapped[str | None] = mapped_column(comment="Of the package's manifest; null: not done.")
    certificate_sha256: Mapped[str | None] = mapped_column(
        comment="Fingerprint of the certificate that signed; null: not done."
    )
    incidents: Mapped[list[UUID]] = mapped_column(
        ARRAY(Uuid),
        server_default=text("'{}'"),
        comment="Whose footage the package holds: whose rights a download needs.",
    )
    areas: Mapped[list[str]] = mapped_column(
        server_default=text("'{}'"), comment="Paths of the areas that they belong to, each once."
    )
    expires_at: Mapped[datetime | None] = mapped_column(comment="When the package is deleted; null: not done.")
    warned_at: Mapped[datetime | None] = mapped_column(comment="When who asked was told so; null: not yet.")
    removed_at: Mapped[datetime | None] = mapped_column(comment="When the package was deleted; null: it was not.")
    removed_by: Mapped[str | None] = mapped_column(comment="Who deleted it before its time; null: its time was over.")
    downloads: Mapped[int] = mapped_column(server_default=text("0"), comment="How often a download was begun.")


Index(
    "ix_exports_waiting",
    ExportRow.next_at,
    postgresql_where=text("state IN ('queued', 'running')"),
    info={"serves": "claim(): what is to be begun; waiting(): how much is on its way"},
)
Index(
    "ix_exports_stored",
    ExportRow.expires_at,
    postgresql_where=text("key IS NOT NULL"),
    info={"serves": "expired(), expiring(), used(): packages that are in the store"},
)
Index("ix_exports_created", ExportRow.created_at.desc(), ExportRow.id, info={"serves": "page(): all, newest first"})
Index(
    "ix_exports_user",
    ExportRow.user_id,
    ExportRow.created_at.desc(),
    info={"serves": "page(): those of an account, newest first"},
)
Index(
    "ix_exports_case",
    ExportRow.case_id,
    ExportRow.created_at.desc(),
    postgresql_where=text("case_id IS NOT NULL"),
    info={"serves": "page(): those of a case, newest first"},
)


class DownloadRow(Base):
    __tablename__ = "export_downloads"
    __table_args__ = (
        Index(
            "ix_export_downloads_export",
            "export",
            "user_id",
            text("last_at DESC"),
            info={"serves": "goes_on(): whether a range belongs to a download that is recorded already"},
        ),
        {
            "comment": "Downloads of packages: each is recorded once in the audit chain, however many ranges it is"
            " fetched in."
        },
    )

    id: Mapped[int] = mapped_column(Big, Identity(always=True), primary_key=True, comment="No meaning.")
    export: Mapped[UUID] = mapped_column(ForeignKey("exports.id"), comment="Of which.")
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), comment="Who fetches it.")
    source: Mapped[str | None] = mapped_column(comment="Address they fetch it to; null: not known.")
    file: Mapped[str] = mapped_column(comment="package, or envelope: the .cms file.")
    began_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When its first byte was asked for.")
    last_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When a range was last asked for.")
