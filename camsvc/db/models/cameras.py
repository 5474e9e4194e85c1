"""Tables of what is wanted: areas and cameras; and of what is: their status and the gaps in what is known."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from camsvc.db.models.base import Base, Big, one_of
from camsvc.domain.camera import CameraState
from camsvc.domain.coverage import Coverage
from camsvc.domain.incident import GapReason


class AreaRow(Base):
    __tablename__ = "areas"
    __table_args__ = ({"comment": "The administrative tree: provinces, districts, communes. Never deleted."},)

    path: Mapped[str] = mapped_column(
        primary_key=True, comment="Names from the root joined by '/', like bac-ninh/yen-phong/tam-giang."
    )
    parent: Mapped[str | None] = mapped_column(
        ForeignKey("areas.path"), comment="Path of the area above; null at the root."
    )
    name: Mapped[str] = mapped_column(
        comment="For people. The last part of the path while nobody has given another name."
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When it was first named.")


class CameraRow(Base):
    __tablename__ = "cameras"
    __table_args__ = ({"comment": "Desired cameras. A removed one keeps its row, so that its id never comes back."},)

    id: Mapped[str] = mapped_column(primary_key=True, comment="Chosen by the administrator; never reused.")
    name: Mapped[str] = mapped_column(comment="For people.")
    area: Mapped[str] = mapped_column(ForeignKey("areas.path"), comment="Where it belongs in the tree now.")
    enabled: Mapped[bool] = mapped_column(comment="False: kept, but nobody connects.")
    config: Mapped[dict[str, Any]] = mapped_column(
        comment="CameraConfig as JSON, without its streams (they hold credentials) and without id, name, area, enabled."
    )
    streams: Mapped[bytes] = mapped_column(
        comment="The stream URLs, encrypted (Fernet) together with the camera's id. Emptied on removal."
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When it was first added.")
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When it was last changed.")
    removed_at: Mapped[datetime | None] = mapped_column(comment="When it was removed; null: it is wanted.")


class CameraStatusRow(Base):
    __tablename__ = "camera_status"
    __table_args__ = (
        {
            "comment": "The last report of each camera's worker. Stale when reported_at is old:"
            " then nothing in it is now.",
            # Rewritten every few seconds and never indexed beyond the key: room on the page keeps updates in place.
            "postgresql_with": {"fillfactor": "50"},
        },
    )

    camera: Mapped[str] = mapped_column(ForeignKey("cameras.id"), primary_key=True, comment="Whose status.")
    worker: Mapped[str] = mapped_column(comment="Who reported.")
    reported_at: Mapped[datetime] = mapped_column(comment="When, by the database's clock.")
    state: Mapped[CameraState] = mapped_column(one_of(CameraState, "state"), comment="State of the main stream.")
    since: Mapped[datetime] = mapped_column(comment="Since when in that state, by the worker's clock.")
    detail: Mapped[str | None] = mapped_column(
        comment="One sentence for a person, free of credentials; null: nothing to say."
    )
    last_packet_at: Mapped[datetime | None] = mapped_column(comment="Wall time of the last packet; null: none yet.")
    codec: Mapped[str | None] = mapped_column(comment="h264 or hevc; null: not known yet.")
    width: Mapped[int | None] = mapped_column(comment="Of the picture, in pixels; null: not known yet.")
    height: Mapped[int | None] = mapped_column(comment="Of the picture, in pixels; null: not known yet.")
    fps: Mapped[float | None] = mapped_column(comment="Pictures per second received; null: not known yet.")
    bitrate_bps: Mapped[int | None] = mapped_column(Big, comment="Bits per second received; null: not known yet.")
    clock_error_ms: Mapped[float | None] = mapped_column(
        comment="Bound of the error of our wall time for its packets, in ms; null: no session."
    )
    camera_clock_offset_ms: Mapped[float | None] = mapped_column(
        comment="The camera's clock minus ours, in ms; null: it sends none."
    )
    sessions: Mapped[int] = mapped_column(comment="Sessions opened since the worker started: 1 means no reconnect.")
    analysed_fps: Mapped[float | None] = mapped_column(comment="Pictures per second analysed; null: none.")
    shed_frames: Mapped[int] = mapped_column(Big, comment="Frames given up by load shedding since the worker started.")


class CoverageGapRow(Base):
    __tablename__ = "coverage_gaps"
    __table_args__ = (
        # Serves spans() too: "gaps of a camera that overlap a time" walks (camera, what, started_at) backwards.
        UniqueConstraint(
            "camera",
            "what",
            "started_at",
            "reason",
            info={"serves": "record(): the same gap told twice is one; spans(): gaps of a camera by time"},
        ),
        CheckConstraint("ended_at >= started_at", name="order"),
        {"comment": "Time of which there is no footage, or which nobody analysed (invariant 3)."},
    )

    id: Mapped[int] = mapped_column(Big, Identity(always=True), primary_key=True, comment="No meaning.")
    camera: Mapped[str] = mapped_column(ForeignKey("cameras.id"), comment="Of which camera.")
    what: Mapped[Coverage] = mapped_column(one_of(Coverage, "what"), comment="What is missing.")
    started_at: Mapped[datetime] = mapped_column(comment="Wall time of the last that is known before it.")
    ended_at: Mapped[datetime] = mapped_column(comment="Wall time of the first that is known after it.")
    reason: Mapped[GapReason] = mapped_column(
        one_of(
            GapReason, "reason", check=False
        ),  # a newer worker must be able to say why before the schema knows the word
        comment="Why.",
    )
