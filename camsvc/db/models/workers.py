"""Table of the processes that record."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from camsvc.db.models.base import Base, Big


class WorkerStatusRow(Base):
    __tablename__ = "worker_status"
    __table_args__ = (
        {
            "comment": "The last report of each worker. Stale when reported_at is old: then nothing in it is now.",
            # Rewritten every few seconds and never indexed beyond the key: room on the page keeps updates in place.
            "postgresql_with": {"fillfactor": "50"},
        },
    )

    worker: Mapped[str] = mapped_column(primary_key=True, comment="Which worker.")
    reported_at: Mapped[datetime] = mapped_column(comment="When, by the database's clock.")
    started_at: Mapped[datetime] = mapped_column(comment="When the process started, by its own clock.")
    cameras: Mapped[int] = mapped_column(comment="Cameras that it runs.")
    detector: Mapped[str | None] = mapped_column(comment="Name of the model that runs; null: none does.")
    detector_detail: Mapped[str | None] = mapped_column(comment="Why the detector does not work; null: it does.")
    analysed_frames: Mapped[int] = mapped_column(Big, comment="Frames analysed since the start.")
    shed_frames: Mapped[int] = mapped_column(Big, comment="Frames given up for newer ones since the start.")
    published: Mapped[int] = mapped_column(Big, comment="Incidents published whole since the start.")
    spool_entries: Mapped[int] = mapped_column(comment="Incidents not yet published whole.")
    spool_bytes: Mapped[int] = mapped_column(Big, comment="Size of the spool, in bytes.")
    spool_oldest_at: Mapped[datetime | None] = mapped_column(
        comment="When the oldest incident on the spool started; null: it is empty."
    )
    spool_refused: Mapped[str | None] = mapped_column(comment="Why no footage is recorded; null: it is.")
    spool_aside: Mapped[int] = mapped_column(comment="Incidents set aside, damaged or refused: a person must look.")
    store_away_since: Mapped[datetime | None] = mapped_column(
        comment="Since when the object store does not answer this worker; null: it does."
    )
