"""The schema. ``docs/reference/schema.md`` is made from it; migrations are held equal to it by a test."""

from __future__ import annotations

from camsvc.db.models.accounts import GrantRow, TokenKind, TokenRow, UserRow
from camsvc.db.models.agencies import AgencyRow
from camsvc.db.models.alerts import AlertPositionRow, AlertRow, DeliveryRow, DeliveryState, SavedSearchRow
from camsvc.db.models.annotations import AnnotationRow
from camsvc.db.models.audit import AuditHeadRow, AuditRow
from camsvc.db.models.base import Base
from camsvc.db.models.cameras import AreaRow, CameraRow, CameraStatusRow, CoverageGapRow
from camsvc.db.models.cases import (
    CaseAgencyRow,
    CaseEventRow,
    CaseItemRow,
    CaseNoteRow,
    CaseNoteTextRow,
    CasePersonRow,
    CaseRow,
    FootageRequestRow,
)
from camsvc.db.models.endpoints import EndpointRow
from camsvc.db.models.exports import DownloadRow, ExportRow
from camsvc.db.models.faults import FaultRow
from camsvc.db.models.holds import (
    DeletionRow,
    HoldEventRow,
    HoldLockRow,
    HoldRow,
    RetentionMarkRow,
    RetentionRunRow,
    StorageTallyRow,
)
from camsvc.db.models.incidents import IncidentRow, ViewpointRow
from camsvc.db.models.leases import LeaseGrantRow, LeaseRow
from camsvc.db.models.notices import NoticeRow
from camsvc.db.models.proving import LogInFailuresRow, ProviderIdentityRow, RecoveryCodeRow, SecondFactorRow
from camsvc.db.models.redactions import RedactionRow
from camsvc.db.models.seals import SealRow, WorkerKeyRow
from camsvc.db.models.signing import SigningIdentityRow
from camsvc.db.models.walls import WallRow
from camsvc.db.models.workers import WorkerStatusRow

__all__ = [
    "AgencyRow",
    "AlertPositionRow",
    "AlertRow",
    "AnnotationRow",
    "AreaRow",
    "AuditHeadRow",
    "AuditRow",
    "Base",
    "CameraRow",
    "CameraStatusRow",
    "CaseAgencyRow",
    "CaseEventRow",
    "CaseItemRow",
    "CaseNoteRow",
    "CaseNoteTextRow",
    "CasePersonRow",
    "CaseRow",
    "CoverageGapRow",
    "DeletionRow",
    "DeliveryRow",
    "DeliveryState",
    "DownloadRow",
    "EndpointRow",
    "ExportRow",
    "FaultRow",
    "FootageRequestRow",
    "GrantRow",
    "HoldEventRow",
    "HoldLockRow",
    "HoldRow",
    "IncidentRow",
    "LeaseGrantRow",
    "LeaseRow",
    "LogInFailuresRow",
    "NoticeRow",
    "ProviderIdentityRow",
    "RecoveryCodeRow",
    "RedactionRow",
    "RetentionMarkRow",
    "RetentionRunRow",
    "SavedSearchRow",
    "SealRow",
    "SecondFactorRow",
    "SigningIdentityRow",
    "StorageTallyRow",
    "TokenKind",
    "TokenRow",
    "UserRow",
    "ViewpointRow",
    "WallRow",
    "WorkerKeyRow",
    "WorkerStatusRow",
]
