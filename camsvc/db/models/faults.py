"""The table of what was found wrong with stored files."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Identity, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from camsvc.db.models.base import Base, Big, one_of
from camsvc.domain.fault import FaultKind, Finder


class FaultRow(Base):
    __tablename__ = "faults"
    __table_args__ = (
        {
            "comment": "Stored files that are not what was recorded. A row for each time that one was found so; it is"
            " cleared when the file is found whole again, and stays as history."
        },
    )

    id: Mapped[int] = mapped_column(Big, Identity(always=True), primary_key=True, comment="Rises with time.")
    key: Mapped[str] = mapped_column(comment="Object key of the file.")
    incident: Mapped[UUID | None] = mapped_column(comment="Whose file it is; null: of no incident.")
    what: Mapped[FaultKind] = mapped_column(
        one_of(FaultKind, "what"), comment="missing: not there; altered: other bytes; forged: the seal does not fit."
    )
    found_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When, by the database's clock.")
    found_by: Mapped[Finder] = mapped_column(one_of(Finder, "found_by"), comment="What looked.")
    detail: Mapped[str] = mapped_column(comment="What was expected and what was found, in words.")
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When it was last found still so.")
    cleared_at: Mapped[datetime | None] = mapped_column(
        comment="When the file was found whole again, or went by retention; null: it is at fault."
    )
    cleared_by: Mapped[str | None] = mapped_column(comment="What found so; null as cleared_at.")


Index(
    "ix_faults_open_key",
    FaultRow.key,
    unique=True,
    postgresql_where=text("cleared_at IS NULL"),
    info={"serves": "found(), clear(), at(): the open fault of a file, of which there is one at most"},
)
Index(
    "ix_faults_open_incident",
    FaultRow.incident,
    postgresql_where=text("cleared_at IS NULL"),
    info={"serves": "of_incidents(): what is wrong with the files of incidents that are shown"},
)
