"""What is found wrong with stored files: written down, in the audit chain, told to administrators; and shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from camsvc.api.context import Server
from camsvc.api.services import audit, notices
from camsvc.db.queries import case_items, case_people
from camsvc.db.queries import faults as rows
from camsvc.domain.audit import Kind
from camsvc.domain.fault import Fault, FaultKind, Finder
from camsvc.domain.incident import Incident
from camsvc.domain.incident_json import time_json
from camsvc.domain.notice import NoticeKind
from camsvc.storage import keys

STORAGE_PAGE = "/admin/storage"


def report(
    session: Session,
    key: str,
    what: FaultKind,
    by: Finder,
    detail: str,
    *,
    incident: Incident | None = None,
    tell: bool = True,
) -> bool:
    """Write down that the file ``key`` is at fault; whether that is news: the audit chain has it then, and
    administrators and the people of its cases get a notice (``tell``). Last in its transaction."""
    id_ = incident.id if incident else keys.incident_of(key)
    if not rows.found(session, key, id_, what, by, detail):
        return False
    if tell:
        _tell(session, what, id_, incident)
    if id_ is not None:
        rows.touch(session, [id_])
    details = {"key": key, "what": what.value, "by": by.value, "detail": detail}
    _record(session, "footage.at_fault", id_, incident, details)
    return True


def clear(session: Session, found_whole: Collection[str], by: Finder) -> int:
    """The files of ``found_whole`` are what was recorded; how many were at fault before. Last in its transaction."""
    gone = [each for each in (rows.at(session, key) for key in found_whole) if each is not None]
    rows.clear(session, [each.key for each in gone], by.value)
    if touched := {each.incident for each in gone if each.incident is not None}:
        rows.touch(session, touched)
    for each in gone:
        details = {"key": each.key, "was": each.what.value, "by": by.value}
        _record(session, "footage.whole_again", each.incident, None, details)
    return len(gone)


def of(server: Server, incidents: Collection[UUID]) -> Mapping[UUID, Sequence[Fault]]:
    """What is wrong with the files of incidents that the caller may see; those that are whole are not in it."""
    with server.database.session() as session:
        found = rows.of_incidents(session, incidents)
    by_incident: dict[UUID, list[Fault]] = {}
    for each in found:
        if each.incident is not None:
            by_incident.setdefault(each.incident, []).append(each)
    return by_incident


def fault_json(fault: Fault) -> dict[str, Any]:
    return {
        "file": fault.key.rsplit("/", 1)[-1],
        "what": fault.what.value,
        "found_at": time_json(fault.found_at),
        "found_by": fault.found_by.value,
        "detail": fault.detail,
    }


def _tell(session: Session, what: FaultKind, id_: UUID | None, incident: Incident | None) -> None:
    """Administrators, and the people of cases that it is in, who may not all know more of it than that."""
    told = set(notices.administrators(session))
    path = f"/incidents/{id_}" if id_ else STORAGE_PAGE
    camera = incident.camera if incident else None
    notices.tell(session, told, NoticeKind.FOOTAGE_AT_FAULT, path, what=what.value, camera=camera)
    for case_id, number in case_items.cases_of(session, id_).items() if id_ else ():
        others = {each.user_id for each in case_people.people(session, case_id)} - told
        notices.tell(session, others, NoticeKind.FOOTAGE_AT_FAULT, f"/cases/{case_id}", what=what.value, case=number)
        told |= others


def _record(
    session: Session, what: str, id_: UUID | None, incident: Incident | None, details: Mapping[str, str]
) -> None:
    camera, area = (incident.camera, incident.area) if incident else (None, None)
    audit.append(session, None, Kind.ADMINISTER, what, incident=id_, camera=camera, area=area, details=details)
