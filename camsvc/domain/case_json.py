"""Cases as JSON: the one mapping of the API and the command line (names: design §6)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from camsvc.domain.case import Case, CaseEvent, FootageRequest, Item, Note, Person, SharedWith, Wanted
from camsvc.domain.incident_json import time_json


def case_json(case: Case) -> dict[str, Any]:
    """Every member is always present; what is not known is null."""
    return {
        "id": case.id,
        "number": case.number,
        "title": case.title,
        "description": case.description,
        "state": case.state.value,
        "created_at": time_json(case.created_at),
        "created_by": case.created_by,
        "changed_at": _time(case.changed_at or case.created_at),
        "closed_at": _time(case.closed_at),
        "revision": case.revision,
    }


def person_json(person: Person) -> dict[str, Any]:
    return {"user": person.user_name, "role": person.role.value}


def agency_json(agency: SharedWith) -> dict[str, Any]:
    return {"id": agency.agency_id, "name": agency.agency_name, "role": agency.role.value}


def item_json(item: Item, *, is_open: bool = True) -> dict[str, Any]:
    """One that is not open tells its kind and times, who put it in, and nothing of where or what."""
    told: dict[str, Any] = {
        "id": item.id,
        "kind": item.kind.value,
        "open": is_open,
        "from": time_json(item.from_at),
        "to": time_json(item.to_at),
        "added_at": time_json(item.added_at),
        "added_by": item.added_by,
        "removed_at": _time(item.removed_at),
        "removed_by": item.removed_by,
    }
    seen = {
        "camera": item.camera,
        "area": item.area,
        "incident": str(item.incident) if item.incident else None,
        "part": item.part,
        "comment": item.comment,
        "snapshot_sha256": item.snapshot_sha256,
        "snapshot_bytes": item.snapshot_bytes,
        "clock_error_ms": item.clock_error_ms,
    }
    return told | (seen if is_open else dict.fromkeys(seen))


def note_json(note: Note) -> dict[str, Any]:
    return {
        "id": note.id,
        "at": time_json(note.at),
        "by": note.by,
        "text": note.text,
        "edited_at": _time(note.edited_at),
        "withdrawn_at": _time(note.withdrawn_at),
    }


def event_json(event: CaseEvent) -> dict[str, Any]:
    return {"at": time_json(event.at), "by": event.by, "what": event.what, "facts": event.facts}


def request_json(request: FootageRequest, *, decides: bool, now: datetime) -> dict[str, Any]:
    """``decides``: for somebody who may decide it, and so may know what it names."""
    return {
        "id": request.id,
        "case": request.case_id,
        "case_number": request.case_number,
        "item": request.item,
        "wanted": wanted_json(request.wanted),
        "reason": request.reason,
        "state": request.state.value,
        "live": request.is_live(now),
        "asked_at": time_json(request.asked_at),
        "asked_by": request.asked_by,
        "decided_at": _time(request.decided_at),
        "decided_by": request.decided_by,
        "decision": request.decision,
        "until": _time(request.until),
        "ended_at": _time(request.ended_at),
        "ended_by": request.ended_by,
        "end_reason": request.end_reason,
        "may_decide": decides,
        "place": request.place if decides else None,
        "names_nothing": request.place is None if decides else None,
    }


def wanted_json(wanted: Wanted) -> dict[str, Any]:
    return {
        "incident": str(wanted.incident) if wanted.incident else None,
        "camera": wanted.camera,
        "area": wanted.area,
        "from": _time(wanted.from_at),
        "to": _time(wanted.to_at),
    }


def _time(moment: datetime | None) -> str | None:
    return time_json(moment) if moment is not None else None
