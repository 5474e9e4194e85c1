"""Table of notices to accounts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from camsvc.db.models.base import Base, Big, one_of
from camsvc.domain.notice import NoticeKind


class NoticeRow(Base):
    __tablename__ = "notices"
    __table_args__ = (
        Index("ix_notices_user_id", "user_id", text("id DESC"), info={"serves": "page(): an account's, newest first"}),
        Index(
            "ix_notices_unread",
            "user_id",
            postgresql_where=text("read_at IS NULL"),
            info={"serves": "unread(): how many nobody looked at yet"},
        ),
        Index("ix_notices_at", "at", info={"serves": "forget(): old ones"}),
        {"comment": "What an account is told beside alerts. Forgotten after some months."},
    )

    id: Mapped[int] = mapped_column(Big, Identity(always=True), primary_key=True, comment="Rises.")
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), comment="Who is told.")
    at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When, by the database's clock.")
    kind: Mapped[NoticeKind] = mapped_column(one_of(NoticeKind, "kind"), comment="What of.")
    path: Mapped[str] = mapped_column(comment="Of the page that it leads to, on this site.")
    facts: Mapped[dict[str, Any]] = mapped_column(comment="Texts for its sentence, by name.")
    read_at: Mapped[datetime | None] = mapped_column(comment="When its owner looked at it; null: not yet.")
