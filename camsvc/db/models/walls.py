"""Table of saved walls."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from camsvc.db.models.base import Base


class WallRow(Base):
    __tablename__ = "walls"
    __table_args__ = (
        CheckConstraint("tiles IN (1, 4, 9, 16, 25)", name="tiles"),
        CheckConstraint("cycle_s > 0", name="cycle"),
        {"comment": "Layouts of live pictures that people saved. Each belongs to one account."},
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True, comment="Whose.")
    name: Mapped[str] = mapped_column(primary_key=True, comment="Chosen by its owner.")
    tiles: Mapped[int] = mapped_column(SmallInteger, comment="How many pictures are shown at once.")
    cameras: Mapped[list[str | None]] = mapped_column(
        ARRAY(Text),
        comment="Camera of each tile in reading order; a null in it is an empty tile. More than tiles: they take turns."
        " An id says nothing of a right to see it, and may be of a camera that is gone.",
    )
    cycle_s: Mapped[int | None] = mapped_column(comment="Seconds until the next cameras; null: they stay.")
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When it was last saved.")
