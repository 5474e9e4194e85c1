"""The schema. ``docs/reference/schema.md`` is made from it; migrations are held equal to it by a test."""

from __future__ import annotations

from camsvc.db.models.accounts import TokenKind, TokenRow, UserRow
from camsvc.db.models.base import Base
from camsvc.db.models.cameras import AreaRow, CameraRow, CameraStatusRow, CoverageGapRow
from camsvc.db.models.endpoints import EndpointRow
from camsvc.db.models.incidents import IncidentRow, ViewpointRow
from camsvc.db.models.leases import LeaseGrantRow, LeaseRow
from camsvc.db.models.workers import WorkerStatusRow

__all__ = [
    "AreaRow",
    "Base",
    "CameraRow",
    "CameraStatusRow",
    "CoverageGapRow",
    "EndpointRow",
    "IncidentRow",
    "LeaseGrantRow",
    "LeaseRow",
    "TokenKind",
    "TokenRow",
    "UserRow",
    "ViewpointRow",
    "WorkerStatusRow",
]
