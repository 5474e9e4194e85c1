"""Table of the addresses at which processes serve each other."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from camsvc.db.models.base import Base, one_of
from camsvc.domain.endpoint import EndpointKind


class EndpointRow(Base):
    __tablename__ = "endpoints"
    __table_args__ = (
        {
            "comment": "Where workers and live processes are reached by the others. Stale when reported_at is old.",
            # Rewritten every few seconds and never indexed beyond the key: room on the page keeps updates in place.
            "postgresql_with": {"fillfactor": "50"},
        },
    )

    kind: Mapped[EndpointKind] = mapped_column(
        one_of(EndpointKind, "kind"), primary_key=True, comment="tap: a worker; live: a live process."
    )
    name: Mapped[str] = mapped_column(primary_key=True, comment="Of the process, kept over its restarts.")
    host: Mapped[str] = mapped_column(comment="Name or address that the others connect to.")
    port: Mapped[int] = mapped_column(comment="TCP port.")
    certificate: Mapped[str] = mapped_column(comment="PEM; whoever connects takes this one and no other. Public.")
    load: Mapped[int] = mapped_column(comment="Viewers, or watched streams, at the time of the report.")
    capacity: Mapped[int] = mapped_column(comment="The most that it serves.")
    reported_at: Mapped[datetime] = mapped_column(comment="When, by the database's clock.")
