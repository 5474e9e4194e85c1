"""Tables of saved searches, of the alerts they raise, and of what is to be sent of them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, SmallInteger, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from camsvc.db.models.base import Base, Big, one_of
from camsvc.domain.alert import Channel, Span
from camsvc.domain.camera import Severity


class DeliveryState(StrEnum):
    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    """Given up."""


class SavedSearchRow(Base):
    __tablename__ = "saved_searches"
    __table_args__ = (
        UniqueConstraint("user_id", "name", info={"serves": "all_of(): the searches of an account; one name each"}),
        CheckConstraint("alert_begin_min BETWEEN 0 AND 1439 AND alert_end_min BETWEEN 0 AND 1439", name="hours"),
        {"comment": "Searches that people saved, and whether they raise alerts. Each belongs to one account."},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, comment="By chance (version 4): names it in a link.")
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), comment="Whose.")
    name: Mapped[str] = mapped_column(comment="Chosen by its owner.")
    conditions: Mapped[dict[str, Any]] = mapped_column(comment="What is asked, by the names of the REST interface.")
    span: Mapped[Span | None] = mapped_column(
        one_of(Span, "span"), comment="A time that moves along, in place of from and to; null: those."
    )
    alerts_since: Mapped[datetime | None] = mapped_column(
        comment="Incidents that begin after it raise alerts; null: none do."
    )
    paused_at: Mapped[datetime | None] = mapped_column(
        comment="Since when too many alerts hold it up; null: it is not."
    )
    channels: Mapped[list[str]] = mapped_column(
        ARRAY(Text), server_default=text("'{}'"), comment="Where alerts go besides the page: webhook, mqtt."
    )
    sealed_webhook: Mapped[bytes | None] = mapped_column(
        comment="URL and signing secret of the webhook, encrypted (Fernet); null: none."
    )
    alert_begin_min: Mapped[int | None] = mapped_column(
        SmallInteger, comment="Local minute of the day from which alerts are wanted; null: always."
    )
    alert_end_min: Mapped[int | None] = mapped_column(
        SmallInteger, comment="Until which; before begin: next day's; null as begin."
    )
    alert_days: Mapped[list[int] | None] = mapped_column(
        ARRAY(SmallInteger), comment="Days of the week of begin, 1 Monday to 7 Sunday; null: all."
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When it was first saved.")
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When it was last changed.")


class AlertRow(Base):
    __tablename__ = "alerts"
    __table_args__ = (
        UniqueConstraint("search_id", "incident", info={"serves": "raise_all(): an incident alerts once for a search"}),
        Index("ix_alerts_user_id", "user_id", text("id DESC"), info={"serves": "page(): an account's, newest first"}),
        Index(
            "ix_alerts_unseen",
            "user_id",
            "search_id",
            postgresql_where=text("seen_at IS NULL"),
            info={"serves": "unseen(): how many nobody looked at yet"},
        ),
        Index("ix_alerts_search_id_raised_at", "search_id", "raised_at", info={"serves": "pause(): of the last hour"}),
        Index("ix_alerts_raised_at", "raised_at", info={"serves": "forget(): old ones"}),
        {"comment": "An incident answered a saved search. Forgotten after some months; the incident stays."},
    )

    id: Mapped[int] = mapped_column(Big, Identity(always=True), primary_key=True, comment="Rises.")
    search_id: Mapped[UUID] = mapped_column(
        ForeignKey("saved_searches.id", ondelete="CASCADE"), comment="Which search it answered."
    )
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), comment="Who is told.")
    incident: Mapped[UUID] = mapped_column(comment="Which; it may be gone from the index by now.")
    camera: Mapped[str] = mapped_column(comment="Where it was seen.")
    area: Mapped[str] = mapped_column(comment="Path of the area where the camera stood.")
    kind: Mapped[str] = mapped_column(comment="Of the incident, as are severity and start.")
    severity: Mapped[Severity] = mapped_column(one_of(Severity, "severity"), comment="When it was raised.")
    incident_started_at: Mapped[datetime] = mapped_column(comment="When the incident began.")
    raised_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When it first answered.")
    seen_at: Mapped[datetime | None] = mapped_column(comment="When its owner looked at it; null: not yet.")


class DeliveryRow(Base):
    __tablename__ = "alert_deliveries"
    __table_args__ = (
        Index(
            "ix_alert_deliveries_due",
            "next_at",
            postgresql_where=text("state = 'pending'"),
            info={"serves": "due(): what is to be sent now"},
        ),
        {"comment": "An alert on its way out of the system, until it arrived or was given up."},
    )

    alert_id: Mapped[int] = mapped_column(
        Big, ForeignKey("alerts.id", ondelete="CASCADE"), primary_key=True, comment="Which alert."
    )
    channel: Mapped[Channel] = mapped_column(one_of(Channel, "channel"), primary_key=True, comment="webhook or mqtt.")
    state: Mapped[DeliveryState] = mapped_column(
        one_of(DeliveryState, "state"), server_default="pending", comment="pending, sent, or failed: given up."
    )
    attempts: Mapped[int] = mapped_column(server_default="0", comment="Made so far.")
    next_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When the next attempt is due.")
    ended_at: Mapped[datetime | None] = mapped_column(comment="When it was sent or given up; null: pending.")
    error: Mapped[str | None] = mapped_column(comment="Why the last attempt failed, without secrets; null: it did not.")


class AlertPositionRow(Base):
    __tablename__ = "alert_position"
    __table_args__ = (
        CheckConstraint("id = 1", name="one"),
        {"comment": "One row: how far the changes of incidents were held against saved searches."},
    )

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False, comment="Always 1.")
    change_seq: Mapped[int] = mapped_column(Big, comment="Of incidents: all up to it are done.")
