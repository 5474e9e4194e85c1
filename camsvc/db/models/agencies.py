"""Table of the agencies that share an installation."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Identity, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from camsvc.db.models.base import Base


class AgencyRow(Base):
    __tablename__ = "agencies"
    __table_args__ = (
        UniqueConstraint("name", info={"serves": "add(): one agency a name; all_agencies(): in order"}),
        {"comment": "Agencies that share this installation. What their accounts are granted ends at their areas."},
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True, comment="No meaning.")
    name: Mapped[str] = mapped_column(comment="As people call it.")
    areas: Mapped[list[str] | None] = mapped_column(
        comment="Paths of the areas it is responsible for, each with all below it; null: everywhere."
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When it was added.")
