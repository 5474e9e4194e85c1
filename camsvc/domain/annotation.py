"""What people say of an incident: tags, notes, who looks after it, and what it turned out to be.

Each thing said is an ``Entry`` of the incident's history, to which is only added: nothing is overwritten. What holds
now (``Said``) is what its entries, in order, come to.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

TAG = re.compile(r"\w[\w .-]{0,62}\w|\w")
"""Letters of any script, digits, '_', and between them spaces, dots and hyphens."""
NOTE_MAX = 4000
"""Characters: two pages."""
REASON_MAX = 500


class Disposition(StrEnum):
    """What a person judged it to be."""

    NONE = "none"
    """Nobody has judged it (yet)."""
    TRUE = "true"
    """It was what the rule says."""
    FALSE_ALARM = "false_alarm"
    """It was not."""


class What(StrEnum):
    """What an entry of the history says."""

    TAGGED = "tagged"
    UNTAGGED = "untagged"
    NOTED = "noted"
    NOTE_EDITED = "note_edited"
    """By its author; the earlier text stays in its own entry."""
    NOTE_WITHDRAWN = "note_withdrawn"
    ASSIGNED = "assigned"
    DONE = "done"
    """It has been looked after, by whom it was assigned to or is herewith."""
    UNASSIGNED = "unassigned"
    JUDGED = "judged"


@dataclass(frozen=True, slots=True)
class Author:
    user_id: int | None
    """None: the command line."""
    name: str
    """Of the account then; of the command line, of the account of the operating system."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Something to be said. Which members are given goes by ``what``."""

    what: What
    tag: str | None = None
    note: int | None = None
    """Of an edit or a withdrawal: which note."""
    text: str | None = None
    assignee_id: int | None = None
    assignee: str | None = None
    disposition: Disposition | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that was said, and by whom."""

    id: int
    """Rises in the order in which things were said. A note is known by the id of the entry that began it."""
    at: datetime
    """UTC, by the database's clock."""
    by: Author
    said: Draft


@dataclass(frozen=True, slots=True)
class Tag:
    tag: str
    by: Author
    at: datetime


@dataclass(frozen=True, slots=True)
class Note:
    id: int
    text: str
    by: Author
    at: datetime
    edited_at: datetime | None = None
    """None: never."""


@dataclass(frozen=True, slots=True)
class Assignment:
    assignee_id: int
    assignee: str
    by: Author
    at: datetime
    done_by: Author | None = None
    done_at: datetime | None = None
    """None: it is still to be done."""


@dataclass(frozen=True, slots=True)
class Judgement:
    disposition: Disposition
    reason: str | None
    by: Author
    at: datetime


@dataclass(frozen=True, slots=True)
class Said:
    """What holds now."""

    tags: tuple[Tag, ...] = ()
    """By name."""
    notes: tuple[Note, ...] = ()
    """In the order in which they were made, without those withdrawn."""
    assignment: Assignment | None = None
    judgement: Judgement | None = None
    """Also that somebody took a judgement back."""

    @property
    def disposition(self) -> Disposition:
        return self.judgement.disposition if self.judgement else Disposition.NONE


def said(history: Iterable[Entry]) -> Said:
    """What ``history``, in the order of its ids, comes to."""
    tags: dict[str, Tag] = {}
    notes: dict[int, Note] = {}
    assignment: Assignment | None = None
    judgement: Judgement | None = None
    for each in history:
        draft = each.said
        match draft.what:
            case What.TAGGED:
                tags[draft.tag or ""] = Tag(draft.tag or "", each.by, each.at)
            case What.UNTAGGED:
                tags.pop(draft.tag or "", None)
            case What.NOTED:
                notes[each.id] = Note(each.id, draft.text or "", each.by, each.at)
            case What.NOTE_EDITED if draft.note in notes:
                notes[draft.note] = replace(notes[draft.note], text=draft.text or "", edited_at=each.at)
            case What.NOTE_WITHDRAWN:
                notes.pop(draft.note or 0, None)
            case What.ASSIGNED:
                assignment = _assigned(each)
            case What.DONE:
                theirs = assignment and assignment.assignee_id == draft.assignee_id
                held = assignment if assignment and theirs else _assigned(each)
                assignment = replace(held, done_by=each.by, done_at=each.at)
            case What.UNASSIGNED:
                assignment = None
            case What.JUDGED:
                judgement = Judgement(draft.disposition or Disposition.NONE, draft.reason, each.by, each.at)
    return Said(tuple(tags[name] for name in sorted(tags)), tuple(notes.values()), assignment, judgement)


def changes(now: Said, draft: Draft) -> bool:
    """Whether ``draft`` says anything new: what holds already is not said twice. Who repeats a request does no harm."""
    tags = {each.tag for each in now.tags}
    notes = {each.id: each for each in now.notes}
    held = now.assignment
    is_theirs = held is not None and held.assignee_id == draft.assignee_id
    match draft.what:
        case What.TAGGED:
            return draft.tag not in tags
        case What.UNTAGGED:
            return draft.tag in tags
        case What.NOTE_EDITED:
            return draft.note in notes and notes[draft.note].text != draft.text
        case What.NOTE_WITHDRAWN:
            return draft.note in notes
        case What.ASSIGNED:
            return not is_theirs or (held is not None and held.done_at is not None)
        case What.DONE:
            return not is_theirs or (held is not None and held.done_at is None)
        case What.UNASSIGNED:
            return held is not None
        case What.JUDGED:
            reason = now.judgement.reason if now.judgement else None
            return (draft.disposition, draft.reason) != (now.disposition, reason)
        case What.NOTED:
            return True


def tag_of(typed: str) -> str:
    """As tags are kept: NFC, lower case, single spaces. Whether it can be one says ``TAG``."""
    return " ".join(unicodedata.normalize("NFC", typed).lower().split())


def _assigned(entry: Entry) -> Assignment:
    return Assignment(entry.said.assignee_id or 0, entry.said.assignee or "", entry.by, entry.at)
