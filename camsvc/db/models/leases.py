"""Tables of who owns a camera (invariant 7)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from camsvc.db.models.base import Base, Big


class LeaseRow(Base):
    __tablename__ = "leases"
    __table_args__ = (
        {
            "comment": "One row for each camera: who owns it now. All times are the database's:"
            " workers' clocks may differ.",
            # Renewed every few seconds; its one index is the key: room on the page keeps updates in place.
            "postgresql_with": {"fillfactor": "50"},
        },
    )

    camera: Mapped[str] = mapped_column(ForeignKey("cameras.id"), primary_key=True, comment="Which camera.")
    epoch: Mapped[int] = mapped_column(
        Big, server_default="0", comment="Number of the last grant; rises by one with each; 0: never granted."
    )
    worker: Mapped[str | None] = mapped_column(comment="Who holds it, or held it last until it expired; null: nobody.")
    granted_at: Mapped[datetime | None] = mapped_column(comment="When the last grant began; null: never granted.")
    expires_at: Mapped[datetime | None] = mapped_column(
        comment="Until when it is held unless renewed; null: released or never granted."
    )


class LeaseGrantRow(Base):
    __tablename__ = "lease_grants"
    __table_args__ = (
        {
            "comment": "Every grant ever made. An incident of an epoch that is not here,"
            " or not its worker's, is refused."
        },
    )

    camera: Mapped[str] = mapped_column(ForeignKey("cameras.id"), primary_key=True, comment="Which camera.")
    epoch: Mapped[int] = mapped_column(
        Big, primary_key=True, autoincrement=False, comment="Number of the grant, from 1."
    )
    worker: Mapped[str] = mapped_column(comment="To whom.")
    granted_at: Mapped[datetime] = mapped_column(comment="When it began.")
    ended_at: Mapped[datetime | None] = mapped_column(
        comment="When it was released, was taken over, or expired (set by the next grant); null: it may last."
    )
    superseded_at: Mapped[datetime | None] = mapped_column(
        comment="When the next epoch was granted: what this one opened from then on is refused; null: it is the last."
    )


Index(
    "ix_lease_grants_worker",
    LeaseGrantRow.worker,
    LeaseGrantRow.granted_at.desc(),
    info={"serves": "history(worker): which cameras a worker owned, and when"},
)
