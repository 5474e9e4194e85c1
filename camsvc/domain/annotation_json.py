"""What people say of incidents as JSON, by the names of the REST interface, and as the audit chain names it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from camsvc.domain.annotation import Assignment, Entry, Judgement, Said, What
from camsvc.domain.incident_json import time_json

_DEEDS: Mapping[What, str] = {
    What.TAGGED: "incident.tagged",
    What.UNTAGGED: "incident.untagged",
    What.NOTED: "note.added",
    What.NOTE_EDITED: "note.edited",
    What.NOTE_WITHDRAWN: "note.withdrawn",
    What.ASSIGNED: "incident.assigned",
    What.DONE: "incident.done",
    What.UNASSIGNED: "incident.unassigned",
    What.JUDGED: "incident.judged",
}


def summary_json(incident: UUID, now: Said) -> dict[str, Any]:
    """For a list: without texts."""
    held = now.assignment
    return {
        "incident": str(incident),
        "tags": [each.tag for each in now.tags],
        "disposition": now.disposition.value,
        "assignee": held.assignee if held else None,
        "done": held is not None and held.done_at is not None,
        "notes": len(now.notes),
    }


def annotations_json(incident: UUID, now: Said, history: Sequence[Entry]) -> dict[str, Any]:
    return {
        "incident": str(incident),
        "tags": [{"tag": each.tag, "by": each.by.name, "at": time_json(each.at)} for each in now.tags],
        "notes": [
            {
                "id": each.id,
                "text": each.text,
                "by": each.by.name,
                "at": time_json(each.at),
                "edited_at": time_json(each.edited_at) if each.edited_at else None,
            }
            for each in now.notes
        ],
        "assignment": _assignment(now.assignment) if now.assignment else None,
        "disposition": _judgement(now.judgement),
        "history": [entry_json(each) for each in history],
    }


def entry_json(entry: Entry) -> dict[str, Any]:
    draft = entry.said
    return {
        "id": entry.id,
        "at": time_json(entry.at),
        "by": entry.by.name,
        "what": draft.what.value,
        "tag": draft.tag,
        "note": draft.note,
        "text": draft.text,
        "assignee": draft.assignee,
        "disposition": draft.disposition.value if draft.disposition else None,
        "reason": draft.reason,
    }


def deed_of(entry: Entry) -> str:
    """Its name in the audit chain."""
    return _DEEDS[entry.said.what]


def details_of(entry: Entry) -> dict[str, Any]:
    """What the record of it says besides who, when and of which incident. Not the text of a note: a record stays for
    ever, a note goes with its incident."""
    draft = entry.said
    is_note = draft.what in {What.NOTED, What.NOTE_EDITED, What.NOTE_WITHDRAWN}
    details = {
        "tag": draft.tag,
        "note": (draft.note or entry.id) if is_note else None,
        "assignee": draft.assignee,
        "disposition": draft.disposition,
        "reason": draft.reason,
    }
    return {name: value for name, value in details.items() if value is not None}


def _assignment(held: Assignment) -> dict[str, Any]:
    return {
        "assignee": held.assignee,
        "by": held.by.name,
        "at": time_json(held.at),
        "done_by": held.done_by.name if held.done_by else None,
        "done_at": time_json(held.done_at) if held.done_at else None,
    }


def _judgement(held: Judgement | None) -> dict[str, Any]:
    if held is None:
        return {"disposition": "none", "reason": None, "by": None, "at": None}
    return {
        "disposition": held.disposition.value,
        "reason": held.reason,
        "by": held.by.name,
        "at": time_json(held.at),
    }
