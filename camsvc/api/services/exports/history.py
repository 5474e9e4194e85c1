"""What exports leave in the history of their case, where its people read it, and how they end, in the audit."""

from __future__ import annotations

from sqlalchemy.orm import Session

from camsvc.api.services import audit
from camsvc.db.queries import cases
from camsvc.db.queries.holds import By
from camsvc.domain.account import User
from camsvc.domain.audit import Kind
from camsvc.domain.export_job import Export

SYSTEM = By(None, "camsvc")


def record(session: Session, user: User | None, export: Export, what: str, **facts: object) -> None:
    """``user`` None: the system did it. Nothing for an export of no case. Facts name no camera, place or incident."""
    if export.case_id is None:
        return
    by = By(user.id, user.name) if user else SYSTEM
    told = {"export": str(export.id), "asked_by": export.created_by, **facts}
    cases.record(session, export.case_id, by, what, {name: fact for name, fact in told.items() if fact is not None})


def ended(session: Session, user: User | None, export: Export, what: str, source: str | None = None) -> None:
    """That it was stopped, deleted, or its time was over: in the audit too. The last of the transaction."""
    record(session, user, export, what)
    details = {"export": str(export.id), "asked_by": export.created_by}
    if export.package is not None:
        details["package"] = str(export.package)
    audit.append(session, user, Kind.EXPORT, what, source=source, case_number=export.case_number, details=details)
